//! The refresh token's cookie: out of reach of scripts, of other sites and of every path but `/auth`.

use super::header;
use cookie::{Cookie, SameSite, time::Duration};
use http::HeaderMap;

const REFRESH_COOKIE: &str = "mf_refresh";
const REFRESH_PATH: &str = "/auth";

fn refresh_cookie(value: &str, max_age: Duration) -> String {
    Cookie::build((REFRESH_COOKIE, value))
        .http_only(true)
        .secure(true)
        .same_site(SameSite::Strict)
        .path(REFRESH_PATH)
        .max_age(max_age)
        .to_string()
}

/// The `Set-Cookie` value that hands the client its refresh token.
pub fn set_refresh(token: &str, lifetime_s: u32) -> String {
    refresh_cookie(token, Duration::seconds(lifetime_s.into()))
}

/// The `Set-Cookie` value that makes the client forget it.
pub fn clear_refresh() -> String {
    refresh_cookie("", Duration::ZERO)
}

/// The refresh token that the client sent. The header is read as bytes and cookie by cookie (RFC 6265 §5.4): others of the
/// site are not ours, and may hold any.
pub fn refresh_token(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all("cookie")
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|cookie| {
            let name_ends = cookie.iter().position(|byte| *byte == b'=')?;
            let (name, value) = cookie.split_at_checked(name_ends)?;
            (name.trim_ascii() == REFRESH_COOKIE.as_bytes()).then(|| value.strip_prefix(b"="))?
        })
        .map(|value| String::from_utf8_lossy(value.trim_ascii()).into_owned())
        .find(|value| !value.is_empty())
}

/// The client's own name, for the list of sessions; cut at a length that no honest one reaches.
pub fn user_agent(headers: &HeaderMap) -> Option<String> {
    const USER_AGENT_CHARS_MAX: usize = 300;
    header(headers, "user-agent").map(|agent| agent.chars().take(USER_AGENT_CHARS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_carries_every_attribute() {
        let cookie = set_refresh("abc", 604_800);
        let mut parts: Vec<_> = cookie.split("; ").collect();
        assert_eq!(parts.remove(0), "mf_refresh=abc");
        parts.sort_unstable();
        assert_eq!(parts, ["HttpOnly", "Max-Age=604800", "Path=/auth", "SameSite=Strict", "Secure"]);
    }

    #[test]
    fn clearing_it_keeps_the_attributes_and_ends_its_life() {
        let cookie = clear_refresh();
        assert!(cookie.starts_with("mf_refresh=; "));
        assert!(cookie.contains("Max-Age=0") && cookie.contains("Path=/auth"));
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", "theme=dark; mf_refresh=abc123".parse().unwrap());
        assert_eq!(refresh_token(&headers).as_deref(), Some("abc123"));
        assert_eq!(refresh_token(&HeaderMap::new()), None);
        headers.insert("cookie", "mf_refresh=".parse().unwrap());
        assert_eq!(refresh_token(&headers), None);
    }

    #[test]
    fn other_cookies_may_hold_any_bytes() {
        for others in
            ["city=Zürich", "broken", "=", "a=b=c", "not_mf_refresh=x", "mf_refresh2=x", "mf_refresh=", "\u{e9}"]
        {
            for text in [format!("{others}; mf_refresh=abc.d-e_f"), format!("mf_refresh=abc.d-e_f;{others}")] {
                let mut headers = HeaderMap::new();
                headers.insert("cookie", http::HeaderValue::from_bytes(text.as_bytes()).unwrap());
                assert_eq!(refresh_token(&headers).as_deref(), Some("abc.d-e_f"), "{text}");
            }
        }
        let mut headers = HeaderMap::new();
        headers.append("cookie", http::HeaderValue::from_bytes(b"city=Z\xfcrich").unwrap());
        // HTTP/2 may send each cookie in a line of its own (RFC 9113 §8.2.3).
        headers.append("cookie", "mf_refresh=abc".parse().unwrap());
        assert_eq!(refresh_token(&headers).as_deref(), Some("abc"));
        headers.clear();
        headers.append("cookie", http::HeaderValue::from_bytes(b"mf_refresh=\xff").unwrap());
        assert_eq!(refresh_token(&headers).as_deref(), Some("\u{fffd}"), "sent, and to be refused");
    }
}
