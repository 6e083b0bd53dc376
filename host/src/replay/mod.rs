//! `mindflow replay`: archived events handed to a consumer once more. Live, its deliveries are held meanwhile,
//! so that the replay never runs beside them; as a [`shadow`], it fills databases of its own.

mod shadow;

use crate::{
    application::Application, cli::line, control::Progress, manifest::SubscriptionEntry, platform::Platform,
    platform::subscription, trigger::event::Subscribers,
};
use jiff::Timestamp;
use mindflow_backends::{
    archive::Filter,
    delivery::{Backend, Handler, Hold, Subscription},
    postgres::Database,
    replay::{self, Played, ReplayError},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// So long a replay waits for deliveries under way: longer than the slowest handler may take.
const IDLE_WITHIN: Duration = Duration::from_secs(300);

/// What is to be replayed. Times are RFC 3339.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplayOrder {
    Live { consumer: String, from: Option<String>, to: Option<String>, entity: Option<String> },
    Shadow { consumer: String, apply: bool },
}

/// A consumer, and what a replay of it works with.
pub(crate) struct Consumer {
    component: String,
    subscription: Subscription,
    /// Whether all that it keeps follows from its events.
    projection: bool,
    /// The databases in which the component may write, by name.
    databases: BTreeMap<String, Database>,
    archive: Database,
    queues: Arc<dyn Backend>,
}

/// Carries it out. An answer with `wrong` is a replay that went to its end and did not find or make all well.
///
/// # Errors
/// One line for the operator.
pub(crate) async fn carry_out(
    platform: &Platform,
    order: ReplayOrder,
    progress: Progress<'_>,
) -> Result<Value, String> {
    match order {
        ReplayOrder::Live { consumer, from, to, entity } => {
            let filter =
                Filter { from: time("from", from)?, to: time("to", to)?, partition_key: entity, ..Filter::default() };
            if let (Some(from), Some(to)) = (filter.from, filter.to)
                && from >= to
            {
                return Err("--from must be before --to".into());
            }
            let consumer = Consumer::find(platform, &consumer).await?;
            consumer.live(platform, filter, progress).await.map_err(|error| line(&error))
        }
        ReplayOrder::Shadow { consumer, apply } => {
            let consumer = Consumer::find(platform, &consumer).await?;
            if apply && !consumer.projection {
                let name = &consumer.subscription.name;
                return Err(format!(
                    "what `{name}` keeps does not follow from its events alone, and --apply would take the rest away; the manifest says `projection = true` of a subscription of which it does"
                ));
            }
            shadow::carry_out(platform, consumer, apply, progress).await
        }
    }
}

fn time(name: &str, text: Option<String>) -> Result<Option<Timestamp>, String> {
    let parsed = text.as_deref().map(str::parse::<Timestamp>).transpose();
    parsed.map_err(|_| {
        format!("--{name}: a time is written as in 2026-11-01T00:00:00Z, not `{}`", text.unwrap_or_default())
    })
}

// === impl Consumer ===

impl Consumer {
    async fn find(platform: &Platform, name: &str) -> Result<Self, String> {
        let application = platform.application().await;
        let (component, entry) = entries(&application)
            .find(|(component, entry)| entry.name(component) == name)
            .ok_or_else(|| unknown(&application, name))?;
        let loaded = application.components.get(component).ok_or_else(|| unknown(&application, name))?;
        let stores = platform.stores();
        let events = "this platform keeps no events";
        let database = |name: &String| Some((name.clone(), stores.databases.get(name)?.clone()));
        Ok(Self {
            component: component.to_owned(),
            subscription: subscription(&loaded.entry, entry),
            projection: entry.projection,
            databases: loaded.entry.sql.keys().filter_map(database).collect(),
            archive: stores.databases.get(&application.config.events.database).cloned().ok_or(events)?,
            queues: stores.queues.clone().ok_or(events)?,
        })
    }

    /// Hands the events to the consumer itself.
    async fn live(&self, platform: &Platform, filter: Filter, progress: Progress<'_>) -> Result<Value, ReplayError> {
        let provider = platform.providers.get(&self.component).cloned();
        let mut subscribers = Subscribers::default();
        if let Some(provider) = provider {
            subscribers.add(self.subscription.name.clone(), provider, self.subscription.timeout);
        }
        let hold = Hold::take(Arc::clone(&self.queues), &self.subscription.name).await?;
        let work = async {
            hold.until_idle(IDLE_WITHIN).await?;
            progress(&format!("deliveries to {} are held", self.subscription.name));
            let filter = Filter { event_types: self.subscription.event_types.clone(), ..filter };
            let mut forgotten = 0;
            for database in self.databases.values() {
                let name = &self.subscription.name;
                forgotten += replay::forget::forget(&self.archive, database, &self.component, name, &filter).await?;
            }
            let played = self.play(Arc::new(subscribers), filter, progress).await?;
            Ok::<_, ReplayError>((played, forgotten))
        };
        let done = hold.guard(work).await;
        hold.release().await;
        let (played, forgotten) = done?;
        let mut answer = self.told(&played);
        answer.insert("marksForgotten".into(), json!(forgotten));
        if played.failed_count > 0 {
            let wrong = format!(
                "{} entities of `{}` stopped at an event that failed",
                played.failed_count, self.subscription.name
            );
            answer.insert("wrong".into(), json!(wrong));
        }
        Ok(Value::Object(answer))
    }

    async fn play(
        &self,
        handler: Arc<dyn Handler>,
        filter: Filter,
        progress: Progress<'_>,
    ) -> Result<Played, ReplayError> {
        let name = &self.subscription.name;
        let on_events = |events| progress(&format!("{name}: {events} events read"));
        replay::play(&self.archive, &self.subscription, filter, handler, &on_events).await
    }

    /// What both kinds of replay answer.
    fn told(&self, played: &Played) -> Map<String, Value> {
        let failed = played.failed.iter().map(|(entity, failed)| {
            json!({
                "entity": entity, "event": failed.event_id, "type": failed.event_type, "error": failed.error,
            })
        });
        let mut told = Map::new();
        told.insert("consumer".into(), json!(self.subscription.name));
        told.insert("events".into(), json!(played.events));
        told.insert("passedOver".into(), json!(played.passed_over));
        told.insert("failed".into(), failed.collect());
        told
    }
}

fn entries(application: &Application) -> impl Iterator<Item = (&str, &SubscriptionEntry)> {
    application
        .components
        .iter()
        .flat_map(|(name, loaded)| loaded.entry.subscriptions.iter().map(move |entry| (name.as_str(), entry)))
}

fn unknown(application: &Application, name: &str) -> String {
    let names: Vec<_> = entries(application).map(|(component, entry)| entry.name(component)).collect();
    format!("there is no consumer `{name}`; there are {}", names.join(", "))
}
