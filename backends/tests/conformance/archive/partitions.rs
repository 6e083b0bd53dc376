//! Events lie in their month's partition, also around its turn.

use mindflow_backends::database::postgres::migrate::migrate;
use mindflow_backends::database::sql::NewEvent;
use mindflow_backends::delivery::Subscription;
use mindflow_backends::delivery::archive::{Filter, Month, partitions};
use mindflow_test_support::{COMPONENTS, TestPostgres, migrations};
use uuid::Uuid;

use crate::archive::stage::{Stage, fact, facts};

#[tokio::test(flavor = "multi_thread")]
async fn events_go_to_the_partition_of_the_month_and_positions_name_it() {
    let stage = Stage::new("month").await;
    stage.archive(&facts("entry:1", 5)).await;
    let month = stage.this_month().await;
    let positions: Vec<_> = stage.read(Filter::default()).await.into_iter().map(|archived| archived.position).collect();
    let expected: Vec<_> = (1..=5).map(|n| month.first_position() + n).collect();
    assert_eq!(positions, expected);
    assert_eq!(stage.rows_in(&month.to_string().replace('-', "_")).await, 5);
    assert_eq!(stage.rows_in("default").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_made_ahead_once_by_however_many_replicas_ask() {
    let stage = Stage::new("ahead").await;
    let database = stage.db.database();
    let month = stage.this_month().await;
    let name = |month: Month| month.to_string().replace('-', "_");
    let last = month.next().next().next();
    stage
        .db
        .script(&format!("DROP TABLE delivery.archive_{}; DROP TABLE delivery.archive_{}", name(month), name(last)))
        .await;
    let made = futures::future::try_join_all((0..4).map(|_| partitions::make_ahead(database))).await.unwrap();
    assert_eq!(made.iter().map(|partitions| partitions.made).sum::<u32>(), 2);
    let again = partitions::make_ahead(database).await.unwrap();
    assert_eq!((again.made, again.in_default), (0, 0));
    assert_eq!(again.months, [month, month.next(), month.next().next(), last]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_partition_is_kept_and_delivered_and_moved_to_its_month_later() {
    let stage = Stage::new("safetynet").await;
    let subscription = Subscription::new("query", ["A"]);
    let month: Month = "2041-12".parse().unwrap();
    stage.db.script(&format!("SELECT setval('delivery.archive_position', {})", month.first_position())).await;
    let delivery = stage.deliver(&[subscription]).await;
    stage.publish(&facts("entry:1", 4)).await;
    stage
        .until(
            "all is delivered",
            "SELECT (SELECT count(*) FROM delivery.sequenced) = 4 AND NOT EXISTS (SELECT FROM delivery.backlog)",
        )
        .await;
    assert_eq!(stage.rows_in("default").await, 4);
    let before = stage.dump().await;
    // While delivery goes on.
    let partitions = partitions::make_ahead(stage.db.database()).await.unwrap();
    assert_eq!((partitions.made, partitions.in_default), (1, 0));
    assert_eq!(stage.rows_in("2041_12").await, 4);
    assert_eq!(stage.dump().await, before);
    stage.publish(&[fact("A", "entry:1", 5)]).await;
    stage.until("the next is in the month's own", "SELECT count(*) = 5 FROM delivery.archive_2041_12").await;
    assert_eq!(delivery.queue().depth().await.unwrap().len(), 1);
    delivery.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_payload_cannot_be_compressed_is_one_row_also_in_a_partition_that_is_made_later() {
    let stage = Stage::new("whole").await;
    let later: Month = "2041-12".parse().unwrap();
    stage.db.script("SELECT delivery.make_archive_partition('2041-12-01')").await;
    let sealed = |sequence| {
        let text: String = (0..150).map(|_| Uuid::new_v4().simple().to_string()).collect();
        NewEvent { payload: format!(r#"{{"$sealed": "{text}"}}"#), ..fact("A", "entry:1", sequence) }
    };
    stage.archive(&[sealed(1)]).await;
    stage.archive_in(later, &[sealed(2)]).await;
    for month in [stage.this_month().await, later] {
        let partition = month.to_string().replace('-', "_");
        let beside = "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid";
        let beside = stage.db.one::<i64>(&format!("{beside} = 'delivery.archive_{partition}'::regclass")).await;
        assert_eq!((stage.rows_in(&partition).await, beside), (1, 0), "{month}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_never_fall_also_when_the_clock_does() {
    let stage = Stage::new("clock").await;
    let later = stage.this_month().await.next();
    stage.archive_in(later, &facts("entry:1", 2)).await;
    stage.archive(&facts("entry:2", 2)).await;
    let positions: Vec<_> = stage.read(Filter::default()).await.into_iter().map(|archived| archived.position).collect();
    let expected: Vec<_> = (1..=4).map(|n| later.first_position() + n).collect();
    assert_eq!(positions, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_with_an_id_that_is_archived_already_is_archived_once() {
    let stage = Stage::new("twice").await;
    let event = fact("A", "entry:1", 1);
    stage.archive(std::slice::from_ref(&event)).await;
    stage.archive(&[event, fact("A", "entry:1", 2)]).await;
    let sequences: Vec<_> =
        stage.read(Filter::default()).await.into_iter().map(|archived| archived.event.sequence).collect();
    assert_eq!(sequences, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_refuses_to_forget() {
    let stage = Stage::new("forget").await;
    stage.archive(&facts("entry:1", 2)).await;
    let client = stage.db.database().admin().await.unwrap();
    for statement in
        ["DELETE FROM delivery.archive", "UPDATE delivery.archive SET sequence = 9", "TRUNCATE delivery.archive"]
    {
        let refused = client.batch_execute(statement).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().message(), "the archive is only ever added to");
    }
    assert_eq!(stage.read(Filter::default()).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_a_position_up_touches_one_partition_of_many() {
    let stage = Stage::new("pruning").await;
    stage.db.script("SELECT delivery.make_archive_partitions(60)").await;
    stage.archive(&facts("entry:1", 3)).await;
    let client = stage.db.database().admin().await.unwrap();
    client.batch_execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; \
        PREPARE look (bigint) AS SELECT a.event_id FROM (VALUES ($1)) AS l(position) JOIN delivery.archive a ON a.position = l.position").await.unwrap();
    let explain = format!(
        "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE look ({})",
        stage.this_month().await.first_position() + 1
    );
    let rows = client.query(&explain, &[]).await;
    let plan: Vec<String> = match rows {
        Ok(rows) => rows.iter().map(|row| row.get(0)).collect(),
        Err(error) => panic!("{error:?}"),
    };
    let touched = plan
        .iter()
        .filter(|line| line.contains("Scan") && !line.contains("never executed") && line.contains("archive_"))
        .count();
    assert_eq!(touched, 1, "{plan:#?}");
    client.batch_execute("DEALLOCATE look; RESET ALL").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_archived_before_there_were_partitions_keeps_its_order_and_stays_in_the_queue() {
    let db = TestPostgres::empty("converted").await;
    let dir = tempfile::tempdir().unwrap();
    let add = |file: &str| std::fs::copy(migrations("write").join(file), dir.path().join(file)).unwrap();
    let components: Vec<_> = COMPONENTS.iter().map(ToString::to_string).collect();
    add("0001_create_platform.sql");
    add("0002_create_delivery.sql");
    migrate(db.database(), dir.path(), &components).await.unwrap();
    // Over a month's turn, with one event whose relay looked at the clock just before another's.
    db.script(
        "INSERT INTO delivery.archive (event_id, event_type, version, occurred_at, source, source_component, sequence, \
             partition_key, correlation_id, payload, archived_at) SELECT gen_random_uuid(), 'A', '1.0', now(), 's', 'command', n, \
             'entry:1', 'c', '{}', '2025-10-31T23:59:57Z'::timestamptz + make_interval(secs => CASE n WHEN 5 THEN 1 ELSE n END) \
         FROM generate_series(1, 6) n; \
         INSERT INTO delivery.subscription (name, event_types) VALUES ('query', '{A}'); \
         INSERT INTO delivery.queue (subscription, partition_key, position, event_id, state) SELECT 'query', partition_key, \
             position, event_id, CASE position WHEN 1 THEN 'ready' ELSE 'waiting' END FROM delivery.archive",
    )
    .await;
    // And every other one of the platform's own.
    for file in std::fs::read_dir(migrations("write")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name.starts_with("000") {
            add(&name);
        }
    }
    migrate(db.database(), dir.path(), &components).await.unwrap();
    let stage = Stage { db };
    let positions: Vec<_> =
        stage.read(Filter::default()).await.into_iter().map(|a| (a.position, a.event.sequence)).collect();
    let (october, november) = (202_510 * 10_000_000_000_i64, 202_511 * 10_000_000_000_i64);
    let expected = [october + 1, october + 2, november + 3, november + 4, november + 5, november + 6];
    assert_eq!(positions, expected.into_iter().zip(1..).collect::<Vec<_>>());
    assert_eq!(
        (stage.rows_in("2025_10").await, stage.rows_in("2025_11").await, stage.rows_in("default").await),
        (2, 4, 0)
    );
    let delivery = stage.deliver(&[Subscription::new("query", ["A"])]).await;
    stage.until("what waited is delivered", "SELECT count(*) = 0 FROM delivery.queue").await;
    delivery.shutdown().await;
}
