//! Webhooks: signed, tried again, given up, and called at public addresses only.

use super::{CREATE_TAG, CREATE_WEBHOOK, dead_send, letting_through, received, settled, webhook};
use aws_lc_rs::hmac;
use mindflow_tests::Platform;
use mindflow_tests::receiver::Receiver;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_called_with_a_signature_over_time_and_body() {
    let receiver = Receiver::start().await;
    let platform = letting_through(&receiver).start().await;
    let ada = platform.register().await;
    let made = webhook(&ada, &receiver.url("/hook?x=1"), &["TagCreated", "JournalEntryDeleted"]).await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 49, "{secret}");
    // The secret is never shown again.
    let listed = ada.data("{ webhooks { id url events active secret } }", json!({})).await["webhooks"].clone();
    assert_eq!(
        listed,
        json!([{ "id": made["id"], "url": made["url"], "events": made["events"], "active": true, "secret": null }])
    );
    let bob = platform.register().await;
    assert_eq!(bob.data("{ webhooks { id } }", json!({})).await["webhooks"], json!([]));

    // Other users' events, and events that were not asked for, are not sent.
    bob.data(CREATE_TAG, json!({ "name": "Bobs" })).await;
    ada.write(json!({ "title": "Harbour", "content": "A good day." })).await;
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    let call = received(&receiver, 1).await.remove(0);
    assert_eq!((call.path.as_str(), call.headers["x-mindflow-event"].as_str()), ("/hook?x=1", "TagCreated"));
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!((&body["eventType"], &body["payload"]["name"]), (&json!("TagCreated"), &json!("Rain")));
    let (time, mac) = call.headers["x-mindflow-signature"].split_once(",v1=").unwrap();
    let signed = [time.strip_prefix("t=").unwrap().as_bytes(), b".", &call.body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    assert_eq!(hex(hmac::sign(&key, &signed).as_ref()), mac);
    let of_webhooks = |sends: Vec<(String, String, Option<String>)>| {
        sends.into_iter().filter(|(channel, ..)| channel == "webhook").map(|(_, status, _)| status).collect::<Vec<_>>()
    };
    assert_eq!(of_webhooks(settled(&platform, &ada, 2).await), ["sent"]);

    // A user deletes only their own webhooks.
    let delete = "mutation ($id: ID!) { deleteWebhook(id: $id) }";
    assert_eq!(bob.data(delete, json!({ "id": made["id"] })).await["deleteWebhook"], false);
    assert_eq!(ada.data(delete, json!({ "id": made["id"] })).await["deleteWebhook"], true);
    assert_eq!(ada.data("{ webhooks { id } }", json!({})).await["webhooks"], json!([]));

    // An address in the user's own script is called as the URL standard says.
    let made = webhook(&ada, &receiver.url("/häng?name=Jörg S"), &["TagCreated"]).await;
    assert_eq!(made["url"], receiver.url("/h%C3%A4ng?name=J%C3%B6rg%20S"));
    ada.data(CREATE_TAG, json!({ "name": "Fog" })).await;
    assert_eq!(received(&receiver, 2).await.remove(1).path, "/h%C3%A4ng?name=J%C3%B6rg%20S");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_receiver_is_tried_five_times_and_holds_up_no_other() {
    let (failing, good) = (Receiver::start().await, Receiver::start().await);
    let allow = format!("[outbound]\nallow-private = [\"{}\", \"{}\"]\n", failing.address, good.address);
    let platform = Platform::services().config(&allow).start().await;
    let ada = platform.register().await;
    // A redirect is a failure like others, and leads nowhere.
    failing.then(500).then_with(302, &[("location", &good.url("/redirected"))]).then(404).then(503).then(500);
    webhook(&ada, &failing.url("/failing"), &["TagCreated"]).await;
    webhook(&ada, &good.url("/good"), &["TagCreated"]).await;
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    let (attempts, error) = dead_send(&platform).await;
    assert_eq!((attempts, failing.received().len()), (5, 5));
    assert!(error.contains("500"), "{error}");
    assert!(good.received().iter().all(|call| call.path == "/good") && good.received().len() == 1);
    // Every attempt is the same delivery.
    let ids: std::collections::BTreeSet<_> =
        failing.received().into_iter().map(|call| call.headers["x-mindflow-delivery"].clone()).collect();
    assert_eq!(ids.len(), 1);
    // The next event is not held up by the dead one.
    ada.data(CREATE_TAG, json!({ "name": "Sun" })).await;
    received(&failing, 6).await;
    received(&good, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_may_ask_for_later_or_say_that_it_is_gone() {
    let receiver = Receiver::start().await;
    let platform = letting_through(&receiver).start().await;
    let ada = platform.register().await;
    for _ in 0..6 {
        receiver.then_with(429, &[("retry-after", "0")]);
    }
    webhook(&ada, &receiver.url("/"), &["TagCreated"]).await;
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    // More than the five attempts that a failing delivery has.
    received(&receiver, 7).await;
    receiver.then(410);
    ada.data(CREATE_TAG, json!({ "name": "Sun" })).await;
    ada.eventually("{ webhooks { active } }", json!({}), |data| data["webhooks"][0]["active"] == false).await;
    ada.data(CREATE_TAG, json!({ "name": "Snow" })).await;
    ada.eventually("{ tags { name } }", json!({}), |data| data["tags"].as_array().unwrap().len() == 3).await;
    assert_eq!(receiver.received().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_public_is_refused_also_when_it_becomes_so_later() {
    let receiver = Receiver::start().await;
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let port = receiver.address.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://[::ffff:10.0.0.1]/".to_owned(),
        "https://2130706433/".to_owned(),
        "https://hooks.office.internal/".to_owned(),
        "https://printer。local/".to_owned(),
        "https://intranet:8443/hook".to_owned(),
        "https://x.ONION./".to_owned(),
        "http://1.1.1.1/".to_owned(),
        "ftp://example.org/".to_owned(),
        "not an address".to_owned(),
    ] {
        let answer = ada.graphql(CREATE_WEBHOOK, json!({ "url": url, "events": ["TagCreated"] })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{url}");
        assert_eq!(answer.error()["extensions"]["field"], "url", "{url}");
        let rule = if url.starts_with("https:") { "not-public" } else { "format" };
        assert_eq!(answer.error()["extensions"]["rule"], rule, "{url}");
    }
    assert_eq!(ada.data("{ webhooks { id } }", json!({})).await["webhooks"], json!([]));
    let answer = ada.graphql(CREATE_WEBHOOK, json!({ "url": "https://example.org/", "events": ["Everything"] })).await;
    assert_eq!(answer.error()["extensions"]["field"], "events[0]");

    // A name that was public when it was entered and resolves to this machine now.
    let database = platform.write_database().await;
    let url = format!("http://localhost:{port}/");
    database
        .execute(
            "INSERT INTO notification.webhooks (id, user_id, url, events, secret, created_at)
             VALUES (gen_random_uuid(), $1, $2, ARRAY['TagCreated'], 'whsec_x', now())",
            &[&ada.id.parse::<uuid::Uuid>().unwrap(), &url],
        )
        .await
        .unwrap();
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    let (_, error) = dead_send(&platform).await;
    assert!(error.contains("not a public https address"), "{error}");
    assert!(receiver.received().is_empty());
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
