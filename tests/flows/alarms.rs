//! Goal: an alarm is posted for each dead letter, and delivery does not wait for it. Method: a subscriber that traps on
//! every event, and a receiver of webhooks on a real socket.

use crate::trouble_kit::{guest, see, with_tables};
use mindflow_tests::receiver::{Received, Receiver};
use mindflow_tests::{Account, Builder, Platform, eventually};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const HOOK: &str = "/hooks/mindflow";
const SECRET: &str = "a secret of the receiver";

/// The platform with a subscriber that can take no `TagCreated`.
fn poisoned(receiver: &Receiver) -> Builder {
    let poison = format!(
        "[component.poison]\nsource = {:?}\n[[component.poison.tool.mindflow.subscriptions]]\nevents = [\"TagCreated\"]\n",
        guest("poison-subscriber")
    );
    let alarm = format!("[events.alarm]\nwebhook = {:?}\nsecret = {SECRET:?}", receiver.url(HOOK));
    Platform::services().manifest(with_tables(poison)).config(&alarm)
}

async fn poison(account: &Account, tag: &str) {
    account.data("mutation ($name: String!) { createTag(name: $name) { id } }", json!({ "name": tag })).await;
}

async fn dead(platform: &Platform) {
    let database = &platform.write_database().await;
    eventually("the dead letter", || async move {
        let sql = "SELECT count(*) FROM delivery.queue WHERE subscription = 'poison' AND state = 'dead'";
        (database.query_one(sql, &[]).await.expect("the queue").get::<_, i64>(0) == 1).then_some(())
    })
    .await;
}

/// The value of a metric, with the labels as they are written; 0 when it is not there.
async fn metric(platform: &Platform, name: &str) -> f64 {
    let text = platform.http().get("/metrics").await.expect(200).text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().expect("a number"))
}

/// HMAC-SHA256 by its definition (RFC 2104), so that the host's library is not its own witness.
fn hmac(key: &[u8], message: &[u8]) -> String {
    let pad = |with: u8| (0..64).map(|i| key.get(i).copied().unwrap_or(0) ^ with).collect::<Vec<_>>();
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn assert_signed(posted: &Received) {
    let header = &posted.headers["mindflow-signature"];
    let (at, signature) = header.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).expect("two parts");
    assert!(at.parse::<u64>().expect("seconds") > 1_700_000_000, "{header}");
    let signed = [format!("{at}.").as_bytes(), &posted.body].concat();
    assert_eq!(signature, hmac(SECRET.as_bytes(), &signed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_raises_a_signed_alarm_without_the_payload_and_shows_in_the_gauges() {
    let receiver = Receiver::start().await;
    let platform = poisoned(&receiver).start().await;
    let ada = platform.register().await;
    poison(&ada, "Venom").await;
    let posted = receiver.first().await;

    assert_eq!((posted.method.as_str(), posted.path.as_str()), ("POST", HOOK));
    assert_eq!(posted.headers["content-type"], "application/json");
    assert_signed(&posted);
    let alarm: Value = serde_json::from_slice(&posted.body).expect("JSON");
    assert_eq!((&alarm["kind"], &alarm["consumer"]), (&json!("dead-letter"), &json!("poison")));
    assert_eq!((&alarm["eventType"], &alarm["attempts"]), (&json!("TagCreated"), &json!(5)));
    assert!(alarm["lastError"].as_str().expect("a text").contains("poison"), "{alarm}");
    let listed = platform.cli(&["dead-letters", "list", "--json"]).await;
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let letter = &listed.as_array().unwrap_or_else(|| panic!("{listed}"))[0];
    assert_eq!(alarm["id"], letter["id"], "{listed}");
    assert_eq!(alarm["correlationId"], letter["event"]["correlationId"], "{listed}");
    assert_eq!(alarm["partitionKey"], letter["event"]["partitionKey"], "{listed}");
    let text = String::from_utf8_lossy(&posted.body);
    assert!(!text.contains("payload") && !text.contains("Venom"), "{text}");

    eventually("the gauge counts it", || async {
        let one = metric(&platform, "mindflow_delivery_queue_dead{subscription=\"poison\"}").await >= 1.0;
        let none = metric(&platform, "mindflow_delivery_queue_ready{subscription=\"poison\"}").await == 0.0;
        (one && none).then_some(())
    })
    .await;
    assert_eq!(metric(&platform, "mindflow_alarms_sent_total").await, 1.0);
    let metrics = platform.http().get("/metrics").await.text();
    for name in ["leased", "parked", "oldest_seconds"] {
        assert!(metrics.contains(&format!("mindflow_delivery_queue_{name}{{subscription=\"query\"}}")), "{metrics}");
    }
    assert_eq!(receiver.received().len(), 1, "one dead letter, one alarm");
    assert!(!platform.log().contains(HOOK), "the address may be a secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_does_not_answer_delays_no_delivery_and_gets_the_alarm_when_it_is_back() {
    let receiver = Receiver::start().await;
    receiver.fall_silent();
    let platform = poisoned(&receiver).start().await;
    let ada = platform.register().await;
    poison(&ada, "Venom").await;
    receiver.first().await;
    // It is being held up now; delivery is not.
    dead(&platform).await;
    ada.write(json!({ "title": "meanwhile", "content": "all is well" })).await;
    see(&ada, "meanwhile").await;
    assert_eq!(metric(&platform, "mindflow_alarms_sent_total").await, 0.0);

    receiver.answer(204);
    let sent = || async { (metric(&platform, "mindflow_alarms_sent_total").await == 1.0).then_some(()) };
    eventually("the alarm is sent", sent).await;
    receiver.received().iter().for_each(assert_signed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_refuses_an_alarm_is_not_asked_again_and_a_wrong_address_stops_the_start() {
    let receiver = Receiver::start().await;
    receiver.answer(410);
    let platform = poisoned(&receiver).start().await;
    let ada = platform.register().await;
    poison(&ada, "Venom").await;
    let refused = "mindflow_alarms_dropped_total{reason=\"refused\"}";
    eventually("it is dropped", || async { (metric(&platform, refused).await == 1.0).then_some(()) }).await;
    assert_eq!(receiver.received().len(), 1);
    assert!(platform.log().contains("an alarm was not sent"), "{}", platform.log());

    let wrong = Platform::services().config("[events.alarm]\nwebhook = \"alerts.example.org\"").prepare().await;
    let line = crate::trouble_kit::start_refused(&wrong).await;
    crate::trouble_kit::assert_says(&line, &["config.toml", "events.alarm.webhook", "https://"]);
}
