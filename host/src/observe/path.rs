//! Paths of requests as logs show them: without the query, and without what may be a secret. Some secrets are in paths, such
//! as the tokens of links in mails, which have no other place. Which paths those are, only components know, so a segment
//! is judged by its length.

use std::borrow::Cow;

/// Of a UUID, the longest that names something. 128 random bits and a proof of their origin are longer.
const SEGMENT_BYTES_MAX: usize = 36;
/// Stands for a longer segment.
const CUT: &str = "…";

/// `path` without its long segments, and without a query.
pub fn shown(path: &str) -> Cow<'_, str> {
    let end = path.find(['?', '#']).unwrap_or(path.len());
    let path = path.get(..end).unwrap_or_default();
    let is_long = |segment: &str| segment.len() > SEGMENT_BYTES_MAX;
    if !path.split('/').any(is_long) {
        return Cow::Borrowed(path);
    }
    let segments: Vec<&str> = path.split('/').map(|segment| if is_long(segment) { CUT } else { segment }).collect();
    Cow::Owned(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_are_shown_and_tokens_are_not() {
        for path in ["/", "", "/graphql", "/api/journals/0195d7a0-7c1e-7000-8000-000000000001", "/media/x/thumb"] {
            assert_eq!(shown(path), path);
        }
        let token = "AZXXoHweeACAAAAAAAAAAQ0bq3mTq2d0h3m1m2m3m4m";
        assert_eq!(token.len(), 43);
        assert_eq!(shown(&format!("/notifications/unsubscribe/{token}")), "/notifications/unsubscribe/…");
        assert_eq!(shown(&format!("/{token}/a/{token}")), "/…/a/…");
        assert_eq!(shown(&format!("/%41{token}")), "/…");
    }

    #[test]
    fn a_query_is_never_shown() {
        assert_eq!(shown("/media/1?signature=s"), "/media/1");
        assert_eq!(shown("/?"), "/");
    }
}
