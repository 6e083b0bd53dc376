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
    let entry = here.write(json!({ "title": "Told everywhere", "content": "c", "clientMutationId": "m" })).await;
    assert_eq!(socket.next(&id).await["entryChanged"], json!({ "kind": "CREATED", "entryId": entry["id"] }));
    assert_eq!(there.write(json!({ "title": "x", "content": "c", "clientMutationId": "m" })).await["id"], entry["id"]);

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
    // What is revoked here is refused there at once, and the lock counts both.
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
