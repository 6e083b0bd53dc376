//! Languages whose words back ends bring to their stems.

/// ISO 639-1, and the name of the language's stemmer: PostgreSQL's text search configuration, Lucene's analyzer.
const STEMMED: [(&str, &str); 21] = [
    ("ar", "arabic"),
    ("da", "danish"),
    ("de", "german"),
    ("el", "greek"),
    ("en", "english"),
    ("es", "spanish"),
    ("fi", "finnish"),
    ("fr", "french"),
    ("hi", "hindi"),
    ("hu", "hungarian"),
    ("hy", "armenian"),
    ("id", "indonesian"),
    ("it", "italian"),
    ("lt", "lithuanian"),
    ("nl", "dutch"),
    ("no", "norwegian"),
    ("pt", "portuguese"),
    ("ro", "romanian"),
    ("ru", "russian"),
    ("sv", "swedish"),
    ("tr", "turkish"),
];

/// The names of all stemmers; Lucene's analyzers have the same.
pub fn stemmers() -> impl Iterator<Item = &'static str> {
    STEMMED.iter().map(|(_, name)| *name)
}

/// Words as they are written.
pub const SIMPLE: &str = "simple";

/// The stemmer of a language; [`SIMPLE`] for one that has none.
pub fn stemmer(language: Option<&str>) -> &'static str {
    language.and_then(|code| STEMMED.iter().find(|(known, _)| *known == code)).map_or(SIMPLE, |(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_without_a_stemmer_is_found_as_it_is_written() {
        assert_eq!(stemmer(Some("de")), "german");
        assert_eq!(stemmer(Some("ja")), "simple");
        assert_eq!(stemmer(None), "simple");
    }
}
