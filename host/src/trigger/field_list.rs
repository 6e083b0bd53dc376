//! A field that is a list may come on several lines, which are one list (RFC 9110 §5.3).

use http::{HeaderMap, HeaderName};

/// The elements of all lines of the name, without the empty ones (§5.6.1). A line that is not visible ASCII has none.
pub(super) fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::CONNECTION;

    #[test]
    fn lines_and_commas_part_the_same_list() {
        let mut headers = HeaderMap::new();
        for line in ["a, b", "", ", c ,"] {
            headers.append(CONNECTION, line.parse().unwrap());
        }
        assert_eq!(elements(&headers, &CONNECTION).collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
