//! `spin.toml`: the components, what each may use, and what triggers them.

use super::{ManifestError, Routes};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// The application manifest, with paths made absolute.
#[derive(Debug)]
pub struct Manifest {
    pub path: PathBuf,
    pub name: String,
    pub variables: BTreeMap<String, Variable>,
    /// Variables that an environment variable of another name may set: variable → environment name.
    pub environment: BTreeMap<String, String>,
    pub tokens: Tokens,
    /// Directory of `NNNN_verb_noun.sql` files, by database.
    pub migrations: BTreeMap<String, PathBuf>,
    pub commands: BTreeMap<String, Command>,
    /// The components that serve HTTP.
    pub routes: Routes,
    pub components: BTreeMap<String, ComponentEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    spin_manifest_version: u32,
    application: Application,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
    #[serde(default)]
    trigger: BTreeMap<String, Vec<Trigger>>,
    component: BTreeMap<String, SpinComponent>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read so that Spin's own keys are not refused")]
struct Application {
    name: String,
    version: Option<String>,
    description: Option<String>,
    #[serde(default)]
    authors: Vec<String>,
    trigger: Option<toml::Table>,
    #[serde(default)]
    tool: ApplicationTools,
}

#[derive(Debug, Default, Deserialize)]
struct ApplicationTools {
    #[serde(default)]
    mindflow: ApplicationTool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct ApplicationTool {
    tokens: Tokens,
    environment: BTreeMap<String, String>,
    migrations: BTreeMap<String, PathBuf>,
    commands: BTreeMap<String, Command>,
}

/// What every access token must say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Tokens {
    pub issuer: String,
    pub audience: String,
    /// The longest life of a token, in seconds; a rotated key verifies for as long.
    pub lifetime_s: u64,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { issuer: "mindflow-auth".into(), audience: "mindflow".into(), lifetime_s: 900 }
    }
}

/// An operator's command that a component carries out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Command {
    pub component: String,
    pub about: String,
    /// One line each: the words after the program's name.
    pub usage: Vec<String>,
    /// Flags that it takes, without their dashes, and what each does. `--json` it has anyway.
    #[serde(default)]
    pub flags: BTreeMap<String, String>,
    /// How long it may take, in seconds; the component's deadline when absent.
    pub run_max_s: Option<u32>,
}

/// A variable of the application, as Spin defines it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    pub default: Option<String>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub secret: bool,
    pub description: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Trigger {
    route: String,
    component: String,
    #[serde(flatten)]
    _settings: toml::Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read so that Spin's own keys are not refused")]
struct SpinComponent {
    source: PathBuf,
    description: Option<String>,
    #[serde(default)]
    allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    key_value_stores: Option<Vec<String>>,
    build: Option<toml::Table>,
    #[serde(default)]
    tool: ComponentTools,
}

#[derive(Debug, Default, Deserialize)]
struct ComponentTools {
    #[serde(default)]
    mindflow: ComponentTool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct ComponentTool {
    source: Option<PathBuf>,
    calls: Vec<String>,
    sql: BTreeMap<String, DatabaseAccess>,
    key_value: Vec<String>,
    blob: Vec<String>,
    publishes: Vec<String>,
    jwt: Vec<JwtGrant>,
    realtime: RealtimeGrant,
    dead_letters: bool,
    mail: bool,
    web_push: bool,
    search_index: Vec<String>,
    embeddings: bool,
    audit_log: Vec<AuditGrant>,
    outbound: OutboundGrant,
    instances: Instances,
    subscriptions: Vec<SubscriptionEntry>,
    schedules: Vec<ScheduleEntry>,
    websocket: Option<WebSocketRoute>,
}

/// Whose rows a component may ask a database for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseAccess {
    /// Those of a caller with an access token.
    Caller,
    /// Also all rows of its own tables, as the service itself.
    Service,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JwtGrant {
    Sign,
    Verify,
}

/// What a component may do with the audit trail. Nobody may change what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditGrant {
    Append,
    Read,
}

/// Topics; a trailing `*` stands for any rest.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RealtimeGrant {
    pub publish: Vec<String>,
    pub subscribe: Vec<String>,
}

/// What holds for every HTTP request of a component, besides its allowed hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct OutboundGrant {
    /// Only to public addresses, and only over TLS: for what goes to addresses that users enter.
    pub public_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstancesMode {
    /// Instances are kept and used again.
    #[default]
    Shared,
    /// A new instance for every call: for what handles hostile input.
    PerCall,
}

/// How a component is run: its bulkhead and its limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Instances {
    pub mode: InstancesMode,
    /// Instances at once; with `concurrency`, the bulkhead.
    pub max: u32,
    /// Calls at once in one instance. Above 1 only for what mostly waits: a trap ends them all.
    pub concurrency: u32,
    /// Calls after which an instance is replaced, so that a slow leak cannot grow for ever.
    pub uses_max: u32,
    /// Linear memory of one instance.
    pub memory_mib_max: u32,
    /// CPU time of one call, measured in epoch ticks of 10 ms.
    pub cpu_ms_max: u32,
    /// Wall-clock time of one call, waiting for an instance included.
    pub deadline_ms: u32,
}

impl Default for Instances {
    fn default() -> Self {
        Self {
            mode: InstancesMode::Shared,
            max: 16,
            concurrency: 1,
            uses_max: 100_000,
            memory_mib_max: 64,
            cpu_ms_max: 2_000,
            deadline_ms: 10_000,
        }
    }
}

/// Events that come to a component.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SubscriptionEntry {
    /// The component's name when absent.
    pub name: Option<String>,
    pub events: Vec<String>,
    /// Deliveries at once; one per partition key in any case.
    pub concurrency: Option<u32>,
    /// Of one delivery; the component's deadline when absent.
    pub timeout_ms: Option<u32>,
    /// At once, then after 1, 2 and 4 s, when absent.
    pub retry: Option<RetryEntry>,
    /// All that the component keeps follows from these events, so that a replay may make it anew and take away what
    /// they do not say.
    #[serde(default)]
    pub projection: bool,
}

/// When a failed delivery is tried again.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RetryEntry {
    /// The pause after the first failure, the second, and so on; the failure after the last is final.
    pub delays_ms: Vec<u32>,
    /// Each pause is longer by up to this much, 0 to 100; 10 when absent.
    pub jitter_percent: Option<u32>,
}

impl SubscriptionEntry {
    /// By which its queue, its dead letters and its marks are known.
    pub fn name<'a>(&'a self, component: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(component)
    }
}

/// When a component is called by the clock.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScheduleEntry {
    /// Unique in the application.
    pub name: String,
    /// Five fields, six with seconds first, or such as `@daily`; in UTC.
    pub cron: String,
    /// How long a run may take, in seconds; an hour when absent.
    pub run_max_s: Option<u32>,
    #[serde(default)]
    pub missed: Missed,
}

/// What becomes of occurrences that no replica was there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// One run makes up for all of them.
    #[default]
    RunOnce,
    Skip,
}

/// Where a component takes WebSocket connections.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WebSocketRoute {
    pub route: String,
    /// Subprotocols, best first; a client must offer one of them.
    pub protocols: Vec<String>,
}

/// One component of the application.
#[derive(Debug, Clone)]
pub struct ComponentEntry {
    pub name: String,
    /// The component file, absolute.
    pub source: PathBuf,
    /// Components whose interfaces it may import.
    pub calls: Vec<String>,
    pub sql: BTreeMap<String, DatabaseAccess>,
    pub key_value: Vec<String>,
    /// Containers of files.
    pub blob: Vec<String>,
    pub publishes: BTreeSet<String>,
    pub jwt: Vec<JwtGrant>,
    pub realtime: RealtimeGrant,
    /// Whether it may see and release dead letters.
    pub dead_letters: bool,
    /// Whether it may send mail.
    pub mail: bool,
    /// Whether it may seal and sign web push messages.
    pub web_push: bool,
    /// Indexes that it may write and search.
    pub search_index: Vec<String>,
    /// Whether it may ask what texts mean.
    pub embeddings: bool,
    pub audit_log: Vec<AuditGrant>,
    pub outbound: OutboundGrant,
    /// Spin's own key, templates not yet filled in.
    pub allowed_outbound_hosts: Vec<String>,
    /// Templates of its variables.
    pub variables: BTreeMap<String, String>,
    pub instances: Instances,
    pub subscriptions: Vec<SubscriptionEntry>,
    pub schedules: Vec<ScheduleEntry>,
    pub websocket: Option<WebSocketRoute>,
}

impl Manifest {
    /// Reads and checks a manifest. Component files are looked for beside it.
    ///
    /// # Errors
    /// One line that names the file, the line or the table, and what to change.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ManifestError::Read { path: path.to_owned(), source })?;
        let file: File = toml::from_str(&text).map_err(|error| ManifestError::syntax(path, &text, &error))?;
        let root = std::path::absolute(path)
            .ok()
            .and_then(|path| path.parent().map(Path::to_owned))
            .ok_or_else(|| ManifestError::invalid(path, "has no parent directory"))?;
        if file.spin_manifest_version != 2 {
            return Err(ManifestError::invalid(path, "spin_manifest_version must be 2"));
        }
        let triggers = file.trigger.into_iter().find_map(|(kind, triggers)| (kind == "http").then_some(triggers));
        let routes = triggers.unwrap_or_default().into_iter().map(|trigger| (trigger.route, trigger.component));
        let routes = Routes::new(routes).map_err(|message| ManifestError::invalid(path, message))?;
        let tool = file.application.tool.mindflow;
        let manifest = Self {
            path: path.to_owned(),
            name: file.application.name,
            variables: file.variables,
            environment: tool.environment,
            tokens: tool.tokens,
            migrations: tool.migrations.into_iter().map(|(name, dir)| (name, root.join(dir))).collect(),
            commands: tool.commands,
            routes,
            components: file
                .component
                .into_iter()
                .map(|(name, entry)| (name.clone(), component(name, entry, &root)))
                .collect(),
        };
        super::check::check(&manifest).map_err(|message| ManifestError::invalid(path, message))?;
        Ok(manifest)
    }
}

fn component(name: String, entry: SpinComponent, root: &Path) -> ComponentEntry {
    let tool = entry.tool.mindflow;
    ComponentEntry {
        name,
        source: root.join(tool.source.unwrap_or(entry.source)),
        calls: tool.calls,
        sql: tool.sql,
        key_value: tool.key_value,
        blob: tool.blob,
        publishes: tool.publishes.into_iter().collect(),
        jwt: tool.jwt,
        realtime: tool.realtime,
        dead_letters: tool.dead_letters,
        mail: tool.mail,
        web_push: tool.web_push,
        search_index: tool.search_index,
        embeddings: tool.embeddings,
        audit_log: tool.audit_log,
        outbound: tool.outbound,
        allowed_outbound_hosts: entry.allowed_outbound_hosts,
        variables: entry.variables,
        instances: tool.instances,
        subscriptions: tool.subscriptions,
        schedules: tool.schedules,
        websocket: tool.websocket,
    }
}
