//! What the host gives to components, and only to those whose manifest entry names it. Each folder or
//! file is one capability: WIT types stop here, the stores behind it live in `mindflow-backends`.

pub mod audit_log;
pub mod bindings;
pub mod blob;
pub mod config;
pub mod dead_letters;
pub mod embeddings;
pub mod jwt;
pub mod key_value;
pub mod mail;
pub mod outbound;
pub mod realtime;
pub mod search_index;
pub mod sql;
pub mod web_push;
pub mod websocket;

use crate::{
    engine::State,
    manifest::{DatabaseAccess, RealtimeGrant},
};
use bindings::platform;
use mindflow_backends::{
    audit::AuditLog,
    blob::Container,
    clock::Clock,
    delivery::DeadLetters,
    key_value::KeyValue,
    keys::{Keyring, VerifyError},
    mail::Mailer,
    postgres::Database,
    realtime::Realtime,
    search_index::SearchIndex,
    web_push::WebPush,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use uuid::Uuid;
use wasmtime::component::{HasSelf, Linker, Resource, ResourceTableError};

/// What one component was granted.
pub struct Grants {
    /// The component's name; its database role follows from it.
    pub component: String,
    pub databases: BTreeMap<String, (Database, DatabaseAccess)>,
    pub buckets: BTreeMap<String, Arc<dyn KeyValue>>,
    /// Of files.
    pub containers: BTreeMap<String, Container>,
    pub publishes: BTreeSet<String>,
    /// The names of its subscriptions.
    pub subscriptions: BTreeSet<String>,
    pub realtime: Option<Arc<dyn Realtime>>,
    pub topics: RealtimeGrant,
    pub keyring: Option<Arc<Keyring>>,
    /// The queue whose dead letters it may see.
    pub dead_letters: Option<Arc<dyn DeadLetters>>,
    pub mailer: Option<Arc<dyn Mailer>>,
    pub web_push: Option<Arc<WebPush>>,
    pub search_indexes: BTreeMap<String, Arc<dyn SearchIndex>>,
    pub embeddings: embeddings::Grant,
    /// The audit trail, to add to, to read, or both: which of the two, the imports say.
    pub audit: Option<Arc<dyn AuditLog>>,
    pub variables: BTreeMap<String, String>,
    pub clock: Clock,
}

/// Makes every capability known to a linker. Which of them a component may import is checked before.
pub fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    fn state(state: &mut State) -> &mut State {
        state
    }
    type Own = HasSelf<State>;
    platform::call::add_to_linker::<_, Own>(linker, state)?;
    platform::events::add_to_linker::<_, Own>(linker, state)?;
    platform::sql::add_to_linker::<_, Own>(linker, state)?;
    platform::key_value::add_to_linker::<_, Own>(linker, state)?;
    platform::realtime::add_to_linker::<_, Own>(linker, state)?;
    platform::jwt_signer::add_to_linker::<_, Own>(linker, state)?;
    platform::jwt_verifier::add_to_linker::<_, Own>(linker, state)?;
    platform::config::add_to_linker::<_, Own>(linker, state)?;
    platform::dead_letters::add_to_linker::<_, Own>(linker, state)?;
    platform::mail::add_to_linker::<_, Own>(linker, state)?;
    platform::web_push::add_to_linker::<_, Own>(linker, state)?;
    platform::search_index::add_to_linker::<_, Own>(linker, state)?;
    platform::embeddings::add_to_linker::<_, Own>(linker, state)?;
    platform::audit_writer::add_to_linker::<_, Own>(linker, state)?;
    platform::audit_reader::add_to_linker::<_, Own>(linker, state)?;
    platform::outbound::add_to_linker::<_, Own>(linker, state)?;
    platform::blob::add_to_linker::<_, Own>(linker, state)?;
    platform::websocket::add_to_linker::<_, Own>(linker, state)
}

impl platform::call::Host for State {}
impl platform::events::Host for State {}

impl State {
    /// A clone of what a resource holds, so that it can be awaited without the store.
    fn resource<R: Clone + 'static>(&self, handle: &Resource<R>) -> Result<R, ResourceTableError> {
        self.table.get(handle).cloned()
    }
}

/// Why nobody is proven.
enum Unproven {
    Denied(String),
    Unavailable(String),
}

/// Who an access token speaks for: its subject, and the roles that it carries.
async fn prove(grants: &Grants, token: &str) -> Result<(Uuid, Vec<String>), Unproven> {
    let keyring =
        grants.keyring.as_ref().ok_or_else(|| Unproven::Denied("the platform has no keys to prove a caller".into()))?;
    let proven = keyring.verify(token).await.map_err(|error| match error {
        VerifyError::Unavailable(reason) => Unproven::Unavailable(reason),
        refused => Unproven::Denied(refused.to_string()),
    })?;
    let user_id = proven.subject.parse().map_err(|_| Unproven::Denied("the token's `sub` is no UUID".into()))?;
    Ok((user_id, proven.roles.clone()))
}

/// Whether a topic is covered by a grant's patterns; a trailing `*` stands for any rest.
fn covers(patterns: &[String], topic: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => topic.starts_with(prefix),
        None => pattern == topic,
    })
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_topic_is_covered_by_its_name_or_a_prefix_with_a_star() {
        let patterns = ["user:*".to_owned(), "news".to_owned()];
        assert!(covers(&patterns, "user:1"));
        assert!(covers(&patterns, "news"));
        assert!(!covers(&patterns, "news:2"));
        assert!(!covers(&patterns, "users"));
        assert!(!covers(&[], "user:1"));
    }
}
