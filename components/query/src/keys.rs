//! The names and lifetimes of cached values. `mindflow_guest::cache` explains why a hit is never out of date: a user's
//! values have one generation, which each projection renews. A value is also valid for one UTC day only, because quotas
//! change at midnight without an event.

use crate::order::Order;
use crate::request::{Page, Selection};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::civil::Date;
use mindflow_guest::cache::Key;
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;

/// How long each kind of value is kept at most.
const RECENT: Duration = Duration::from_secs(60);
const JOURNALS: Duration = Duration::from_secs(5 * 60);
const PROFILE: Duration = Duration::from_secs(60 * 60);
/// As a user's journals, from which they follow.
const DERIVED: Duration = JOURNALS;

/// Of SHA-256's 32 bytes: as unlikely to collide as a UUID.
const PAGE_HASH_BYTES: usize = 16;

pub fn recent(user: Uuid) -> Key {
    Key::new(format!("journals:user:{user}:recent"), RECENT)
}

/// More recent entries than the dashboard shows.
pub fn recent_up_to(user: Uuid, limit: u32) -> Key {
    Key::new(format!("journals:user:{user}:recent:{limit}"), RECENT)
}

pub fn page(user: Uuid, selection: &Selection, order: Order, page: &Page) -> Key {
    let hash = Sha256::digest(format!("{selection:?}{order:?}{page:?}"));
    let short: Vec<u8> = hash.into_iter().take(PAGE_HASH_BYTES).collect();
    Key::new(format!("journals:user:{user}:page:{}", URL_SAFE_NO_PAD.encode(short)), JOURNALS)
}

pub fn on_this_day(user: Uuid, day: Date) -> Key {
    Key::new(format!("journals:user:{user}:on-this-day:{day}"), JOURNALS)
}

pub fn profile(user: Uuid) -> Key {
    Key::new(format!("profile:user:{user}"), PROFILE)
}

pub fn insights(user: Uuid, limit: u32) -> Key {
    Key::new(format!("insights:user:{user}:newest:{limit}"), DERIVED)
}

pub fn tags(user: Uuid) -> Key {
    Key::new(format!("tags:user:{user}"), DERIVED)
}

pub fn books(user: Uuid) -> Key {
    Key::new(format!("books:user:{user}"), DERIVED)
}

pub fn calendar(user: Uuid, from: Date, to: Date) -> Key {
    Key::new(format!("calendar:user:{user}:{from}:{to}"), DERIVED)
}

pub fn recorded_moods(user: Uuid, from: Date, to: Date) -> Key {
    Key::new(format!("moods:user:{user}:{from}:{to}"), DERIVED)
}

/// How the names of a user's values begin, here and in the gateway, which keeps answers made of them.
pub fn beginnings(user: Uuid) -> Vec<String> {
    ["journals", "insights", "answer", "calendar", "moods"]
        .iter()
        .map(|kind| format!("{kind}:user:{user}:"))
        .chain([profile(user).name, tags(user).name, books(user).name])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::Position;
    use jiff::civil::date;

    const USER: Uuid = Uuid::from_u128(7);

    #[test]
    fn keys_and_lifetimes_are_those_that_are_promised() {
        let id = USER.to_string();
        assert_eq!(recent(USER), Key::new(format!("journals:user:{id}:recent"), Duration::from_secs(60)));
        assert_eq!(profile(USER), Key::new(format!("profile:user:{id}"), Duration::from_secs(3600)));
        let page = super::page(USER, &Selection::default(), Order::default(), &Page { first: 20, after: None });
        assert!(page.name.starts_with(&format!("journals:user:{id}:page:")));
        assert_eq!(page.lifetime, Duration::from_secs(300));
    }

    #[test]
    fn every_key_of_a_user_has_one_of_the_beginnings() {
        let page = super::page(USER, &Selection::default(), Order::default(), &Page { first: 20, after: None });
        let keys = [
            recent(USER),
            recent_up_to(USER, 50),
            page,
            on_this_day(USER, date(2025, 1, 1)),
            profile(USER),
            insights(USER, 10),
            tags(USER),
        ];
        let beginnings = beginnings(USER);
        for key in keys {
            assert!(beginnings.iter().any(|beginning| key.name.starts_with(beginning)), "{}", key.name);
        }
    }

    #[test]
    fn pages_that_differ_in_anything_have_keys_of_their_own() {
        let all = Selection::default();
        let tagged = Selection { tag: Some("work".into()), ..Selection::default() };
        let dated = Selection { from: Some(date(2025, 1, 1)), ..Selection::default() };
        let first = Page { first: 20, after: None };
        let wider = Page { first: 21, after: None };
        let next = Page { first: 20, after: Some(Position { day: None, created_at: 1, id: USER }) };
        let mut names: Vec<String> =
            [(&all, &first), (&all, &wider), (&all, &next), (&tagged, &first), (&dated, &first)]
                .map(|(selection, page)| super::page(USER, selection, Order::default(), page).name)
                .into();
        names.push(super::page(USER, &all, Order::CreatedDescending, &first).name);
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 6);
    }
}
