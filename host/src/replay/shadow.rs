//! A replay of the whole archive beside the live consumer: the same component with the same grants, but its
//! databases are new ones beside its own, its buckets are empty ones in memory, its topics have no listeners,
//! it reaches no other host, and what it publishes stays in its own outbox. What it has made is compared with
//! the live tables at a moment when both have seen the same events; on demand the live tables become equal to it.

use super::{Consumer, IDLE_WITHIN};
use crate::{
    capability::{Grants, embeddings::Grant},
    cli::line,
    control::Progress,
    engine::{GuestContext, Outbound, Provider},
    manifest::AllowList,
    platform::{Platform, grants},
    stores::roles_in,
    trigger::event::Subscribers,
};
use mindflow_backends::{
    archive::Filter,
    delivery::{Handler, Hold, hold::HoldError},
    key_value,
    postgres::{Database, migrate},
    realtime,
    replay::{
        Played, ReplayError,
        compare::{Change, Snapshot, TableReport},
    },
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

/// Looks for a moment at which nothing waits for the live consumer.
const QUIET_TRIES_MAX: u32 = 40;
/// Between two of them deliveries go on.
const QUIET_PAUSE: Duration = Duration::from_millis(250);
/// A shadow's cache: as large as a live one's default.
const BUCKET_BYTES: u64 = 64 * 1024 * 1024;

/// The consumer's second self.
struct Shadow {
    handler: Arc<dyn Handler>,
    databases: Beside,
}

/// Databases beside the live ones. Dropped, they are dropped on their server, too.
struct Beside {
    suffix: String,
    /// Live and shadow.
    pairs: BTreeMap<String, (Database, Database)>,
}

/// Both sides at one moment, and the deliveries held since.
struct Moment {
    hold: Hold,
    played: Played,
    /// Events that still waited for the live consumer.
    waiting: u64,
    snapshots: BTreeMap<String, Snapshot>,
}

pub(super) async fn carry_out(
    platform: &Platform,
    consumer: Consumer,
    apply: bool,
    progress: Progress<'_>,
) -> Result<Value, String> {
    // No subscription has such a name: two shadows of one consumer would use the same databases.
    let name = format!("{}/shadow", consumer.subscription.name);
    let alone = Hold::take(Arc::clone(&consumer.queues), &name).await.map_err(|error| line(&error))?;
    let outcome = match Shadow::make(platform, &consumer, progress).await {
        Ok(shadow) => {
            let work = shadow.work(&consumer, apply, progress);
            let outcome = alone.guard(work).await.map_err(|error: ReplayError| line(&error));
            shadow.databases.drop_all().await;
            outcome
        }
        Err(reason) => Err(reason),
    };
    alone.release().await;
    outcome
}

// === impl Shadow ===

impl Shadow {
    async fn make(platform: &Platform, consumer: &Consumer, progress: Progress<'_>) -> Result<Self, String> {
        let (exports, compiled, entry, variables, directories) = {
            let application = platform.application().await;
            let absent = || format!("there is no component `{}`", consumer.component);
            let loaded = application.components.get(&consumer.component).ok_or_else(absent)?;
            if let Some(callee) = loaded.entry.calls.first() {
                let component = &consumer.component;
                return Err(format!(
                    "`{component}` calls `{callee}`, whose effects a shadow could not hold back; replay it without --shadow"
                ));
            }
            let mut directories = BTreeMap::new();
            for name in consumer.databases.keys() {
                let directory = application.manifest.migrations.get(name);
                let directory =
                    directory.ok_or_else(|| format!("the manifest names no migrations of database `{name}`"))?;
                directories.insert(name.clone(), (directory.clone(), roles_in(&application.manifest, name)));
            }
            let exports = application.link(&loaded.entry, &loaded.compiled).map_err(|error| line(&error))?;
            (exports, loaded.compiled.clone(), loaded.entry.clone(), loaded.variables.clone(), directories)
        };
        let databases = Beside::make(consumer, directories, progress).await?;
        let live = grants(&entry, variables, platform.stores());
        let context = GuestContext {
            component: consumer.component.as_str().into(),
            grants: Arc::new(without_effects(live, &databases).await?),
            allowed_hosts: Arc::new(AllowList::default()),
            outbound: Outbound::new(Vec::new()),
            outbound_grant: entry.outbound,
            limits: entry.instances,
        };
        let provider = Arc::new(Provider::new(context, &compiled, exports));
        let mut subscribers = Subscribers::default();
        subscribers.add(consumer.subscription.name.clone(), provider, consumer.subscription.timeout);
        Ok(Self { handler: Arc::new(subscribers), databases })
    }

    async fn work(&self, consumer: &Consumer, apply: bool, progress: Progress<'_>) -> Result<Value, ReplayError> {
        let played = consumer.play(Arc::clone(&self.handler), Filter::default(), progress).await?;
        progress("looking for a moment at which both have seen the same events");
        let Moment { hold, played, waiting, snapshots } = self.moment(consumer, played, progress).await?;
        let (mut applied, mut tables) = (false, Vec::new());
        // Without --apply deliveries go on: both sides are looked at as they were.
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
        let mut answer = consumer.told(&played);
        answer.insert("waiting".into(), json!(waiting));
        answer.insert("applied".into(), json!(applied));
        answer.insert("tables".into(), json!(tables));
        if let Some(wrong) = wrong(consumer, &played, differing, &tables, apply) {
            answer.insert("wrong".into(), json!(wrong));
        }
        Ok(Value::Object(answer))
    }

    /// Brings the shadow to what the live side has seen, and takes both as they are then. Deliveries are held
    /// from then on. Where the live consumer never catches up, what waits for it is told.
    async fn moment(
        &self,
        consumer: &Consumer,
        mut played: Played,
        progress: Progress<'_>,
    ) -> Result<Moment, ReplayError> {
        let name = &consumer.subscription.name;
        let mut tries = 1;
        loop {
            let hold = Hold::take(Arc::clone(&consumer.queues), name).await?;
            let look = async {
                hold.until_idle(IDLE_WITHIN).await?;
                let after = Filter { after: played.last_position, ..Filter::default() };
                let more = consumer.play(Arc::clone(&self.handler), after, progress).await?;
                let depths = consumer.queues.depth().await.map_err(HoldError::from)?;
                let waiting = depths.iter().find(|depth| depth.subscription == *name).map_or(0, |depth| depth.ready);
                let mut snapshots = BTreeMap::new();
                if waiting == 0 || tries == QUIET_TRIES_MAX {
                    for (database, (live, shadow)) in &self.databases.pairs {
                        snapshots.insert(database.clone(), Snapshot::take(live, shadow, &consumer.component).await?);
                    }
                }
                Ok::<_, ReplayError>((more, waiting, snapshots))
            };
            match hold.guard(look).await {
                Ok((more, waiting, snapshots)) => {
                    played.add(more);
                    if waiting == 0 || tries == QUIET_TRIES_MAX {
                        return Ok(Moment { hold, played, waiting, snapshots });
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

/// The component's grants with nothing behind them that anybody else sees.
async fn without_effects(live: Grants, databases: &Beside) -> Result<Grants, String> {
    let mut buckets = BTreeMap::new();
    for name in live.buckets.keys() {
        let memory = key_value::Config::Memory { max_bytes: BUCKET_BYTES };
        let nowhere = PathBuf::new();
        let bucket = key_value::open(&memory, name, &nowhere, live.clock.clone()).await;
        buckets.insert(name.clone(), bucket.map_err(|error| line(&error))?);
    }
    let topics = realtime::open(&realtime::Config::Local {}, live.clock.clone()).map_err(|error| line(&error))?;
    let beside = |name: &String| databases.pairs.get(name).map(|(_, shadow)| shadow.clone());
    let pairs = live.databases.iter().filter_map(|(name, (_, access))| Some((name.clone(), (beside(name)?, *access))));
    Ok(Grants {
        databases: pairs.collect(),
        buckets,
        containers: BTreeMap::new(),
        realtime: Some(topics),
        dead_letters: None,
        mailer: None,
        web_push: None,
        search_indexes: BTreeMap::new(),
        embeddings: Grant::NotConfigured,
        audit: None,
        ..live
    })
}

// === impl Beside ===

impl Beside {
    async fn make(
        consumer: &Consumer,
        directories: BTreeMap<String, (PathBuf, Vec<String>)>,
        progress: Progress<'_>,
    ) -> Result<Self, String> {
        let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let suffix = format!("replay_{}", consumer.subscription.name.chars().map(word).collect::<String>());
        let mut made = Self { suffix, pairs: BTreeMap::new() };
        for (name, (directory, roles)) in directories {
            let Some(live) = consumer.databases.get(&name) else { continue };
            progress(&format!("making a database beside {name}"));
            let shadow = live.make_beside(&made.suffix).await.map_err(|error| line(&error))?;
            // Kept before it is filled, so that it goes again however this ends.
            made.pairs.insert(name, (live.clone(), shadow.clone()));
            migrate::migrate(&shadow, &directory, &roles).await.map_err(|error| line(&error))?;
        }
        Ok(made)
    }

    async fn drop_all(mut self) {
        drop_pairs(&self.suffix, std::mem::take(&mut self.pairs)).await;
    }
}

impl Drop for Beside {
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
        if let Err(error) = live.drop_beside(suffix).await {
            tracing::warn!(database = name, %error, "a replay's database could not be dropped; the next replay will");
        }
    }
}
