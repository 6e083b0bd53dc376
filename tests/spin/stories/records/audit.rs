//! The trail is the host's: each of them continues what the other has written, and the host verifies all of it.

use super::{Login, Probe, SEALING_KEY};
use async_trait::async_trait;
use mindflow_backends::clock::Clock;
use mindflow_backends::data_keys::DataKeys;
use mindflow_backends::delivery::Event;
use mindflow_backends::records::audit::{Alone, AuditError, AuditLog, Filter, Head, PostgresAudit, Record, verify};
use mindflow_test_support::stories::audit::{self as stories, event, fill};
use mindflow_test_support::{TestDatabase, TestPostgres};
use mindflow_tests::payloads;
use serde_json::{Value, json};
use std::sync::Arc;

/// Appends and pages come from Spin; what a component cannot ask, from the host.
struct Trail {
    probe: Probe,
    host: PostgresAudit,
    keys: Arc<DataKeys>,
    database: TestDatabase,
    _keys_database: TestDatabase,
}

impl Trail {
    async fn new(story: &str) -> Self {
        Self::granted(story, "audit", json!(["append", "read"])).await
    }

    async fn granted(story: &str, name: &str, grants: Value) -> Self {
        let database = TestPostgres::write(story).await;
        let keys_database = TestPostgres::empty(&format!("{story}keys")).await;
        let keys = payloads::keys(&keys_database.dsn(), SEALING_KEY).await.unwrap();
        let owner: String = keys_database.one("SELECT current_user::text").await;
        let login = Login { variable: "audit_log_dsn", role: "mindflow_audit-log", database: &database };
        let keys_login = Login { variable: "data_keys_dsn", role: &owner, database: &keys_database };
        let probe = Probe::new(name, json!({ "audit-log": grants }), &[login, keys_login]).await;
        let host = PostgresAudit::new(database.database().clone(), Clock::system());
        Self { probe, host, keys, database, _keys_database: keys_database }
    }

    async fn record(&self, number: u64) -> Result<Record, AuditError> {
        Ok(self.host.read(number - 1, 1).await?.remove(0))
    }
}

/// As `mindflow:platform/events.event`.
fn wit(event: &Event) -> Value {
    json!({
        "id": event.event_id, "event-type": event.event_type, "version": event.version, "timestamp": event.timestamp_us(),
        "source": event.source, "sequence": event.sequence, "partition-key": event.partition_key,
        "correlation-id": event.correlation_id, "traceparent": event.traceparent, "user-id": event.metadata.user_id,
        "tenant-id": event.metadata.tenant_id, "payload": event.payload_text(),
    })
}

#[async_trait]
impl AuditLog for Trail {
    async fn append(&self, event: &Event) -> Result<Head, AuditError> {
        match self.probe.call(&json!({ "audit": { "append": wit(event) } })).await {
            Ok(number) => Ok(self.record(number.as_u64().unwrap()).await?.head()),
            // What delivery does with it is the same.
            Err((_, reason)) if reason.contains("took too long") => Err(AuditError::Timeout(0)),
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn page(&self, filter: &Filter, first: u32, before: Option<u64>) -> Result<Vec<Record>, AuditError> {
        let page = json!({
            "user-id": filter.user_id, "event-type": filter.event_type, "since": filter.since_us, "until": filter.until_us,
            "first": first, "before": before,
        });
        let page = self.probe.call(&json!({ "audit": { "page": page } })).await.unwrap();
        let mut records = Vec::new();
        for audited in page.as_array().unwrap() {
            let record = self.record(audited[0].as_u64().unwrap()).await?;
            let content = record.content().unwrap();
            let received_at = content.received_at.as_microsecond();
            let shown = self.keys.show(&[&content.event]).await.unwrap().remove(0).unwrap();
            assert_eq!(*audited, json!([record.number, record.hash, received_at, wit(&shown)]));
            records.push(record);
        }
        Ok(records)
    }

    async fn read(&self, after: u64, first: u32) -> Result<Vec<Record>, AuditError> {
        self.host.read(after, first).await
    }

    async fn begin_rechaining(&self) -> Result<Option<Alone>, AuditError> {
        self.host.begin_rechaining().await
    }

    async fn rechained(&self) -> Result<Head, AuditError> {
        self.host.rechained().await
    }

    async fn add_rechained(&self, records: &[Record]) -> Result<(), AuditError> {
        self.host.add_rechained(records).await
    }

    async fn take_place(&self, former: Head, last: &Record) -> Result<bool, AuditError> {
        self.host.take_place(former, last).await
    }

    async fn head(&self) -> Result<Head, AuditError> {
        self.host.head().await
    }
}

macro_rules! stories {
    ($($story:ident),* $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $story() {
            stories::$story(&Trail::new(stringify!($story)).await).await;
        })*
    };
}

stories! {
    an_event_that_comes_twice_has_one_record,
    concurrent_appends_make_one_unbroken_chain,
    a_page_is_newest_first_and_goes_on_where_the_last_one_ended,
    filters_choose_by_user_type_and_time,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_and_spin_take_turns_at_one_trail() {
    let trail = Trail::new("turns").await;
    fill(&trail.host, 3).await;
    // Two of these are there, two are not, and one of those comes twice.
    let batch: Vec<Value> = [1, 7, 2, 8, 7].map(|number| wit(&event(number))).into();
    trail.probe.call(&json!({ "audit": { "append-batch": batch } })).await.unwrap();
    assert_eq!(trail.append(&event(9)).await.unwrap().number, 6);
    assert_eq!(trail.host.append(&event(10)).await.unwrap().number, 7);
    assert_eq!(trail.append(&event(11)).await.unwrap().number, 8);
    let report = verify(&trail.host, None, &|_| ()).await.unwrap();
    assert_eq!((report.records, report.broken), (8, None));
    // What came by Spin is sealed.
    assert!(!trail.record(4).await.unwrap().body.contains("morning"));
    let ids = trail.read(0, 100).await.unwrap().into_iter().map(|record| record.event_id);
    assert_eq!(ids.collect::<Vec<_>>(), [0, 1, 2, 7, 8, 9, 10, 11].map(|number| event(number).event_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_as_long_as_the_longest_delivery_is_one_chain() {
    let trail = Trail::new("long").await;
    let batch: Vec<Value> = (0..600).map(|number| wit(&event(number))).collect();
    trail.probe.call(&json!({ "audit": { "append-batch": batch } })).await.unwrap();
    let report = verify(&trail.host, None, &|_| ()).await.unwrap();
    assert_eq!((report.records, report.broken), (600, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_granted_or_no_event_is_refused() {
    let trail = Trail::granted("refused", "audit-append", json!(["append"])).await;
    let all = json!({ "user-id": null, "event-type": null, "since": null, "until": null, "first": 1, "before": null });
    let error = trail.probe.call(&json!({ "audit": { "page": all } })).await.unwrap_err();
    assert_eq!(error, ("unavailable".into(), "the audit trail is not granted".into()));
    let mut wrong = wit(&event(1));
    wrong["id"] = "x".into();
    let error = trail.probe.call(&json!({ "audit": { "append": wrong } })).await.unwrap_err();
    assert_eq!(error, ("invalid".into(), "id must be a UUID".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_role_can_add_records_and_change_none() {
    let trail = Trail::new("role").await;
    trail.append(&event(1)).await.unwrap();
    for statement in [
        "UPDATE audit.records SET body = ''",
        "DELETE FROM audit.records",
        "TRUNCATE audit.records",
        "DELETE FROM audit.head",
        "SELECT * FROM mindflow.signing_keys",
        "SELECT * FROM auth.users",
        "SELECT * FROM delivery.archive",
    ] {
        let script = format!(
            "SET ROLE \"mindflow_audit-log\"; DO $$ BEGIN EXECUTE $s${statement}$s$; RAISE 'it may'; EXCEPTION WHEN \
             insufficient_privilege THEN NULL; END $$; RESET ROLE"
        );
        trail.database.script(&script).await;
    }
}
