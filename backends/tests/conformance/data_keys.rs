//! Goal: a payload is readable while its key is there, and never after, on any replica and from any copy. Method: the keys in a file and in
//! a database, with the log of a story's own; copies of the keys are kept and brought back.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mindflow_backends::data_keys::kept::{Progress, Until};
use mindflow_backends::data_keys::{Config, Keeper, Keys, OpenError, Opened, SealError, Subject};
use mindflow_backends::database::sql::{Draft, Identity, NewEvent};
use mindflow_backends::delivery::publishers::{self, Publisher};
use mindflow_backends::delivery::{COLUMNS, Event};
use mindflow_test_support::{TestDatabase, TestPostgres};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

const USER: Uuid = Uuid::from_u128(9);
const OTHER: Uuid = Uuid::from_u128(10);
const MASTER: &str = "a master key of 32 characters or more";

/// Where one back end has the keys, and a log that is kept under them.
struct Stage {
    folder: TempDir,
    database: Option<TestDatabase>,
    log: TestDatabase,
}

impl Stage {
    async fn file() -> Self {
        Self::new(None).await
    }

    async fn postgres() -> Self {
        Self::new(Some(TestPostgres::empty("datakeys").await)).await
    }

    async fn new(database: Option<TestDatabase>) -> Self {
        let log = TestPostgres::write("datakeyslog").await;
        let publisher = Publisher {
            component: "command".to_owned(),
            source: "command-service".to_owned(),
            event_types: ["Written".to_owned()].into(),
        };
        publishers::set(log.database(), &[publisher]).await.unwrap();
        Self { folder: tempfile::tempdir().unwrap(), database, log }
    }

    fn file_name(&self) -> PathBuf {
        self.folder.path().join("data-keys.redb")
    }

    /// A host's keys.
    async fn open(&self) -> Keeper {
        self.try_open(json!({})).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn try_open(&self, mut settings: serde_json::Value) -> Result<Keeper, OpenError> {
        if let Some(database) = &self.database {
            settings["dsn"] = database.dsn().into();
        }
        let config: Config = serde_json::from_value(settings).unwrap();
        let master = Keys::new(MASTER, []).unwrap();
        Keeper::open(&config, self.folder.path(), &master, self.log.database().clone()).await
    }

    async fn publish(&self, event: &NewEvent) {
        let transaction = self.log.database().begin("command", &Identity::Service).await.unwrap();
        transaction.publish(event).await.unwrap();
        transaction.commit().await.unwrap();
    }

    async fn events(&self) -> Vec<Event> {
        let client = self.log.database().admin().await.unwrap();
        let statement = format!("SELECT {COLUMNS} FROM delivery.archive a ORDER BY a.position");
        client.query(&statement, &[]).await.unwrap().iter().map(|row| Event::from_row(row).unwrap()).collect()
    }

    /// All nodes that the database has, as a backup would.
    async fn nodes(&self) -> Vec<String> {
        let client = self.database.as_ref().unwrap().database().admin().await.unwrap();
        let rows = client.query("SELECT n::text FROM data_keys.node n", &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

fn event(number: u128, user_id: Uuid, partition_key: &str) -> NewEvent {
    let draft = Draft {
        event_type: "Written".into(),
        version: "1.0".into(),
        sequence: 1,
        partition_key: partition_key.into(),
        correlation_id: "c".into(),
        traceparent: None,
        user_id: Some(user_id.to_string()),
        tenant_id: None,
        payload: json!({ "title": "A calm morning", "n": number.to_string() }).to_string(),
    };
    NewEvent::new(draft, Uuid::from_u128(number), 1_795_000_000_000_000).unwrap()
}

async fn sealed(keeper: &Keeper, number: u128, user_id: Uuid, partition_key: &str) -> NewEvent {
    let mut event = event(number, user_id, partition_key);
    keeper.keys().seal_new(&mut event, &Subject::Itself).await.unwrap();
    event
}

/// Of each event, whether it can be read.
async fn readable(keeper: &Keeper, events: &[Event]) -> Vec<bool> {
    let opened = keeper.keys().open(&events.iter().collect::<Vec<_>>()).await.unwrap();
    opened.into_iter().map(|opened| matches!(opened, Ok(Opened::Event(_)))).collect()
}

on_every_back_end!(
    [Stage]: file, postgres;
    a_payload_is_readable_until_its_key_is_destroyed,
    keys_survive_a_restart,
    what_is_destroyed_before_a_restart_stays_so,
    users_first_events_at_the_same_moment_share_one_key,
    what_was_kept_in_clear_is_sealed_once,
    a_log_is_not_opened_with_the_keys_of_another,
);

async fn a_payload_is_readable_until_its_key_is_destroyed(stage: Stage) {
    let keeper = stage.open().await;
    for (number, user_id, key) in [(1, USER, "entry:1"), (2, USER, "entry:2"), (3, OTHER, "entry:3")] {
        stage.publish(&sealed(&keeper, number, user_id, key).await).await;
    }
    let events = stage.events().await;
    assert!(events.iter().all(|event| !event.payload_text().contains("calm")));
    assert_eq!(readable(&keeper, &events).await, [true, true, true]);
    assert!(keeper.destroy(USER, Some("entry:1")).await.unwrap());
    assert!(!keeper.destroy(USER, Some("entry:1")).await.unwrap());
    assert_eq!(readable(&keeper, &events).await, [false, true, true]);
    let refused = keeper.keys().seal_new(&mut event(4, USER, "entry:1"), &Subject::Itself).await;
    assert!(matches!(refused, Err(SealError::Destroyed { .. })), "{refused:?}");
    assert!(keeper.destroy(USER, None).await.unwrap());
    assert_eq!(readable(&keeper, &events).await, [false, false, true]);
    let refused = keeper.keys().seal_new(&mut event(5, USER, "entry:9"), &Subject::Itself).await;
    assert!(matches!(refused, Err(SealError::Destroyed { .. })), "{refused:?}");
}

async fn keys_survive_a_restart(stage: Stage) {
    let keeper = stage.open().await;
    stage.publish(&sealed(&keeper, 1, USER, "entry:1").await).await;
    keeper.close().await;
    drop(keeper);
    let keeper = stage.open().await;
    assert_eq!(readable(&keeper, &stage.events().await).await, [true]);
}

/// With the keys brought back as they were before.
async fn what_is_destroyed_before_a_restart_stays_so(stage: Stage) {
    let keeper = stage.open().await;
    for (number, user_id, key) in [(1, USER, "entry:1"), (2, OTHER, "entry:2"), (3, OTHER, "entry:3")] {
        stage.publish(&sealed(&keeper, number, user_id, key).await).await;
    }
    keeper.close().await;
    drop(keeper);
    let copy = match &stage.database {
        Some(_) => stage.nodes().await,
        None => {
            std::fs::copy(stage.file_name(), stage.folder.path().join("copy")).unwrap();
            Vec::new()
        }
    };
    let keeper = stage.open().await;
    keeper.destroy(USER, None).await.unwrap();
    keeper.destroy(OTHER, Some("entry:2")).await.unwrap();
    keeper.close().await;
    drop(keeper);
    match &stage.database {
        Some(database) => {
            let mut script = "TRUNCATE data_keys.node, data_keys.destroyed;".to_owned();
            for node in copy {
                script += &format!("INSERT INTO data_keys.node SELECT ('{node}'::data_keys.node).*;");
            }
            database.script(&script).await;
        }
        None => std::fs::rename(stage.folder.path().join("copy"), stage.file_name()).unwrap(),
    }
    let keeper = stage.open().await;
    assert_eq!(readable(&keeper, &stage.events().await).await, [false, false, true]);
    let refused = keeper.keys().seal_new(&mut event(4, USER, "entry:9"), &Subject::Itself).await;
    assert!(matches!(refused, Err(SealError::Destroyed { .. })), "{refused:?}");
}

async fn users_first_events_at_the_same_moment_share_one_key(stage: Stage) {
    let keeper = stage.open().await;
    let all = (1..=8).map(|number| sealed(&keeper, number, USER, "entry:1"));
    for event in futures::future::join_all(all).await {
        stage.publish(&event).await;
    }
    assert_eq!(readable(&keeper, &stage.events().await).await, [true; 8]);
}

async fn what_was_kept_in_clear_is_sealed_once(stage: Stage) {
    let keeper = stage.open().await;
    stage.publish(&event(1, USER, "entry:1")).await;
    stage.publish(&event(2, USER, "analysis:00000000-0000-0000-0000-000000000001")).await;
    stage.publish(&event(3, USER, "erasure:1")).await;
    stage.publish(&sealed(&keeper, 4, USER, "entry:4").await).await;
    let nothing = |_: Progress| ();
    let sealed = keeper.seal_kept(Until::End, &nothing).await.unwrap().unwrap().sealed;
    assert_eq!(sealed, 2);
    assert_eq!(keeper.seal_kept(Until::End, &nothing).await.unwrap().unwrap().sealed, 0);
    let events = stage.events().await;
    let in_clear: Vec<bool> = events.iter().map(|event| event.payload_text().contains("calm")).collect();
    assert_eq!(in_clear, [false, false, true, false]);
    assert_eq!(readable(&keeper, &events).await, [true; 4]);
    // What was made of an entry goes with it.
    keeper.destroy(USER, Some("entry:00000000-0000-0000-0000-000000000001")).await.unwrap();
    assert_eq!(readable(&keeper, &events).await, [true, false, true, true]);
    let refused = stage.log.database().admin().await.unwrap();
    let refused = refused.execute("UPDATE delivery.archive SET payload = '{}'", &[]).await.unwrap_err();
    assert!(refused.as_db_error().unwrap().message().contains("only ever added to"), "{refused}");
}

async fn a_log_is_not_opened_with_the_keys_of_another(stage: Stage) {
    let keeper = stage.open().await;
    stage.publish(&sealed(&keeper, 1, USER, "entry:1").await).await;
    keeper.close().await;
    drop(keeper);
    match &stage.database {
        Some(database) => database.script("UPDATE data_keys.store SET id = gen_random_uuid()").await,
        None => std::fs::remove_file(stage.file_name()).unwrap(),
    }
    let refused = stage.try_open(json!({})).await.err().unwrap();
    assert!(matches!(refused, OpenError::OtherKeys { .. }), "{refused}");
    assert!(refused.to_string().contains("data-keys.replace-lost-keys"), "{refused}");
    let keeper = stage.try_open(json!({ "replace-lost-keys": true })).await.unwrap();
    stage.publish(&sealed(&keeper, 2, USER, "entry:2").await).await;
    assert!(readable(&keeper, &stage.events().await).await[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_one_replica_destroys_opens_nothing_on_another() {
    let stage = Stage::postgres().await;
    let (one, other) = (stage.open().await, stage.open().await);
    stage.publish(&sealed(&one, 1, USER, "entry:1").await).await;
    let events = stage.events().await;
    assert_eq!(readable(&other, &events).await, [true]);
    one.destroy(USER, Some("entry:1")).await.unwrap();
    assert_eq!(readable(&other, &events).await, [false]);
    // Both destroy keys of one user at the same moment.
    let aggregates: Vec<String> = (0..8).map(|number| format!("entry:{number}")).collect();
    let all = aggregates.iter().enumerate().map(|(place, aggregate)| {
        let keeper = if place % 2 == 0 { &one } else { &other };
        keeper.destroy(USER, Some(aggregate))
    });
    futures::future::try_join_all(all).await.unwrap();
    for aggregate in &aggregates {
        let refused = one.keys().seal_new(&mut event(2, USER, aggregate), &Subject::Itself).await;
        assert!(matches!(refused, Err(SealError::Destroyed { .. })), "{aggregate}: {refused:?}");
    }
    sealed(&other, 3, USER, "entry:100").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_another_replica_uses_all_the_time_opens_nothing_there_when_its_destruction_has_answered() {
    let stage = Stage::postgres().await;
    let (one, other) = (stage.open().await, Arc::new(stage.open().await));
    for (number, user_id, key) in [(1, USER, "entry:1"), (2, OTHER, "entry:2")] {
        stage.publish(&sealed(&one, number, user_id, key).await).await;
    }
    let events = Arc::new(stage.events().await);
    let (keeper, kept) = (Arc::clone(&other), Arc::clone(&events));
    let using = tokio::spawn(async move {
        while readable(&keeper, &kept).await != [false, false] {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(readable(&other, &events).await, [true, true]);
    one.destroy(USER, Some("entry:1")).await.unwrap();
    assert_eq!(readable(&other, &events).await, [false, true]);
    let refused = other.keys().seal_new(&mut event(3, USER, "entry:1"), &Subject::Itself).await;
    assert!(matches!(refused, Err(SealError::Destroyed { .. })), "{refused:?}");
    // Also where the keys were destroyed already, by a host that has died before it waited.
    let database = stage.database.as_ref().unwrap();
    database.script(&format!("SELECT data_keys.destroy_user('{OTHER}')")).await;
    assert!(!one.destroy(OTHER, None).await.unwrap());
    assert_eq!(readable(&other, &events).await, [false, false]);
    tokio::time::timeout(Duration::from_secs(10), using).await.expect("it finds no key any more").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_have_a_database_of_their_own() {
    let stage = Stage::file().await;
    let refused = stage.try_open(json!({ "dsn": stage.log.dsn() })).await.err().unwrap();
    assert!(matches!(refused, OpenError::Shared), "{refused}");
    assert!(refused.to_string().starts_with("data-keys.dsn: "), "{refused}");
}
