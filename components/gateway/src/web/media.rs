//! Media types: what a client sent, what it wants back (RFC 9110 §12.5.1), for the GraphQL-over-HTTP
//! specification's media types.

use mediatype::names::{APPLICATION, CHARSET, FORM_DATA, JSON, MULTIPART, PLAIN, TEXT};
use mediatype::{MediaType, MediaTypeList, Name, ReadParams};

/// What a GraphQL answer can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// `application/json`: the older one; answers 200 even for a query that does not fit the schema.
    Json,
    /// `application/graphql-response+json`: has statuses of its own.
    GraphqlResponse,
    /// `text/event-stream`: GraphQL over server-sent events.
    EventStream,
}

impl Answer {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::EventStream => "text/event-stream; charset=utf-8",
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::GraphqlResponse => ("application", "graphql-response+json"),
            Self::EventStream => ("text", "event-stream"),
        }
    }
}

/// How much the client prefers it, in thousandths, and how specific its range is. `None` when it does not accept it.
fn wish(accept: &str, kind: &str, subtype: &str) -> Option<(u16, u8)> {
    MediaTypeList::new(accept)
        .filter_map(Result::ok)
        .filter_map(|range| {
            let exactness = match (range.ty.as_str(), range.subty.as_str()) {
                ("*", "*") => 0,
                (ty, "*") if ty.eq_ignore_ascii_case(kind) => 1,
                (ty, _) if ty.eq_ignore_ascii_case(kind) && full_subtype(&range).eq_ignore_ascii_case(subtype) => 2,
                _ => return None,
            };
            (speaks_utf8(&range)).then(|| (exactness, quality(&range)))
        })
        // The most specific range that matches decides.
        .max_by_key(|(exactness, _)| *exactness)
        .filter(|(_, quality)| *quality > 0)
        .map(|(exactness, quality)| (quality, exactness))
}

fn full_subtype(range: &MediaType<'_>) -> String {
    match range.suffix {
        Some(suffix) => format!("{}+{suffix}", range.subty),
        None => range.subty.to_string(),
    }
}

fn quality(range: &MediaType<'_>) -> u16 {
    const Q: Name<'static> = Name::new_unchecked("q");
    let Some(value) = range.get_param(Q) else { return 1_000 };
    let quality: f32 = value.unquoted_str().parse().unwrap_or(0.0);
    // At most three digits after the point, by the RFC.
    (quality.clamp(0.0, 1.0) * 1_000.0).round() as u16
}

fn speaks_utf8(range: &MediaType<'_>) -> bool {
    range
        .get_param(CHARSET)
        .is_none_or(|charset| matches!(charset.unquoted_str().to_ascii_lowercase().as_str(), "utf-8" | "utf8"))
}

/// The answer that the client prefers; `None` when it accepts none of them.
///
/// Without an `Accept`, or with wildcards alone, it is `application/json`, as the specification asks of a server
/// that must serve older clients. Named with equal wishes, the newer type wins.
pub fn negotiate(accept: Option<&str>) -> Option<Answer> {
    let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else {
        return Some(Answer::Json);
    };
    // From the least to the most preferred among equals: `max_by_key` keeps the last.
    [Answer::EventStream, Answer::Json, Answer::GraphqlResponse]
        .into_iter()
        .filter_map(|answer| {
            let (kind, subtype) = answer.names();
            let (quality, exactness) = wish(accept, kind, subtype)?;
            // A wildcard stands for plain JSON only.
            (exactness == 2 || answer == Answer::Json).then_some((quality, exactness, answer))
        })
        .max_by_key(|(quality, exactness, _)| (*quality, *exactness))
        .map(|(.., answer)| answer)
}

/// Whether it is a browser that wants a page.
pub fn wants_html(accept: Option<&str>) -> bool {
    accept.is_some_and(|accept| {
        wish(accept, "text", "html").is_some_and(|html| {
            html.1 == 2 && wish(accept, "application", "json").is_none_or(|json| html.0 > json.0 || json.1 < 2)
        })
    })
}

/// Whether events can be answered at all.
pub fn accepts_events(accept: Option<&str>) -> bool {
    accept.is_some_and(|accept| wish(accept, "text", "event-stream").is_some_and(|(_, exactness)| exactness == 2))
}

/// Whether a body is JSON in UTF-8, the only encoding that JSON has (RFC 8259).
pub fn is_json(content_type: &str) -> bool {
    MediaType::parse(content_type)
        .is_ok_and(|kind| kind.ty == APPLICATION && kind.subty == JSON && kind.suffix.is_none() && speaks_utf8(&kind))
}

/// Whether a browser sends this content type to a foreign site without asking first (the Fetch standard).
pub fn is_simple(content_type: &str) -> bool {
    MediaType::parse(content_type).map_or(true, |kind| {
        (kind.ty == TEXT && kind.subty == PLAIN)
            || (kind.ty == MULTIPART && kind.subty == FORM_DATA)
            || (kind.ty == APPLICATION && kind.subty.as_str().eq_ignore_ascii_case("x-www-form-urlencoded"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_wish_or_with_wildcards_the_answer_is_plain_json() {
        for accept in [None, Some(""), Some("*/*"), Some("application/*"), Some("text/html, */*;q=0.8")] {
            assert_eq!(negotiate(accept), Some(Answer::Json), "{accept:?}");
        }
    }

    #[test]
    fn the_named_type_is_answered() {
        assert_eq!(negotiate(Some("application/json")), Some(Answer::Json));
        assert_eq!(negotiate(Some("application/graphql-response+json")), Some(Answer::GraphqlResponse));
        assert_eq!(negotiate(Some("text/event-stream")), Some(Answer::EventStream));
        assert_eq!(negotiate(Some("Application/JSON; charset=UTF-8")), Some(Answer::Json));
    }

    #[test]
    fn the_greater_wish_wins_and_among_equals_the_newer_type() {
        let old_first = "application/graphql-response+json;q=0.8, application/json";
        assert_eq!(negotiate(Some(old_first)), Some(Answer::Json));
        let equal = "application/json, application/graphql-response+json";
        assert_eq!(negotiate(Some(equal)), Some(Answer::GraphqlResponse));
        let apollo = "application/graphql-response+json,application/json;q=0.9";
        assert_eq!(negotiate(Some(apollo)), Some(Answer::GraphqlResponse));
        let events = "application/json;q=0.5, text/event-stream";
        assert_eq!(negotiate(Some(events)), Some(Answer::EventStream));
    }

    #[test]
    fn what_is_refused_or_unknown_is_not_answered() {
        assert_eq!(negotiate(Some("text/html")), None);
        assert_eq!(negotiate(Some("application/json;q=0")), None);
        assert_eq!(negotiate(Some("application/json;q=0, */*")), None);
        assert_eq!(negotiate(Some("application/json; charset=utf-16")), None);
    }

    #[test]
    fn a_browser_wants_a_page_and_a_program_does_not() {
        assert!(wants_html(Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")));
        assert!(!wants_html(Some("*/*")));
        assert!(!wants_html(Some("application/json, text/html;q=0.5")));
        assert!(!wants_html(None));
    }

    #[test]
    fn json_is_json_in_utf8_only() {
        assert!(is_json("application/json"));
        assert!(is_json("application/json; charset=utf-8"));
        assert!(is_json("application/json;charset=\"UTF-8\""));
        assert!(!is_json("application/json; charset=utf-16"));
        assert!(!is_json("application/graphql+json"));
        assert!(!is_json("text/plain"));
    }
}
