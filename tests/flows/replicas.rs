//! Goal: any number of hosts on the same stores are one platform. Method: two of them, and users who talk to both.

use mindflow_tests::{Account, PASSWORD, Platform};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_on_the_same_stores_are_one_platform() {
    let mut platform = Platform::services().start().await;
    let replica = platform.replica().await;
    let here = platform.register().await;
    let there = here.with_http(replica.http.clone());

    let mut socket = there.socket().await;
    let id = socket.subscribe("subscription { entryChanged { kind entryId } }", json!({})).await;
    let ping = socket.subscribe("{ __typename }", json!({})).await;
    socket.next(&ping).await;
    socket.message().await;
    let entry = here.write(json!({ "title": "Seen everywhere", "content": "c", "clientMutationId": "m" })).await;
    assert_eq!(socket.next(&id).await["entryChanged"], json!({ "kind": "CREATED", "entryId": entry["id"] }));
    let again = json!({ "title": "Seen everywhere", "content": "c", "clientMutationId": "m" });
    assert_eq!(there.write(again).await["id"], entry["id"]);

    // Five for both together, and no answer from before.
    let body = json!({ "title": "T", "content": "c" });
    let many = (0..10).map(|number| [&here, &there][number % 2].post("/api/journals", &body));
    let written = futures::future::join_all(many).await.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(written, 4);
    for account in [&here, &there] {
        account
            .eventually("{ me { quota { used } } recentEntries { id } }", json!({}), |data| {
                data["me"]["quota"]["used"] == 5
                    && data["recentEntries"].as_array().is_some_and(|entries| entries.len() == 5)
            })
            .await;
    }
    // A session revoked on one replica is refused on the other immediately, and the lock counts failures on both.
    let phone = here.login().await.with_http(replica.http.clone());
    phone.get("/auth/sessions").await.expect(200);
    phone.with_http(platform.http().clone()).post("/auth/logout", &Value::Null).await.expect(204);
    phone.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    for number in 0..5 {
        let http = [platform.http(), &replica.http][number % 2];
        http.post("/auth/login", &json!({ "email": here.email, "password": "wrong password" })).await.expect(401);
    }
    replica.http.post("/auth/login", &json!({ "email": here.email, "password": PASSWORD })).await.expect(429);

    // One goes; the other serves and delivers.
    platform.kill();
    let new = Account::register(&replica.http).await;
    let entry = new.write(json!({ "title": "Alone", "content": "c" })).await;
    new.eventually("{ recentEntries { id } }", json!({}), |data| data["recentEntries"][0]["id"] == entry["id"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_device_of_a_user_receives_every_change_on_any_host() {
    const CHANGES: &str = "subscription { entryChanged { kind entryId entry { title } } }";
    let platform = Platform::services().start().await;
    let replica = platform.replica().await;
    let here = platform.register().await;
    let there = here.with_http(replica.http.clone());
    let stranger = Account::register(&replica.http).await;

    let (mut laptop, mut phone, mut tablet) =
        (here.socket().await, there.socket().await, there.sse(CHANGES, json!({})).await);
    let (on_laptop, on_phone) = (laptop.subscribe(CHANGES, json!({})).await, phone.subscribe(CHANGES, json!({})).await);
    let mut other = stranger.socket().await;
    let on_other = other.subscribe(CHANGES, json!({})).await;
    // An answer to a later message: the subscriptions before it have been taken.
    for socket in [&mut laptop, &mut phone, &mut other] {
        let ping = socket.subscribe("{ __typename }", json!({})).await;
        socket.next(&ping).await;
        socket.message().await;
    }

    let entry = here.write(json!({ "title": "first", "content": "c" })).await;
    let change = "mutation($id: ID!) { updateJournalEntry(input: { id: $id, title: \"second\" }) { version } }";
    there.eventually("{ recentEntries { id } }", json!({}), |data| data["recentEntries"][0]["id"] == entry["id"]).await;
    there.data(change, json!({ "id": entry["id"] })).await;
    here.data("mutation($id: ID!) { deleteJournalEntry(id: $id) }", json!({ "id": entry["id"] })).await;
    for (kind, title) in [("CREATED", Some("first")), ("UPDATED", Some("second")), ("DELETED", None)] {
        let (_, streamed) = tablet.next().await.expect("an event");
        for notice in [laptop.next(&on_laptop).await, phone.next(&on_phone).await, streamed["data"].clone()] {
            let change = &notice["entryChanged"];
            assert_eq!((&change["kind"], &change["entryId"]), (&json!(kind), &entry["id"]), "{notice}");
            // What is read is the newest state: a title may already be the next one, and gone when deleted.
            if let Some(seen) = change["entry"]["title"].as_str() {
                assert!(title.is_some_and(|title| title == seen || seen == "second"), "{notice}");
            }
        }
    }
    // The first that the other user hears of is their own entry.
    let own = stranger.write(json!({ "title": "own", "content": "c" })).await;
    assert_eq!(other.next(&on_other).await["entryChanged"]["entryId"], own["id"]);
}
