//! The running platform: every component with its provider, the capabilities behind them, event delivery, schedules,
//! and the swap of a component while requests run.

use crate::{
    alarm::Webhook,
    application::Application,
    capability::{Capabilities, HealthError, HealthState, InstanceContext, erasure, platform_state::Sight},
    databases::{Databases, Newer, Schema},
    disk,
    engine::{Callers, CompileError, Provider, ProviderStatus, Unhealthy},
    housekeeping::{self, LogRetention},
    link::LinkError,
    manifest::{Command, Routes, WebSocketRoute},
    observe::log_writer::{LogQueue, LogWriter},
    preparation::{opening, publishers},
    sealing_of_kept::SealingOfKept,
    standing::{Flows, Standing},
    start_error::StartError,
    trigger::{
        event::{Subscribers, subscription},
        schedule::Jobs,
    },
};
use mindflow_backends::{
    clock::{self, Clock},
    data_keys::Keeper,
    database::postgres::Database,
    delivery::{self, Backend, DeadLetters, Delivery, Opening, erased::ErasedMeter, publishers as publishing},
    keys,
    records::{
        self,
        audit::AuditLog,
        logs::{self, LogStore},
    },
    schedule::{self, Scheduler},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};

/// How long what the stores said of themselves is passed on.
const HEALTH_FOR: Duration = Duration::from_millis(250);
/// The same of what failed, which may be over soon.
const FAILURE_FOR: Duration = Duration::from_millis(100);

type Providers = BTreeMap<String, Arc<Provider>>;

/// A platform that can serve.
pub struct Platform {
    application: Mutex<Application>,
    pub providers: Providers,
    pub commands: BTreeMap<String, Command>,
    routes: Routes,
    callers: Arc<Callers>,
    websocket: Option<(Arc<Provider>, WebSocketRoute)>,
    refuse_bodies: BTreeSet<String>,
    stores: Stores,
    background: Background,
    log_writer: OnceLock<LogWriter>,
}

/// What is open while the platform runs.
struct Stores {
    databases: Mutex<Option<Databases>>,
    /// Of the event log and the schedules.
    events: Option<Database>,
    queues: Option<Arc<dyn Backend>>,
    /// The keys of the events' payloads.
    keeper: Option<Arc<Keeper>>,
    capabilities: Capabilities,
    logs: Arc<dyn LogStore>,
    clock: Clock,
    data_dir: PathBuf,
    /// What they said last, and when.
    known_health: Mutex<Option<(Instant, BTreeMap<String, HealthState>)>>,
}

/// What runs without a request; nothing for an operator's command.
#[derive(Default)]
struct Background {
    delivery: Option<Delivery>,
    alarms: Option<Webhook>,
    scheduler: Option<Scheduler>,
    sealing: Option<SealingOfKept>,
    standing: Option<Arc<Standing>>,
}

/// Why a new version of a component was not taken into service; the old one goes on.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    #[error("`{0}`: there is no component of this name")]
    Unknown(String),
    #[error("the compilation was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Unhealthy(#[from] Unhealthy),
}

/// How much of the platform runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Server,
    /// Components and stores without event delivery and schedules: for an operator's command.
    Operator,
}

// === impl Platform ===

impl Platform {
    /// Opens the stores, starts the components and, as a server, event delivery and schedules.
    ///
    /// # Errors
    /// The part that cannot start.
    pub async fn start(mut application: Application, role: Role) -> Result<Self, StartError> {
        let stores = Stores::open(&application).await?;
        let callers = Arc::<Callers>::default();
        let providers = start_components(&mut application, &stores, &callers);
        let background = match role {
            Role::Server => {
                stores.warn_of_what_is_open().await;
                Background::start(&application, &providers, &stores).await?
            }
            Role::Operator => Background::default(),
        };
        let websocket = application
            .components
            .iter()
            .find_map(|(name, loaded)| Some((Arc::clone(providers.get(name)?), loaded.entry.tool.websocket.clone()?)));
        let entries = application.manifest.components.values();
        let refuse_bodies = entries.filter(|entry| entry.tool.refuses_bodies).map(|entry| entry.name.clone()).collect();
        Ok(Self {
            providers,
            commands: application.manifest.commands.clone(),
            routes: application.manifest.routes.clone(),
            callers,
            websocket,
            refuse_bodies,
            stores,
            background,
            log_writer: OnceLock::new(),
            application: Mutex::new(application),
        })
    }

    /// Keeps the lines of the log in the queue, and all that follow, until the stop.
    pub fn keep_log(&self, queue: LogQueue) {
        let _ = self.log_writer.set(LogWriter::start(queue, Arc::clone(&self.stores.logs)));
    }

    /// The component that serves HTTP requests for a path.
    pub fn http(&self, path: &str) -> Option<&Arc<Provider>> {
        self.routes.component(path).and_then(|component| self.providers.get(component))
    }

    /// Whether the component refuses requests itself whose body is larger than the host takes.
    pub fn refuses_bodies(&self, component: &str) -> bool {
        self.refuse_bodies.contains(component)
    }

    /// The clients of the requests in progress.
    pub fn callers(&self) -> &Arc<Callers> {
        &self.callers
    }

    /// The component that serves WebSocket connections.
    pub fn websocket(&self) -> Option<Arc<Provider>> {
        self.websocket.as_ref().map(|(provider, _)| Arc::clone(provider))
    }

    /// The route of WebSocket connections.
    pub fn websocket_route(&self) -> Option<WebSocketRoute> {
        self.websocket.as_ref().map(|(_, route)| route.clone())
    }

    /// Takes a new version of a component into service while the old one finishes its calls.
    ///
    /// # Errors
    /// The file does not compile, does not fit its callers or callees, or is not healthy: the old version goes on.
    pub async fn swap(&self, name: &str, file: &Path) -> Result<ProviderStatus, SwapError> {
        self.swap_when(name, file, |_| true).await
    }

    /// The same, unless the file is what runs already: a build writes files that it did not change, too.
    ///
    /// # Errors
    /// As for [`Self::swap`].
    pub async fn swap_changed(&self, name: &str, file: &Path) -> Result<ProviderStatus, SwapError> {
        self.swap_when(name, file, |[old, new]| old != new).await
    }

    /// `wanted` decides by the digests of what runs and of the file.
    async fn swap_when(
        &self,
        name: &str,
        file: &Path,
        wanted: impl FnOnce([&str; 2]) -> bool,
    ) -> Result<ProviderStatus, SwapError> {
        // One swap at a time: each is checked against the result of the one before.
        let mut application = self.application.lock().await;
        let unknown = || SwapError::Unknown(name.to_owned());
        let provider = self.providers.get(name).ok_or_else(unknown)?;
        let entry = application.components.get(name).map(|loaded| loaded.entry.clone()).ok_or_else(unknown)?;
        let engine = application.engine.clone();
        let path = file.to_owned();
        let compiled = tokio::task::spawn_blocking(move || engine.compile(&path)).await??;
        let status = provider.status();
        if !wanted([&status.digest, &compiled.digest]) {
            tracing::debug!(component = name, digest = status.digest, "not swapped: the file is what runs already");
            return Ok(status);
        }
        let exports = application.link(&entry, &compiled)?;
        application.check_callers(name, &compiled)?;
        let generation = provider.swap(&compiled, exports).await?;
        tracing::info!(component = name, generation, digest = compiled.digest, file = %file.display(), "swapped");
        if let Some(loaded) = application.components.get_mut(name) {
            loaded.compiled = compiled;
        }
        Ok(provider.status())
    }

    /// Makes a new signing key; the old one stays in the key set until its tokens have expired.
    ///
    /// # Errors
    /// The key cannot be made or stored.
    pub async fn rotate_keys(&self) -> Result<String, keys::Error> {
        self.stores.capabilities.jwt.keyring().rotate().await
    }

    /// Component files by name, for `--watch`.
    pub async fn sources(&self) -> BTreeMap<String, PathBuf> {
        let application = self.application.lock().await;
        application.components.iter().map(|(name, loaded)| (name.clone(), loaded.entry.source.clone())).collect()
    }

    /// The application as it was loaded, with later swaps. While this is held, nothing is swapped.
    pub(crate) async fn application(&self) -> MutexGuard<'_, Application> {
        self.application.lock().await
    }

    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.stores.capabilities
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.stores.clock
    }

    /// The database of the event archive.
    pub(crate) fn events_database(&self) -> Option<&Database> {
        self.stores.events.as_ref()
    }

    /// The keys of the events' payloads.
    pub(crate) fn keeper(&self) -> Option<&Arc<Keeper>> {
        self.stores.keeper.as_ref()
    }

    pub(crate) fn queues(&self) -> Option<Arc<dyn Backend>> {
        self.stores.queues.clone()
    }

    /// The events that subscriptions gave up on.
    pub fn dead_letters(&self) -> Option<Arc<dyn DeadLetters>> {
        self.stores.capabilities.dead_letters.store()
    }

    pub(crate) fn audit_trail(&self) -> &dyn AuditLog {
        self.stores.capabilities.audit_log.store()
    }

    pub(crate) fn log_store(&self) -> &dyn LogStore {
        &*self.stores.logs
    }

    /// Every dependency and component with what is wrong with it, if anything. The stores are asked once for all who ask at the
    /// same time or soon after, so that many probes do not burden them.
    pub async fn health(&self) -> BTreeMap<String, HealthState> {
        let mut health = self.stores.health().await;
        for (name, provider) in &self.providers {
            let state = match provider.status().state {
                "open" => Err("its circuit is open: it failed repeatedly".to_owned().into()),
                _ if provider.is_starved() => {
                    Err("all its places are taken, and waiting calls get none".to_owned().into())
                }
                _ => Ok(()),
            };
            health.insert(format!("component:{name}"), state);
        }
        if let Some(delivery) = &self.background.delivery {
            let state = match delivery.health().failing.into_iter().next() {
                Some((part, reason)) => Err(format!("{part}: {reason}").into()),
                None => Ok(()),
            };
            health.insert("events".into(), state);
        }
        health
    }

    /// Stops what runs in the background, then closes the stores. Triggers have stopped before.
    pub async fn stop(&self) {
        let Background { delivery, alarms, scheduler, sealing, standing } = &self.background;
        if let Some(standing) = standing {
            standing.close();
        }
        if let Some(sealing) = sealing {
            sealing.stop();
        }
        if let Some(scheduler) = scheduler {
            scheduler.shutdown().await;
        }
        if let Some(delivery) = delivery {
            delivery.shutdown().await;
        }
        if let Some(alarms) = alarms {
            alarms.close().await;
        }
        if let Some(writer) = self.log_writer.get() {
            writer.close().await;
        }
        self.stores.close().await;
    }
}

fn start_components(application: &mut Application, stores: &Stores, callers: &Arc<Callers>) -> Providers {
    let mut providers = Providers::new();
    for (name, loaded) in &mut application.components {
        let Some(exports) = loaded.exports.take() else { continue };
        let context = InstanceContext {
            component: name.as_str().into(),
            access: Arc::new(stores.capabilities.access(&loaded.grantee(), &stores.clock)),
            callers: Arc::clone(callers),
            limits: loaded.entry.tool.instances.clone(),
        };
        let provider = Arc::new(Provider::new(context, &loaded.compiled, exports, Arc::clone(callers)));
        // `Application::load` made the slot; it is filled once, here.
        let _ = loaded.slot.set(Arc::clone(&provider));
        providers.insert(name.clone(), provider);
    }
    providers
}

// === impl Stores ===

impl Stores {
    async fn open(application: &Application) -> Result<Self, StartError> {
        let Application { config, manifest, .. } = application;
        let clock = Clock::system();
        let databases = Databases::open(config).await?;
        let schema = if config.migrate { Schema::Migrate } else { Schema::Require };
        let newer = if config.allow_newer_schema { Newer::Allow } else { Newer::Refuse };
        databases.prepare(manifest, schema, newer).await?;
        databases.check_logins(manifest).await?;
        let events = databases.databases.get(&config.events.database).cloned();
        let queues = match &events {
            Some(database) => Some(delivery::open(database.clone(), &config.events.queue)?),
            None => None,
        };
        let keeper = match &events {
            Some(log) => Some(Arc::new(erasure::keeper(&config.capabilities, &config.data_dir, log.clone()).await?)),
            None => None,
        };
        let logs = logs::open(&config.log.keep.backend, &databases.databases).await?;
        let elsewhere = matches!(config.log.keep.backend, records::Config::Mongo(_)).then(|| Arc::clone(&logs));
        let opening = opening(manifest, config, &databases, queues.clone(), keeper.clone(), elsewhere, &clock);
        let capabilities = Capabilities::open(&opening).await?;
        let data_dir = config.data_dir.clone();
        let known_health = Mutex::new(None);
        Ok(Self {
            databases: Mutex::new(Some(databases)),
            events,
            queues,
            keeper,
            capabilities,
            logs,
            clock,
            data_dir,
            known_health,
        })
    }

    async fn health(&self) -> BTreeMap<String, HealthState> {
        let mut known = self.known_health.lock().await;
        if let Some((at, health)) = &*known {
            let is_well = health.values().all(Result::is_ok);
            let for_long = if is_well { HEALTH_FOR } else { FAILURE_FOR };
            if at.elapsed() < for_long {
                return health.clone();
            }
        }
        let data_dir = self.data_dir.clone();
        let disk = tokio::task::spawn_blocking(move || disk::check(&data_dir));
        let (mut health, disk) = tokio::join!(self.capabilities.health(), disk);
        let disk = match disk {
            Ok(found) => found.map_err(|error| HealthError::new(&error)),
            Err(interrupted) => Err(HealthError::new(&interrupted)),
        };
        health.insert("disk".to_owned(), disk);
        *known = Some((clock::instant(), health.clone()));
        health
    }

    async fn warn_of_what_is_open(&self) {
        if let Some(databases) = &*self.databases.lock().await {
            databases.left_open().await.iter().for_each(|line| tracing::warn!("{line}"));
        }
    }

    async fn close(&self) {
        self.capabilities.close().await;
        if let Some(databases) = self.databases.lock().await.take() {
            databases.close().await;
        }
    }
}

// === impl Background ===

impl Background {
    async fn start(application: &Application, providers: &Providers, stores: &Stores) -> Result<Self, StartError> {
        stores.capabilities.embeddings.warm_up();
        let alarms = application.config.events.alarm.clone();
        let alarms = alarms.map(|settings| Webhook::start(settings, stores.clock.clone()));
        let scheduler = start_schedules(application, providers, stores).await?;
        let (delivery, flows) = start_delivery(application, providers, stores, alarms.as_ref()).await?;
        Ok(Self {
            standing: Some(start_standing(application, providers, stores, flows)),
            scheduler,
            delivery,
            alarms,
            sealing: stores.keeper.clone().filter(|keeper| keeper.seals()).map(|keeper| {
                SealingOfKept::start(keeper, stores.capabilities.audit_log.shared(), stores.clock.clone())
            }),
        })
    }
}

async fn start_delivery(
    application: &Application,
    providers: &Providers,
    stores: &Stores,
    alarms: Option<&Webhook>,
) -> Result<(Option<Delivery>, Flows), StartError> {
    let mut flows = Flows::new();
    let (Some(database), Some(queues), Some(keeper)) = (&stores.events, &stores.queues, &stores.keeper) else {
        return Ok((None, flows));
    };
    publishing::set(database, &publishers(application.manifest.components.values()))
        .await
        .map_err(StartError::Publishers)?;
    let mut subscriptions = Vec::new();
    let mut subscribers = Subscribers::default();
    for (name, loaded) in &application.components {
        let Some(provider) = providers.get(name) else { continue };
        for entry in &loaded.entry.tool.subscriptions {
            let subscription = subscription(&loaded.entry, entry);
            let flow = subscribers.add_counted(&subscription, Arc::clone(provider));
            flows.insert(subscription.name.clone(), flow);
            subscriptions.push(subscription);
        }
    }
    let options = delivery::Options { alarm: alarms.map(Webhook::alarm), ..delivery::Options::default() };
    let (queues, clock) = (Arc::clone(queues), stores.clock.clone());
    let keys = Arc::clone(keeper.keys());
    let handler = Opening::new(Arc::new(subscribers), keys, &subscriptions, Arc::new(ErasedMeter));
    let handler = Arc::new(handler);
    let delivery = Delivery::start(database.clone(), queues, subscriptions, handler, clock, options).await?;
    Ok((Some(delivery), flows))
}

/// Lets the component that the manifest grants it see how the platform stands.
fn start_standing(application: &Application, providers: &Providers, stores: &Stores, flows: Flows) -> Arc<Standing> {
    let components = application.components.iter();
    let components = components.filter_map(|(name, loaded)| Some((&loaded.entry, providers.get(name)?)));
    let realtime = stores.capabilities.realtime.store();
    let standing = Standing::start(components, flows, stores.queues.clone(), realtime, stores.clock.clone());
    stores.capabilities.platform_state.lend(Arc::clone(&standing) as Arc<dyn Sight>);
    standing
}

async fn start_schedules(
    application: &Application,
    providers: &Providers,
    stores: &Stores,
) -> Result<Option<Scheduler>, StartError> {
    let Some(database) = &stores.events else { return Ok(None) };
    let mut jobs = Jobs::default();
    let retention = LogRetention {
        store: Arc::clone(&stores.logs),
        clock: stores.clock.clone(),
        days: application.config.log.keep.days,
    };
    housekeeping::prepare(database, retention, &mut jobs).await?;
    for (name, loaded) in &application.components {
        let Some(provider) = providers.get(name) else { continue };
        jobs.add_component(&loaded.entry, provider)?;
    }
    let (schedules, job) = jobs.split();
    let options = schedule::Options::default();
    Ok(Some(Scheduler::start(database.clone(), schedules, job, stores.clock.clone(), options).await?))
}
