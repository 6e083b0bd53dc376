//! Parses and bounds what a user typed into a search box.
//!
//! Words must all be there, in any grammatical form; `"words in quotes"` in this order and form; `-word` must not be there.
//! The last word counts as a beginning too, since it may still be being typed. Quotes may be those that phones type.
//!
//! Where a filter says which documents count, a query need have no words: it lists these documents, the latest first.

use super::{Filter, words};
use mindflow_text as text;

/// Longest query, in characters.
const CHARS_MAX: usize = 200;
/// Most words of a query, those within quotes included: each is a look at every document of the owner's.
pub const WORDS_MAX: usize = 20;
/// Letters that count as a word, of scripts that have a word for each.
const LETTERS_A_WORD: usize = 4;
/// Shorter beginnings have half of all words.
const PREFIX_CHARS_MIN: usize = 2;

/// A query that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// None: all documents that the filter lets through.
    pub(super) wanted: Vec<Clause>,
    pub(super) unwanted: Vec<Clause>,
}

/// A part of a query. Its words are letters, digits, marks and emoji alone, as documents have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// One of these; `prefix`: or a word that begins with the first.
    Word { any: Vec<String>, prefix: bool },
    /// All of these in this order, and as they are written.
    Phrase(Vec<String>),
}

/// Which rule a query breaks, in a sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    #[error("Enter at least one word to search for.")]
    Empty,
    #[error("Enter at least one word that must be there: this search only says what must not.")]
    OnlyUnwanted,
    #[error("A search has at most {CHARS_MAX} characters.")]
    TooLong,
    #[error("A search has at most {WORDS_MAX} words; of scripts without spaces, four letters count as one.")]
    TooManyWords,
}

impl Query {
    /// Of a search without a filter.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let query = Self::read(text)?;
        match (query.wanted.is_empty(), query.unwanted.is_empty()) {
            (true, true) => Err(QueryError::Empty),
            (true, false) => Err(QueryError::OnlyUnwanted),
            _ => Ok(query),
        }
    }

    /// Of a search with this filter, which also has exclusions.
    ///
    /// # Errors
    /// As of [`Self::parse`].
    pub fn within(text: &str, filter: &Filter) -> Result<Self, QueryError> {
        let query = if filter.selects() { Self::read(text)? } else { Self::parse(text)? };
        let more: usize = filter.without.iter().map(Clause::len).sum();
        if query.len() + more > WORDS_MAX { Err(QueryError::TooManyWords) } else { Ok(query) }
    }

    /// What must not be there by a query's text, whatever else it says.
    ///
    /// # Errors
    /// The text is too long, or has too many words.
    pub fn exclusions(text: &str) -> Result<Vec<Clause>, QueryError> {
        Ok(Self::read(text)?.unwanted)
    }

    fn read(text: &str) -> Result<Self, QueryError> {
        let text = text::nfc(text);
        if text.chars().count() > CHARS_MAX {
            return Err(QueryError::TooLong);
        }
        let mut query = Self { wanted: Vec::new(), unwanted: Vec::new() };
        for token in tokens(&text::with_straight_quotes(&text)) {
            let found: Vec<String> = words::keys(token.text);
            let clause = match found.as_slice() {
                [] => continue,
                [only] if !token.quoted => {
                    let prefix = token.last && only.chars().count() >= PREFIX_CHARS_MIN;
                    Clause::Word { any: vec![only.clone()], prefix: prefix && !token.unwanted }
                }
                _ => Clause::Phrase(found),
            };
            if token.unwanted { query.unwanted.push(clause) } else { query.wanted.push(clause) }
        }
        if query.len() > WORDS_MAX { Err(QueryError::TooManyWords) } else { Ok(query) }
    }

    fn len(&self) -> usize {
        self.wanted.iter().chain(&self.unwanted).map(Clause::len).sum()
    }

    /// What must be there: all of these.
    #[must_use]
    pub fn wanted(&self) -> &[Clause] {
        &self.wanted
    }

    /// Whether it has words besides phrases.
    #[must_use]
    pub fn wants_words(&self) -> bool {
        self.wanted.iter().any(|clause| matches!(clause, Clause::Word { .. }))
    }

    /// What must not be there: none of these.
    #[must_use]
    pub fn unwanted(&self) -> &[Clause] {
        &self.unwanted
    }
}

impl Clause {
    fn len(&self) -> usize {
        match self {
            Self::Word { .. } => 1,
            Self::Phrase(words) => words
                .iter()
                .map(|word| if is_letter(word) { 1 } else { LETTERS_A_WORD })
                .sum::<usize>()
                .div_ceil(LETTERS_A_WORD),
        }
    }
}

/// Whether the word is a letter of a script without spaces.
fn is_letter(word: &str) -> bool {
    !word.is_ascii() && word.chars().nth(1).is_none()
}

struct Token<'a> {
    text: &'a str,
    quoted: bool,
    unwanted: bool,
    /// Nothing comes after it, not even a space.
    last: bool,
}

/// Cut at spaces, except within quotes. A quote that never ends goes to the end.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (unwanted, after) = match rest.strip_prefix('-') {
            Some(after) => (true, after),
            None => (false, rest),
        };
        let quoted = after.strip_prefix('"');
        let (found, tail) = match quoted {
            Some(inner) => inner.split_once('"').unwrap_or((inner, "")),
            None => after.split_at(after.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(after.len())),
        };
        tokens.push(Token { text: found, quoted: quoted.is_some(), unwanted, last: tail.is_empty() });
        rest = tail.trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Clause {
        Clause::Word { any: vec![text.to_owned()], prefix: false }
    }

    fn beginning(text: &str) -> Clause {
        Clause::Word { any: vec![text.to_owned()], prefix: true }
    }

    fn phrase(words: &[&str]) -> Clause {
        Clause::Phrase(words.iter().map(ToString::to_string).collect())
    }

    fn parse(text: &str) -> (Vec<Clause>, Vec<Clause>) {
        let query = Query::parse(text).unwrap();
        (query.wanted, query.unwanted)
    }

    #[test]
    fn words_phrases_and_what_must_not_be_there_are_distinguished() {
        assert_eq!(
            parse(r#"Morning "by the river" -office -"old town" wal"#),
            (
                vec![word("morning"), phrase(&["by", "the", "river"]), beginning("wal")],
                vec![word("office"), phrase(&["old", "town"])]
            )
        );
    }

    #[test]
    fn only_a_last_word_that_may_still_be_typed_is_a_beginning() {
        assert_eq!(parse("river ").0, [word("river")]);
        assert_eq!(parse("\"river\"").0, [phrase(&["river"])]);
        assert_eq!(parse("river x").0, [word("river"), word("x")]);
        assert_eq!(parse("river -bank"), (vec![word("river")], vec![word("bank")]));
    }

    #[test]
    fn what_is_written_together_is_found_together() {
        assert_eq!(parse("e-mail don't ").0, [phrase(&["e", "mail"]), phrase(&["don", "t"])]);
    }

    #[test]
    fn quotes_are_those_of_any_keyboard_and_letters_of_any_encoding() {
        for text in ["“By the river”", "„by the river“", "«By the river»", "「by the river」"] {
            assert_eq!(parse(text).0, [phrase(&["by", "the", "river"])], "{text}");
        }
        assert_eq!(parse("-“old town” sea ").1, [phrase(&["old", "town"])]);
        assert_eq!(parse("Zu\u{308}rich ").0, [word("zürich")]);
        assert_eq!(parse("東京 ").0, [phrase(&["東", "京"])]);
        assert_eq!(parse("🙂 ").0, [word("🙂")]);
        assert!(Query::parse(&"e\u{301}".repeat(200)).is_ok());
    }

    #[test]
    fn a_filter_alone_lists() {
        let filter = Filter {
            keywords: vec!["work".into()],
            without: Query::exclusions("-office").unwrap(),
            ..Filter::default()
        };
        assert_eq!(Query::within("", &filter).unwrap(), Query { wanted: vec![], unwanted: vec![] });
        assert_eq!(Query::within("-town", &filter).unwrap().unwanted, [word("town")]);
        assert_eq!(Query::within(&"a ".repeat(20), &filter).unwrap_err(), QueryError::TooManyWords);
        assert_eq!(Query::within("", &Filter::default()).unwrap_err(), QueryError::Empty);
        assert_eq!(Query::exclusions("a -b").unwrap(), [word("b")]);
    }

    #[test]
    fn operators_of_databases_are_nothing_but_signs() {
        assert_eq!(parse("a' & !(b | c):* <-> \\ ").0, [word("a"), word("b"), word("c")]);
        assert_eq!(parse("\"never ends").0, [phrase(&["never", "ends"])]);
    }

    #[test]
    fn a_query_that_would_be_slow_or_says_nothing_is_refused_with_its_rule() {
        let many = ["a"; 21].join(" ");
        let cases = [
            (String::new(), QueryError::Empty),
            (" \t\"\" -- !?".into(), QueryError::Empty),
            ("-office -town".into(), QueryError::OnlyUnwanted),
            ("x".repeat(201), QueryError::TooLong),
            (many.clone(), QueryError::TooManyWords),
            (format!("\"{many}\""), QueryError::TooManyWords),
            (format!("b -\"{}\"", ["a"; 20].join(" ")), QueryError::TooManyWords),
        ];
        for (text, error) in cases {
            assert_eq!(Query::parse(&text).unwrap_err(), error, "{text}");
        }
        assert!(Query::parse(&"ü".repeat(200)).is_ok());
    }
}
