//! Parses and bounds what a user typed into a search box.
//!
//! Words must all be there, in any grammatical form; `"words in quotes"` in this order and form; `-word` must not be there.
//! The last word counts as a beginning too, since it may still be being typed.

use super::words;

/// Longest query, in characters.
const CHARS_MAX: usize = 200;
/// Most words of a query, those within quotes included: each is a look at every document of the owner's.
pub const WORDS_MAX: usize = 20;
/// Shorter beginnings have half of all words.
const PREFIX_CHARS_MIN: usize = 2;

/// A query that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// At least one.
    pub(super) wanted: Vec<Clause>,
    pub(super) unwanted: Vec<Clause>,
}

/// A part of a query. Its words are letters and digits alone, in lower case.
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
    #[error("A search has at most {WORDS_MAX} words.")]
    TooManyWords,
}

impl Query {
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.chars().count() > CHARS_MAX {
            return Err(QueryError::TooLong);
        }
        let mut query = Self { wanted: Vec::new(), unwanted: Vec::new() };
        for token in tokens(text) {
            let found: Vec<String> = words::words(token.text).map(str::to_lowercase).collect();
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
        let count: usize = query.wanted.iter().chain(&query.unwanted).map(Clause::len).sum();
        match (query.wanted.is_empty(), query.unwanted.is_empty()) {
            _ if count > WORDS_MAX => Err(QueryError::TooManyWords),
            (true, true) => Err(QueryError::Empty),
            (true, false) => Err(QueryError::OnlyUnwanted),
            _ => Ok(query),
        }
    }

    /// What must be there: all of these, and at least one.
    #[must_use]
    pub fn wanted(&self) -> &[Clause] {
        &self.wanted
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
            Self::Phrase(words) => words.len(),
        }
    }
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
    fn words_phrases_and_what_must_not_be_there_are_told_apart() {
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
