//! Each service's interface has its own type for a mood and a role, so that none depends on another's.
//! They are the same words; here one becomes the other.

use crate::bindings::{accounts, figures, journal, reads};

macro_rules! same_words {
    ($one:path, $other:path, [$($word:ident),+]) => {
        impl From<$one> for $other {
            fn from(word: $one) -> Self {
                use $one as One;
                match word { $(One::$word => Self::$word),+ }
            }
        }
    };
}

same_words!(
    reads::Mood,
    journal::Mood,
    [Happy, Calm, Grateful, Excited, Neutral, Tired, Anxious, Stressed, Sad, Angry]
);
same_words!(
    journal::Mood,
    reads::Mood,
    [Happy, Calm, Grateful, Excited, Neutral, Tired, Anxious, Stressed, Sad, Angry]
);
same_words!(
    figures::Mood,
    journal::Mood,
    [Happy, Calm, Grateful, Excited, Neutral, Tired, Anxious, Stressed, Sad, Angry]
);
same_words!(reads::Role, accounts::Role, [User, Premium, Admin]);
