//! Whole answers to queries, kept until something that they show changes. An answer is kept with the generations of its
//! user's views (`mindflow_guest::cache` explains why a hit is never out of date), and only when it came of these views
//! alone: calls for them are marked ([`Viewer::proven_for_views`]), and with any other call the answer is not kept. So a
//! query that comes again costs the proof of its token and one look into the cache, of which the host may have copies: the proof has
//! asked the store, so they are as new as it. Where only lifetimes bound the age of what is
//! cached, as with reads from a replica, an answer's lifetime adds to that of the values in it.
//!
//! [`Viewer::proven_for_views`]: crate::viewer::Viewer::proven_for_views

use super::answer::Answer;
use super::prepared::Prepared;
use crate::services::accounts::Caller;
use crate::viewer::Asked;
use async_graphql::parser::types::OperationType;
use mindflow_guest::cache::{self, Found, Key, Owner, Slot};
use mindflow_guest::{clock, id};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// As the recent entries, which have the shortest lifetime of what is shown.
const LIFETIME: Duration = Duration::from_secs(60);
/// Of an answer as JSON. A page of a hundred usual entries is below.
const BYTES_MAX: usize = 128 * 1024;
/// A user's answers share so many keys, so that no one fills the cache: together at most 4 MiB.
const KEYS_OF_USER: u8 = 32;

pub enum Kept {
    /// As JSON.
    Hit(String),
    /// To be executed; then [`keep`] fills the slot.
    Miss(Option<Slot>),
}

/// The kept answer. Looks for one only when an answer to this document was one to keep, so that other operations, such as
/// those without a caller, cost nothing more.
pub async fn find(prepared: &Prepared) -> Kept {
    if prepared.kind != OperationType::Query || !prepared.document.kept.get() {
        return Kept::Miss(None);
    }
    let Ok(caller) = prepared.scope.viewer.caller().await else { return Kept::Miss(None) };
    // What was kept may be from before the caller's last write.
    if !prepared.scope.viewer.own_writes().is_shown() {
        return Kept::Miss(None);
    }
    let Some(user) = id::parse(&caller.user_id) else { return Kept::Miss(None) };
    let owners = [Owner::journal(user), Owner::figures(user)];
    let asked = digest(prepared, &caller);
    let key = Key::new(format!("answer:user:{user}:{}", asked.first().unwrap_or(&0) % KEYS_OF_USER), LIFETIME);
    let moment = format!("{}:{}", clock::quarter(clock::now()), hex::encode(asked));
    match cache::recall(&owners, vec![key], &moment).await.pop() {
        Some(Found::Hit(answer)) => Kept::Hit(answer),
        Some(Found::Miss(slot)) => Kept::Miss(Some(slot)),
        None => Kept::Miss(None),
    }
}

/// Keeps an answer that depends on its user's views alone.
pub async fn keep(prepared: &Prepared, slot: Option<Slot>, answer: Answer) -> Answer {
    let of_views = prepared.kind == OperationType::Query
        && prepared.scope.viewer.asked() == Asked::Views
        && answer.errors().is_empty();
    if !of_views {
        return answer;
    }
    // For all users and for good: a request that fails must not cost the others their kept answers.
    prepared.document.kept.set(true);
    let Some(slot) = slot else { return answer };
    let json = answer.within(BYTES_MAX).and_then(|json| String::from_utf8(json).ok());
    if let Some(json) = json.and_then(|json| RawValue::from_string(json).ok()) {
        slot.fill(&json).await;
        return answer.replaced_by(Box::<str>::from(json).into_string());
    }
    answer
}

/// All that an answer depends on besides its user and the views: the roles and the time zone, what is asked, and which build
/// answers.
fn digest(prepared: &Prepared, caller: &Caller) -> [u8; 32] {
    let others = format!(
        "{} {:?} {} {} {:?} {}",
        env!("GATEWAY_BUILD"),
        caller.roles,
        caller.timezone,
        prepared.introspection,
        prepared.operation_name,
        prepared.variables_text,
    );
    Sha256::new().chain_update(prepared.document.digest()).chain_update(others).finalize().into()
}
