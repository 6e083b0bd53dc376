//! The application before it runs: manifest and configuration, checked against each other, with every
//! component compiled and linked. `mindflow check` ends here; `mindflow up` goes on.

use crate::{
    capability::{Grantee, Unbound, outbound::AllowList},
    engine::{CacheError, CompileError, Compiled, CompiledCache, Engine, Exports},
    link::{self, Callee, LinkError, ProviderSlot},
    manifest::{ComponentEntry, Manifest, ManifestError, RuleError, RuntimeConfig, Variables},
};
use mindflow_backends::rate_limits::LimitsError;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// The error of a call to a component that is not running yet.
const STARTING: &str = "the platform is still starting";

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
    subscriptions: BTreeSet<String>,
    allowed_hosts: Arc<AllowList>,
    variables: BTreeMap<String, String>,
    /// Linked with the others; the platform takes it when it starts.
    pub exports: Option<Exports>,
}

/// Why the application cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("[component.{component}] {rule}")]
    Component { component: String, rule: RuleError },
    #[error("{config} has no [{table}.{name}], which {user} uses; add it")]
    NotBound { config: String, table: &'static str, name: String, user: String },
    #[error("{config}")]
    Limits { config: String, source: LimitsError },
    #[error("the compilation was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
    #[error("the engine cannot be set up here: {0}")]
    Engine(String),
    #[error(transparent)]
    Cache(#[from] CacheError),
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
        let filled = manifest
            .components
            .values()
            .map(|entry| Filled::resolve(entry, &variables))
            .collect::<Result<Vec<_>, _>>()?;
        let cache = CompiledCache::open(config.compiled_cache.as_deref(), &config.data_dir)?;
        let engine = Engine::new(cache).map_err(|error| ApplicationError::Engine(crate::engine::one_line(&error)))?;
        let entries: Vec<_> = manifest.components.values().collect();
        let compiled = compile_all(&engine, &entries)?;
        engine.prune_cache();
        let components = entries
            .into_iter()
            .zip(filled)
            .zip(compiled)
            .map(|((entry, filled), compiled)| (entry.name.clone(), Loaded::new(entry, filled, compiled)))
            .collect();
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

    /// The same, off the runtime's threads: components compile for seconds.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn load_blocking(manifest: Manifest, config: RuntimeConfig) -> Result<Self, ApplicationError> {
        tokio::task::spawn_blocking(|| Self::load(manifest, config)).await.map_err(ApplicationError::Interrupted)?
    }

    /// Resolves a component's imports and checks that it exports what the manifest needs of it.
    pub fn link(&self, entry: &ComponentEntry, compiled: &Compiled) -> Result<Exports, LinkError> {
        let callees = self.components.values().map(Loaded::callee).collect();
        self.link_to(callees, entry, compiled)
    }

    /// The same, for a component whose calls of others are all answered with `unavailable`, for this reason.
    pub fn link_alone(&self, loaded: &Loaded, absence: &'static str) -> Result<Exports, LinkError> {
        let callees = self.components.values();
        let callees = callees.map(|callee| Callee { slot: ProviderSlot::default(), absence, ..callee.callee() });
        self.link_to(callees.collect(), &loaded.entry, &loaded.compiled)
    }

    fn link_to(
        &self,
        callees: Vec<Callee<'_>>,
        entry: &ComponentEntry,
        compiled: &Compiled,
    ) -> Result<Exports, LinkError> {
        let loaded = self.components.get(&entry.name).ok_or_else(|| LinkError::Unknown(entry.name.clone()))?;
        let manifest = self.manifest.path.display().to_string();
        let pre = link::link(&self.engine, &manifest, entry, &loaded.grantee(), compiled, &callees)?;
        let exports = Exports::new(pre);
        self.require_exports(entry, &exports)?;
        Ok(exports)
    }

    /// Whether everyone who calls the component can call this version of it too.
    pub fn check_callers(&self, name: &str, replacement: &Compiled) -> Result<(), LinkError> {
        let Some(current) = self.components.get(name) else { return Ok(()) };
        let callee = Callee { component: &replacement.component, ..current.callee() };
        for caller in
            self.components.values().filter(|loaded| loaded.entry.tool.calls.iter().any(|call| call.component == name))
        {
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
                !entry.tool.subscriptions.is_empty() && !exports.subscribes(),
                "mindflow:platform/subscriber@0.1.0",
                "the manifest subscribes it to events".to_owned(),
            ),
            (
                entry.tool.websocket.is_some() && !exports.serves_websockets(),
                "mindflow:platform/websocket-handler@0.1.0",
                "the manifest gives it a WebSocket route".to_owned(),
            ),
            (
                !entry.tool.schedules.is_empty() && !exports.runs_schedules(),
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
    /// The component with what the manifest gives it.
    pub fn grantee(&self) -> Grantee<'_> {
        Grantee {
            component: &self.entry.name,
            grants: &self.entry.grants,
            subscriptions: &self.subscriptions,
            variables: &self.variables,
            allowed_hosts: &self.allowed_hosts,
            hosts_table: &self.entry.hosts_table,
        }
    }

    fn new(entry: &ComponentEntry, filled: Filled, compiled: Compiled) -> Self {
        Self {
            entry: entry.clone(),
            compiled,
            slot: ProviderSlot::default(),
            subscriptions: entry.subscription_names(),
            allowed_hosts: Arc::new(filled.allowed_hosts),
            variables: filled.variables,
            exports: None,
        }
    }

    fn callee(&self) -> Callee<'_> {
        let Self { entry, compiled, slot, .. } = self;
        Callee { name: &entry.name, component: &compiled.component, slot: slot.clone(), absence: STARTING }
    }
}

/// The parts of an entry that are templates, filled in.
struct Filled {
    allowed_hosts: AllowList,
    variables: BTreeMap<String, String>,
}

impl Filled {
    fn resolve(entry: &ComponentEntry, variables: &Variables) -> Result<Self, ApplicationError> {
        let wrong = |rule: RuleError| ApplicationError::Component { component: entry.name.clone(), rule };
        let hosts = entry
            .allowed_outbound_hosts
            .iter()
            .map(|host| variables.fill(host))
            .collect::<Result<Vec<_>, _>>()
            .map_err(wrong)?;
        let allowed_hosts =
            AllowList::parse(hosts.iter().map(String::as_str)).map_err(|error| wrong(error.to_string().into()))?;
        let variables = entry
            .variables
            .iter()
            .map(|(name, template)| variables.fill(template).map(|value| (name.clone(), value)))
            .collect::<Result<_, _>>()
            .map_err(wrong)?;
        Ok(Self { allowed_hosts, variables })
    }
}

/// Compiles the components concurrently, on as many threads as there are processors. Plain threads, since
/// a thread that waits for another host to compile the same component must not hold up Cranelift's pool.
fn compile_all(engine: &Engine, entries: &[&ComponentEntry]) -> Result<Vec<Compiled>, CompileError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut compiled = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(entry) = entries.get(index) else { return compiled };
            compiled.push((index, compile(engine, &entry.name, &entry.source)));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(entries.len());
    let mut compiled = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        done.collect::<Vec<_>>()
    });
    compiled.sort_by_key(|(index, _)| *index);
    compiled.into_iter().map(|(_, compiled)| compiled).collect()
}

fn compile(engine: &Engine, name: &str, source: &Path) -> Result<Compiled, CompileError> {
    let started = mindflow_backends::clock::instant();
    let compiled = engine.compile(source)?;
    if !compiled.from_cache {
        tracing::info!(component = name, ms = started.elapsed().as_millis(), "compiled");
    }
    Ok(compiled)
}

/// Every name that the manifest and the configuration use is bound.
fn check_bindings(manifest: &Manifest, config: &RuntimeConfig) -> Result<(), ApplicationError> {
    let settings = &config.capabilities;
    let not_bound = |unbound: Unbound, user: String| ApplicationError::NotBound {
        config: config.path.display().to_string(),
        table: unbound.table,
        user: unbound.user.map_or(user, ToOwned::to_owned),
        name: unbound.name,
    };
    for entry in manifest.components.values() {
        let user = || format!("component `{}`", entry.name);
        settings.check_grants(&entry.grants).map_err(|unbound| not_bound(unbound, user()))?;
    }
    settings
        .rate_limits
        .changes()
        .apply(manifest.components.values().map(|entry| &entry.grants.rate_limits))
        .map_err(|source| ApplicationError::Limits { config: config.path.display().to_string(), source })?;
    settings
        .require_database(Some(&config.events.database), "[events]")
        .and_then(|()| settings.check())
        .and_then(|()| settings.require_database(config.log.keep.backend.database(), "[log.keep]"))
        .map_err(|unbound| not_bound(unbound, String::new()))
}
