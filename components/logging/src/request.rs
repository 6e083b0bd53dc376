//! Validation of requests for the trail.

use crate::bindings::exports::mindflow::logging::audit::{Filter, PageRequest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mindflow_events::Kind;
use mindflow_guest::{
    audit_reader,
    call::{Error, FieldError},
    failure::field,
    id,
    journal::PAGE_MAX,
    rules::{Format, Rule},
};

/// The prefix of a cursor, so that one of another listing is refused rather than misread.
const CURSOR_MARK: &[u8] = b"audit:";

/// A page that can be read.
#[derive(Debug, PartialEq)]
pub struct Request {
    pub filter: audit_reader::Filter,
    pub first: u32,
    pub before: Option<u64>,
}

/// # Errors
/// `invalid` with every field that breaks a rule.
pub fn check(filter: Filter, PageRequest { first, after }: PageRequest) -> Result<Request, Error> {
    let mut wrong: Vec<FieldError> = Vec::new();
    if !(1..=PAGE_MAX).contains(&first) {
        wrong.push(field("first", Rule::range(1, PAGE_MAX), format!("Must be from 1 to {PAGE_MAX}.")));
    }
    if filter.user_id.as_deref().is_some_and(|text| id::parse(text).is_none()) {
        wrong.push(field("userId", Format::Uuid, "Must be a UUID."));
    }
    if let Some(name) = filter.event_type.as_deref().filter(|name| Kind::of(name).is_none()) {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        let text = format!("There is no event type {name:?}; there are {}.", known.join(", "));
        wrong.push(field("eventType", Rule::one_of(known), text));
    }
    if filter.since.zip(filter.until).is_some_and(|(since, until)| since > until) {
        wrong.push(field("from", Rule::After { other: "to".into() }, "Must not be later than `to`."));
    }
    let before = after.map(|cursor| position(&cursor));
    if before == Some(None) {
        wrong.push(field("after", Format::Cursor, "Must be a cursor of this list."));
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let Filter { user_id, event_type, since, until } = filter;
    let filter = audit_reader::Filter { user_id, event_type, since, until };
    Ok(Request { filter, first, before: before.flatten() })
}

/// Where a page goes on: behind this number.
pub fn cursor(number: u64) -> String {
    URL_SAFE_NO_PAD.encode([CURSOR_MARK, &number.to_be_bytes()].concat())
}

fn position(cursor: &str) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let number = u64::from_be_bytes(bytes.strip_prefix(CURSOR_MARK)?.try_into().ok()?);
    // Numbers of the trail are signed in its stores.
    i64::try_from(number).is_ok().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn filter() -> Filter {
        Filter { user_id: None, event_type: None, since: None, until: None }
    }

    fn page(first: u32, after: Option<String>) -> PageRequest {
        PageRequest { first, after }
    }

    fn fields(outcome: Result<Request, Error>) -> Vec<String> {
        match outcome {
            Err(Error::Invalid(fields)) => fields.into_iter().map(|field| field.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_field_that_breaks_a_rule_is_named() {
        assert_eq!(fields(check(filter(), page(0, None))), ["first"]);
        assert_eq!(fields(check(filter(), page(101, None))), ["first"]);
        assert_eq!(fields(check(filter(), page(1, Some("x".into())))), ["after"]);
        let all =
            Filter { user_id: Some("me".into()), event_type: Some("Nothing".into()), since: Some(2), until: Some(1) };
        assert_eq!(fields(check(all, page(1, Some(String::new())))), ["userId", "eventType", "from", "after"]);
    }

    #[test]
    fn a_cursor_leads_back_to_its_number_and_no_other_text_does() {
        for number in [1, 7, i64::MAX as u64] {
            assert_eq!(check(filter(), page(100, Some(cursor(number)))).unwrap().before, Some(number));
        }
        for wrong in [cursor(u64::MAX), URL_SAFE_NO_PAD.encode(b"audit:1"), URL_SAFE_NO_PAD.encode([b'e'; 14])] {
            assert_eq!(position(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_event_that_a_component_publishes_is_in_the_trail() {
        let manifest: toml::Table = include_str!("../../../spin.toml").parse().unwrap();
        let tool = |component: &toml::Value| component.get("tool").and_then(|tool| tool.get("mindflow")).cloned();
        let names = |list: Option<&toml::Value>| -> Vec<String> {
            let list = list.and_then(toml::Value::as_array).cloned().unwrap_or_default();
            list.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        let components = manifest["component"].as_table().unwrap();
        let published: BTreeSet<String> =
            components.values().filter_map(tool).flat_map(|tool| names(tool.get("publishes"))).collect();
        let own = tool(&components["logging"]).unwrap();
        let kept: BTreeSet<String> = names(own["subscriptions"][0].get("events")).into_iter().collect();
        assert_eq!(kept, published, "[component.logging] subscribes to");
        assert!(Kind::ALL.iter().map(|kind| kind.name()).eq(published.iter()), "{published:?}");
    }
}
