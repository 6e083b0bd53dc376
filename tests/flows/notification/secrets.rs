//! Secrets of webhooks: nowhere in the database, and good for signatures all the same.

use super::{CREATE_TAG, dead_send, letting_through, received, webhook};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use mindflow_tests::receiver::{Received, Receiver};
use mindflow_tests::{Platform, eventually};
use serde_json::json;

/// Whether a call is signed with the secret.
fn is_signed(call: &Received, secret: &str) -> bool {
    let (time, mac) = call.headers["x-mindflow-signature"].split_once(",v1=").unwrap();
    let signed = [time.strip_prefix("t=").unwrap().as_bytes(), b".", &call.body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    super::webhooks::hex(hmac::sign(&key, &signed).as_ref()) == mac
}

/// Every row of every table, as text.
pub async fn dump(platform: &Platform) -> String {
    let database = platform.write_database().await;
    let tables =
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')";
    let mut dump = String::new();
    for table in database.query(tables, &[]).await.unwrap() {
        let rows = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {} t", table.get::<_, String>(0));
        dump += &database.query_one(&rows, &[]).await.unwrap().get::<_, String>(0);
    }
    dump
}

fn assert_hidden(dump: &str, secret: &str) {
    for written in [secret.to_owned(), super::webhooks::hex(secret.as_bytes()), BASE64_STANDARD.encode(secret)] {
        assert!(!dump.contains(written.trim_end_matches('=')), "the database shows {written}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_database_shows_no_secret_of_a_webhook() {
    let receiver = Receiver::start().await;
    let mut platform = letting_through(&receiver).start().await;
    let ada = platform.register().await;
    let made = webhook(&ada, &receiver.url("/"), &["TagCreated"]).await;
    let secret = made["secret"].as_str().unwrap();
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    assert!(is_signed(&received(&receiver, 1).await[0], secret));
    let dump = dump(&platform).await;
    assert!(dump.contains(&receiver.url("/")), "the webhook is in it");
    assert_hidden(&dump, secret);
    assert!(!platform.log().contains(secret));
    // The same key opens it after a restart.
    platform.restart().await;
    ada.data(CREATE_TAG, json!({ "name": "Sun" })).await;
    assert!(is_signed(&received(&receiver, 2).await[1], secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_another_key_has_sealed_signs_nothing_and_says_so() {
    let receiver = Receiver::start().await;
    let platform = letting_through(&receiver).start().await;
    let ada = platform.register().await;
    let made = webhook(&ada, &receiver.url("/"), &["TagCreated"]).await;
    let database = platform.write_database().await;
    // The key's name is in the second byte and the seven after it.
    let other =
        "UPDATE notification.webhooks SET sealed_secret = set_byte(sealed_secret, 3, get_byte(sealed_secret, 3) # 255)";
    database.execute(other, &[]).await.unwrap();
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    let (_, error) = dead_send(&platform).await;
    assert!(error.contains("which this host does not have") && error.contains("[sealing] key"), "{error}");
    assert!(receiver.received().is_empty(), "nothing is sent with a wrong signature");
    // With the key that it was, what was given up is sent as it should have been.
    database.execute(other, &[]).await.unwrap();
    let letter = platform.cli(&["dead-letters", "list", "--json"]).await.stdout;
    let letters: serde_json::Value = serde_json::from_str(&letter).unwrap();
    let id = letters[0]["id"].as_str().unwrap_or_else(|| panic!("{letters}"));
    assert_eq!(platform.cli(&["dead-letters", "retry", id]).await.code, Some(0));
    assert!(is_signed(&received(&receiver, 1).await[0], made["secret"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_an_earlier_build_are_sealed_when_they_are_used_and_by_the_schedule() {
    let receiver = Receiver::start().await;
    let mut platform = letting_through(&receiver).start().await;
    let ada = platform.register().await;
    let insert = |path: &str, secret: &'static str| {
        let (url, user) = (receiver.url(path), ada.id.parse::<uuid::Uuid>().unwrap());
        let platform = &platform;
        async move {
            let sql = "INSERT INTO notification.webhooks (id, user_id, url, events, secret, created_at)
                VALUES (gen_random_uuid(), $1, $2, ARRAY['TagCreated'], $3, now())";
            platform.write_database().await.execute(sql, &[&user, &url, &secret]).await.unwrap();
        }
    };
    let (used, unused) = ("whsec_of-an-earlier-build-and-used", "whsec_of-an-earlier-build-and-not-used");
    insert("/used", used).await;
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    assert!(is_signed(&received(&receiver, 1).await[0], used));
    assert_hidden(&dump(&platform).await, used);
    // One that nothing is sent to.
    insert("/unused", unused).await;
    assert!(dump(&platform).await.contains(unused));
    platform.stop().await;
    let manifest = std::fs::read_to_string(platform.path("spin.toml")).unwrap();
    assert!(manifest.contains("cron = \"*/5 * * * *\""), "the schedule is in the manifest");
    let often = manifest.replace("cron = \"*/5 * * * *\"", "cron = \"* * * * * *\"");
    std::fs::write(platform.path("spin.toml"), often).unwrap();
    platform.start().await;
    let platform = &platform;
    eventually("no secret is in the clear", || async move {
        let clear = "SELECT count(*) FROM notification.webhooks WHERE secret IS NOT NULL";
        (platform.write_database().await.query_one(clear, &[]).await.unwrap().get::<_, i64>(0) == 0).then_some(())
    })
    .await;
    assert_hidden(&dump(platform).await, unused);
    ada.data(CREATE_TAG, json!({ "name": "Sun" })).await;
    let calls = received(&receiver, 3).await;
    let later = calls.iter().find(|call| call.path == "/unused").unwrap();
    assert!(is_signed(later, unused));
}
