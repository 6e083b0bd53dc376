//! Goal: attachments are shown with their entry and kept as long as the entry can be read; unused uploads are removed.
//! Method: uploads attached by GraphQL and REST, then time put forward in the database and schedules of every second.

use crate::media::{files_below, path, small_png, upload};
use mindflow_tests::{Account, Platform, eventually};
use serde_json::{Value, json};

const CREATE: &str = "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) {
    id version attachments { id fileName contentType bytes width height url thumbnailUrl } } }";
const UPDATE: &str = "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) {
    version attachments { id } } }";
const READ: &str = "query ($id: ID!) { journalEntry(id: $id) { attachments { id thumbnailUrl } } }";

async fn uploaded(account: &Account, name: &str) -> Value {
    upload(account, name, &small_png()).await.expect(201).json()
}

fn entry(attachment_ids: &[&Value]) -> Value {
    json!({ "input": { "title": "A walk", "content": "With pictures.", "attachmentIds": attachment_ids } })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_shows_its_attachments_in_order_and_takes_only_its_owners_files() {
    let platform = Platform::services().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let (first, second) = (uploaded(&ada, "1.png").await, uploaded(&ada, "2.png").await);
    let created = ada.data(CREATE, entry(&[&second["id"], &first["id"]])).await["createJournalEntry"].clone();
    for (shown, uploaded) in [(&created["attachments"][0], &second), (&created["attachments"][1], &first)] {
        for member in ["id", "fileName", "contentType", "bytes", "width", "height"] {
            assert_eq!(shown[member], uploaded[member], "{member}");
        }
    }
    let id = json!({ "id": created["id"] });
    let both = |data: &Value| {
        let ids = data["journalEntry"]["attachments"].as_array().into_iter().flatten().map(|file| &file["id"]);
        ids.eq([&second["id"], &first["id"]])
    };
    let read = ada.eventually(READ, id.clone(), both).await;
    let thumb = read["journalEntry"]["attachments"][0]["thumbnailUrl"].as_str().unwrap();
    platform.http().get(thumb).await.expect(200);

    let fewer = json!({ "input": { "id": created["id"], "attachmentIds": [first["id"]] } });
    let updated = ada.data(UPDATE, fewer).await["updateJournalEntry"].clone();
    assert_eq!(updated, json!({ "version": 2, "attachments": [{ "id": first["id"] }] }));
    let rest = format!("/api/journals/{}", created["id"].as_str().unwrap());
    assert_eq!(ada.get(&rest).await.expect(200).json()["attachmentIds"], json!([first["id"]]));
    let patched = ada.patch(&rest, &json!({ "attachmentIds": [] })).await.expect(200).json();
    assert_eq!(patched["attachmentIds"], json!([]));

    // Files of other users and missing ones cannot be attached; the error names the place of each.
    let his = uploaded(&bob, "his.png").await;
    let refused = ada.graphql(CREATE, entry(&[&first["id"], &his["id"]])).await.error();
    assert_eq!(refused["extensions"]["code"], "BAD_USER_INPUT", "{refused}");
    assert_eq!(refused["extensions"]["field"], "attachmentIds[1]", "{refused}");
    let nowhere = json!({ "title": "t", "content": "c", "attachmentIds": ["00000000-0000-4000-8000-000000000000"] });
    let problem = ada.post("/api/journals", &nowhere).await.expect_problem(422, "invalid-input");
    assert_eq!(problem["errors"][0]["field"], "attachmentIds[0]", "{problem}");
    let not_an_id = json!({ "input": { "id": created["id"], "attachmentIds": ["7"] } });
    assert_eq!(ada.graphql(UPDATE, not_an_id).await.error()["extensions"]["field"], "attachmentIds[0]");
    let eleven: Vec<Value> = (0..11).map(|_| json!(uuid::Uuid::new_v4())).collect();
    let eleven = ada.graphql(CREATE, entry(&eleven.iter().collect::<Vec<_>>())).await.error();
    assert_eq!(eleven["extensions"]["field"], "attachmentIds", "{eleven}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_always_has_a_text_that_is_seen_or_a_file() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let (first, second) = (uploaded(&ada, "1.png").await, uploaded(&ada, "2.png").await);
    let remove = |id: &Value| ada.graphql("mutation ($id: ID!) { deleteMedia(id: $id) }", json!({ "id": id }));
    let photo = json!({ "input": { "title": "Photo", "content": "\u{200b}", "attachmentIds": [second["id"]] } });
    let photo = ada.data(CREATE, photo).await["createJournalEntry"].clone();
    // Neither its last file nor what can be seen of it is taken away.
    assert_eq!(remove(&second["id"]).await.error_code(), "CONFLICT");
    let both = ada.data(CREATE, entry(&[&first["id"], &second["id"]])).await["createJournalEntry"].clone();
    for (change, field) in [
        (json!({ "id": photo["id"], "attachmentIds": [] }), "attachmentIds"),
        (json!({ "id": photo["id"], "content": " ", "attachmentIds": [] }), "content"),
    ] {
        let refused = ada.graphql(UPDATE, json!({ "input": change })).await.error();
        assert_eq!((&refused["extensions"]["field"], &refused["extensions"]["rule"]), (&json!(field), &json!("blank")));
    }
    let kept = json!({ "input": { "id": both["id"], "content": "\u{2060}" } });
    assert_eq!(ada.data(UPDATE, kept).await["updateJournalEntry"]["version"], 2);

    // Of deleted entries files can be deleted, and the entries come back with what is left of them, or not at all.
    for id in [&photo["id"], &both["id"]] {
        ada.data("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", json!({ "id": id })).await;
    }
    assert_eq!(remove(&second["id"]).await.data()["deleteMedia"], true);
    let restore = "mutation ($id: ID!) { restoreJournalEntry(id: $id) { version attachments { id } } }";
    let refused = ada.graphql(restore, json!({ "id": photo["id"] })).await;
    let error = refused.error();
    assert_eq!((refused.error_code().as_str(), &error["extensions"]["field"]), ("CONFLICT", &json!("id")), "{error}");
    let restored = ada.data(restore, json!({ "id": both["id"] })).await["restoreJournalEntry"].clone();
    assert_eq!(restored, json!({ "version": 3, "attachments": [{ "id": first["id"] }] }));
    let rest = ada.get(&format!("/api/journals/{}", both["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!((&rest["attachmentIds"], &rest["version"]), (&json!([first["id"]]), &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_no_entry_is_removed_after_a_day_and_a_deleted_entry_keeps_its_files() {
    let often = |text: String| {
        assert!(text.contains("cron = \"23 * * * *\""), "the schedule is in the manifest");
        text.replace("cron = \"23 * * * *\"", "cron = \"* * * * * *\"")
    };
    let platform = Platform::services().manifest(often).start().await;
    let ada = platform.register().await;
    let (kept, deleted) = (uploaded(&ada, "kept.png").await, uploaded(&ada, "deleted.png").await);
    let (fresh, orphan) = (uploaded(&ada, "fresh.png").await, uploaded(&ada, "orphan.png").await);
    ada.data(CREATE, entry(&[&kept["id"]])).await;
    let entry = ada.data(CREATE, entry(&[&deleted["id"]])).await["createJournalEntry"].clone();
    let id = json!({ "id": entry["id"] });
    ada.data("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", id.clone()).await;

    // A day and an hour pass for all but the fresh one.
    let database = platform.write_database().await;
    let ago = "UPDATE media.files SET unattached_since = now() - interval '25 hours' WHERE file_name <> 'fresh.png'";
    database.execute(ago, &[]).await.unwrap();
    let gone = || async { (ada.get(&path(&orphan)).await.status == 404).then_some(()) };
    eventually("the orphan is collected", gone).await;
    let nine = || async { (files_below(&platform.data_dir().join("blob/media")).len() == 9).then_some(()) };
    eventually("its files are gone, and no others", nine).await;
    for file in [&kept, &deleted, &fresh] {
        ada.get(&path(file)).await.expect(200);
    }
    let restored = "mutation ($id: ID!) { restoreJournalEntry(id: $id) { attachments { id } } }";
    let restored = ada.data(restored, id).await["restoreJournalEntry"].clone();
    assert_eq!(restored, json!({ "attachments": [{ "id": deleted["id"] }] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_remains_of_an_aborted_upload_are_removed() {
    let often = |text: String| {
        assert!(text.contains("cron = \"53 3 * * *\""), "the schedule is in the manifest");
        text.replace("cron = \"53 3 * * *\"", "cron = \"* * * * * *\"")
    };
    let platform = Platform::services().manifest(often).start().await;
    let ada = platform.register().await;
    let file = uploaded(&ada, "a.png").await;
    let container = platform.data_dir().join("blob/media");
    let now = container.join(file["id"].as_str().unwrap()).join("original").metadata().unwrap().modified().unwrap();
    // As a host leaves it that is killed between the file and its row, two hours ago and just now.
    let leave = |age_s: u64, folder: &str, name: &str| {
        std::fs::create_dir_all(container.join(folder)).unwrap();
        let left = std::fs::File::create(container.join(folder).join(name)).unwrap();
        left.set_modified(now - std::time::Duration::from_secs(age_s)).unwrap();
    };
    let id = || uuid::Uuid::new_v4().to_string();
    leave(7_200, "uploads", &id());
    leave(7_200, &id(), "display");
    leave(0, &id(), "just-begun");
    let swept = || async {
        let names = files_below(&container);
        (names == ["display", "just-begun", "original", "thumb"]).then_some(())
    };
    eventually("what is old and has no row is gone", swept).await;
    ada.get(&path(&file)).await.expect(200);
}
