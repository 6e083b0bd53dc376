//! Goal: what users write is nowhere in the log, the audit trail or their copies in clear, and an older database is brought there by the
//! next start. Method: the stores themselves, past every service; a log and a trail that are put back into their former state.

use aws_lc_rs::digest::{SHA256, digest};
use mindflow_backends::delivery::Event;
use mindflow_tests::payloads::Kept;
use mindflow_tests::{Platform, eventually, eventually_within};
use serde_json::json;
use std::time::{Duration, SystemTime};
use tokio_postgres::types::ToSql;

const SECRET: &str = "A walk along the harbour before sunrise.";
/// Of a background job that begins with the host.
const WITHIN: Duration = Duration::from_secs(60);

async fn count(platform: &Platform, statement: &str) -> i64 {
    platform.write_database().await.query_one(statement, &[&SECRET]).await.expect("a count").get(0)
}

async fn in_clear(platform: &Platform) -> (i64, i64) {
    let log = "SELECT count(*) FROM delivery.archive WHERE strpos(payload::text, $1) > 0";
    let trail = "SELECT count(*) FROM audit.records WHERE strpos(body, $1) > 0";
    (count(platform, log).await, count(platform, trail).await)
}

async fn audited(platform: &Platform) {
    let behind = "SELECT (SELECT count(*) FROM delivery.archive) - (SELECT count(*) FROM audit.records) = 0";
    let database = platform.write_database().await;
    eventually("every event is in the trail", || async {
        database.query_one(behind, &[]).await.expect("a comparison").get::<_, bool>(0).then_some(())
    })
    .await;
}

/// As a release of before has made it: payloads in clear, bodies without a version, another beginning.
async fn make_trail_of_before(database: &deadpool_postgres::Client, kept: &[Kept]) {
    let sha256 = |parts: &[&[u8]]| digest(&SHA256, &parts.concat()).as_ref().to_vec();
    let guard = |state: &str| format!("ALTER TABLE audit.records {state} TRIGGER only_grows;");
    let begin = format!("{} TRUNCATE audit.records; {}", guard("DISABLE"), guard("ENABLE"));
    database.batch_execute(&begin).await.expect("an empty trail");
    let (mut number, mut previous) = (0_i64, sha256(&[b"mindflow audit trail 1"]));
    for Kept { event, payload, .. } in kept {
        number += 1;
        let event = Event { payload: payload.clone().unwrap().as_object().unwrap().clone(), ..event.clone() };
        let body = json!({ "event": event, "number": number, "receivedAt": "2026-11-26T12:00:00Z" }).to_string();
        let hash = sha256(&[&previous, body.as_bytes()]);
        let add = "INSERT INTO audit.records (number, event_id, event_type, user_id, occurred_at, previous_hash, hash, body) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let at = SystemTime::from(event.timestamp);
        let row: [&(dyn ToSql + Sync); 8] =
            [&number, &event.event_id, &event.event_type, &event.metadata.user_id, &at, &previous, &hash, &body];
        database.execute(add, &row).await.expect("a record");
        previous = hash;
    }
    let head = "UPDATE audit.head SET number = $1, hash = $2, sealed_to = 0";
    database.execute(head, &[&number, &previous]).await.expect("the head");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_what_a_user_writes_is_in_the_log_the_trail_or_their_copies() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    ada.write(json!({ "title": "Harbour", "content": SECRET })).await;
    audited(&platform).await;
    assert_eq!(in_clear(&platform).await, (0, 0));
    let exported = platform.cli(&["archive", "export", "--json"]).await;
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let trail = platform.cli(&["audit", "export"]).await;
    assert!(
        trail.code == Some(0) && trail.stdout.contains("$sealed") && !trail.stdout.contains("harbour"),
        "{trail:?}"
    );
    let kept = platform.kept("a.event_type = 'JournalEntryCreated'", &[]).await;
    assert_eq!(kept[0].payload.as_ref().expect("its key is there")["content"], SECRET);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_before_is_sealed_by_the_next_start_and_its_trail_is_chained_again() {
    let mut platform = Platform::services().start().await;
    let ada = platform.register().await;
    ada.write(json!({ "title": "Harbour", "content": SECRET })).await;
    audited(&platform).await;
    platform.stop().await;
    // As it was: the payloads in clear, the trail of the first version, and nothing sealed yet.
    let (kept, database) = (platform.kept("true", &[]).await, platform.write_database().await);
    let guard = |state: &str| format!("ALTER TABLE delivery.archive {state} TRIGGER refuse_archive_change;");
    database.batch_execute(&guard("DISABLE")).await.expect("no trigger");
    for event in &kept {
        let payload = event.payload.clone().expect("its key is there").to_string();
        let set = "UPDATE delivery.archive SET payload = $2::text::jsonb WHERE position = $1";
        database.execute(set, &[&event.position, &payload]).await.expect("in clear");
    }
    let all = "UPDATE delivery.sealing SET position = -9223372036854775808;";
    database.batch_execute(&format!("{all} {}", guard("ENABLE"))).await.expect("as before");
    make_trail_of_before(&database, &kept).await;
    let (log, trail) = in_clear(&platform).await;
    assert!(log > 0 && trail > 0);
    let noted = platform.cli(&["audit", "verify", "--json"]).await;
    let noted: serde_json::Value = serde_json::from_str(&noted.stdout).expect("a report");
    let noted = format!("{}:{}", noted["records"], noted["hash"].as_str().expect("a hash"));

    platform.start().await;
    eventually_within(WITHIN, "nothing is in clear", || async { (in_clear(&platform).await == (0, 0)).then_some(()) })
        .await;
    let verified = platform.cli(&["audit", "verify", "--noted", &noted, "--json"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let report: serde_json::Value = serde_json::from_str(&verified.stdout).expect("a report");
    // What came after the start may be before it.
    assert!(report["supersededAt"].as_u64() > u64::try_from(kept.len()).ok(), "{report}");
    let again = platform.kept("true", &[]).await;
    let says = |kept: &[Kept]| kept.iter().map(|kept| kept.payload.clone()).collect::<Vec<_>>();
    assert_eq!(says(&again)[..kept.len()], says(&kept)[..]);
    let shadow = platform.cli(&["replay", "--consumer", "query", "--shadow", "--json"]).await;
    assert_eq!(shadow.code, Some(0), "{shadow:?}");
    assert!(shadow.stdout.contains("\"erased\": 0"), "{}", shadow.stdout);
}
