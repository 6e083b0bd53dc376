//! The ten moods. Their names are the same in events, in the databases, in GraphQL and in JSON.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Passes the moods' identifiers to a macro: `with_moods!(convert)` is `convert!(Happy, Calm, …)`. For conversions
/// between [`Mood`] and generated types that have the same variants.
#[macro_export]
macro_rules! with_moods {
    ($callback:ident) => {
        $callback! { Happy, Calm, Grateful, Excited, Neutral, Tired, Anxious, Stressed, Sad, Angry }
    };
}

macro_rules! declare {
    ($($mood:ident),*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mood { $($mood),* }

        impl Mood {
            pub const ALL: &[Self] = &[$(Self::$mood),*];

            const fn identifier(self) -> &'static str {
                match self { $(Self::$mood => stringify!($mood)),* }
            }
        }
    };
}

with_moods!(declare);

impl Mood {
    /// The mood's name, such as `HAPPY`.
    pub fn name(self) -> String {
        self.identifier().to_ascii_uppercase()
    }

    /// The mood of exactly that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let is_upper = !name.bytes().any(|byte| byte.is_ascii_lowercase());
        Self::ALL.iter().copied().find(|mood| is_upper && mood.identifier().eq_ignore_ascii_case(name))
    }
}

impl Serialize for Mood {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

impl<'de> Deserialize<'de> for Mood {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| D::Error::custom("not a mood"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mood_is_found_again_by_its_name_in_capitals() {
        for mood in Mood::ALL {
            assert_eq!(Mood::from_name(&mood.name()), Some(*mood));
            assert_eq!(mood.name(), format!("{mood:?}").to_uppercase());
        }
        for wrong in ["happy", "Happy", "GLAD", ""] {
            assert_eq!(Mood::from_name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_schema_takes_the_same_moods() {
        let schema = include_str!("../../migrations/write/0020_create_command.sql");
        let names: Vec<_> = Mood::ALL.iter().map(|mood| format!("'{}'", mood.name())).collect();
        assert_eq!(schema.matches(&format!("CHECK (mood IN ({}))", names.join(", "))).count(), 2);
    }
}
