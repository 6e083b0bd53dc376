//! Where an item stands in its topic.

use std::fmt;
use std::str::FromStr;

/// Milliseconds, and a number within them. The text is `{ms}-{number}`, as Redis writes the ids of its streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    pub ms: u64,
    pub number: u64,
}

impl Id {
    /// Before all items, and yet not the default: of a topic that is known to be empty.
    pub const BEGINNING: Self = Self { ms: 0, number: 1 };

    /// The cursor that a caller gave.
    ///
    /// # Errors
    /// It is none.
    pub fn from_cursor(cursor: &str) -> Result<Self, String> {
        cursor.parse().map_err(|()| "the cursor is none of this topic".to_owned())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.number)
    }
}

impl FromStr for Id {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (ms, number) = text.split_once('-').ok_or(())?;
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if !digits(ms) || !digits(number) {
            return Err(());
        }
        Ok(Self { ms: ms.parse().map_err(drop)?, number: number.parse().map_err(drop)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_the_text_of_an_id_and_nothing_else() {
        let id = Id { ms: 1_795_000_000_000, number: 12 };
        assert_eq!(Id::from_cursor(&id.to_string()), Ok(id));
        for wrong in ["", "anna", "1", "1-x", "1-+1", "-1-1", "99999999999999999999-0"] {
            Id::from_cursor(wrong).unwrap_err();
        }
    }
}
