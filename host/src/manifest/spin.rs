//! `spin.toml`: the components, what each may use, and what triggers them. Spin loads the same file, so every key of its
//! manifest, version 2 (crate `spin-manifest` of Spin 4.1), is accepted. What only Spin runs is left to it: components
//! without `tool.mindflow`, triggers of other kinds, private routes and components that are defined in a trigger.

use super::{ManifestError, Routes};
use crate::{capability::Grants, engine::Instances};
use serde::{Deserialize, de::IgnoredAny};
use serde_aux::serde_introspection::serde_introspect;
use serde_path_to_error::Segment;
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
    trigger: Triggers,
    #[serde(default)]
    component: BTreeMap<String, SpinComponent>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read so that Spin's own keys are not refused")]
struct Application {
    name: String,
    version: Option<String>,
    description: Option<String>,
    authors: Option<IgnoredAny>,
    targets: Option<IgnoredAny>,
    trigger: Option<IgnoredAny>,
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
    /// The application's name when absent.
    pub issuer: String,
    /// The application's name when absent.
    pub audience: String,
    /// The longest life of a token, in seconds; a rotated key verifies for as long.
    pub lifetime_s: u64,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { issuer: String::new(), audience: String::new(), lifetime_s: 900 }
    }
}

impl Tokens {
    /// With the application's name where none is given.
    fn named(mut self, application: &str) -> Self {
        for name in [&mut self.issuer, &mut self.audience] {
            if name.is_empty() {
                application.clone_into(name);
            }
        }
        self
    }
}

/// An operator's command that a component executes.
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

#[derive(Debug, Default, Deserialize)]
struct Triggers {
    #[serde(default)]
    http: Vec<HttpTrigger>,
    #[serde(flatten)]
    _others: BTreeMap<String, IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct HttpTrigger {
    route: HttpRoute,
    component: HttpComponent,
    #[serde(flatten)]
    _settings: BTreeMap<String, IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum HttpRoute {
    Path(String),
    /// `{ private = true }`: components reach it by Spin's service chaining alone.
    Private(IgnoredAny),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum HttpComponent {
    Name(String),
    Inline(IgnoredAny),
}

impl Triggers {
    /// Routes and the components that serve them, without those that only Spin serves.
    fn routes(self, only_spins: &BTreeSet<String>) -> impl Iterator<Item = (String, String)> {
        self.http.into_iter().filter_map(|trigger| match (trigger.route, trigger.component) {
            (HttpRoute::Path(route), HttpComponent::Name(name)) if !only_spins.contains(&name) => Some((route, name)),
            _ => None,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read so that Spin's own keys are not refused")]
struct SpinComponent {
    source: Source,
    description: Option<String>,
    #[serde(default)]
    allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    tool: ComponentTools,
    ai_models: Option<IgnoredAny>,
    allowed_http_hosts: Option<IgnoredAny>,
    build: Option<IgnoredAny>,
    dependencies: Option<IgnoredAny>,
    dependencies_inherit_configuration: Option<IgnoredAny>,
    environment: Option<IgnoredAny>,
    exclude_files: Option<IgnoredAny>,
    files: Option<IgnoredAny>,
    key_value_stores: Option<IgnoredAny>,
    profile: Option<IgnoredAny>,
    sqlite_databases: Option<IgnoredAny>,
    targets: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Source {
    File(PathBuf),
    /// From a registry or an address.
    Remote(IgnoredAny),
}

#[derive(Debug, Default, Deserialize)]
struct ComponentTools {
    /// Read in two steps: capabilities take their grants out of it, the rest is [`ComponentTool`].
    /// Without it, the component is Spin's alone.
    mindflow: Option<BTreeMap<toml::Spanned<String>, toml::Value>>,
}

/// What `[component.NAME.tool.mindflow]` says besides the grants of capabilities.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ComponentTool {
    /// The component file, where it is not Spin's `source`.
    #[serde(alias = "source")]
    component: Option<PathBuf>,
    /// Templates of its variables. When absent, they are Spin's if Spin and this host run the same file.
    variables: Option<BTreeMap<String, String>>,
    /// Hosts that it may reach. When absent, they are Spin's if Spin and this host run the same file.
    #[serde(rename = "allowed_outbound_hosts")]
    allowed_outbound_hosts: Option<Vec<String>>,
    /// Components whose interfaces it may import.
    pub calls: Vec<String>,
    pub instances: Instances,
    pub subscriptions: Vec<SubscriptionEntry>,
    pub schedules: Vec<ScheduleEntry>,
    pub websocket: Option<WebSocketRoute>,
}

/// Events that come to a component.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SubscriptionEntry {
    /// The component's name when absent.
    pub name: Option<String>,
    pub events: Vec<String>,
    /// Deliveries at the same time; one per partition key in any case.
    pub concurrency: Option<u32>,
    /// Events in a batch, where the component exports `batch-subscriber`: 1 to 1000, 64 when absent; with 1 there are none.
    pub batch_events: Option<u32>,
    /// How long it waits for more when it was idle, 0 to 1000; 0 when absent.
    pub linger_ms: Option<u32>,
    /// Of one delivery; the component's deadline when absent.
    pub timeout_ms: Option<u32>,
    /// Immediately, then after 1, 2 and 4 s, when absent.
    pub retry: Option<RetryEntry>,
    /// Everything that the component stores follows from these events, so that a replay may rebuild it and remove
    /// the rest.
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

impl ComponentEntry {
    /// The names of its subscriptions.
    pub fn subscription_names(&self) -> BTreeSet<String> {
        self.tool.subscriptions.iter().map(|entry| entry.name(&self.name).to_owned()).collect()
    }
}

impl SubscriptionEntry {
    /// The name of its queue, its dead letters and its marks.
    pub fn name<'a>(&'a self, component: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(component)
    }
}

/// A schedule on which a component is called.
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

/// What happens to occurrences at which no replica was running.
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
    /// Hosts that it may reach, templates not yet filled in.
    pub allowed_outbound_hosts: Vec<String>,
    /// Templates of its variables.
    pub variables: BTreeMap<String, String>,
    /// What it may use.
    pub grants: Grants,
    /// How it is run.
    pub tool: ComponentTool,
}

impl Manifest {
    /// Reads and checks a manifest. Component files are found relative to it.
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
        let only_spins = file.component.iter().filter(|(_, entry)| entry.tool.mindflow.is_none());
        let only_spins: BTreeSet<String> = only_spins.map(|(name, _)| name.clone()).collect();
        let routes = Routes::new(file.trigger.routes(&only_spins)).map_err(|rule| {
            let names = only_spins.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let left_out = if names.is_empty() { names } else { format!("; without tool.mindflow: {names}") };
            ManifestError::invalid(path, format!("{rule}{left_out}"))
        })?;
        let components = file
            .component
            .into_iter()
            .filter(|(name, _)| !only_spins.contains(name))
            .map(|(name, entry)| Ok((name.clone(), component(name, entry, &root)?)))
            .collect::<Result<_, KeyError>>()
            .map_err(|error| ManifestError::at(path, &text, error.start, error.rule))?;
        let tool = file.application.tool.mindflow;
        let manifest = Self {
            path: path.to_owned(),
            variables: file.variables,
            environment: tool.environment,
            tokens: tool.tokens.named(&file.application.name),
            migrations: tool.migrations.into_iter().map(|(name, dir)| (name, root.join(dir))).collect(),
            commands: tool.commands,
            routes,
            name: file.application.name,
            components,
        };
        super::check::check(&manifest).map_err(|rule| ManifestError::invalid(path, rule))?;
        Ok(manifest)
    }
}

/// A key of a component's table that cannot be used.
struct KeyError {
    /// Where the key is in the manifest.
    start: Option<usize>,
    rule: String,
}

fn component(name: String, entry: SpinComponent, root: &Path) -> Result<ComponentEntry, KeyError> {
    let entries = entry.tool.mindflow.unwrap_or_default();
    let starts: BTreeMap<String, usize> = entries.keys().map(|key| (key.get_ref().clone(), key.span().start)).collect();
    let mut table: toml::Table = entries.into_iter().map(|(key, value)| (key.into_inner(), value)).collect();
    let wrong = |key: Option<&str>, reason: &str| KeyError {
        start: key.and_then(|key| starts.get(key).copied()),
        rule: format!("[component.{name}.tool.mindflow] {reason}"),
    };
    let keys: Vec<&str> = Grants::keys().chain(serde_introspect::<ComponentTool>().iter().copied()).collect();
    if let Some(unknown) = table.keys().find(|key| !keys.contains(&key.as_str())) {
        return Err(wrong(Some(unknown), &format!("unknown field `{unknown}`; there are {}", keys.join(", "))));
    }
    let grants = Grants::take(&mut table).map_err(|error| wrong(Some(error.key), &error.to_string()))?;
    let tool = serde_path_to_error::deserialize::<_, ComponentTool>(toml::Value::Table(table));
    let mut tool = tool.map_err(|error| match error.path().iter().next() {
        Some(Segment::Map { key }) => wrong(Some(key), &format!("{key}: {}", error.inner().message())),
        _ => wrong(None, error.inner().message()),
    })?;
    // What Spin gives a file of its own is for that file: it may be a composition of several components.
    let (source, spins_variables, spins_hosts) = match (tool.component.take(), entry.source) {
        (Some(file), _) => (root.join(file), BTreeMap::new(), Vec::new()),
        (None, Source::File(file)) => (root.join(file), entry.variables, entry.allowed_outbound_hosts),
        (None, Source::Remote(_)) => return Err(wrong(None, "needs `component = \"FILE\"`: `source` is no file")),
    };
    Ok(ComponentEntry {
        source,
        allowed_outbound_hosts: tool.allowed_outbound_hosts.take().unwrap_or(spins_hosts),
        variables: tool.variables.take().unwrap_or(spins_variables),
        grants,
        tool,
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(tool: &str) -> Result<Manifest, String> {
        load(&format!(
            "spin_manifest_version = 2\n[application]\nname = \"diary\"\n\
             [[trigger.http]]\nroute = \"/...\"\ncomponent = \"one\"\n\
             [component.one]\nsource = \"one.wasm\"\n[component.one.tool.mindflow]\n{tool}"
        ))
    }

    #[test]
    fn capabilities_take_their_grants_and_the_rest_says_how_a_component_is_run() {
        let manifest = manifest("sql = { write = \"caller\" }\nmail = true\ninstances = { max = 3 }").unwrap();
        let one = &manifest.components["one"];
        assert!(one.grants.sql.contains_key("write") && one.grants.mail && !one.grants.embeddings);
        assert_eq!(one.tool.instances.max, 3);
    }

    #[test]
    fn without_grants_a_component_has_none() {
        let manifest = manifest("").unwrap();
        let grants = &manifest.components["one"].grants;
        assert!(grants.sql.is_empty() && grants.blob.is_empty() && grants.events.is_empty() && !grants.mail);
    }

    #[test]
    fn a_wrong_key_or_value_is_named_with_its_component() {
        for (tool, named) in [
            ("sqll = {}", "line 10: [component.one.tool.mindflow] unknown field `sqll`; there are publishes, sql"),
            ("sql = { write = \"all\" }", "line 10: [component.one.tool.mindflow] sql: unknown variant `all`"),
            ("mail = \"yes\"", "mail: "),
            ("instances = { maximum = 3 }", "instances: unknown field `maximum`"),
        ] {
            let error = manifest(tool).unwrap_err();
            assert!(error.contains("[component.one.tool.mindflow]") && error.contains(named), "{tool}: {error}");
        }
    }

    fn load(text: &str) -> Result<Manifest, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, text).unwrap();
        Manifest::load(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_of_spin_is_accepted_and_what_only_spin_runs_is_left_to_it() {
        let manifest = load(
            r#"
            spin_manifest_version = 2
            [application]
            name = "diary"
            version = "1.0.0"
            description = "d"
            authors = ["a"]
            targets = ["spin-up:4.1"]
            [application.trigger.redis]
            address = "redis://127.0.0.1"
            [[trigger.http]]
            id = "one"
            route = "/..."
            component = "one"
            executor = { type = "http" }
            [[trigger.http]]
            route = { private = true }
            component = "one"
            [[trigger.http]]
            route = "/spins"
            component = "spins"
            [[trigger.http]]
            route = "/inline"
            component = { source = "inline.wasm" }
            [[trigger.redis]]
            channel = "c"
            component = "spins"
            [component.one]
            source = "composed.wasm"
            description = "d"
            variables = { a = "b" }
            environment = { A = "B" }
            files = ["assets/**", { source = "a", destination = "/" }]
            exclude_files = ["x"]
            allowed_http_hosts = []
            allowed_outbound_hosts = ["https://example.com"]
            key_value_stores = ["default"]
            sqlite_databases = ["default"]
            ai_models = ["m"]
            targets = ["spin-up:4.1"]
            dependencies_inherit_configuration = true
            dependencies = { "a:b/c" = { path = "c.wasm" } }
            profile.debug.source = "debug.wasm"
            build = { command = "make", workdir = "w", watch = ["src/**"] }
            tool.other = { a = 1 }
            tool.mindflow = { component = "raw.wasm" }
            [component.spins]
            source = { url = "https://example.com/s.wasm", digest = "sha256:00" }
            "#,
        )
        .unwrap();
        assert_eq!(manifest.components.keys().collect::<Vec<_>>(), ["one"]);
        assert!(manifest.components["one"].source.ends_with("raw.wasm"));
        assert_eq!(manifest.routes.components().collect::<Vec<_>>(), ["one"]);
        assert_eq!(manifest.routes.component("/spins"), Some("one"));
    }

    #[test]
    fn a_component_of_ours_is_a_file_and_something_of_ours_serves_http() {
        let head = "spin_manifest_version = 2\n[application]\nname = \"diary\"\n\
                    [[trigger.http]]\nroute = \"/...\"\ncomponent = \"one\"\n";
        let remote =
            format!("{head}[component.one]\nsource = {{ url = \"u\", digest = \"d\" }}\ntool.mindflow = {{}}\n");
        assert!(load(&remote).unwrap_err().contains("needs `component = \"FILE\"`"));
        let spins = format!("{head}[component.one]\nsource = \"one.wasm\"\n");
        let error = load(&spins).unwrap_err();
        assert!(error.contains("[[trigger.http]]") && error.contains("without tool.mindflow: one"), "{error}");
        let former =
            format!("{head}[component.one]\nsource = \"s.wasm\"\ntool.mindflow = {{ source = \"former.wasm\" }}\n");
        assert!(load(&former).unwrap().components["one"].source.ends_with("former.wasm"));
    }

    #[test]
    fn tokens_name_the_application_unless_the_manifest_says_otherwise() {
        let manifest = manifest("").unwrap();
        assert_eq!((&*manifest.tokens.issuer, &*manifest.tokens.audience), ("diary", "diary"));
    }
}
