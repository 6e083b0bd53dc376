//! What the host gives to components, and only to those whose manifest entry names it.
//!
//! Each capability is a folder: its key in the manifest, its settings, the store behind it, its WIT, what a component
//! gets of it, its health, and what a shadow replay gets instead. All that knows every capability follows from the
//! one list at the end of this file. WIT types stop here; the stores live in `mindflow-backends`.

/// The Rust side of interfaces that components import, generated from the platform's WIT.
macro_rules! bindings {
    ($imports:tt $(, with: { $($with:tt)* })?) => {
        crate::generated! {
            interfaces: $imports,
            imports: { default: async | store | trappable },
            $(with: { $($with)* },)?
        }
    };
}

pub mod audit_log;
pub mod blob;
pub mod config;
pub mod dead_letters;
pub mod disclosure;
pub mod embeddings;
pub mod erasure;
pub mod events;
pub mod jwt;
pub mod key_value;
pub mod mail;
pub mod outbound;
pub mod platform_state;
pub mod rate_limits;
pub mod realtime;
pub mod sealing;
pub mod search_index;
mod set;
pub mod sql;
mod state;
pub mod web_push;
pub mod websocket;

pub use set::{GrantError, HealthError, HealthState, OpenError, Opening, Unbound};
pub use state::{InstanceContext, State};

use mindflow_backends::{clock::Clock, database::postgres::Database};
use outbound::AllowList;
use serde::de::DeserializeOwned;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::Arc,
};
use wasmtime::component::{HasSelf, Linker};

/// How capabilities add themselves to a linker: their data is the whole state of an instance.
type Own = HasSelf<State>;

/// One capability, as the opened store behind it.
pub trait Capability: Sized + Send + Sync + 'static {
    /// The key of its grant under `[component.NAME.tool.mindflow]`; `None` if nothing there grants it.
    const GRANT: Option<&'static str> = None;
    /// Its table in the runtime configuration.
    const SETTINGS: Option<&'static str> = None;
    /// The value of [`Self::GRANT`]. The default grants nothing.
    type Grant: Debug + Clone + Default + DeserializeOwned + Send + Sync;
    /// The value of [`Self::SETTINGS`].
    type Settings: Debug + Clone + Default + DeserializeOwned + Send + Sync;
    /// What one component holds of it.
    type Access: Send + Sync;

    /// Adds its interfaces to a linker. Every linker has all capabilities; [`Self::requirement`] decides which of
    /// them a component may import.
    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()>;

    /// What the manifest must say before a component may import `interface` (without its version). `None` for an
    /// interface of another capability, and for one that needs no grant.
    fn requirement(_interface: &str, _grantee: &Grantee<'_>) -> Option<Requirement> {
        None
    }

    /// Whether the settings bind every name that a grant uses. Runs before any store is opened.
    ///
    /// # Errors
    /// The first name that is not bound.
    fn check_grant(_settings: &Settings, _grant: &Self::Grant) -> Result<(), Unbound> {
        Ok(())
    }

    /// Whether the settings bind the names that the capability itself uses.
    ///
    /// # Errors
    /// The first name that is not bound.
    fn check_settings(_settings: &Settings) -> Result<(), Unbound> {
        Ok(())
    }

    /// Opens the store. The databases are open and migrated by then.
    ///
    /// # Errors
    /// What cannot be opened, in words that name the setting.
    fn open(opening: &Opening<'_>) -> impl Future<Output = Result<Self, OpenError>> + Send;

    /// Makes what must be stored before its first use, such as a key. [`Self::open`] makes it too.
    ///
    /// # Errors
    /// What cannot be made, in words that name the setting.
    fn prepare(_opening: &Opening<'_>) -> impl Future<Output = Result<(), OpenError>> + Send {
        std::future::ready(Ok(()))
    }

    /// What of it the manifest gives one component.
    fn access(&self, grantee: &Grantee<'_>) -> Self::Access;

    /// What a shadow replay of a component gets instead: nothing that has an effect outside of the replay.
    ///
    /// # Errors
    /// A substitute cannot be made.
    fn shadow(
        live: &Self::Access,
        scratch: &Scratch<'_>,
    ) -> impl Future<Output = Result<Self::Access, OpenError>> + Send;

    /// Its back ends by name, each with what is wrong with it. Readiness depends on these.
    fn health(&self) -> impl Future<Output = Vec<(String, HealthState)>> + Send {
        std::future::ready(Vec::new())
    }

    /// Ends what it runs and writes what it still holds. Databases are closed later.
    fn close(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// A component with all that the manifest grants it.
pub struct Grantee<'a> {
    pub component: &'a str,
    pub grants: &'a Grants,
    /// The names of its subscriptions.
    pub subscriptions: &'a BTreeSet<String>,
    /// Its variables, templates filled in.
    pub variables: &'a BTreeMap<String, String>,
    /// Its `allowed_outbound_hosts`, templates filled in.
    pub allowed_hosts: &'a Arc<AllowList>,
    /// The table of the manifest that these are in.
    pub hosts_table: &'a str,
}

/// A line of the manifest that an import needs.
pub struct Requirement {
    pub granted: bool,
    /// What to write, such as `mail = true`.
    pub line: &'static str,
    pub table: Table,
}

/// Where in the manifest a grant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `[component.NAME]`, for a key of Spin's own; where Spin runs another file, `[component.NAME.tool.mindflow]`.
    Component,
    /// `[component.NAME.tool.mindflow]`
    Tool,
}

impl Requirement {
    /// Of a grant under `[component.NAME.tool.mindflow]`.
    fn tool(granted: bool, line: &'static str) -> Self {
        Self { granted, line, table: Table::Tool }
    }
}

/// What a shadow replay works with instead of the live stores.
pub struct Scratch<'a> {
    /// By the names of the live ones.
    pub databases: &'a BTreeMap<String, Database>,
    pub clock: &'a Clock,
}

set::capabilities! {
    events: events::Events,
    sql: sql::Sql,
    key_value: key_value::Buckets,
    blob: blob::Containers,
    realtime: realtime::Topics,
    jwt: jwt::Tokens,
    config: config::Variables,
    dead_letters: dead_letters::Letters,
    mail: mail::Mail,
    web_push: web_push::Push,
    sealing: sealing::Sealing,
    erasure: erasure::Erasure,
    search_index: search_index::Indexes,
    embeddings: embeddings::Model,
    audit_log: audit_log::Trail,
    outbound: outbound::Requests,
    disclosure: disclosure::Disclosures,
    websocket: websocket::Sockets,
    rate_limits: rate_limits::Limits,
    platform_state: platform_state::PlatformState,
}
