//! When two tag names are the same: regardless of case and of how their letters are encoded.

use mindflow_guest::text;

/// A tag's name, as the user spells it, and what it is compared by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagName {
    name: String,
    key: String,
}

impl TagName {
    /// `name` as a label. Neither its length nor whether it is blank is checked here.
    pub fn new(name: &str) -> Self {
        let name = text::label(name);
        let key = text::key(&name).into_owned();
        Self { name, key }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Each tag once, as it was first spelled, sorted by key: the order in which tags are written, so that
/// two requests that create the same ones never wait for each other.
pub fn deduplicated(mut names: Vec<TagName>) -> Vec<TagName> {
    names.sort_by(|a, b| a.key.cmp(&b.key));
    names.dedup_by(|later, first| later.key == first.key);
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_loses_the_space_around_it_and_keeps_its_case() {
        let name = TagName::new("  Deep Work\u{a0}");
        assert_eq!((name.name(), name.key()), ("Deep Work", "deep work"));
    }

    #[test]
    fn two_encodings_of_one_letter_are_one_tag() {
        assert_eq!(TagName::new("Caf\u{e9}"), TagName::new("Cafe\u{301}"));
        assert_eq!(TagName::new("İstanbul").key(), TagName::new("i\u{307}STANBUL").key());
        assert_eq!(TagName::new("ΟΔΟΣ").key(), TagName::new("οδος").key());
    }

    #[test]
    fn of_several_spellings_the_first_one_stays() {
        let names = deduplicated(["work", "Ärger", "WORK", "ärger"].map(TagName::new).into());
        assert_eq!(names.iter().map(TagName::name).collect::<Vec<_>>(), ["work", "Ärger"]);
    }

    #[test]
    fn the_longest_name_has_a_key_that_the_schema_takes() {
        // The character whose compatible form grows the most, as many as a name may have.
        let key = TagName::new(&"\u{fdfa}".repeat(50)).key().chars().count();
        assert!(key <= 900, "{key}");
    }

    proptest! {
        #[test]
        fn deduplicated_names_are_sorted_distinct_and_complete(names in prop::collection::vec("\\PC{0,8}", 0..12)) {
            let names: Vec<_> = names.iter().map(|name| TagName::new(name)).collect();
            let kept = deduplicated(names.clone());
            prop_assert!(kept.windows(2).all(|pair| pair[0].key() < pair[1].key()));
            prop_assert!(names.iter().all(|name| kept.iter().any(|other| other.key() == name.key())));
            prop_assert_eq!(deduplicated(kept.clone()), kept);
        }

        #[test]
        fn no_name_of_the_allowed_length_has_a_key_beyond_the_schema(name in "\\PC{1,50}") {
            prop_assert!(TagName::new(&name).key().chars().count() <= 900);
        }
    }
}
