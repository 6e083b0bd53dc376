//! Goal: what one replica erases, no other delivers, keeps or shows any more. Method: two hosts on the same stores, of which one writes and
//! delivers while the other erases; an answer from outside that comes when the keys are gone; and a look through each host before and after.

use crate::erasure_kit::{PURGE, complete, delete, files_with, is_refused, keys_with, quiet, soon, stage, tables_with};
use mindflow_tests::messages_api::{Behaviour, MessagesApi};
use mindflow_tests::{Account, CREATE, Platform, WITHIN, eventually};
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

/// A word that occurs nowhere else.
const WORD: &str = "quokkaberry";
/// Entries of the user who stays.
const OTHERS: usize = 20;
const TRAIL: &str = "query ($userId: ID!) { auditLog(userId: $userId, eventType: \"JournalEntryCreated\") {
    edges { node { eventId payload } } } }";

fn entry(word: &str) -> Value {
    json!({ "title": format!("The {word}"), "content": format!("A calm day with {word}."), "tags": [word], "mood": "CALM" })
}

/// Writes until the account is gone; answers how many entries were acknowledged.
async fn write_until_the_end(account: Account) -> usize {
    let mut written = 0;
    loop {
        let answer = account.graphql(CREATE, json!({ "input": entry(WORD) })).await.json();
        written += usize::from(answer["data"]["createJournalEntry"]["id"].is_string());
        if answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED" {
            return written;
        }
    }
}

/// What the trail shows of the user's entries, through this administrator's host.
async fn payloads(admin: &Account, user: &Account) -> Vec<Value> {
    let data = admin.data(TRAIL, json!({ "userId": user.id })).await;
    let edges = data["auditLog"]["edges"].as_array().expect("a list");
    edges.iter().map(|edge| edge["node"]["payload"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_erases_an_account_while_another_writes_and_delivers_for_it() {
    let platform = soon(Platform::services()).variable("free_entries_per_month", "100000").start().await;
    let replica = platform.replica().await;
    let ada = platform.register().await;
    let bob = Account::register(&replica.http).await;
    let writing = tokio::spawn(write_until_the_end(ada.with_http(replica.http.clone())));
    let others = {
        let bob = bob.clone();
        tokio::spawn(async move {
            for _ in 0..OTHERS {
                bob.write(entry("otherwise")).await;
            }
        })
    };
    let some = |data: &Value| data["recentEntries"].as_array().is_some_and(|entries| entries.len() >= 5);
    ada.eventually("{ recentEntries { id } }", json!({}), some).await;
    let erasure = delete(&ada).await;
    complete(&platform, &erasure["erasureId"]).await;
    let written = timeout(WITHIN, writing).await.expect("the account is refused everywhere").expect("a writer");
    others.await.expect("the other writer");
    quiet(&platform).await;

    assert!(written >= 5, "{written}");
    assert_eq!(tables_with(&platform, WORD).await, Vec::<String>::new());
    assert_eq!(keys_with(&platform, WORD), Vec::<String>::new());
    for folder in [platform.data_dir(), platform.path("replica")] {
        assert_eq!(files_with(&folder, WORD), Vec::<String>::new());
    }
    for http in [platform.http(), &replica.http] {
        is_refused(&ada.with_http(http.clone()), "{ recentEntries { id } }").await;
    }
    // The log has every acknowledged entry, and only those of who stays can be read.
    let created = "a.event_type = 'JournalEntryCreated' AND a.user_id = $1";
    let of = async |account: &Account| {
        let id: Uuid = account.id.parse().expect("a UUID");
        let kept = platform.kept(created, &[&id]).await;
        (kept.len(), kept.iter().filter(|event| event.payload.is_some()).count())
    };
    let (kept, readable) = of(&ada).await;
    assert!(kept >= written && readable == 0, "{kept} kept of {written}, {readable} readable");
    assert_eq!(of(&bob).await, (OTHERS, OTHERS));
    for http in [platform.http(), &replica.http] {
        let all = |data: &Value| data["journalEntries"]["totalCount"] == OTHERS;
        bob.with_http(http.clone()).eventually("{ journalEntries { totalCount } }", json!({}), all).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_outside_that_comes_when_the_keys_are_gone_is_kept_nowhere() {
    let api = MessagesApi::start().await.expect("the Messages API");
    // Longer than the answer needs once it may come.
    let platform = soon(Platform::services()).variable("erasure_settle_seconds", "5").claude(&api.url()).start().await;
    let _replica = platform.replica().await;
    let ada = platform.register_as("premium").await;
    let (answer, held) = Behaviour::Answer.held();
    api.then(held);
    let written = ada.write(json!({ "title": "Harbour", "content": format!("I felt grateful for the {WORD}.") })).await;
    api.wait_for_requests(1, WITHIN).await.expect("Claude is asked");
    let erasure = ada.data(PURGE, json!({ "id": written["id"] })).await["purgeJournalEntry"]["erasureId"].clone();
    // Begun, and the keys destroyed.
    let (shown, id) = (&platform, &erasure);
    eventually("the keys are destroyed", || async move { (stage(shown, id).await >= 2).then_some(()) }).await;
    answer.send(true).expect("it is waited for");
    complete(&platform, &erasure).await;
    quiet(&platform).await;

    assert_eq!(tables_with(&platform, WORD).await, Vec::<String>::new());
    assert!(platform.kept("a.event_type = 'AIInsightsGenerated'", &[]).await.is_empty());
    assert_eq!(api.requests().len(), 1, "it is not asked again");
    let data = ada.data("{ insights { text } recentEntries { id } }", json!({})).await;
    assert_eq!(data, json!({ "insights": [], "recentEntries": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_host_shows_from_memory_what_another_has_erased() {
    let platform = soon(Platform::services()).start().await;
    let replica = platform.replica().await;
    let ada = platform.register().await;
    let here = platform.register_as("admin").await;
    let there = here.with_http(replica.http.clone());
    let (gone, stays) = (ada.write(entry(WORD)).await, ada.write(entry("otherwise")).await);
    let both = |data: &Value| data["auditLog"]["edges"].as_array().is_some_and(|edges| edges.len() == 2);
    here.eventually(TRAIL, json!({ "userId": ada.id }), both).await;
    for admin in [&here, &there] {
        let shown = payloads(admin, &ada).await;
        assert!(shown.iter().all(|payload| payload["journalId"].is_string()), "{shown:?}");
    }

    let erasure = ada.data(PURGE, json!({ "id": gone["id"] })).await["purgeJournalEntry"]["erasureId"].clone();
    let (shown, id) = (&platform, &erasure);
    eventually("the key is destroyed", || async move { (stage(shown, id).await >= 2).then_some(()) }).await;
    for admin in [&here, &there] {
        let shown = payloads(admin, &ada).await;
        assert_eq!(shown.iter().filter(|payload| **payload == json!({ "erased": true })).count(), 1, "{shown:?}");
        assert_eq!(shown.iter().filter(|payload| payload["journalId"] == stays["id"]).count(), 1, "{shown:?}");
    }
    complete(&platform, &erasure).await;
}
