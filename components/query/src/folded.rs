//! What the words of a filter are compared with: the keys of texts (the crate `text`), so that `Ｗｏｒｋ`, `ﬁne` and `STRASSE` are found
//! by `work`, `fine` and `straße`. The projection keeps them with the texts; see `migrations/read/0015`.

use crate::statement::containing;
use mindflow_guest::text;

/// Keys to keep, and of which event they are.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept<const N: usize> {
    pub keys: [Option<String>; N],
    /// None when there is no key.
    pub of: Option<i64>,
}

/// Of these texts. ASCII alone has no key: it is its lower case.
pub fn kept<const N: usize>(texts: [&str; N], sequence: i64) -> Kept<N> {
    let keys = texts.map(|written| (!written.is_ascii()).then(|| text::key(written).into_owned()));
    let of = keys.iter().any(Option::is_some).then_some(sequence);
    Kept { keys, of }
}

/// The pattern that [`holds`] looks for: these words, and nothing else.
pub fn pattern(words: &str) -> String {
    containing(&text::key(words))
}

/// Whether a text of the row matches the pattern, by the key in `column_key` if it is that of the row's last event, else by what comes
/// close to it: a host of an earlier release writes texts alone.
pub fn holds(row: &str, column: &str, pattern: &str) -> String {
    format!(
        r"COALESCE(CASE WHEN {row}.keys_of = {row}.sequence THEN {row}.{column}_key END, query.folded({row}.{column})) LIKE {pattern}::text ESCAPE '\'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ascii_needs_no_key() {
        assert_eq!(kept(["A walk", ""], 3), Kept { keys: [None, None], of: None });
        let fine = Kept { keys: [None, Some("fine work".to_owned())], of: Some(3) };
        assert_eq!(kept(["A walk", "ﬁne Ｗｏｒｋ"], 3), fine);
    }

    #[test]
    fn signs_mean_themselves_in_every_width() {
        assert_eq!(pattern("５０％_Off"), r"%50\%\_off%");
    }
}
