//! The application before it runs: manifest and configuration, checked against each other, with every
//! component compiled and linked. `mindflow check` ends here; `mindflow up` goes on.

use crate::{
    engine::{CompileError, Compiled, Engine, Exports},
    link::{self, Callee, LinkError, ProviderSlot},
    manifest::{AllowList, ComponentEntry, Manifest, ManifestError, RuntimeConfig, Variables},
};
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// A checked application.
pub struct Application {
    pub manifest: Manifest,
    pub config: RuntimeConfig,
    pub engine: Engine,
    pub components: BTreeMap<String, Loaded>,
}

/// A component with what the manifest makes of it.
pub struct Loaded {
    pub entry: ComponentEntry,
    pub compiled: Compiled,
    pub slot: ProviderSlot,
    pub allowed_hosts: Arc<AllowList>,
    pub variables: BTreeMap<String, String>,
    /// Linked with the others; taken by the platform that starts it.
    pub exports: Option<Exports>,
}

/// Why the application cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("[component.{component}] {reason}")]
    Component { component: String, reason: String },
    #[error("{config} has no [{table}.{name}], which {user} uses; add it")]
    NotBound { config: String, table: &'static str, name: String, user: String },
    #[error("the engine cannot be set up here: {0}")]
    Engine(String),
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl Application {
    /// Reads, checks and compiles everything; opens no store.
    ///
    /// # Errors
    /// The first thing that is wrong, in one line.
    pub fn load(manifest: Manifest, config: RuntimeConfig) -> Result<Self, ApplicationError> {
        check_bindings(&manifest, &config)?;
        let variables = Variables::resolve(&manifest, &config)?;
        let engine = Engine::new(config.data_dir.join("compiled"))
            .map_err(|error| ApplicationError::Engine(crate::engine_line(&error)))?;
        let mut components = BTreeMap::new();
        for entry in manifest.components.values() {
            let loaded = load(&engine, entry, &variables)?;
            components.insert(entry.name.clone(), loaded);
        }
        let mut application = Self { manifest, config, engine, components };
        let linked = application
            .components
            .values()
            .map(|loaded| application.link(&loaded.entry, &loaded.compiled))
            .collect::<Result<Vec<_>, _>>()?;
        for (loaded, exports) in application.components.values_mut().zip(linked) {
            loaded.exports = Some(exports);
        }
        Ok(application)
    }

    /// Resolves a component's imports and checks that it exports what the manifest needs of it.
    pub fn link(&self, entry: &ComponentEntry, compiled: &Compiled) -> Result<Exports, LinkError> {
        let callees: Vec<Callee<'_>> =
            entry.calls.iter().filter_map(|name| self.components.get(name)).map(Loaded::callee).collect();
        let allowed =
            self.components.get(&entry.name).map(|loaded| Arc::clone(&loaded.allowed_hosts)).unwrap_or_default();
        let pre =
            link::link(&self.engine, &self.manifest.path.display().to_string(), entry, compiled, &allowed, &callees)?;
        let exports = Exports::new(pre);
        self.require_exports(entry, &exports)?;
        Ok(exports)
    }

    /// Whether everyone who calls the component can call this version of it too.
    pub fn check_callers(&self, name: &str, replacement: &Compiled) -> Result<(), LinkError> {
        let Some(current) = self.components.get(name) else { return Ok(()) };
        let callee = Callee { name, component: &replacement.component, slot: current.slot.clone() };
        for caller in self.components.values().filter(|loaded| loaded.entry.calls.iter().any(|callee| callee == name)) {
            link::check_caller(
                &self.engine,
                &caller.entry.name,
                &caller.compiled.component,
                &callee,
                &current.compiled.component,
            )?;
        }
        Ok(())
    }

    fn require_exports(&self, entry: &ComponentEntry, exports: &Exports) -> Result<(), LinkError> {
        let needed = [
            (
                self.manifest.routes.components().any(|name| name == entry.name) && !exports.serves_http(),
                "wasi:http/handler@0.3.0",
                "[[trigger.http]] names it".to_owned(),
            ),
            (
                !entry.subscriptions.is_empty() && !exports.subscribes(),
                "mindflow:platform/subscriber@0.1.0",
                "the manifest subscribes it to events".to_owned(),
            ),
            (
                entry.websocket.is_some() && !exports.serves_websockets(),
                "mindflow:platform/websocket-handler@0.1.0",
                "the manifest gives it a WebSocket route".to_owned(),
            ),
            (
                !entry.schedules.is_empty() && !exports.keeps_schedules(),
                "mindflow:platform/schedule-handler@0.1.0",
                "the manifest gives it a schedule".to_owned(),
            ),
            (
                self.manifest.commands.values().any(|command| command.component == entry.name) && !exports.operates(),
                "mindflow:platform/operator@0.1.0",
                "the manifest gives it a command".to_owned(),
            ),
        ];
        match needed.into_iter().find(|(missing, _, _)| *missing) {
            Some((_, interface, reason)) => {
                Err(LinkError::NoExport { component: entry.name.clone(), interface, reason })
            }
            None => Ok(()),
        }
    }
}

impl Loaded {
    fn callee(&self) -> Callee<'_> {
        Callee { name: &self.entry.name, component: &self.compiled.component, slot: self.slot.clone() }
    }
}

fn load(engine: &Engine, entry: &ComponentEntry, variables: &Variables) -> Result<Loaded, ApplicationError> {
    let wrong = |reason: String| ApplicationError::Component { component: entry.name.clone(), reason };
    let hosts = entry
        .allowed_outbound_hosts
        .iter()
        .map(|host| variables.fill(host))
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong)?;
    let allowed_hosts = AllowList::parse(hosts.iter().map(String::as_str)).map_err(|error| wrong(error.to_string()))?;
    let own = entry
        .variables
        .iter()
        .map(|(name, template)| variables.fill(template).map(|value| (name.clone(), value)))
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    let compiled = compile(engine, &entry.name, &entry.source)?;
    Ok(Loaded {
        entry: entry.clone(),
        compiled,
        slot: ProviderSlot::default(),
        allowed_hosts: Arc::new(allowed_hosts),
        variables: own,
        exports: None,
    })
}

fn compile(engine: &Engine, name: &str, source: &Path) -> Result<Compiled, CompileError> {
    let started = std::time::Instant::now();
    let compiled = engine.compile(source)?;
    if !compiled.from_cache {
        tracing::info!(component = name, ms = started.elapsed().as_millis(), "compiled");
    }
    Ok(compiled)
}

/// Every name that the manifest uses is bound by the configuration.
fn check_bindings(manifest: &Manifest, config: &RuntimeConfig) -> Result<(), ApplicationError> {
    let not_bound = |table, name: &str, user: String| ApplicationError::NotBound {
        config: config.path.display().to_string(),
        table,
        name: name.to_owned(),
        user,
    };
    for entry in manifest.components.values() {
        let user = || format!("component `{}`", entry.name);
        if let Some(name) = entry.sql.keys().find(|name| !config.databases.contains_key(*name)) {
            return Err(not_bound("databases", name, user()));
        }
        if let Some(name) = entry.key_value.iter().find(|name| !config.key_value.contains_key(*name)) {
            return Err(not_bound("key-value", name, user()));
        }
        if let Some(name) = entry.search_index.iter().find(|name| !config.search_index.contains_key(*name)) {
            return Err(not_bound("search-index", name, user()));
        }
    }
    let audit_log = config.audit_log.database().map(|name| (name, "[audit-log]"));
    let logs = config.logs.backend.database().map(|name| (name, "[logs]"));
    let own = [(&config.events.database, "[events]"), (&config.keys.database, "[keys]")];
    for (name, user) in own.into_iter().chain(audit_log).chain(logs) {
        if !config.databases.contains_key(name) {
            return Err(not_bound("databases", name, user.to_owned()));
        }
    }
    Ok(())
}
