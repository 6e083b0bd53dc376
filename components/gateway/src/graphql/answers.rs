//! Whole answers to queries, kept until something that they show changes. An answer is kept with the generations of its
//! user's views (`mindflow_guest::cache` explains why a hit is never out of date), and only when it came of these views
//! alone: calls for them are marked ([`Viewer::proven_for_views`]), and with any other call the answer is not kept. So a
//! query that comes again costs the proof of its token and one look into the cache.
//!
//! [`Viewer::proven_for_views`]: crate::viewer::Viewer::proven_for_views

use super::execute::{Answer, Prepared};
use crate::services::accounts::Caller;
use crate::viewer::Asked;
use async_graphql::parser::types::OperationType;
use mindflow_guest::cache::{self, Found, Key, Owner, Slot};
use mindflow_guest::{clock, id};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;

/// As the recent entries, which have the shortest lifetime of what is shown (contract §5).
const LIFETIME: Duration = Duration::from_secs(60);
/// Of an answer as JSON. A page of a hundred usual entries is below.
const BYTES_MAX: usize = 128 * 1024;
/// Of SHA-256's 32 bytes: as unlikely to collide as a UUID.
const HASH_BYTES: usize = 16;

pub enum Kept {
    Hit(Box<RawValue>),
    /// To be executed; then [`keep`] fills the slot.
    Miss(Option<Slot>),
}

/// The kept answer. Looks for one only when the last answer to this document was kept, so that other operations, such
/// as those without a caller, cost nothing more.
pub async fn find(prepared: &Prepared) -> Kept {
    if prepared.kind != OperationType::Query || !prepared.document.kept.get() {
        return Kept::Miss(None);
    }
    let Ok(caller) = prepared.scope.viewer.caller().await else { return Kept::Miss(None) };
    let Some(user) = id::parse(&caller.user_id) else { return Kept::Miss(None) };
    let owners = [Owner::journal(user), Owner::figures(user)];
    let moment = clock::quarter(clock::now()).to_string();
    match cache::find(&owners, vec![key(prepared, user, &caller)], &moment).await.pop() {
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
    prepared.document.kept.set(of_views);
    let (true, Some(slot)) = (of_views, slot) else { return answer };
    let Ok(json) = serde_json::value::to_raw_value(&answer) else { return answer };
    if json.get().len() <= BYTES_MAX {
        slot.fill(&json).await;
    } else {
        prepared.document.kept.set(false);
    }
    Answer::from(json)
}

/// All that an answer depends on besides the views: who asks, with which roles, what, and which build answers.
fn key(prepared: &Prepared, user: Uuid, caller: &Caller) -> Key {
    let asked = format!(
        "{} {:?} {} {:?} {:?} {}",
        env!("GATEWAY_BUILD"),
        caller.roles,
        prepared.introspection,
        prepared.document.digest,
        prepared.operation_name,
        prepared.variables_text,
    );
    let hash: Vec<u8> = Sha256::digest(asked).into_iter().take(HASH_BYTES).collect();
    Key::new(format!("answer:user:{user}:{}", hex::encode(hash)), LIFETIME)
}
