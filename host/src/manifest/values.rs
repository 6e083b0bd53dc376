//! `[application.tool.mindflow.values]`: what the application's variables must be. A component takes them as text and reads them when
//! it is called, so a wrong one is found here, at the start. A value is never shown: it may be a secret in the wrong place.

use http::{Uri, uri::Authority};
use serde::Deserialize;

/// Variables by what they must be. One that is in none of the lists is any text, and so is an empty one, which counts as not set.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Values {
    number: Vec<String>,
    switch: Vec<String>,
    url: Vec<String>,
    origins: Vec<String>,
}

// === impl Values ===

impl Values {
    /// All variables that are in a list.
    pub(super) fn variables(&self) -> impl Iterator<Item = &String> {
        [&self.number, &self.switch, &self.url, &self.origins].into_iter().flatten()
    }

    /// What the variable must be and its value is not.
    pub(super) fn broken_rule(&self, variable: &str, value: &str) -> Option<&'static str> {
        let fits = |list: &[String], is_one: fn(&str) -> bool| {
            let value = value.trim();
            value.is_empty() || is_one(value) || !list.iter().any(|name| name == variable)
        };
        if !fits(&self.number, is_number) {
            return Some("must be a whole number, 0 or more");
        }
        if !fits(&self.switch, is_switch) {
            return Some("must be true or false");
        }
        if !fits(&self.url, is_url) {
            return Some("must be an http or https address such as https://app.example.org");
        }
        if !fits(&self.origins, are_origins) {
            return Some("must be origins with commas between, such as https://app.example.org,http://localhost:4200");
        }
        None
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<u64>().is_ok()
}

fn is_switch(text: &str) -> bool {
    ["true", "false"].iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn is_url(text: &str) -> bool {
    let is_web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none();
    text.parse::<Uri>().is_ok_and(|uri| is_web(&uri) && uri.authority().is_some_and(has_host))
}

fn are_origins(text: &str) -> bool {
    let mut origins = text.split(',').map(|origin| origin.trim().trim_end_matches('/'));
    origins.all(|origin| origin.is_empty() || origin.parse::<Uri>().is_ok_and(|uri| is_origin(origin, &uri)))
}

/// Nothing follows the host and its port; the parser adds the path `/`.
fn is_origin(text: &str, uri: &Uri) -> bool {
    let Some((scheme, named)) = uri.scheme().zip(uri.authority()) else { return false };
    let bytes = scheme.as_str().len() + "://".len() + named.as_str().len();
    has_host(named) && !named.as_str().contains('@') && text.len() == bytes
}

/// The parser takes an empty host, and any text as a port.
fn has_host(authority: &Authority) -> bool {
    let ports = authority.as_str().rsplit('@').next().and_then(|named| named.strip_prefix(authority.host()));
    let is_port =
        |port: &str| port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    !authority.host().is_empty() && ports.is_some_and(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_its_list_says_or_not_set() {
        let lists = "number = [\"tags\"]\nswitch = [\"page\"]\nurl = [\"home\"]\norigins = [\"sites\"]";
        let values: Values = toml::from_str(lists).unwrap();
        for (variable, fits, wrong) in [
            ("tags", &["0", " 12 ", ""][..], &["-1", "1.5", "many", "10s"][..]),
            ("page", &["true", "False", ""][..], &["yes", "1"][..]),
            (
                "home",
                &["http://127.0.0.1:3000", "https://a.example/journal/", "https://[::1]:8443", ""][..],
                &[
                    "a.example",
                    "ftp://a.example",
                    "https://",
                    "https://a.example:port",
                    "https://a b",
                    "https://a.example?x",
                ][..],
            ),
            (
                "sites",
                &["https://a.example, http://localhost:4200/,", "capacitor://localhost", ""][..],
                &[
                    "*",
                    "a.example",
                    "https://a.example/app",
                    "https://a.example;https://b.example",
                    "https://u@a.example",
                ][..],
            ),
        ] {
            for value in fits {
                assert_eq!(values.broken_rule(variable, value), None, "{variable}: {value}");
            }
            for value in wrong {
                let rule = values.broken_rule(variable, value);
                assert!(rule.is_some_and(|rule| rule.starts_with("must be")), "{variable}: {value}");
            }
        }
        assert_eq!(values.broken_rule("other", "anything"), None);
        assert_eq!(values.variables().count(), 4);
    }
}
