//! What the stories share: a database whose archive they fill.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use mindflow_backends::clock::Clock;
use mindflow_backends::database::sql::{Identity, NewEvent};
use mindflow_backends::delivery::archive::{self, ArchiveError, Archived, Filter, Month};
use mindflow_backends::delivery::publishers::{self, Publisher};
use mindflow_backends::delivery::{self, Attempt, Delivery, Event, Failure, Handler, Options, Subscription};
use mindflow_test_support::{TestDatabase, TestPostgres, until};
use uuid::Uuid;

pub struct Stage {
    pub db: TestDatabase,
}

struct Willing;

#[async_trait]
impl Handler for Willing {
    async fn handle(&self, _: &Event, _: &Attempt) -> Result<(), Failure> {
        Ok(())
    }
}

// === impl Stage ===

impl Stage {
    pub async fn new(name: &str) -> Self {
        let db = TestPostgres::write(name).await;
        let event_types = ["A", "B", "C"].map(str::to_owned).into();
        let command = Publisher { component: "command".to_owned(), source: "command-service".to_owned(), event_types };
        publishers::set(db.database(), &[command]).await.unwrap();
        Self { db }
    }

    pub async fn deliver(&self, subscriptions: &[Subscription]) -> Delivery {
        let database = self.db.database().clone();
        let options = Options { poll: Duration::from_millis(20), ..Options::default() };
        let backend = delivery::open(database.clone(), &delivery::Config::default()).unwrap();
        Delivery::start(database, backend, subscriptions.to_vec(), Arc::new(Willing), Clock::system(), options)
            .await
            .unwrap()
    }

    pub async fn publish(&self, events: &[NewEvent]) {
        let transaction = self.db.database().begin("command", &Identity::Service).await.unwrap();
        for event in events {
            transaction.publish(event).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }

    /// Publishes and waits until all of it is archived.
    pub async fn archive(&self, events: &[NewEvent]) {
        self.publish(events).await;
        let relay = self.deliver(&[]).await;
        self.until("everything has its ordinal", "SELECT count(*) = 0 FROM delivery.unsequenced").await;
        relay.shutdown().await;
    }

    /// Archives events as if in a month that is to come, which no partition is made for yet or one is.
    pub async fn archive_in(&self, month: Month, events: &[NewEvent]) {
        self.db.script(&format!("SELECT setval('delivery.archive_position', {})", month.first_position())).await;
        self.archive(events).await;
    }

    pub async fn until(&self, what: &str, condition: &str) {
        until(what, async || self.db.one::<bool>(condition).await).await;
    }

    /// Rows of one partition: `2026_11` or `default`.
    pub async fn rows_in(&self, partition: &str) -> i64 {
        self.db.one(&format!("SELECT count(*) FROM delivery.archive_{partition}")).await
    }

    pub async fn read(&self, filter: Filter) -> Vec<Archived> {
        self.try_read(filter, 7).await.unwrap()
    }

    pub async fn try_read(&self, filter: Filter, batch: usize) -> Result<Vec<Archived>, ArchiveError> {
        archive::read(self.db.database(), filter, batch).try_collect().await
    }

    /// Every column of every row, as Postgres writes them.
    pub async fn dump(&self) -> Vec<String> {
        let client = self.db.database().admin().await.unwrap();
        let rows = client.query("SELECT ROW(position, event_id, event_type, version, occurred_at, source, source_component, sequence, partition_key, \
             correlation_id, traceparent, user_id, tenant_id, payload, archived_at)::text FROM delivery.archive ORDER BY position", &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The month it is, by the server's clock.
    pub async fn this_month(&self) -> Month {
        self.db.one::<String>("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')").await.parse().unwrap()
    }
}

pub fn fact(event_type: &str, key: &str, sequence: i64) -> NewEvent {
    NewEvent {
        event_id: Uuid::new_v4(),
        event_type: event_type.to_owned(),
        version: "1.0".to_owned(),
        occurred_at_us: Clock::system().now_us(),
        sequence,
        partition_key: key.to_owned(),
        correlation_id: format!("c-{key}-{sequence}"),
        traceparent: (sequence % 2 == 0).then(|| "00-1-2-01".to_owned()),
        user_id: (sequence % 3 != 0).then(|| Uuid::from_u128(7)),
        tenant_id: (sequence % 5 == 0).then(|| "t".to_owned()),
        payload: format!(
            r#"{{"n": {sequence}, "exact": 1.10, "big": 123456789012345678901234567890, "text": "a\nü"}}"#
        ),
    }
}

/// Events 1 to `count` of a key.
pub fn facts(key: &str, count: i64) -> Vec<NewEvent> {
    (1..=count).map(|sequence| fact("A", key, sequence)).collect()
}
