//! The ten moods, under the one name each that the database and the events carry.

use crate::bindings::exports::mindflow::command::journal as wit;
use serde::Serialize;

macro_rules! moods {
    ($($mood:ident $name:literal),* $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mood { $($mood),* }

        impl Mood {
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$mood),*];

            /// As in the GraphQL schema.
            pub fn name(self) -> &'static str {
                match self { $(Self::$mood => $name),* }
            }

            /// The reverse of [`Mood::name`].
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$mood),)* _ => None }
            }
        }

        impl From<wit::Mood> for Mood {
            fn from(mood: wit::Mood) -> Self {
                match mood { $(wit::Mood::$mood => Self::$mood),* }
            }
        }

        impl From<Mood> for wit::Mood {
            fn from(mood: Mood) -> Self {
                match mood { $(Mood::$mood => Self::$mood),* }
            }
        }
    };
}

moods! {
    Happy "HAPPY", Calm "CALM", Grateful "GRATEFUL", Excited "EXCITED", Neutral "NEUTRAL",
    Tired "TIRED", Anxious "ANXIOUS", Stressed "STRESSED", Sad "SAD", Angry "ANGRY",
}

impl Serialize for Mood {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mood_is_found_again_by_its_name() {
        for mood in Mood::ALL {
            assert_eq!(Mood::from_name(mood.name()), Some(*mood));
            assert_eq!(mood.name(), format!("{mood:?}").to_uppercase());
        }
    }

    #[test]
    fn the_schema_takes_the_moods_that_the_service_knows() {
        let schema = include_str!("../../../migrations/write/0020_create_command.sql");
        let names: Vec<_> = Mood::ALL.iter().map(|mood| format!("'{}'", mood.name())).collect();
        assert_eq!(schema.matches(&format!("CHECK (mood IN ({}))", names.join(", "))).count(), 2);
    }
}
