//! The log under producers that commit in another order than they take positions.

use std::time::Duration;

use futures::TryStreamExt;
use mindflow_backends::database::postgres::migrate::migrate;
use mindflow_backends::database::sql::{NewEvent, Transaction};
use mindflow_backends::delivery::archive::{self, Filter, Months};
use mindflow_backends::delivery::backend::Relayed;
use mindflow_backends::delivery::{DeadLetterFilter, Failure, Options};
use mindflow_backends::stores::objects;
use mindflow_test_support::{COMPONENTS, TestPostgres, migrations, until};
use tokio_postgres::error::SqlState;

use crate::delivery::stage::{Actor, Stage, Store, fact, facts, subscription};

/// A transaction in the middle, with an event whose position is before those that the others commit.
async fn begun(stage: &Stage, event: &NewEvent) -> Transaction {
    let transaction = stage.begin().await;
    transaction.publish(event).await.unwrap();
    transaction
}

pub async fn an_event_that_commits_after_later_ones_were_delivered_is_delivered_as_well(stage: Stage) {
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query"), subscription("ai")], &actor).await;
    let late = begun(&stage, &fact("A", "entry:late", 1)).await;
    for n in 1..=3 {
        stage.publish(&facts(&format!("entry:{n}"), 2)).await;
        actor.log().until_len(n * 4).await;
    }
    late.commit().await.unwrap();
    actor.log().until_len(14).await;
    stage.settled().await;
    for name in ["query", "ai"] {
        assert_eq!(actor.log().sequences(name)["entry:late"], [1], "{name}");
        assert_eq!(actor.log().sequences(name).len(), 4, "{name}");
    }
    assert_eq!(actor.log().len(), 14, "none twice");
    delivery.shutdown().await;
}

pub async fn a_transaction_that_stays_open_delays_no_event_but_its_own(stage: Stage) {
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    let open = begun(&stage, &fact("A", "entry:open", 1)).await;
    for round in 0..40 {
        let events: Vec<_> = (0..50).map(|n| fact("A", &format!("entry:{round}-{n}"), 1)).collect();
        stage.publish(&events).await;
    }
    actor.log().until_len(2_000).await;
    assert!(!actor.log().sequences("query").contains_key("entry:open"));
    open.rollback().await.unwrap();
    stage.settled().await;
    assert_eq!(actor.log().len(), 2_000);
    delivery.shutdown().await;
}

pub async fn many_producers_that_commit_out_of_order_lose_double_and_reorder_nothing(stage: Stage) {
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query"), subscription("ai")], &actor).await;
    let producers = (0..8_u64).map(|producer| {
        let stage = &stage;
        async move {
            for n in 1..=30 {
                let transaction = stage.begin().await;
                // Its transaction has an id long before it waits for the key that all share.
                transaction.publish(&fact("A", &format!("entry:{producer}"), n)).await.unwrap();
                if n % 3 == producer % 3 {
                    tokio::time::sleep(Duration::from_millis(producer)).await;
                }
                transaction.publish(&fact("A", "entry:shared", producer * 30 + n)).await.unwrap();
                transaction.commit().await.unwrap();
            }
        }
    });
    futures::future::join_all(producers).await;
    actor.log().until_len(2 * 8 * 60).await;
    stage.settled().await;
    let client = stage.db.database().admin().await.unwrap();
    let shared = "SELECT sequence FROM delivery.archive WHERE partition_key = 'entry:shared' ORDER BY position";
    let shared: Vec<u64> =
        client.query(shared, &[]).await.unwrap().iter().map(|row| row.get::<_, i64>(0).unsigned_abs()).collect();
    for name in ["query", "ai"] {
        let sequences = actor.log().sequences(name);
        assert_eq!(sequences["entry:shared"], shared, "{name}: as it was published");
        for producer in 0..8 {
            assert_eq!(sequences[&format!("entry:{producer}")], (1..=30).collect::<Vec<_>>(), "{name}");
        }
    }
    assert_eq!(actor.log().len(), 2 * 8 * 60);
    delivery.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_transactions_that_publish_events_of_one_key_wait_for_each_other() {
    let stage = Stage::on(Store::Postgres).await;
    let first = begun(&stage, &fact("A", "entry:1", 1)).await;
    let second = async {
        let second = stage.begin().await;
        second.publish(&fact("A", "entry:1", 2)).await.unwrap();
        second.commit().await.unwrap();
    };
    let mut second = std::pin::pin!(second);
    let early = tokio::time::timeout(Duration::from_millis(300), &mut second).await;
    assert!(early.is_err(), "the second gets no position before the first has committed");
    first.commit().await.unwrap();
    second.await;
    let client = stage.db.database().admin().await.unwrap();
    let rows = client.query("SELECT sequence FROM delivery.archive ORDER BY position", &[]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_many_events_is_taken_in_parts_without_a_gap() {
    let stage = Stage::on(Store::Postgres).await;
    stage.queue.register(&[subscription("query")]).await.unwrap();
    let late = begun(&stage, &fact("A", "entry:late", 1)).await;
    for n in 0..5 {
        stage.publish(&facts(&format!("entry:{n}"), 20)).await;
    }
    let mut counts = Vec::new();
    for _ in 0..6 {
        let Relayed::Events { count, .. } = stage.queue.relay(30).await.unwrap() else {
            panic!("no other replica relays")
        };
        counts.push(count);
        if counts.len() == 2 {
            // In the middle of the parts: what commits now belongs to a later snapshot.
            stage.publish(&facts("entry:5", 5)).await;
        }
    }
    assert_eq!(counts, [30, 30, 30, 10, 5, 0]);
    late.commit().await.unwrap();
    let Relayed::Events { count: 1, .. } = stage.queue.relay(30).await.unwrap() else { panic!("the late one") };
    let client = stage.db.database().admin().await.unwrap();
    let gaps = "SELECT count(*), max(ordinal), count(DISTINCT position) FROM delivery.sequenced";
    let row = client.query_one(gaps, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), (106, 106, 106));
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinals_that_all_have_passed_go_after_a_day_and_those_of_dead_letters_stay() {
    let stage = Stage::on(Store::Postgres).await;
    let actor = Actor::new(|event, _| async move {
        let sick = event.partition_key == "entry:sick";
        if sick { Err(Failure::Reject("sick".to_owned())) } else { Ok(()) }
    });
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&facts("entry:sick", 1)).await;
    stage.publish(&facts("entry:well", 49)).await;
    stage.settled().await;
    delivery.shutdown().await;
    let client = stage.db.database().admin().await.unwrap();
    let kept = async || -> Vec<i64> {
        stage.queue.upkeep().await.unwrap();
        let rows = client.query("SELECT ordinal FROM delivery.sequenced ORDER BY 1", &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    assert_eq!(kept().await.len(), 50, "of today");
    let dead = "SELECT ordinal FROM delivery.sequenced JOIN delivery.queue USING (position)";
    let dead: i64 = client.query_one(dead, &[]).await.unwrap().get(0);
    for (aged, first) in [(1, 2), (37, 38), (50, 51)] {
        let age = "UPDATE delivery.sequenced SET sequenced_at = now() - interval '25 hours' WHERE ordinal <= $1";
        client.execute(age, &[&i64::from(aged)]).await.unwrap();
        let expected: Vec<i64> = (1..=50).filter(|ordinal| *ordinal >= first || *ordinal == dead).collect();
        assert_eq!(kept().await, expected, "{aged} are a day old");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_an_export_and_what_goes_on_after_a_cut_have_an_event_that_committed_late() {
    let stage = Stage::on(Store::Postgres).await;
    let database = stage.db.database();
    let actor = Actor::willing();
    let delivery =
        stage.deliver_with(&[], &actor, Options { poll: Duration::from_millis(20), ..Options::default() }).await;
    let read = async |filter| -> Vec<String> {
        let events = archive::read(database, filter, 3).try_collect::<Vec<_>>().await.unwrap();
        events.into_iter().map(|archived| archived.event.partition_key).collect()
    };
    stage.publish(&facts("entry:1", 2)).await;
    let late = begun(&stage, &fact("A", "entry:late", 1)).await;
    stage.publish(&facts("entry:2", 2)).await;
    until("all has its ordinal", async || stage.unsequenced().await == 0).await;
    let then = archive::cut(database).await.unwrap();
    assert_eq!(read(Filter::default()).await, ["entry:1", "entry:1", "entry:2", "entry:2"]);
    let folder = tempfile::tempdir().unwrap();
    let store = objects::open(&objects::Config::Directory { path: folder.path().to_owned() }).unwrap();
    let exported = archive::export(database, store.clone(), Months::default(), &|_| {}).await.unwrap();
    assert!(exported.events <= 2, "the copy ends before what may still appear");
    late.commit().await.unwrap();
    until("the late one has its ordinal", async || stage.count("delivery.sequenced").await == 5).await;
    assert_eq!(read(Filter { after: Some(then), ..Filter::default() }).await, ["entry:late"]);
    let mut all = read(Filter::default()).await;
    all.sort();
    assert_eq!(all, ["entry:1", "entry:1", "entry:2", "entry:2", "entry:late"]);
    archive::export(database, store.clone(), Months::default(), &|_| {}).await.unwrap();
    assert_eq!(archive::import::verify(store, Months::default(), &|_| {}).await.unwrap(), 5);
    delivery.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_turn_of_a_month_many_producers_get_positions_of_the_new_one() {
    let stage = Stage::on(Store::Postgres).await;
    let client = stage.db.database().admin().await.unwrap();
    client.batch_execute("SELECT setval('delivery.archive_position', 2001010000000041)").await.unwrap();
    let producers = (0..16).map(|producer| {
        let stage = &stage;
        async move { stage.publish(&facts(&format!("entry:{producer}"), 10)).await }
    });
    futures::future::join_all(producers).await;
    let month = "SELECT count(*), count(DISTINCT position), bool_and(position > delivery.month_start(now())) FROM delivery.archive";
    let row = client.query_one(month, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, bool>(2)), (160, 160, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_of_a_month_that_fails_or_is_cancelled_leaves_no_lock_behind() {
    let stage = Stage::on(Store::Postgres).await;
    let database = stage.db.database();
    let (client, other) = (database.admin().await.unwrap(), database.admin().await.unwrap());
    let turn = "SELECT delivery.next_position()";
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
                 (SELECT oid FROM pg_database WHERE datname = current_database())";
    let held = async || other.query_one(locks, &[]).await.unwrap().get::<_, i64>(0);
    let limit = "ALTER SEQUENCE delivery.archive_position RESTART 2001010000000041 MAXVALUE 2001010000000050";
    client.batch_execute(limit).await.unwrap();
    client.query_one(turn, &[]).await.unwrap_err();
    assert_eq!(held().await, 0);
    client.batch_execute("ALTER SEQUENCE delivery.archive_position NO MAXVALUE").await.unwrap();
    other.batch_execute("SELECT pg_advisory_lock(120286807945838)").await.unwrap();
    client.batch_execute("SET statement_timeout = '50ms'").await.unwrap();
    assert_eq!(client.query_one(turn, &[]).await.unwrap_err().code(), Some(&SqlState::QUERY_CANCELED));
    other.batch_execute("SELECT pg_advisory_unlock(120286807945838)").await.unwrap();
    assert_eq!(held().await, 0);
    client.batch_execute("RESET statement_timeout").await.unwrap();
    stage.publish(&facts("entry:1", 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_restored_on_another_server_goes_on_without_a_loss_or_a_double() {
    let stage = Stage::on(Store::Postgres).await;
    let actor = Actor::new(|event, _| async move {
        match event.partition_key.as_str() {
            "entry:poison" => Err(mindflow_backends::delivery::Failure::Reject("never".to_owned())),
            _ => Ok(()),
        }
    });
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&[fact("A", "entry:1", 1), fact("A", "entry:poison", 1), fact("A", "entry:poison", 2)]).await;
    until("the poison is dead", async || stage.depth("query").await.dead == 1).await;
    stage.settled().await;
    delivery.shutdown().await;
    // Published, and without an ordinal when the dump was made.
    stage.publish(&facts("entry:2", 3)).await;
    // Another server: its transaction ids have nothing to do with those that are stored.
    stage
        .db
        .script(
            "ALTER TABLE delivery.archive DISABLE TRIGGER refuse_archive_change; \
             UPDATE delivery.archive SET xid = (xid::text::bigint + 1000000)::text::xid8; \
             ALTER TABLE delivery.archive ENABLE TRIGGER refuse_archive_change; \
             UPDATE delivery.sequencer SET server = 1, done = '1000000:1000000:'::pg_snapshot",
        )
        .await;
    let restored = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&[fact("A", "entry:1", 2)]).await;
    stage.settled().await;
    until("all has arrived", async || actor.log().sequences("query").len() == 3).await;
    let sequences = actor.log().sequences("query");
    assert_eq!((&sequences["entry:1"], &sequences["entry:2"]), (&vec![1, 2], &vec![1, 2, 3]));
    assert_eq!(sequences["entry:poison"], [1], "the dead letter stays, and what is parked stays behind it");
    assert_eq!(stage.depth("query").await.parked, 1);
    restored.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_were_lost_are_built_with_an_event_that_committed_late() {
    let stage = Stage::on(Store::RedisStreams).await;
    let actor = Actor::willing();
    let subscriptions = [subscription("query")];
    let late = begun(&stage, &fact("A", "entry:late", 1)).await;
    let delivery = stage.deliver(&subscriptions, &actor).await;
    stage.publish(&facts("entry:1", 3)).await;
    actor.log().until_len(3).await;
    stage.settled().await;
    delivery.shutdown().await;
    late.commit().await.unwrap();
    stage.redis_command(&["FLUSHALL"]).await;
    let again = stage.deliver(&subscriptions, &actor).await;
    actor.log().until("the late one", |seen| seen.iter().any(|seen| seen.key == "entry:late")).await;
    stage.settled().await;
    assert_eq!(actor.log().sequences("query")["entry:late"], [1]);
    again.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_replica_gets_its_share_and_a_third_what_a_dead_one_had() {
    let stage = Stage::on(Store::Postgres).await;
    let actor = Actor::willing();
    let options = Options { lease_for: Duration::from_millis(600), ..Options::default() };
    let owners = async || {
        let client = stage.db.database().admin().await.unwrap();
        let sql = "SELECT count(*) FROM delivery.cursor WHERE subscription = 'query' AND leased_until > now() GROUP BY owner ORDER BY 1";
        client.query(sql, &[]).await.unwrap().iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>()
    };
    let first = stage.deliver_with(&[subscription("query")], &actor, options.clone()).await;
    until("it has all slots", async || owners().await == [8]).await;
    let second = stage.deliver_with(&[subscription("query")], &actor, options.clone()).await;
    until("each has half", async || owners().await == [4, 4]).await;
    // As in a crash.
    drop(second);
    let third = stage.deliver_with(&[subscription("query")], &actor, options).await;
    until("the third has the dead one's half", async || owners().await == [4, 4]).await;
    third.shutdown().await;
    until("the first has all again", async || owners().await == [8]).await;
    stage.publish(&facts("entry:1", 3)).await;
    stage.settled().await;
    assert_eq!(actor.log().sequences("query")["entry:1"], [1, 2, 3]);
    first.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_before_an_event_that_a_dead_replica_had_handed_out_stops_nothing_when_it_is_read_again() {
    let stage = Stage::on(Store::Postgres).await;
    let client = stage.db.database().admin().await.unwrap();
    let same_slot = "SELECT 'entry:' || n FROM generate_series(1, 100) AS n \
         WHERE delivery.slot_of('entry:' || n) = delivery.slot_of('entry:slow') LIMIT 1";
    let key: String = client.query_one(same_slot, &[]).await.unwrap().get(0);
    let hanging = key.clone();
    // The first replica's handler ends neither the slow key's event nor the second of the other key.
    let actor = Actor::new(move |event, attempt| {
        let hangs = attempt.attempt == 1
            && (event.partition_key == "entry:slow" || (event.partition_key, event.sequence) == (hanging.clone(), 2));
        async move { if hangs { std::future::pending().await } else { Ok(()) } }
    });
    let first = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&[fact("A", "entry:slow", 1), fact("A", &key, 1), fact("A", &key, 2)]).await;
    actor.log().until("the second", |seen| seen.iter().any(|seen| seen.sequence == 2)).await;
    let both = "SELECT cardinality(handed) FROM delivery.reader WHERE subscription = 'query'";
    until("both are with their handlers", async || {
        client.query_one(both, &[]).await.is_ok_and(|row| row.get::<_, i32>(0) == 2)
            && stage.count("delivery.cursor WHERE ordinal > 0").await == 7
    })
    .await;
    // As in a crash; its cursor is still before all three.
    drop(first);
    let second = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&[fact("A", &key, 3)]).await;
    actor.log().until("the third", |seen| seen.iter().any(|seen| seen.sequence == 3)).await;
    until("nothing is left", async || stage.count("delivery.backlog").await == 0).await;
    stage.publish(&[fact("A", &key, 4)]).await;
    actor.log().until("the fourth", |seen| seen.iter().any(|seen| seen.sequence == 4)).await;
    stage.settled().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_in_the_queues_and_the_outbox_of_an_earlier_release_is_delivered_by_the_log_in_order() {
    let db = TestPostgres::empty("earlier").await;
    let components: Vec<_> = COMPONENTS.iter().map(ToString::to_string).collect();
    let of_platform = |name: &str| name.starts_with("000");
    let folder = tempfile::tempdir().unwrap();
    let add = |is_wanted: &dyn Fn(&str) -> bool| {
        for file in std::fs::read_dir(migrations("write")).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if of_platform(&name) && is_wanted(&name) {
                std::fs::copy(migrations("write").join(&name), folder.path().join(&name)).unwrap();
            }
        }
    };
    add(&|name| name < "0007");
    migrate(db.database(), folder.path(), &components).await.unwrap();
    let columns = "event_id, event_type, version, occurred_at, source, source_component, sequence, partition_key, correlation_id, payload";
    let event = "gen_random_uuid(), 'A', '1.0', now(), 's', 'command', n, 'entry:' || key, 'c', '{}'";
    db.script(&format!(
        "INSERT INTO delivery.subscription (name, event_types) VALUES ('query', '{{A}}'); \
         INSERT INTO delivery.archive ({columns}) SELECT {event} FROM generate_series(1, 3) n, \
             unnest('{{late,sick,lost,done}}'::text[]) key ORDER BY n, key; \
         INSERT INTO delivery.archived_event SELECT event_id FROM delivery.archive; \
         INSERT INTO delivery.queue (subscription, partition_key, position, event_id, state) SELECT 'query', partition_key, position, \
             event_id, CASE sequence WHEN 1 THEN 'ready' ELSE 'waiting' END FROM delivery.archive WHERE partition_key <> 'entry:done'; \
         UPDATE delivery.queue SET attempts = 2, not_before = now() + interval '1 second', last_error = 'busy' \
             WHERE partition_key = 'entry:late' AND state = 'ready'; \
         UPDATE delivery.queue SET state = 'dead', attempts = 5, dead_at = now(), last_error = 'never' \
             WHERE partition_key = 'entry:sick' AND state = 'ready'; \
         UPDATE delivery.queue SET attempts = 1, leased_until = now() + interval '1 second', lease = gen_random_uuid() \
             WHERE partition_key = 'entry:lost' AND state = 'ready'; \
         INSERT INTO delivery.outbox ({columns}) SELECT {event} FROM generate_series(4, 5) n, \
             unnest('{{late,sick,lost,done,new}}'::text[]) key ORDER BY n, key"
    ))
    .await;
    add(&|_| true);
    migrate(db.database(), folder.path(), &components).await.unwrap();
    let stage = Stage::over(db, Store::Postgres).await;
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&[fact("A", "entry:late", 6), fact("A", "entry:sick", 6)]).await;
    stage.settled().await;
    let sequences = || actor.log().sequences("query");
    let expected = [
        ("entry:done", vec![4, 5]),
        ("entry:late", vec![1, 2, 3, 4, 5, 6]),
        ("entry:lost", vec![1, 2, 3, 4, 5]),
        ("entry:new", vec![4, 5]),
    ];
    assert_eq!(sequences(), expected.map(|(key, sequences)| (key.to_owned(), sequences)).into());
    let attempt = |key: &str| actor.log().seen().into_iter().find(|seen| seen.key == key).map(|seen| seen.attempt);
    assert_eq!(
        (attempt("entry:late"), attempt("entry:lost")),
        (Some(3), Some(1)),
        "attempts stay counted, and a lost lease is none"
    );
    let depth = stage.depth("query").await;
    assert_eq!((depth.dead, depth.parked), (1, 5));
    let dead = stage.queue.list(&DeadLetterFilter { limit: 2, ..DeadLetterFilter::default() }).await.unwrap();
    assert!(stage.queue.redrive(&dead[0].id.parse().unwrap()).await.unwrap());
    until("all of it is there", async || sequences().get("entry:sick").is_some_and(|seen| seen.len() == 6)).await;
    assert_eq!(sequences()["entry:sick"], [1, 2, 3, 4, 5, 6]);
    delivery.shutdown().await;
}
