//! Goal: who has just written reads it in the next request: in lists, tags, quota and figures, on every transport, device and
//! host. Method: write, ask once, and never ask again.

use mindflow_tests::{Account, Platform};
use serde_json::{Value, json};

const SHOWN: &str = "{
    me { displayName timezone quota { used } }
    recentEntries(limit: 100) { id title }
    journalEntries(first: 100) { totalCount edges { node { title } } }
    tags { name entryCount }
    moodTrends { mood count }
    writingStats { entries words }
}";

/// What the user reads in one look: the titles, newest first, and the number of everything else.
async fn look(account: &Account) -> Value {
    let data = account.data(SHOWN, json!({})).await;
    let titles = |list: &Value, node: fn(&Value) -> &Value| -> Vec<Value> {
        list.as_array().unwrap().iter().map(|item| node(item)["title"].clone()).collect()
    };
    let recent = titles(&data["recentEntries"], |item| item);
    assert_eq!(titles(&data["journalEntries"]["edges"], |item| &item["node"]), recent);
    let moods: u64 = data["moodTrends"].as_array().unwrap().iter().map(|point| point["count"].as_u64().unwrap()).sum();
    json!({
        "titles": recent, "total": data["journalEntries"]["totalCount"], "used": data["me"]["quota"]["used"],
        "tags": data["tags"], "moods": moods, "figures": data["writingStats"]["entries"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_just_written_is_in_the_answer_to_the_next_request() {
    let platform = Platform::services().variable("free_entries_per_month", "100").start().await;
    let replica = platform.replica().await;
    let ada = platform.register().await;
    // Also before the read side has heard of the account, and for a session that wrote nothing.
    let phone = ada.login().await.with_http(replica.http.clone());
    for device in [&ada, &phone] {
        let me = device.data("{ me { displayName timezone } }", json!({})).await;
        assert_eq!(me["me"], json!({ "displayName": "Ada", "timezone": "UTC" }));
    }

    let mut titles: Vec<String> = Vec::new();
    let mut first = Value::Null;
    for number in 1..=5_u64 {
        let title = format!("Number {number}");
        let entry = ada.write(json!({ "title": title, "content": "One two.", "mood": "CALM", "tags": ["all"] })).await;
        titles.insert(0, title);
        if number == 1 {
            first = entry["id"].clone();
        }
        let device = [&ada, &phone][number as usize % 2];
        let expected = json!({
            "titles": titles, "total": number, "used": number, "tags": [{ "name": "all", "entryCount": number }],
            "moods": number, "figures": number,
        });
        assert_eq!(look(device).await, expected);
    }

    // Every other kind of write.
    let edit = "mutation ($id: ID!) { updateJournalEntry(input: { id: $id, title: \"Edited\" }) { id } }";
    ada.data(edit, json!({ "id": first })).await;
    titles[4] = "Edited".into();
    assert_eq!(look(&phone).await["titles"], json!(titles));
    let tag = ada.data("{ tags { id } }", json!({})).await["tags"][0]["id"].clone();
    ada.data("mutation ($id: ID!) { renameTag(id: $id, name: \"each\") { id } }", json!({ "id": tag })).await;
    assert_eq!(look(&ada).await["tags"], json!([{ "name": "each", "entryCount": 5 }]));
    ada.data("mutation { createTag(name: \"later\") { id } }", json!({})).await;
    assert_eq!(look(&phone).await["tags"][1], json!({ "name": "later", "entryCount": 0 }));
    ada.data("mutation { recordMood(mood: HAPPY) { count } }", json!({})).await;
    assert_eq!(look(&ada).await["moods"], 6);
    ada.data("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", json!({ "id": first })).await;
    titles.pop();
    let gone = look(&phone).await;
    assert_eq!((&gone["titles"], &gone["figures"], &gone["used"]), (&json!(titles), &json!(4), &json!(5)));
    ada.data("mutation ($id: ID!) { restoreJournalEntry(id: $id) { id } }", json!({ "id": first })).await;
    titles.push("Edited".into());
    let again = look(&ada).await;
    assert_eq!((&again["titles"], &again["figures"], &again["used"]), (&json!(titles), &json!(5), &json!(5)));
    let rename = "mutation { updateProfile(displayName: \"Ada L.\", timezone: \"Asia/Tokyo\") { quota { used } } }";
    assert_eq!(ada.data(rename, json!({})).await["updateProfile"]["quota"]["used"], 5);
    let me = phone.data(SHOWN, json!({})).await["me"].clone();
    assert_eq!((&me["displayName"], &me["timezone"]), (&json!("Ada L."), &json!("Asia/Tokyo")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_just_written_is_there_on_every_transport() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let by_rest = ada.post("/api/journals", &json!({ "title": "By REST", "content": "c" })).await.expect(201).json();
    let listed = async || ada.get("/api/journals").await.expect(200).json()["items"].as_array().unwrap().clone();
    let items = listed().await;
    assert_eq!((items.len(), &items[0]["title"]), (1, &json!("By REST")));
    let path = format!("/api/journals/{}", by_rest["id"].as_str().unwrap());
    ada.patch(&path, &json!({ "title": "Edited" })).await.expect(200);
    assert_eq!(listed().await[0]["title"], "Edited");

    let mut socket = ada.socket().await;
    let recent = socket.subscribe("{ recentEntries { title } }", json!({})).await;
    assert_eq!(socket.next(&recent).await["recentEntries"], json!([{ "title": "Edited" }]));
    socket.message().await;
    let write = "mutation { createJournalEntry(input: { title: \"By socket\", content: \"c\" }) { id } }";
    let written = socket.subscribe(write, json!({})).await;
    socket.next(&written).await;
    let mut stream = ada.sse("{ recentEntries { title } }", json!({})).await;
    let (_, data) = stream.next().await.expect("an answer");
    assert_eq!(data["data"]["recentEntries"], json!([{ "title": "By socket" }, { "title": "Edited" }]));

    ada.delete(&path).await.expect(204);
    assert_eq!(listed().await.len(), 1);
    ada.get(&path).await.expect(404);
}
