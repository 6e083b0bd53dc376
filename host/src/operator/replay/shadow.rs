//! A replay of the whole archive into scratch databases, while the live consumer goes on. The same component runs with
//! the same grants, but each capability gives it a substitute without effects outside of the replay. The result is
//! compared with the live tables at a point at which both have seen the same events; `--apply` makes the live tables
//! equal to it.

use super::{Consumer, IDLE_WITHIN, OperatorError, Progress};
use crate::{
    capability::{InstanceContext, Scratch},
    databases::components_in,
    engine::Provider,
    platform::Platform,
    preparation::publishers as publishers_of,
    trigger::event::Subscribers,
};
use async_trait::async_trait;
use mindflow_backends::{
    database::postgres::{Database, migrate},
    delivery::{
        Attempt, Event, Failure, Handler, Hold,
        archive::{self, Cut, Filter},
        hold::HoldError,
        publishers,
        replay::{
            Played, ReplayError,
            compare::{Change, Snapshot, TableReport},
        },
    },
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

/// Attempts to find a point at which nothing waits for the live consumer.
const QUIET_TRIES_MAX: u32 = 40;
/// Deliveries go on between two attempts.
const QUIET_PAUSE: Duration = Duration::from_millis(250);

/// The error of calls to other components: what these do could not be held back.
const NO_CALLS: &str = "a shadow calls no other component";

/// The shadow's component only. Events of other components stay waiting.
struct Alone(Subscribers);

#[async_trait]
impl Handler for Alone {
    async fn handle(&self, event: &Event, attempt: &Attempt) -> Result<(), Failure> {
        self.0.handle(event, attempt).await.map_err(|failure| match failure {
            Failure::Retry { reason, .. } if reason.contains(NO_CALLS) => Failure::Reject(reason),
            other => other,
        })
    }
}

/// A second instance of the consumer, on scratch databases.
struct Shadow {
    handler: Arc<dyn Handler>,
    databases: ScratchDatabases,
}

/// A scratch database for each live one, on the same server. Dropping this drops them on the server.
struct ScratchDatabases {
    suffix: String,
    /// Live and shadow.
    pairs: BTreeMap<String, (Database, Database)>,
}

/// Both sides at a point at which they have seen the same events. Deliveries are held from then on.
struct CutPoint {
    hold: Hold,
    played: Played,
    /// Events that still waited for the live consumer.
    waiting: u64,
    snapshots: BTreeMap<String, Snapshot>,
}

pub(super) async fn execute(
    platform: &Platform,
    consumer: Consumer,
    apply: bool,
    progress: Progress<'_>,
) -> Result<Value, OperatorError> {
    // Two shadows of one consumer would use the same databases. No subscription has this name.
    let name = format!("{}/shadow", consumer.subscription.name);
    let alone = Hold::take(Arc::clone(&consumer.queues), &name).await?;
    let outcome = match Shadow::make(platform, &consumer, progress).await {
        Ok(shadow) => {
            let work = shadow.work(&consumer, apply, progress);
            let outcome = alone.guard(work).await.map_err(|error: ReplayError| error.into());
            shadow.databases.drop_all().await;
            outcome
        }
        Err(error) => Err(error),
    };
    alone.release().await;
    outcome
}

// === impl Shadow ===

impl Shadow {
    async fn make(platform: &Platform, consumer: &Consumer, progress: Progress<'_>) -> Result<Self, OperatorError> {
        let (exports, compiled, live, limits, directories) = {
            let application = platform.application().await;
            let absent = || OperatorError::NoComponent(consumer.component.clone());
            let loaded = application.components.get(&consumer.component).ok_or_else(absent)?;
            let mut directories = BTreeMap::new();
            for name in consumer.databases.keys() {
                let directory = application.manifest.migrations.get(name);
                let directory = directory.ok_or_else(|| OperatorError::NoMigrations(name.clone()))?;
                directories.insert(name.clone(), (directory.clone(), components_in(&application.manifest, name)));
            }
            let exports = application.link_alone(loaded, NO_CALLS)?;
            let live = platform.capabilities().access(&loaded.grantee(), platform.clock());
            (exports, loaded.compiled.clone(), live, loaded.entry.tool.instances.clone(), directories)
        };
        let databases = ScratchDatabases::make(consumer, directories, progress).await?;
        let scratch = databases.by_name();
        {
            let application = platform.application().await;
            if let Some(log) = scratch.get(&application.config.events.database) {
                publishers::set(log, &publishers_of(application.manifest.components.values())).await?;
            }
        }
        let access = live.shadow(&Scratch { databases: &scratch, clock: platform.clock() }).await?;
        let context = InstanceContext {
            component: consumer.component.as_str().into(),
            access: Arc::new(access),
            callers: Arc::default(),
            limits,
        };
        let provider = Arc::new(Provider::new(context, &compiled, exports, Arc::default()));
        let mut subscribers = Subscribers::default();
        subscribers.add(consumer.subscription.name.clone(), provider, consumer.subscription.timeout);
        Ok(Self { handler: Arc::new(Alone(subscribers)), databases })
    }

    async fn work(&self, consumer: &Consumer, apply: bool, progress: Progress<'_>) -> Result<Value, ReplayError> {
        let seen = archive::cut(&consumer.archive).await?;
        let all = Filter { until: Some(seen), ..Filter::default() };
        let played = consumer.play(Arc::clone(&self.handler), all, progress).await?;
        progress("waiting until both have seen the same events");
        let CutPoint { hold, played, waiting, snapshots } = self.cut_point(consumer, played, seen, progress).await?;
        let (mut applied, mut tables) = (false, Vec::new());
        // Without --apply deliveries go on: the snapshots show both sides as they were.
        let hold = if apply {
            Some(hold)
        } else {
            hold.release().await;
            None
        };
        for (database, snapshot) in &snapshots {
            progress(&format!("comparing database {database}"));
            tables.extend(snapshot.compare().await?);
        }
        let differing = tables.iter().filter(|table| !table.is_equal()).count();
        if let Some(hold) = hold {
            let done = async {
                if played.failed_count == 0 {
                    hold.guard(self.apply(consumer, &snapshots, &hold, progress)).await?;
                    applied = true;
                }
                Ok::<_, ReplayError>(())
            }
            .await;
            hold.release().await;
            done?;
        }
        let mut answer = consumer.report(&played);
        answer.insert("waiting".into(), json!(waiting));
        answer.insert("applied".into(), json!(applied));
        answer.insert("tables".into(), json!(tables));
        if let Some(wrong) = wrong(consumer, &played, differing, &tables, apply) {
            answer.insert("wrong".into(), json!(wrong));
        }
        Ok(Value::Object(answer))
    }

    /// Brings the shadow up to the live side and takes a snapshot of both. Deliveries are held from then on. If the
    /// live consumer never catches up, the answer has the number of events that wait for it.
    async fn cut_point(
        &self,
        consumer: &Consumer,
        mut played: Played,
        mut seen: Cut,
        progress: Progress<'_>,
    ) -> Result<CutPoint, ReplayError> {
        let name = &consumer.subscription.name;
        let mut tries = 1;
        loop {
            let hold = Hold::take(Arc::clone(&consumer.queues), name).await?;
            let look = async {
                hold.until_idle(IDLE_WITHIN).await?;
                let now = archive::cut(&consumer.archive).await?;
                let rest = Filter { after: Some(seen), until: Some(now), ..Filter::default() };
                let more = consumer.play(Arc::clone(&self.handler), rest, progress).await?;
                let depths = consumer.queues.depth().await.map_err(HoldError::from)?;
                let waiting = depths.iter().find(|depth| depth.subscription == *name).map_or(0, |depth| depth.ready);
                let mut snapshots = BTreeMap::new();
                if waiting == 0 || tries == QUIET_TRIES_MAX {
                    for (database, (live, shadow)) in &self.databases.pairs {
                        snapshots.insert(database.clone(), Snapshot::take(live, shadow, &consumer.component).await?);
                    }
                }
                Ok::<_, ReplayError>((more, now, waiting, snapshots))
            };
            match hold.guard(look).await {
                Ok((more, now, waiting, snapshots)) => {
                    played.add(more);
                    seen = now;
                    if waiting == 0 || tries == QUIET_TRIES_MAX {
                        return Ok(CutPoint { hold, played, waiting, snapshots });
                    }
                    hold.release().await;
                }
                Err(error) => {
                    hold.release().await;
                    return Err(error);
                }
            }
            tries += 1;
            tokio::time::sleep(QUIET_PAUSE).await;
        }
    }

    async fn apply(
        &self,
        consumer: &Consumer,
        snapshots: &BTreeMap<String, Snapshot>,
        hold: &Hold,
        progress: Progress<'_>,
    ) -> Result<(), ReplayError> {
        for (database, snapshot) in snapshots {
            let Some((live, _)) = self.databases.pairs.get(database) else { continue };
            progress(&format!("applying to database {database}"));
            let change = Change::make(live, snapshot, &consumer.component, &consumer.subscription.name).await?;
            hold.confirm().await?;
            change.commit().await?;
        }
        Ok(())
    }
}

fn wrong(
    consumer: &Consumer,
    played: &Played,
    differing: usize,
    tables: &[TableReport],
    apply: bool,
) -> Option<String> {
    let name = &consumer.subscription.name;
    if played.failed_count > 0 {
        let not = if apply { "; nothing was applied" } else { "" };
        return Some(format!("{} entities of `{name}` failed in the shadow{not}", played.failed_count));
    }
    if differing == 0 || apply {
        return None;
    }
    let of = tables.len();
    Some(format!("{differing} of {of} tables of `{name}` differ from their replay; --apply makes them equal to it"))
}

// === impl ScratchDatabases ===

impl ScratchDatabases {
    async fn make(
        consumer: &Consumer,
        directories: BTreeMap<String, (PathBuf, Vec<String>)>,
        progress: Progress<'_>,
    ) -> Result<Self, OperatorError> {
        let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let suffix = format!("replay_{}", consumer.subscription.name.chars().map(word).collect::<String>());
        let mut made = Self { suffix, pairs: BTreeMap::new() };
        for (name, (directory, roles)) in directories {
            let Some(live) = consumer.databases.get(&name) else { continue };
            progress(&format!("making a scratch database for {name}"));
            let shadow = live.create_scratch(&made.suffix).await?;
            // Inserted before it is filled, so that it is dropped even if that fails.
            made.pairs.insert(name, (live.clone(), shadow.clone()));
            migrate::migrate(&shadow, &directory, &roles).await?;
        }
        Ok(made)
    }

    /// The scratch databases by the names of the live ones.
    fn by_name(&self) -> BTreeMap<String, Database> {
        self.pairs.iter().map(|(name, (_, shadow))| (name.clone(), shadow.clone())).collect()
    }

    async fn drop_all(mut self) {
        drop_pairs(&self.suffix, std::mem::take(&mut self.pairs)).await;
    }
}

impl Drop for ScratchDatabases {
    fn drop(&mut self) {
        if let (pairs, Ok(runtime)) = (std::mem::take(&mut self.pairs), tokio::runtime::Handle::try_current())
            && !pairs.is_empty()
        {
            let suffix = self.suffix.clone();
            runtime.spawn(async move { drop_pairs(&suffix, pairs).await });
        }
    }
}

async fn drop_pairs(suffix: &str, pairs: BTreeMap<String, (Database, Database)>) {
    for (name, (live, shadow)) in pairs {
        shadow.close();
        if let Err(error) = live.drop_scratch(suffix).await {
            tracing::warn!(database = name, %error, "a replay's scratch database could not be dropped; the next replay drops it");
        }
    }
}
