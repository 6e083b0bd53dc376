//! A query as PostgreSQL's full text search reads it.

use super::{query::Clause, words};
use crate::sql::Value;

/// Clauses as a statement takes them, one element each but for the last.
#[derive(Debug, PartialEq)]
pub struct Written {
    /// As they are written: what can be cast to a `tsquery`.
    pub exact: Vec<String>,
    /// For `to_tsquery` of a language; empty where the clause is found as it is written alone.
    pub stems: Vec<String>,
    /// Phrases, as `Cut::in_order` has them.
    pub phrases: Vec<String>,
}

impl Written {
    pub fn new(clauses: &[Clause]) -> Self {
        let phrase = |clause: &Clause| match clause {
            Clause::Phrase(found) => Some(words::in_row(found)),
            Clause::Word { .. } => None,
        };
        Self {
            exact: clauses.iter().map(exact).collect(),
            stems: clauses.iter().map(stems).collect(),
            phrases: clauses.iter().filter_map(phrase).collect(),
        }
    }

    /// Exclusions: what is a phrase is judged by its words in their order, not by each of them.
    pub fn excluded(clauses: &[Clause]) -> Self {
        let only = |of: fn(&Clause) -> String| {
            clauses
                .iter()
                .map(|clause| if matches!(clause, Clause::Word { .. }) { of(clause) } else { String::new() })
                .collect()
        };
        Self { exact: only(exact), stems: only(stems), ..Self::new(clauses) }
    }

    pub fn params(self) -> [Value; 3] {
        [Value::TextArray(self.exact), Value::TextArray(self.stems), Value::TextArray(self.phrases)]
    }
}

/// Words are letters, digits, marks and emoji alone, so none can end its quotes.
fn quoted(word: &String) -> String {
    format!("'{word}'")
}

/// All words of a phrase must be there; their order is looked at in the text.
fn exact(clause: &Clause) -> String {
    match clause {
        Clause::Word { any, prefix } => alternatives(any.iter(), *prefix),
        Clause::Phrase(words) => words.iter().map(quoted).collect::<Vec<_>>().join(" & "),
    }
}

fn stems(clause: &Clause) -> String {
    match clause {
        Clause::Word { any, prefix } => {
            let is_written = |word: &&String| words::is_written(word);
            alternatives(any.iter().filter(is_written), *prefix && any.first().as_ref().is_some_and(is_written))
        }
        Clause::Phrase(_) => String::new(),
    }
}

fn alternatives<'a>(words: impl Iterator<Item = &'a String>, prefix: bool) -> String {
    let written =
        words.enumerate().map(|(index, word)| if index == 0 && prefix { format!("'{word}':*") } else { quoted(word) });
    written.collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search_index::Query;

    #[test]
    fn a_query_is_written_as_the_server_reads_it() {
        let query = Query::parse(r#"morning "by the river" 🙂 -office -"old town" wal"#).unwrap();
        let wanted = Written::new(query.wanted());
        assert_eq!(wanted.exact, ["'morning'", "'by' & 'the' & 'river'", "'🙂'", "'wal':*"]);
        assert_eq!(wanted.stems, ["'morning'", "", "", "'wal':*"]);
        assert_eq!(wanted.phrases, [" by the river "]);
        let unwanted = Written::excluded(query.unwanted());
        assert_eq!(
            (unwanted.exact, unwanted.stems),
            (vec!["'office'".into(), "".into()], vec!["'office'".into(), "".into()])
        );
        assert_eq!(unwanted.phrases, [" old town "]);
        let similar = Clause::Word { any: vec!["rivr".into(), "river".into()], prefix: true };
        assert_eq!(exact(&similar), "'rivr':* | 'river'");
    }
}
