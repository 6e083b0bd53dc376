//! A query as PostgreSQL's full text search reads it, and how it marks what it found.

use super::{highlight, query::Clause};

/// Options of `ts_headline`.
pub fn headline(shape: &str) -> String {
    let (open, close, between) = (highlight::OPEN, highlight::CLOSE, highlight::BETWEEN);
    format!("{shape}, StartSel=\"{open}\", StopSel=\"{close}\", FragmentDelimiter=\"{between}\"")
}

/// As `to_tsquery` reads it. Words are letters and digits alone, so none can end its quotes.
fn clause(clause: &Clause) -> String {
    let quoted = |word: &String| format!("'{word}'");
    match clause {
        Clause::Word { any, prefix } => {
            let alternatives = any
                .iter()
                .enumerate()
                .map(|(index, word)| if index == 0 && *prefix { format!("'{word}':*") } else { quoted(word) });
            format!("({})", alternatives.collect::<Vec<_>>().join(" | "))
        }
        Clause::Phrase(words) => format!("({})", words.iter().map(quoted).collect::<Vec<_>>().join(" <-> ")),
    }
}

/// The phrases among the clauses, or the others.
pub fn written(clauses: &[Clause], phrases: bool, operator: &str) -> String {
    let chosen = clauses.iter().filter(|clause| matches!(clause, Clause::Phrase(_)) == phrases);
    chosen.map(clause).collect::<Vec<_>>().join(operator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search_index::Query;

    #[test]
    fn a_query_is_written_as_the_server_reads_it() {
        let query = Query::parse(r#"morning "by the river" -office -"old town" wal"#).unwrap();
        assert_eq!(written(&query.wanted, false, " & "), "('morning') & ('wal':*)");
        assert_eq!(written(&query.wanted, true, " & "), "('by' <-> 'the' <-> 'river')");
        assert_eq!(written(&query.unwanted, false, " | "), "('office')");
        assert_eq!(written(&query.unwanted, true, " | "), "('old' <-> 'town')");
        let similar = Clause::Word { any: vec!["rivr".into(), "river".into()], prefix: true };
        assert_eq!(clause(&similar), "('rivr':* | 'river')");
    }
}
