//! Goal: a client that fills the places of a component waits for its own calls, and others find a place. Method: an attacker
//! with more calls than there are places, and an honest user who comes from another address, with the configuration as it
//! is shipped; only uploads have fewer places, so that they are soon filled. The same for a component's connections to its database.

use super::door_kit::{Honest, metric, sent};
use crate::media::{small_png, upload};
use crate::trouble_kit::{grants, manifest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::future::join_all;
use mindflow_tests::attacker::{Attacker, unfinished_upload};
use mindflow_tests::{Answer, Platform, eventually, send};
use reqwest::Method;
use serde_json::json;

/// More than the host reads of a body before it calls a component.
const AHEAD: usize = 300_000;

/// Waits until so many calls of the component wait for a place.
async fn waiting(platform: &Platform, component: &str, calls: u64) {
    let name = format!("mindflow_component_waiting{{component=\"{component}\"}}");
    eventually(&name, async || (metric(platform, &name).await >= calls).then_some(())).await;
}

/// Uploads have 32 places, of which one client gets 28.
fn few_uploads(table: &mut toml::Table) {
    let limits = "max = 2\nconcurrency = 16\nmemory-mib-max = 128\ndeadline-ms = 180000";
    let limits: toml::Table = limits.parse().expect("limits");
    grants(table, "media").insert("instances".to_owned(), limits.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_uploads_of_one_client_leave_places_for_the_uploads_of_others() {
    // However busy the machine is, all of them come before the first is ended.
    let config = "[http]\nbody-idle-ms = 60000";
    let platform = Platform::services().config(config).manifest(manifest(few_uploads)).start().await;
    let attacker = platform.register().await;
    let honest = Honest::begin(&platform).await;
    let body = unfinished_upload(&attacker.token, AHEAD);
    let uploads = join_all((0..40).map(|_| sent(&platform, &body))).await;
    waiting(&platform, "media", 1).await;
    let ada = platform.register().await;
    upload(&ada, "small.png", &small_png()).await.expect(201);
    honest.was_served(&platform).await;
    drop(uploads);
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_of_one_user_that_wait_for_a_lock_leave_connections_to_the_uploads_of_others() {
    // Each component has four connections, of which one user gets two.
    let platform = Platform::services().start().await;
    let (eve, ada) = (platform.register().await, platform.register().await);
    upload(&eve, "first.png", &small_png()).await.expect(201);
    let user: uuid::Uuid = eve.id.parse().expect("an id");
    let (mut holder, watcher) = (platform.write_database().await, platform.write_database().await);
    let lock = holder.transaction().await.expect("a transaction");
    let room = "SELECT FROM media.room WHERE user_id = $1 FOR UPDATE";
    assert_eq!(lock.query(room, &[&user]).await.expect("what her uploads have to take").len(), 1);
    let uploads: Vec<_> = (0..8)
        .map(|number| {
            let eve = eve.clone();
            tokio::spawn(async move { upload(&eve, &format!("{number}.png"), &small_png()).await })
        })
        .collect();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND usename = 'mindflow_media' AND wait_event_type = 'Lock'";
    let waiting = async || watcher.query_one(waiting, &[]).await.expect("who waits for a lock").get::<_, i64>(0);
    eventually("her uploads wait for the lock", async || (waiting().await >= 2).then_some(())).await;
    for number in 0..3 {
        upload(&ada, &format!("{number}.png"), &small_png()).await.expect(201);
    }
    assert!(waiting().await <= 2, "more of her uploads have a connection");
    lock.commit().await.expect("the lock is free");
    for upload in uploads {
        let answer = upload.await.expect("an answer");
        assert!(answer.status == 201 || is_put_off(&answer), "{} {}", answer.status, answer.text());
    }
    upload(&eve, "last.png", &small_png()).await.expect(201);
}

/// Not that the password is right, and not that it is wrong: later.
fn is_put_off(answer: &Answer) -> bool {
    answer.status == 503 && !answer.header("retry-after").is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_to_unknown_addresses_wait_for_each_other_and_for_no_other_client() {
    // A quarter of the shipped cost, so that the story takes less time; it is far more than the rest of a login.
    let platform = Platform::services().bcrypt_cost("10").start().await;
    let honest = Honest::begin(&platform).await;
    let ada = platform.register().await;
    let attacker = Attacker::new(platform.http());
    let flood = (0..100).map(|number| {
        let http = attacker.http().clone();
        tokio::spawn(async move {
            let login = json!({ "email": format!("{number}@nowhere.example"), "password": "wrong horse battery" });
            http.post("/auth/login", &login).await
        })
    });
    let flood: Vec<_> = flood.collect();
    waiting(&platform, "passwords", 5).await;
    let again = ada.login().await;
    again.get("/auth/sessions").await.expect(200);
    platform.register().await.get("/auth/sessions").await.expect(200);
    for attempt in flood {
        let answer = attempt.await.expect("an answer");
        assert!(answer.status == 401 || is_put_off(&answer), "{} {}", answer.status, answer.text());
    }
    honest.was_served(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn access_tokens_of_unknown_keys_are_refused_and_open_no_circuit() {
    let platform = Platform::services().start().await;
    let honest = Honest::begin(&platform).await;
    let attacker = Attacker::new(platform.http());
    let forged = |number: usize| {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": format!("{number:043}") }).to_string();
        format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"))
    };
    let attempts = (0..400).map(|number| {
        let request = attacker.http().request(Method::GET, "/auth/sessions");
        send(request.bearer_auth(forged(number)))
    });
    let answers = join_all(attempts).await;
    assert!(answers.iter().all(|answer| answer.status == 401 || is_put_off(answer)));
    eventually("a forged token is refused", async || {
        let request = attacker.http().request(Method::GET, "/auth/sessions");
        (send(request.bearer_auth(forged(0))).await.status == 401).then_some(())
    })
    .await;
    honest.was_served(&platform).await;
}
