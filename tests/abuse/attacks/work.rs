//! Users who ask for more than their share of work: operations, pictures, notifications, storage.

use super::{Ground, Running, answered};
use futures::future::join_all;
use mindflow_tests::Account;
use mindflow_tests::attacker::{Attacker, aliases};
use mindflow_tests::pictures::{black_png, noise_png, upload, with_profile_of};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// A content as long as one may be, of 200 KB.
const LETTERS: usize = 100_000;
/// Entries of a free user in a month.
const ENTRIES: usize = 5;
/// Of the 1,600 that once were enough: more cost a user's points for minutes.
const TAGS: usize = 60;
const TAGS_AT_A_TIME: usize = 10;
const WEBHOOKS: usize = 10;
/// What the profile of a picture unpacks to.
const PROFILE_BYTES: usize = 400 << 20;
/// Of a picture of 10 MB.
const SIDE: u32 = 1_800;

pub async fn queries(ground: &Ground) -> Running {
    let accounts = ground.accounts().await;
    join_all(accounts.iter().map(|(_, account)| fill(account))).await;
    let batch = vec![json!({ "query": aliases(100, SEARCH) }); 10];
    let bodies: Arc<[Value]> = Arc::from([
        json!({ "query": aliases(40, "recentEntries(limit: 5) { content }") }),
        json!({ "query": aliases(300, SEARCH) }),
        Value::Array(batch),
        json!({ "query": aliases(249, "tags { id name entryCount }") }),
        // What is just allowed costs the most.
        json!({ "query": aliases(4, "recentEntries(limit: 5) { content }") }),
        json!({ "query": aliases(7, SEARCH) }),
    ]);
    ground.again(accounts, 8, move |(_, account): (Attacker, Account), number| {
        let bodies = Arc::clone(&bodies);
        async move {
            let body = &bodies[number % bodies.len()];
            answered(account.request(Method::POST, "/graphql").json(body)).await
        }
    })
}

/// Entries as large as they may be, and tags: as many as one operation may make at a time, until there are enough.
async fn fill(account: &Account) {
    for number in 0..ENTRIES {
        account.write(json!({ "title": format!("large {number}"), "content": "é".repeat(LETTERS) })).await;
    }
    for first in (0..TAGS).step_by(TAGS_AT_A_TIME) {
        let some: String = (first..first + TAGS_AT_A_TIME).map(create_tag).collect();
        account.data(&format!("mutation {{ {some} }}"), json!({})).await;
    }
}

const SEARCH: &str = "search(query: \"rain\") { totalCount }";

fn create_tag(number: usize) -> String {
    format!("tag_{number}: createTag(name: \"tag {number}\") {{ id }} ")
}

pub async fn pictures(ground: &Ground) -> Running {
    let accounts = ground.accounts().await;
    let picture: Arc<[u8]> = with_profile_of(black_png(), PROFILE_BYTES).into();
    ground.again(accounts, 6, move |(_, account): (Attacker, Account), _| {
        let picture = Arc::clone(&picture);
        async move { answered(upload(&account, "a.png", &picture)).await }
    })
}

pub async fn uploads(ground: &Ground) -> Running {
    let accounts = ground.accounts().await;
    let picture: Arc<[u8]> = noise_png(SIDE).into();
    ground.again(accounts, 36, move |(_, account): (Attacker, Account), _| {
        let picture = Arc::clone(&picture);
        async move { answered(upload(&account, "a.png", &picture)).await }
    })
}

pub async fn webhooks(ground: &Ground) -> Running {
    let accounts = ground.accounts().await;
    let create = "mutation ($url: String!) { createWebhook(url: $url, events: [\"MoodRecorded\"]) { id } }";
    for (_, account) in &accounts {
        for number in 0..WEBHOOKS {
            // There may be fewer of them.
            account.graphql(create, json!({ "url": format!("{}/{number}", ground.receiver) })).await;
        }
    }
    ground.again(accounts, 3, |(_, account): (Attacker, Account), _| async move {
        let body = json!({ "query": "mutation { recordMood(mood: CALM) { mood } }" });
        answered(account.request(Method::POST, "/graphql").json(&body)).await
    })
}
