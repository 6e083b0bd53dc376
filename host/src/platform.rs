//! The running platform: every component with its provider, the stores behind them, event delivery, and
//! the swap of a component while requests run.

use crate::{
    alarm::Webhook,
    application::Application,
    capability::{Grants, embeddings},
    engine::{Compiled, GuestContext, Outbound, Provider, ProviderStatus, SwapError},
    housekeeping,
    manifest::{ComponentEntry, Routes, SubscriptionEntry, WebSocketRoute},
    observe::keeping::{Keeper, Waiting},
    stores::{Stores, StoresError},
    trigger::{event::Subscribers, schedule::Jobs},
};
use mindflow_backends::{
    clock::Clock,
    delivery::{self, DeadLetters, Delivery, RetryPolicy, Subscription, policy::JITTER_PERCENT_DEFAULT},
    schedule::{self, Scheduler},
};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::{Mutex, MutexGuard};

/// A platform that can serve.
pub struct Platform {
    application: Mutex<Application>,
    pub providers: BTreeMap<String, Arc<Provider>>,
    routes: Routes,
    websocket: Option<(Arc<Provider>, WebSocketRoute)>,
    pub commands: BTreeMap<String, crate::manifest::Command>,
    stores: Stores,
    delivery: Option<Delivery>,
    alarms: Option<Webhook>,
    scheduler: Option<Scheduler>,
    keeper: OnceLock<Keeper>,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Stores(#[from] StoresError),
    #[error("event delivery: {0}")]
    Delivery(#[from] delivery::StartError),
    #[error("schedules: {0}")]
    Schedule(#[from] schedule::StartError),
    #[error(transparent)]
    Cron(schedule::CronError),
    #[error("event archive: {0}")]
    Archive(#[from] mindflow_backends::archive::ArchiveError),
}

/// Why an operator's command failed.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    #[error("there is no command `{0}`")]
    Unknown(String),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Call(#[from] crate::engine::CallFailure),
}

/// What of the platform a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Server,
    /// Components and stores, without event delivery: for an operator's command.
    Operator,
}

impl Platform {
    /// Opens the stores, starts the components and, as a server, event delivery.
    pub async fn start(mut application: Application, role: Role) -> Result<Self, StartError> {
        let stores = Stores::open(&application.config, &application.manifest, Clock::system()).await?;
        let allow_private = &application.config.outbound.allow_private;
        if !allow_private.is_empty() {
            tracing::warn!(?allow_private, "[outbound] allow-private: whoever may enter an address can reach these");
        }
        let outbound = Outbound::new(allow_private.clone());
        let mut providers = BTreeMap::new();
        for (name, loaded) in &mut application.components {
            let Some(exports) = loaded.exports.take() else { continue };
            let context = GuestContext {
                component: name.as_str().into(),
                grants: Arc::new(grants(&loaded.entry, loaded.variables.clone(), &stores)),
                allowed_hosts: Arc::clone(&loaded.allowed_hosts),
                outbound: outbound.clone(),
                outbound_grant: loaded.entry.outbound,
                limits: loaded.entry.instances.clone(),
            };
            let provider = Arc::new(Provider::new(context, &loaded.compiled, exports));
            // Set once, here: `Application::load` made the slot.
            let _ = loaded.slot.set(Arc::clone(&provider));
            providers.insert(name.clone(), provider);
        }
        let mut alarms = None;
        let (delivery, scheduler) = match role {
            Role::Server => {
                if let Some(embeddings) = &stores.embeddings {
                    embeddings.warm_up();
                }
                alarms =
                    application.config.events.alarm.clone().map(|settings| Webhook::start(settings, Clock::system()));
                let scheduler = start_schedules(&application, &providers, &stores).await?;
                (start_delivery(&application, &providers, &stores, alarms.as_ref()).await?, scheduler)
            }
            Role::Operator => (None, None),
        };
        let websocket = application
            .components
            .iter()
            .find_map(|(name, loaded)| Some((Arc::clone(providers.get(name)?), loaded.entry.websocket.clone()?)));
        Ok(Self {
            providers,
            routes: application.manifest.routes.clone(),
            websocket,
            commands: application.manifest.commands.clone(),
            stores,
            delivery,
            alarms,
            scheduler,
            keeper: OnceLock::new(),
            application: Mutex::new(application),
        })
    }

    /// Keeps what is logged from now on, and what waits already, until the stop.
    pub fn keep_log(&self, waiting: Waiting) {
        let _ = self.keeper.set(Keeper::start(waiting, Arc::clone(&self.stores.logs)));
    }

    /// The component that serves HTTP requests for a path.
    pub fn http(&self, path: &str) -> Option<&Arc<Provider>> {
        self.routes.component(path).and_then(|component| self.providers.get(component))
    }

    /// The component that takes WebSocket connections.
    pub fn websocket(&self) -> Option<Arc<Provider>> {
        self.websocket.as_ref().map(|(provider, _)| Arc::clone(provider))
    }

    /// Where it takes them.
    pub fn websocket_route(&self) -> Option<WebSocketRoute> {
        self.websocket.as_ref().map(|(_, route)| route.clone())
    }

    /// Takes a new version of a component into service while the old one finishes its calls.
    ///
    /// # Errors
    /// The file does not compile, does not fit its callers or callees, or is not healthy: the old version goes on.
    pub async fn swap(&self, name: &str, file: &Path) -> Result<ProviderStatus, SwapError> {
        // One swap at a time: each checks against what the others left.
        let mut application = self.application.lock().await;
        let unknown = || crate::link::LinkError::Other {
            component: name.to_owned(),
            reason: "there is no component of this name".into(),
        };
        let provider = self.providers.get(name).ok_or_else(unknown)?;
        let engine = application.engine.clone();
        let path = file.to_owned();
        let compiled: Compiled =
            tokio::task::spawn_blocking(move || engine.compile(&path)).await.map_err(|error| {
                crate::link::LinkError::Other { component: name.to_owned(), reason: error.to_string() }
            })??;
        let entry = application.components.get(name).map(|loaded| loaded.entry.clone()).ok_or_else(unknown)?;
        let exports = application.link(&entry, &compiled)?;
        application.check_callers(name, &compiled)?;
        let generation = provider.swap(&compiled, exports).await?;
        tracing::info!(component = name, generation, digest = compiled.digest, file = %file.display(), "swapped");
        if let Some(loaded) = application.components.get_mut(name) {
            loaded.compiled = compiled;
        }
        Ok(provider.status())
    }

    /// Carries out an operator's command in the component that the manifest names for it.
    pub async fn operate(&self, command: &str, arguments: Vec<String>) -> Result<String, OperateError> {
        let unknown = || OperateError::Unknown(command.to_owned());
        let entry = self.commands.get(command).ok_or_else(unknown)?;
        let provider = self.providers.get(&entry.component).ok_or_else(unknown)?;
        let run_max = entry.run_max_s.map(|seconds| Duration::from_secs(u64::from(seconds)));
        provider.operate(command.to_owned(), arguments, run_max).await?.map_err(OperateError::Refused)
    }

    /// Makes a new signing key; the old one stays in the key set while its tokens live.
    pub async fn rotate_keys(&self) -> Result<String, String> {
        self.stores.keyring.rotate().await.map_err(|error| error.to_string())
    }

    /// What it is made of. While this is held, nothing is swapped.
    pub(crate) async fn application(&self) -> MutexGuard<'_, Application> {
        self.application.lock().await
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    /// The events that subscriptions gave up on.
    pub fn dead_letters(&self) -> Option<Arc<dyn DeadLetters>> {
        self.stores.dead_letters.clone()
    }

    /// Every dependency and component with what is wrong with it, if anything.
    pub async fn health(&self) -> BTreeMap<String, Result<(), String>> {
        let mut health = self.stores.health().await;
        for (name, provider) in &self.providers {
            let state = if provider.status().state == "open" {
                Err("its circuit is open: it failed repeatedly".to_owned())
            } else {
                Ok(())
            };
            health.insert(format!("component:{name}"), state);
        }
        if let Some(delivery) = &self.delivery {
            let failing = delivery.health().failing;
            let state = match failing.into_iter().next() {
                Some((part, reason)) => Err(format!("{part}: {reason}")),
                None => Ok(()),
            };
            health.insert("events".into(), state);
        }
        health
    }

    /// Component files by name, for `--watch`.
    pub async fn sources(&self) -> BTreeMap<String, std::path::PathBuf> {
        self.application
            .lock()
            .await
            .components
            .iter()
            .map(|(name, loaded)| (name.clone(), loaded.entry.source.clone()))
            .collect()
    }

    /// Stops delivery, then closes the stores. Triggers have stopped before.
    pub async fn stop(&self) {
        if let Some(scheduler) = &self.scheduler {
            scheduler.shutdown().await;
        }
        if let Some(delivery) = &self.delivery {
            delivery.shutdown().await;
        }
        if let Some(alarms) = &self.alarms {
            alarms.close().await;
        }
        if let Some(keeper) = self.keeper.get() {
            keeper.close().await;
        }
        self.stores.close().await;
    }
}

pub(crate) fn grants(entry: &ComponentEntry, variables: BTreeMap<String, String>, stores: &Stores) -> Grants {
    Grants {
        component: entry.name.clone(),
        databases: entry
            .sql
            .iter()
            .filter_map(|(name, access)| {
                stores.databases.get(name).map(|database| (name.clone(), (database.clone(), *access)))
            })
            .collect(),
        buckets: entry
            .key_value
            .iter()
            .filter_map(|name| stores.buckets.get(name).map(|bucket| (name.clone(), Arc::clone(bucket))))
            .collect(),
        containers: entry
            .blob
            .iter()
            .filter_map(|name| stores.containers.get(name).map(|container| (name.clone(), container.clone())))
            .collect(),
        publishes: entry.publishes.clone(),
        subscriptions: entry
            .subscriptions
            .iter()
            .map(|subscription| subscription.name(&entry.name).to_owned())
            .collect(),
        realtime: Some(Arc::clone(&stores.realtime)),
        topics: entry.realtime.clone(),
        keyring: Some(Arc::clone(&stores.keyring)),
        dead_letters: stores.dead_letters.clone().filter(|_| entry.dead_letters),
        mailer: entry.mail.then(|| Arc::clone(&stores.mailer)),
        web_push: entry.web_push.then(|| Arc::clone(&stores.web_push)),
        embeddings: match &stores.embeddings {
            _ if !entry.embeddings => embeddings::Grant::Denied,
            None => embeddings::Grant::NotConfigured,
            Some(embeddings) => embeddings::Grant::Granted(Arc::clone(embeddings)),
        },
        search_indexes: entry
            .search_index
            .iter()
            .filter_map(|name| stores.search_indexes.get(name).map(|index| (name.clone(), Arc::clone(index))))
            .collect(),
        audit: (!entry.audit_log.is_empty()).then(|| Arc::clone(&stores.audit)),
        variables,
        clock: stores.clock.clone(),
    }
}

async fn start_delivery(
    application: &Application,
    providers: &BTreeMap<String, Arc<Provider>>,
    stores: &Stores,
    alarms: Option<&Webhook>,
) -> Result<Option<Delivery>, StartError> {
    let mut subscriptions = Vec::new();
    let mut subscribers = Subscribers::default();
    for (name, loaded) in &application.components {
        let Some(provider) = providers.get(name) else { continue };
        for entry in &loaded.entry.subscriptions {
            let subscription = subscription(&loaded.entry, entry);
            subscribers.add(subscription.name.clone(), Arc::clone(provider), subscription.timeout);
            subscriptions.push(subscription);
        }
    }
    let Some(database) = stores.databases.get(&application.config.events.database) else { return Ok(None) };
    let Some(queues) = &stores.queues else { return Ok(None) };
    let delivery = Delivery::start(
        database.clone(),
        Arc::clone(queues),
        subscriptions,
        Arc::new(subscribers),
        stores.clock.clone(),
        delivery::Options { alarm: alarms.map(Webhook::alarm), ..delivery::Options::default() },
    )
    .await?;
    Ok(Some(delivery))
}

async fn start_schedules(
    application: &Application,
    providers: &BTreeMap<String, Arc<Provider>>,
    stores: &Stores,
) -> Result<Option<Scheduler>, StartError> {
    let Some(database) = stores.databases.get(&application.config.events.database) else { return Ok(None) };
    let mut jobs = Jobs::default();
    housekeeping::prepare(application, stores, &mut jobs).await?;
    for (name, loaded) in &application.components {
        let Some(provider) = providers.get(name) else { continue };
        jobs.add_component(&loaded.entry, provider).map_err(StartError::Cron)?;
    }
    let (schedules, job) = jobs.split();
    let options = schedule::Options::default();
    Ok(Some(Scheduler::start(database.clone(), schedules, job, stores.clock.clone(), options).await?))
}

pub(crate) fn subscription(component: &ComponentEntry, entry: &SubscriptionEntry) -> Subscription {
    let mut subscription = Subscription::new(entry.name(&component.name), &entry.events);
    if let Some(concurrency) = entry.concurrency {
        subscription.concurrency = concurrency;
    }
    subscription.timeout =
        Duration::from_millis(u64::from(entry.timeout_ms.unwrap_or(component.instances.deadline_ms)));
    if let Some(retry) = &entry.retry {
        let delays = retry.delays_ms.iter().map(|ms| Duration::from_millis(u64::from(*ms))).collect();
        subscription.retry = RetryPolicy::new(delays, retry.jitter_percent.unwrap_or(JITTER_PERCENT_DEFAULT));
    }
    subscription
}
