//! Conditional requests (RFC 9110 §13): whether what the client holds is still what there is.

use super::{header, list};
use http::HeaderMap;
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

/// Of one state of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validators {
    /// With its quotes.
    pub etag: String,
    /// Microseconds since 1970-01-01T00:00:00Z. `None` where it is not known.
    pub modified_us: Option<i64>,
}

/// What a client's `If-Match` asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// There was none, or `*`: any state that exists.
    Any,
    /// One of these tags, strong ones only, with their quotes.
    OneOf(Vec<String>),
}

/// An HTTP date, such as `Sun, 06 Nov 1994 08:49:37 GMT`; seconds only, as HTTP knows no finer.
pub fn http_date(us: i64) -> Option<String> {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::from_microsecond(us).ok()?).ok()
}

/// Whether a GET is answered with 304: `If-None-Match` rules when it is there, else `If-Modified-Since`.
pub fn not_modified(headers: &HeaderMap, current: &Validators) -> bool {
    if let Some(tags) = list(headers, "if-none-match") {
        // Weak comparison (RFC 9110 §8.8.3.2): `W/` does not count.
        return tags.trim() == "*" || entity_tags(&tags).any(|tag| tag.trim_start_matches("W/") == current.etag);
    }
    header(headers, "if-modified-since")
        .and_then(|date| DateTimeParser::new().parse_timestamp(date).ok())
        .zip(current.modified_us)
        .is_some_and(|(since, modified_us)| modified_us.div_euclid(1_000_000) <= since.as_second())
}

/// Whether a range is of the state that the client has the rest of (RFC 9110 §13.1.5): the same strong tag, or the
/// very time of change.
pub fn range_fits(headers: &HeaderMap, current: &Validators) -> bool {
    let Some(validator) = headers.get("if-range") else { return true };
    let Ok(validator) = validator.to_str() else { return false };
    validator.trim() == current.etag || current.modified_us.and_then(http_date).as_deref() == Some(validator.trim())
}

pub fn if_match(headers: &HeaderMap) -> IfMatch {
    match list(headers, "if-match") {
        None => IfMatch::Any,
        Some(tags) if tags.trim() == "*" => IfMatch::Any,
        // Strong comparison: a weak tag never matches.
        Some(tags) => {
            IfMatch::OneOf(entity_tags(&tags).filter(|tag| !tag.starts_with("W/")).map(str::to_owned).collect())
        }
    }
}

/// The tags of a list. Ours hold no comma; a foreign one that does merely fails to match.
fn entity_tags(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON_US: i64 = 784_111_777_500_000;

    fn current() -> Validators {
        Validators { etag: "\"v3-ready\"".into(), modified_us: Some(NOON_US) }
    }

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn an_http_date_has_whole_seconds_and_says_gmt() {
        assert_eq!(http_date(NOON_US).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn a_matching_tag_means_not_modified_weak_or_strong_alone_or_in_a_list() {
        for tags in ["\"v3-ready\"", "W/\"v3-ready\"", "\"v1\", \"v3-ready\"", "*"] {
            assert!(not_modified(&headers("if-none-match", tags), &current()), "{tags}");
        }
        assert!(!not_modified(&headers("if-none-match", "\"v2-ready\""), &current()));
    }

    #[test]
    fn a_date_counts_to_the_second_and_only_without_a_tag() {
        assert!(not_modified(&headers("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"), &current()));
        assert!(!not_modified(&headers("if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT"), &current()));
        assert!(!not_modified(&headers("if-modified-since", "yesterday"), &current()));
        let unknown = Validators { modified_us: None, ..current() };
        assert!(!not_modified(&headers("if-modified-since", "Sun, 06 Nov 2050 08:49:37 GMT"), &unknown));
        let mut both = headers("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT");
        both.insert("if-none-match", "\"v2\"".parse().unwrap());
        assert!(!not_modified(&both, &current()));
    }

    #[test]
    fn a_range_is_of_what_there_is_or_the_whole_is_sent() {
        for (validator, fits) in [
            ("\"v3-ready\"", true),
            ("W/\"v3-ready\"", false),
            ("\"v2-ready\"", false),
            ("Sun, 06 Nov 1994 08:49:37 GMT", true),
            ("Sun, 06 Nov 1994 08:49:38 GMT", false),
        ] {
            assert_eq!(range_fits(&headers("if-range", validator), &current()), fits, "{validator}");
        }
        assert!(range_fits(&HeaderMap::new(), &current()));
    }

    #[test]
    fn tags_on_several_lines_are_one_list_and_a_tag_that_cannot_be_read_matches_nothing() {
        let mut lines = headers("if-none-match", "\"v1\"");
        lines.append("if-none-match", "W/\"v3-ready\"".parse().unwrap());
        assert!(not_modified(&lines, &current()));
        let mut lines = headers("if-match", "\"v1\"");
        lines.append("if-match", "\"v2\"".parse().unwrap());
        assert_eq!(if_match(&lines), IfMatch::OneOf(vec!["\"v1\"".into(), "\"v2\"".into()]));
        let unreadable =
            HeaderMap::from_iter([(http::header::IF_MATCH, http::HeaderValue::from_bytes(b"\"\xff\"").unwrap())]);
        assert_eq!(if_match(&unreadable), IfMatch::OneOf(vec![]));
    }

    #[test]
    fn if_match_takes_strong_tags_only() {
        assert_eq!(if_match(&HeaderMap::new()), IfMatch::Any);
        assert_eq!(if_match(&headers("if-match", "*")), IfMatch::Any);
        assert_eq!(if_match(&headers("if-match", "W/\"v1\", \"v2\"")), IfMatch::OneOf(vec!["\"v2\"".into()]));
    }
}
