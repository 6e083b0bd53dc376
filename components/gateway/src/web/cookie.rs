//! The refresh token's cookie: out of reach of scripts, of other sites and of every path but `/auth`.

use super::header;
use cookie::{Cookie, SameSite, time::Duration};
use http::HeaderMap;

pub const REFRESH_COOKIE: &str = "mf_refresh";
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

/// The refresh token that the client sent.
pub fn refresh_token(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all("cookie")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == REFRESH_COOKIE)
        .map(|cookie| cookie.value().to_owned())
        .filter(|value| !value.is_empty())
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
    fn the_cookie_carries_every_attribute_of_the_contract() {
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
}
