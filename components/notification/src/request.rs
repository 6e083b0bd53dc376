//! Validation of requests: every argument is checked before anything is written, and named as the client named it.

use crate::bindings::exports::mindflow::notification::notices::{Preferences, PreferencesChange};
use mindflow_address::{NoWebAddress, WEB_ADDRESS_CHARS_MAX, web_address};
use mindflow_events::Kind;
use mindflow_guest::{
    call::{Error, FieldError},
    failure::field,
    rules::{Format, Rule},
};

/// The events that a webhook can subscribe to.
pub use mindflow_events::WEBHOOK_EVENTS as EVENTS;
const HOUR_MAX: u32 = 23;
const HTTPS_RULE: &str = "Must begin with https://.";

/// The address as requests are sent to it: by the WHATWG's standard for URLs. The host checks where it leads.
pub fn url(name: &str, text: &str) -> Result<String, FieldError> {
    web_address(text).map(String::from).map_err(|broken| match broken {
        NoWebAddress::TooLong => field(
            name,
            Rule::characters(WEB_ADDRESS_CHARS_MAX, 0),
            format!("Use at most {WEB_ADDRESS_CHARS_MAX} characters, as they are sent."),
        ),
        NoWebAddress::Form => {
            field(name, Format::Url, "Must be an absolute address, such as https://example.org/hook.")
        }
        NoWebAddress::Scheme => field(name, Format::Url, HTTPS_RULE),
        NoWebAddress::Fragment => field(name, Format::Url, "Must not have a fragment (#…): it is never sent."),
        NoWebAddress::Credentials => field(name, Format::Url, "Must not hold a name or a password."),
    })
}

/// Of an address that the host lets no request through to. Without TLS, that alone is why: it is let through to nothing but
/// what the operator has named.
pub fn prohibited(name: &str, url: &str) -> FieldError {
    if url.starts_with("https:") {
        field(name, Rule::NotPublic, "Must be an https address of the public internet.")
    } else {
        field(name, Format::Url, HTTPS_RULE)
    }
}

/// Each once, in the order asked.
pub fn events(names: &[String]) -> Result<Vec<String>, FieldError> {
    let mut events: Vec<String> = Vec::new();
    for (index, name) in names.iter().enumerate().take(EVENTS.len() * 2) {
        if !EVENTS.iter().any(|kind| kind.name() == name) {
            let names = EVENTS.map(Kind::name).join(", ");
            return Err(field(
                format!("events[{index}]"),
                Rule::one_of(EVENTS.map(Kind::name)),
                format!("Must be one of {names}."),
            ));
        }
        if !events.contains(name) {
            events.push(name.clone());
        }
    }
    if events.is_empty() || names.len() > EVENTS.len() * 2 {
        let rule = if events.is_empty() { Rule::TooFew { min: 1 } } else { Rule::items(EVENTS.len(), names.len()) };
        return Err(field("events", rule, format!("Name 1 to {} events.", EVENTS.len())));
    }
    Ok(events)
}

/// The preferences as they are to be.
pub fn changed(current: &Preferences, change: &PreferencesChange) -> Result<Preferences, Error> {
    let next = Preferences {
        email: change.email.unwrap_or(current.email),
        push: change.push.unwrap_or(current.push),
        webhooks: change.webhooks.unwrap_or(current.webhooks),
        quiet_hours_start: change.quiet_hours_start.unwrap_or(current.quiet_hours_start),
        quiet_hours_end: change.quiet_hours_end.unwrap_or(current.quiet_hours_end),
    };
    let mut errors = Vec::new();
    for (name, hour) in [("quietHoursStart", next.quiet_hours_start), ("quietHoursEnd", next.quiet_hours_end)] {
        if hour.is_some_and(|hour| hour > HOUR_MAX) {
            errors.push(field(name, Rule::range(0, HOUR_MAX), format!("Must be a full hour from 0 to {HOUR_MAX}.")));
        }
    }
    if next.quiet_hours_start.is_some() != next.quiet_hours_end.is_some() {
        let (missing, other) = match next.quiet_hours_start {
            Some(_) => ("quietHoursEnd", "quietHoursStart"),
            None => ("quietHoursStart", "quietHoursEnd"),
        };
        errors.push(field(
            missing,
            Rule::Together { other: other.into() },
            "Quiet hours need a start and an end, or neither.",
        ));
    }
    if errors.is_empty() { Ok(next) } else { Err(Error::Invalid(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_tls_is_refused_as_one_of_another_scheme_is() {
        let plain = prohibited("url", "http://example.org/");
        assert_eq!((plain.rule.as_str(), plain.params.as_str()), ("format", r#"{"expected":"url"}"#));
        assert_eq!(plain.message, url("url", "ftp://example.org/").unwrap_err().message);
        assert_eq!(prohibited("url", "https://10.0.0.1/").rule, "not-public");
    }

    #[test]
    fn an_address_must_be_absolute_and_without_credentials() {
        assert!(url("url", "https://example.org/hook?x=1").is_ok());
        assert!(url("url", "http://127.0.0.1:8080/").is_ok());
        let sent = url("url", "https://bücher.example/häng?x=ü").unwrap();
        assert_eq!(sent, "https://xn--bcher-kva.example/h%C3%A4ng?x=%C3%BC");
        let long = format!("https://example.org/{}", "x".repeat(WEB_ADDRESS_CHARS_MAX));
        for wrong in [
            "",
            "example.org",
            "/hook",
            "ftp://example.org",
            "https://",
            "https://user:pw@example.org/",
            "https://example.org/#x",
            "https://exa mple.org/",
            "https://example.org/\r\nX: y",
            long.as_str(),
        ] {
            assert_eq!(url("url", wrong).unwrap_err().field, "url", "{wrong:?}");
        }
    }

    #[test]
    fn only_known_events_can_be_asked_for_each_once() {
        let names = |names: &[&str]| events(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&["TagCreated", "MoodRecorded", "TagCreated"]).unwrap(), ["TagCreated", "MoodRecorded"]);
        assert_eq!(names(&[]).unwrap_err().field, "events");
        assert_eq!(names(&["TagCreated", "UserLoggedIn"]).unwrap_err().field, "events[1]");
        assert_eq!(names(&["TagCreated"; 19]).unwrap_err().field, "events");
    }

    #[test]
    fn quiet_hours_are_both_or_neither_and_what_is_left_out_stays() {
        let current =
            Preferences { email: true, push: false, webhooks: true, quiet_hours_start: None, quiet_hours_end: None };
        let nothing = PreferencesChange {
            email: None,
            push: None,
            webhooks: None,
            quiet_hours_start: None,
            quiet_hours_end: None,
        };
        assert_eq!(changed(&current, &nothing).unwrap(), current);
        let set = PreferencesChange { quiet_hours_start: Some(Some(22)), quiet_hours_end: Some(Some(7)), ..nothing };
        let quiet = changed(&current, &set).unwrap();
        assert_eq!((quiet.quiet_hours_start, quiet.quiet_hours_end, quiet.push), (Some(22), Some(7), false));
        let off = PreferencesChange { quiet_hours_start: Some(None), quiet_hours_end: Some(None), ..nothing };
        assert_eq!(changed(&quiet, &off).unwrap(), current);
        let fields = |change: PreferencesChange| match changed(&current, &change).unwrap_err() {
            Error::Invalid(errors) => errors.into_iter().map(|error| error.field).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(fields(PreferencesChange { quiet_hours_start: Some(Some(22)), ..nothing }), ["quietHoursEnd"]);
        let wrong = PreferencesChange { quiet_hours_start: Some(Some(24)), quiet_hours_end: Some(Some(7)), ..nothing };
        assert_eq!(fields(wrong), ["quietHoursStart"]);
    }
}
