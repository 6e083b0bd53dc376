//! Requests for a replay: archived events are delivered to a consumer again. A live replay holds the consumer's
//! deliveries meanwhile; a [`shadow`] fills scratch databases.

mod shadow;

use super::{OperatorError, Progress};
use crate::{
    application::Application,
    manifest::SubscriptionEntry,
    platform::Platform,
    trigger::event::{Subscribers, subscription},
};
use jiff::Timestamp;
use mindflow_backends::{
    data_keys::DataKeys,
    database::postgres::Database,
    delivery::{
        Backend, Handler, Hold, Subscription,
        archive::Filter,
        replay::{self, Played, ReplayError},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How long a replay waits for deliveries in progress: longer than the slowest handler may take.
const IDLE_WITHIN: Duration = Duration::from_secs(300);

/// What to replay. Times are RFC 3339.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplayRequest {
    Live { consumer: String, from: Option<String>, to: Option<String>, entity: Option<String> },
    Shadow { consumer: String, apply: bool },
}

/// A consumer, and what a replay of it works with.
struct Consumer {
    component: String,
    subscription: Subscription,
    /// Whether everything that it stores follows from its events.
    projection: bool,
    /// The databases in which the component may write, by name.
    databases: BTreeMap<String, Database>,
    archive: Database,
    keys: Arc<DataKeys>,
    queues: Arc<dyn Backend>,
}

/// An answer with `wrong` is a replay that ended, with events that failed or tables that differ.
pub(super) async fn execute(
    platform: &Platform,
    request: ReplayRequest,
    progress: Progress<'_>,
) -> Result<Value, OperatorError> {
    match request {
        ReplayRequest::Live { consumer, from, to, entity } => {
            let filter =
                Filter { from: time("from", from)?, to: time("to", to)?, partition_key: entity, ..Filter::default() };
            if let (Some(from), Some(to)) = (filter.from, filter.to)
                && from >= to
            {
                return Err(OperatorError::Invalid("--from must be before --to".into()));
            }
            let consumer = Consumer::find(platform, &consumer).await?;
            Ok(consumer.live(platform, filter, progress).await?)
        }
        ReplayRequest::Shadow { consumer, apply } => {
            let consumer = Consumer::find(platform, &consumer).await?;
            if apply && !consumer.projection {
                return Err(OperatorError::NoProjection(consumer.subscription.name));
            }
            shadow::execute(platform, consumer, apply, progress).await
        }
    }
}

fn time(name: &str, text: Option<String>) -> Result<Option<Timestamp>, OperatorError> {
    let parsed = text.as_deref().map(str::parse::<Timestamp>).transpose();
    parsed.map_err(|_| {
        let text = text.unwrap_or_default();
        OperatorError::Invalid(format!("--{name}: a time is written as in 2026-11-01T00:00:00Z, not `{text}`"))
    })
}

// === impl Consumer ===

impl Consumer {
    async fn find(platform: &Platform, name: &str) -> Result<Self, OperatorError> {
        let application = platform.application().await;
        let (component, entry) = entries(&application)
            .find(|(component, entry)| entry.name(component) == name)
            .ok_or_else(|| unknown(&application, name))?;
        let loaded = application.components.get(component).ok_or_else(|| unknown(&application, name))?;
        let databases = &platform.capabilities().sql.0;
        let database = |name: &String| Some((name.clone(), databases.get(name)?.clone()));
        Ok(Self {
            component: component.to_owned(),
            subscription: subscription(&loaded.entry, entry),
            projection: entry.projection,
            databases: loaded.entry.grants.sql.keys().filter_map(database).collect(),
            archive: platform.events_database().cloned().ok_or(OperatorError::NoArchive)?,
            keys: platform.keeper().map(|keeper| Arc::clone(keeper.keys())).ok_or(OperatorError::NoArchive)?,
            queues: platform.queues().ok_or(OperatorError::NoArchive)?,
        })
    }

    /// Delivers the events to the live consumer.
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
        let mut answer = self.report(&played);
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
        replay::play(&self.archive, &self.keys, &self.subscription, filter, handler, &on_events).await
    }

    /// What both kinds of replay answer.
    fn report(&self, played: &Played) -> Map<String, Value> {
        let failed = played.failed.iter().map(|(entity, failed)| {
            json!({
                "entity": entity, "event": failed.event_id, "type": failed.event_type, "error": failed.error,
            })
        });
        let mut report = Map::new();
        report.insert("consumer".into(), json!(self.subscription.name));
        report.insert("events".into(), json!(played.events));
        report.insert("passedOver".into(), json!(played.passed_over));
        // Their keys are gone.
        report.insert("erased".into(), json!(played.erased));
        report.insert("failed".into(), failed.collect());
        report
    }
}

fn entries(application: &Application) -> impl Iterator<Item = (&str, &SubscriptionEntry)> {
    application
        .components
        .iter()
        .flat_map(|(name, loaded)| loaded.entry.tool.subscriptions.iter().map(move |entry| (name.as_str(), entry)))
}

fn unknown(application: &Application, name: &str) -> OperatorError {
    let names: Vec<_> = entries(application).map(|(component, entry)| entry.name(component)).collect();
    OperatorError::UnknownConsumer { name: name.to_owned(), known: names.join(", ") }
}
