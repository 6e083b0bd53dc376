//! Receivers that take requests and do not answer: what they hold is their owner's alone, and in the end they are switched off.

use super::{CREATE_TAG, CREATE_WEBHOOK, mails_to, received, webhook};
use crate::accounts_kit::confirm;
use mindflow_test_support::SmtpServer;
use mindflow_tests::receiver::Receiver;
use mindflow_tests::{Account, Builder, Platform, eventually};
use serde_json::{Value, json};

const RECORD_MOOD: &str = "mutation { recordMood(mood: CALM) { count } }";
const STATES: &str = "{ webhooks { id url active state failures disabledAt disabledReason disabledCause } }";
const ENABLE: &str =
    "mutation ($id: ID!) { enableWebhook(id: $id) { id active state failures disabledReason disabledCause } }";

fn mailing_to(server: &SmtpServer, receivers: &[&Receiver]) -> Builder {
    let addresses: Vec<_> = receivers.iter().map(|receiver| format!("{:?}", receiver.address.to_string())).collect();
    super::mailing(server).config(&format!("[outbound]\nallow-private = [{}]\n", addresses.join(", ")))
}

/// Waits that would take hours, in seconds.
fn impatient(builder: Builder) -> Builder {
    builder
        .variable("receiver_timeout_ms", "400")
        .variable("receiver_rest_ms", "200")
        .variable("receiver_failures_max", "3")
}

async fn moods(account: &Account, count: usize) {
    for _ in 0..count {
        account.data(RECORD_MOOD, json!({})).await;
    }
}

/// The account's webhook at `url`, as soon as it is in such a state.
async fn in_state(account: &Account, url: &str, state: &str) -> Value {
    let of = |data: &Value| data["webhooks"].as_array().unwrap().iter().find(|hook| hook["url"] == url).cloned();
    let data = account.eventually(STATES, json!({}), |data| of(data).is_some_and(|hook| hook["state"] == state)).await;
    of(&data).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_silent_webhooks_and_thirty_moods_of_one_user_delay_nothing_of_another() {
    let (server, silent, honest) = (SmtpServer::start().await, Receiver::start().await, Receiver::start().await);
    silent.fall_silent();
    // With the shipped times: ten seconds for each request, and hours until a webhook is switched off.
    let platform = mailing_to(&server, &[&silent, &honest]).start().await;
    let mallory = platform.register().await;
    for number in 0..10 {
        webhook(&mallory, &silent.url(&format!("/{number}")), &["MoodRecorded"]).await;
    }
    moods(&mallory, 30).await;
    received(&silent, 4).await;
    let database = &platform.write_database().await;
    let waiting = || async move {
        let sql = "SELECT count(*) FROM notification.sends WHERE channel = 'webhook' AND status = 'pending'";
        let waiting: i64 = database.query_one(sql, &[]).await.unwrap().get(0);
        (waiting >= 290).then_some(())
    };
    eventually("mallory's sends wait", waiting).await;
    // Another user's mail, webhook and settings.
    let ada = platform.register().await;
    mails_to(&server, &ada.email, 1).await;
    webhook(&ada, &honest.url("/ada"), &["TagCreated"]).await;
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    received(&honest, 1).await;
    in_state(&ada, &honest.url("/ada"), "ACTIVE").await;
    eventually("they wait still", waiting).await;
    assert!(silent.received().len() < 30, "few are under way or were: {}", silent.received().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_host_that_several_users_name_holds_its_part_of_the_places() {
    let (silent, honest) = (Receiver::start().await, Receiver::start().await);
    silent.fall_silent();
    let port = honest.address.port();
    let allow = format!("\"{}\", \"127.0.0.1:{port}\", \"[::1]:{port}\"", silent.address);
    let platform = Platform::services().config(&format!("[outbound]\nallow-private = [{allow}]\n")).start().await;
    for _ in 0..3 {
        let user = platform.register().await;
        for number in 0..4 {
            webhook(&user, &silent.url(&format!("/{number}")), &["MoodRecorded"]).await;
        }
        moods(&user, 1).await;
    }
    // The users have twelve places together; the host has eight of them, and what is beyond is not sent.
    received(&silent, 8).await;
    eventually("a request that was not sent", || async {
        let metrics = platform.http().get("/metrics").await.text();
        metrics.contains("mindflow_outbound_busy_total{component=\"notification\"}").then_some(())
    })
    .await;
    // Another host, as its name says.
    let ada = platform.register().await;
    webhook(&ada, &format!("http://localhost:{port}/ada"), &["TagCreated"]).await;
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    assert_eq!(received(&honest, 1).await[0].path, "/ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_webhook_is_switched_off_and_its_owner_gets_a_mail_and_can_switch_it_on_again() {
    let (server, silent, good) = (SmtpServer::start().await, Receiver::start().await, Receiver::start().await);
    silent.fall_silent();
    let platform = impatient(mailing_to(&server, &[&silent, &good])).start().await;
    let ada = platform.register().await;
    confirm(&platform, &server, &ada).await;
    for path in ["/a", "/b"] {
        webhook(&ada, &silent.url(path), &["MoodRecorded"]).await;
    }
    webhook(&ada, &good.url("/good"), &["MoodRecorded"]).await;
    moods(&ada, 10).await;
    // What goes elsewhere is sent all the same, each once.
    received(&good, 10).await;
    let off = in_state(&ada, &silent.url("/a"), "DISABLED").await;
    assert_eq!((&off["active"], off["disabledAt"].is_string()), (&json!(false), true), "{off}");
    let reason = off["disabledReason"].as_str().unwrap();
    assert!(reason.starts_with("3 times in a row without an answer") && reason.contains("within 400 ms"), "{reason}");
    assert_eq!(off["disabledCause"], "SILENT");
    in_state(&ada, &silent.url("/b"), "DISABLED").await;
    in_state(&ada, &good.url("/good"), "ACTIVE").await;
    // That of the registration, and a mail for each.
    let mails = mails_to(&server, &ada.email, 3).await;
    let off_mails: Vec<_> =
        mails.iter().filter(|mail| mail.contains("Subject: Your webhook was switched off\r\n")).collect();
    assert_eq!(off_mails.len(), 2, "{mails:?}");
    // What waited for it is not sent, and is no dead letter.
    let database = &platform.write_database().await;
    eventually("nothing waits", || async move {
        let waiting = "SELECT count(*) FROM notification.sends WHERE status = 'pending'";
        (database.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0).then_some(())
    })
    .await;
    let dead = "SELECT count(*) FROM delivery.queue WHERE subscription LIKE 'notification-%' AND state = 'dead'";
    assert_eq!(database.query_one(dead, &[]).await.unwrap().get::<_, i64>(0), 0);
    let asked = silent.received().iter().filter(|call| call.path == "/a").count();
    assert!((3..=6).contains(&asked), "two in the first moment, and then one at a time: {asked}");

    // Switched on by its owner alone.
    let bob = platform.register().await;
    assert_eq!(bob.graphql(ENABLE, json!({ "id": off["id"] })).await.error_code(), "NOT_FOUND");
    silent.answer(204);
    let on = ada.data(ENABLE, json!({ "id": off["id"] })).await["enableWebhook"].clone();
    let expected = json!({ "id": off["id"], "active": true, "state": "ACTIVE", "failures": 0, "disabledReason": null,
        "disabledCause": null });
    assert_eq!(on, expected);
    let before = silent.received().len();
    moods(&ada, 1).await;
    let calls = received(&silent, before + 1).await;
    assert_eq!(calls.last().unwrap().path, "/a");
    received(&good, 11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_answers_again_after_a_rest_gets_what_waited() {
    let (server, receiver) = (SmtpServer::start().await, Receiver::start().await);
    receiver.fall_silent();
    let patient = impatient(mailing_to(&server, &[&receiver])).variable("receiver_failures_max", "1000");
    let platform = patient.variable("receiver_rest_ms", "50").start().await;
    let ada = platform.register().await;
    webhook(&ada, &receiver.url("/"), &["MoodRecorded"]).await;
    moods(&ada, 5).await;
    let failing = in_state(&ada, &receiver.url("/"), "FAILING").await;
    assert!(failing["active"] == true && failing["failures"].as_u64() > Some(0), "{failing}");
    receiver.answer(200);
    let unanswered = receiver.received().len();
    eventually("all five deliveries", || async {
        let calls = receiver.received();
        let answered = calls.iter().skip(unanswered).map(|call| call.headers["x-mindflow-delivery"].clone());
        (answered.collect::<std::collections::BTreeSet<_>>().len() == 5).then_some(())
    })
    .await;
    in_state(&ada, &receiver.url("/"), "ACTIVE").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_beyond_five_hundred_waiting_sends_of_a_webhook_is_noted_and_not_sent() {
    let receiver = Receiver::start().await;
    let platform = super::letting_through(&receiver).start().await;
    let ada = platform.register().await;
    let made = webhook(&ada, &receiver.url("/full"), &["MoodRecorded"]).await;
    webhook(&ada, &receiver.url("/free"), &["MoodRecorded"]).await;
    let database = &platform.write_database().await;
    let id = |text: &Value| text.as_str().unwrap().parse::<uuid::Uuid>().unwrap();
    let waiting =
        "INSERT INTO notification.sends (id, event_id, user_id, channel, target_id, event_type, body, planned_at)
        SELECT gen_random_uuid(), gen_random_uuid(), $1, 'webhook', $2, 'MoodRecorded', '{}', now()
        FROM generate_series(1, 500)";
    database.execute(waiting, &[&id(&json!(ada.id)), &id(&made["id"])]).await.unwrap();
    moods(&ada, 1).await;
    let skipped = eventually("a send that is not planned", || async move {
        let sql = "SELECT reason FROM notification.sends WHERE status = 'skipped'";
        database.query_opt(sql, &[]).await.unwrap().map(|row| row.get::<_, String>(0))
    })
    .await;
    assert_eq!(skipped, "500 sends wait for this target already");
    // The other webhook gets it.
    assert_eq!(received(&receiver, 1).await[0].path, "/free");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_build_has_planned_is_sent() {
    let receiver = Receiver::start().await;
    let platform = super::letting_through(&receiver).start().await;
    let ada = platform.register().await;
    let answer = ada.data(CREATE_WEBHOOK, json!({ "url": receiver.url("/"), "events": ["TagCreated"] })).await;
    let webhook: uuid::Uuid = answer["createWebhook"]["id"].as_str().unwrap().parse().unwrap();
    let database = platform.write_database().await;
    let (user, send): (uuid::Uuid, _) = (ada.id.parse().unwrap(), uuid::Uuid::new_v4());
    let planned =
        "INSERT INTO notification.sends (id, event_id, user_id, channel, target_id, event_type, body, planned_at)
        VALUES ($1, gen_random_uuid(), $2, 'webhook', $3, 'TagCreated', '{\"eventType\": \"TagCreated\"}', now())";
    database.execute(planned, &[&send, &user, &webhook]).await.unwrap();
    let publish = format!(
        "SET SESSION AUTHORIZATION mindflow_notification; \
         SELECT delivery.publish(gen_random_uuid(), 'NotificationRequested', '1.0', now(), 1, 'send:{send}', 'c', NULL, '{user}', NULL, \
             '{{\"sendId\": \"{send}\", \"channel\": \"webhook\"}}'); \
         RESET SESSION AUTHORIZATION"
    );
    database.batch_execute(&publish).await.unwrap();
    assert_eq!(received(&receiver, 1).await[0].headers["x-mindflow-delivery"], send.to_string());
}
