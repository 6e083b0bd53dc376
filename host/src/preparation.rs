//! What the first host makes in the databases at its start: partitions of the event log, who publishes and who subscribes, and
//! keys. `mindflow migrate` makes it too, because components on Spin find it there and make nothing of it themselves.

use crate::{
    capability::{Capabilities, Opening, erasure},
    databases::Databases,
    manifest::{ComponentEntry, Manifest, RuntimeConfig},
    start_error::StartError,
    trigger::event::subscription,
};
use mindflow_backends::{
    clock::Clock,
    data_keys::Keeper,
    delivery::{
        self, Backend, Config,
        archive::partitions,
        publishers::{self, Publisher},
    },
    keys,
    records::logs::LogStore,
};
use std::{sync::Arc, time::Duration};

/// Works on databases that are migrated. What is there already stays.
///
/// # Errors
/// The part that cannot be made.
pub async fn prepare(manifest: &Manifest, config: &RuntimeConfig, databases: &Databases) -> Result<(), StartError> {
    let clock = Clock::system();
    if let Some(log) = databases.databases.get(&config.events.database) {
        partitions::make_ahead(log).await.map_err(|error| StartError::Housekeeping(error.into()))?;
        publishers::set(log, &publishers(manifest.components.values())).await.map_err(StartError::Publishers)?;
        // Queues on Redis are the hosts' alone, which register when they start.
        if let Config::Postgres {} = config.events.queue {
            let subscriptions: Vec<_> = manifest.components.values().flat_map(subscriptions).collect();
            let queues = delivery::open(log.clone(), &config.events.queue)?;
            queues.register(&subscriptions).await.map_err(StartError::Subscriptions)?;
        }
    }
    // Keys in a file are the host's that has it.
    if let (Some(log), Some(_)) = (databases.databases.get(&config.events.database), &config.capabilities.erasure.dsn) {
        erasure::keeper(&config.capabilities, &config.data_dir, log.clone()).await?.close().await;
    }
    Ok(Capabilities::prepare(&opening(manifest, config, databases, None, None, None, &clock)).await?)
}

/// What the capabilities are opened with.
pub(crate) fn opening<'a>(
    manifest: &'a Manifest,
    config: &'a RuntimeConfig,
    databases: &'a Databases,
    queues: Option<Arc<dyn Backend>>,
    keeper: Option<Arc<Keeper>>,
    logs: Option<Arc<dyn LogStore>>,
    clock: &'a Clock,
) -> Opening<'a> {
    Opening {
        settings: &config.capabilities,
        data_dir: &config.data_dir,
        grants: manifest.components.values().map(|entry| &entry.grants).collect(),
        databases: &databases.databases,
        queues,
        keeper,
        logs,
        tokens: keys::Settings {
            issuer: manifest.tokens.issuer.clone(),
            audience: manifest.tokens.audience.clone(),
            access_lifetime: Duration::from_secs(manifest.tokens.lifetime_s),
        },
        clock,
    }
}

/// Who may publish what, by the manifest.
pub(crate) fn publishers<'a>(components: impl Iterator<Item = &'a ComponentEntry>) -> Vec<Publisher> {
    let publishing = components.filter(|entry| !entry.grants.events.is_empty());
    let publisher = |entry: &ComponentEntry| Publisher {
        component: entry.name.clone(),
        source: format!("{}-service", entry.name),
        event_types: entry.grants.events.clone(),
    };
    publishing.map(publisher).collect()
}

fn subscriptions(entry: &ComponentEntry) -> impl Iterator<Item = delivery::Subscription> {
    entry.tool.subscriptions.iter().map(|of| subscription(entry, of))
}
