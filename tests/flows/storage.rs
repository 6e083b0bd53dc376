//! Goal: what is kept of a user is bounded, also by requests at the same moment; each refusal names the limit and what is used, and
//! what is deleted makes room. Method: small limits, reached one by one and in races, and the numbers that `User.storage` shows.

use crate::media::{files_below, path, upload};
use futures::future::join_all;
use image::{DynamicImage, RgbaImage, codecs::png::PngEncoder};
use mindflow_tests::{Account, Answer, CREATE, Platform, eventually};
use serde_json::{Value, json};

const STORAGE: &str = "{ me { storage { mediaBytes { used limit } tags { used limit } webhooks { used limit } sessions { used limit } } } }";
const TAG: &str = "mutation ($name: String!) { createTag(name: $name) { id name } }";
const RENAME: &str = "mutation ($id: ID!, $name: String!) { renameTag(id: $id, name: $name) { name } }";
const WEBHOOK: &str =
    "mutation { createWebhook(url: \"https://hooks.example.org/a\", events: [\"MoodRecorded\"]) { id } }";
const DELETE_WEBHOOK: &str = "mutation ($id: ID!) { deleteWebhook(id: $id) }";
const ATTACH: &str = "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id } }";
const DELETE_MEDIA: &str = "mutation ($id: ID!) { deleteMedia(id: $id) }";
const DELETE: &str = "mutation ($id: ID!) { deleteJournalEntry(id: $id) }";

/// Some 30 KB that nothing makes smaller and that can be transparent, so that it takes three times as much with its smaller sizes.
fn noise() -> Vec<u8> {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let picture = RgbaImage::from_fn(87, 87, |_, _| image::Rgba([next(), next(), next(), next()]));
    let mut bytes = Vec::new();
    DynamicImage::from(picture).write_with_encoder(PngEncoder::new(&mut bytes)).unwrap();
    bytes
}

async fn storage(account: &Account) -> Value {
    account.data(STORAGE, json!({})).await["me"]["storage"].clone()
}

async fn media_used(account: &Account) -> u64 {
    storage(account).await["mediaBytes"]["used"].as_u64().unwrap()
}

/// The refusal of a GraphQL operation names the quota and the numbers.
#[track_caller]
fn refused(answer: &Answer, quota: &str, used: u64, limit: u64) {
    let error = answer.error();
    let extensions = &error["extensions"];
    assert_eq!(extensions["code"], "QUOTA_EXCEEDED", "{error}");
    let shown = json!({ "quota": extensions["quota"], "used": extensions["used"], "limit": extensions["limit"] });
    assert_eq!(shown, json!({ "quota": quota, "used": used, "limit": limit }), "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!("{used} of {limit}")), "{message}");
}

async fn tag(account: &Account, name: &str) -> Answer {
    account.graphql(TAG, json!({ "name": name })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_is_reached_with_an_error_that_names_it_and_what_is_removed_makes_room() {
    let builder = Platform::services().variable("tags_max", "3").variable("webhooks_max", "2");
    let platform = builder.variable("sessions_max", "4").start().await;
    let ada = platform.register().await;
    let fresh = json!({
        "mediaBytes": { "used": 0, "limit": 2_147_483_648_u64 }, "tags": { "used": 0, "limit": 3 },
        "webhooks": { "used": 0, "limit": 2 }, "sessions": { "used": 1, "limit": 4 },
    });
    assert_eq!(storage(&ada).await, fresh);

    // Tags, by each of the ways that make them.
    for name in ["work", "river"] {
        tag(&ada, name).await.data();
    }
    let two_more = json!({ "title": "t", "content": "c", "tags": ["WORK", "rain", "sun"] });
    let answer = ada.graphql(CREATE, json!({ "input": two_more })).await;
    assert_eq!(answer.error()["extensions"]["used"], 2, "{}", answer.text());
    let problem = ada.post("/api/journals", &two_more).await.expect_problem(403, "quota-exceeded");
    assert_eq!((&problem["quota"], &problem["used"], &problem["limit"]), (&json!("tags"), &json!(2), &json!(3)));
    let entry = ada.write(json!({ "title": "t", "content": "c", "tags": ["work", "rain"] })).await;
    refused(&tag(&ada, "sun").await, "tags", 3, 3);
    let of_entry = format!("/api/journals/{}", entry["id"].as_str().unwrap());
    ada.patch(&of_entry, &json!({ "tags": ["sun"] })).await.expect_problem(403, "quota-exceeded");
    assert_eq!(tag(&ada, "River").await.data()["createTag"]["name"], "river", "what is there can be had");
    let rain = tag(&ada, "rain").await.data()["createTag"]["id"].clone();
    ada.data(RENAME, json!({ "id": rain, "name": "sun" })).await;
    ada.patch(&of_entry, &json!({ "tags": ["sun", "river", "work"] })).await.expect(200);
    let month = platform.write_database().await;
    let month: i32 = month.query_one("SELECT used FROM command.quota_usage", &[]).await.unwrap().get(0);
    assert_eq!(month, 1, "what was refused counts for nothing");

    // Webhooks.
    let first = ada.data(WEBHOOK, json!({})).await["createWebhook"].clone();
    ada.data(WEBHOOK, json!({})).await;
    refused(&ada.graphql(WEBHOOK, json!({})).await, "webhooks", 2, 2);
    ada.data(DELETE_WEBHOOK, json!({ "id": first["id"] })).await;
    assert_eq!(storage(&ada).await["webhooks"], json!({ "used": 1, "limit": 2 }));
    ada.data(WEBHOOK, json!({})).await;

    // Sessions: the oldest makes room by itself.
    let mut last = ada.clone();
    for _ in 0..5 {
        last = ada.login().await;
    }
    let full = storage(&last).await;
    assert_eq!((&full["sessions"]["used"], &full["tags"]["used"]), (&json!(4), &json!(3)));
    let bob = platform.register().await;
    assert_eq!(storage(&bob).await, fresh, "another user's room is another's");
    platform.grant(&bob.email, "admin").await;
    let others = "query ($search: String!) { users(search: $search) { edges { node { storage { tags { used } } } } } }";
    let shown = bob.eventually(others, json!({ "search": ada.email }), |data| data["users"]["edges"][0].is_object());
    assert!(shown.await["users"]["edges"][0]["node"]["storage"].is_null(), "nor is it shown to administrators");
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_have_room_until_the_limit_and_what_is_deleted_or_refused_gives_its_part_back() {
    let often = |text: String| {
        assert!(text.contains("cron = \"23 * * * *\""), "the schedule is in the manifest");
        text.replace("cron = \"23 * * * *\"", "cron = \"* * * * * *\"")
    };
    let picture = noise();
    let platform = Platform::services().variable("media_bytes_max", "250000").manifest(often).start().await;
    let ada = platform.register().await;
    let kept = upload(&ada, "a.png", &picture).await.expect(201).json();
    let one = media_used(&ada).await;
    assert!(one > 2 * picture.len() as u64 && one < 125_000, "its smaller sizes count: {one} bytes");
    let spare = upload(&ada, "b.png", &picture).await.expect(201).json();
    assert_eq!(media_used(&ada).await, 2 * one);
    // There is room for what is sent, and none for what it becomes.
    let refused = upload(&ada, "c.png", &picture).await.expect_problem(403, "quota-exceeded");
    let full = json!({ "quota": "mediaBytes", "used": 2 * one, "limit": 250_000 });
    for member in ["quota", "used", "limit"] {
        assert_eq!(refused[member], full[member], "{refused}");
    }
    assert!(refused["detail"].as_str().unwrap().contains("MiB of"), "{refused}");
    // None for what is sent.
    upload(&ada, "d.png", &vec![7; 200_000]).await.expect_problem(403, "quota-exceeded");
    // Room for it, and it is no picture.
    upload(&ada, "e.png", b"no picture").await.expect_problem(415, "unsupported-media-type");
    assert_eq!(media_used(&ada).await, 2 * one, "what was refused has given its room back");
    assert_eq!(files_below(&platform.data_dir().join("blob/media")).len(), 6);

    // Deleted by its owner, unless an entry has it.
    let entry = json!({ "input": { "title": "t", "content": "c", "attachmentIds": [kept["id"]] } });
    let entry = ada.data(ATTACH, entry).await["createJournalEntry"].clone();
    ada.delete(&path(&kept)).await.expect_problem(409, "conflict");
    let refused = ada.graphql(DELETE_MEDIA, json!({ "id": kept["id"] })).await;
    assert_eq!(refused.error_code(), "CONFLICT", "{}", refused.text());
    platform.register().await.delete(&path(&spare)).await.expect_problem(404, "not-found");
    ada.delete(&path(&spare)).await.expect(204);
    ada.get(&path(&spare)).await.expect_problem(404, "not-found");
    ada.delete(&path(&spare)).await.expect_problem(404, "not-found");
    assert_eq!(media_used(&ada).await, one);
    ada.data(DELETE, json!({ "id": entry["id"] })).await;
    let other = platform.register().await.graphql(DELETE_MEDIA, json!({ "id": kept["id"] })).await;
    assert_eq!(other.error_code(), "NOT_FOUND", "{}", other.text());
    assert_eq!(ada.data(DELETE_MEDIA, json!({ "id": kept["id"] })).await["deleteMedia"], true);
    assert_eq!((media_used(&ada).await, files_below(&platform.data_dir().join("blob/media")).len()), (0, 0));

    // Removed by the collector, and what a host left that was killed.
    upload(&ada, "f.png", &picture).await.expect(201);
    let database = platform.write_database().await;
    let left = "INSERT INTO media.uploads SELECT gen_random_uuid(), $1::text::uuid, bytes, now() - make_interval(mins => age) \
        FROM (VALUES (1000, 1), (70000, 11)) AS v(bytes, age)";
    database.execute(left, &[&ada.id]).await.unwrap();
    assert_eq!(media_used(&ada).await, one + 1_000, "what may still be uploaded counts");
    database.execute("UPDATE media.files SET unattached_since = now() - interval '25 hours'", &[]).await.unwrap();
    eventually("unused space is given back", async || (media_used(&ada).await == 1_000).then_some(())).await;
    let rows: i64 = database.query_one("SELECT count(*) FROM media.uploads", &[]).await.unwrap().get(0);
    assert_eq!(rows, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_the_same_moment_never_exceed_a_limit() {
    let builder = Platform::services().variable("tags_max", "5").variable("webhooks_max", "3");
    let platform = builder.variable("media_bytes_max", "300000").start().await;
    let ada = platform.register().await;
    let picture = noise();
    let tags = join_all((0..20).map(|number| {
        let ada = ada.clone();
        async move { tag(&ada, &format!("tag {number}")).await }
    }));
    let webhooks = join_all((0..20).map(|_| ada.graphql(WEBHOOK, json!({}))));
    let uploads = join_all((0..20).map(|number| {
        let (ada, picture) = (ada.clone(), &picture);
        async move { upload(&ada, &format!("{number}.png"), picture).await }
    }));
    let (tags, webhooks, uploads) = tokio::join!(tags, webhooks, uploads);
    for (answers, most) in [(tags, 5), (webhooks, 3)] {
        let (done, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.json().get("errors").is_none());
        assert_eq!(done.len(), most);
        assert!(refused.iter().all(|answer| answer.error_code() == "QUOTA_EXCEEDED"));
    }
    let (done, others): (Vec<_>, Vec<_>) = uploads.iter().partition(|answer| answer.status == 201);
    for answer in others {
        answer.expect_problem(403, "quota-exceeded");
    }
    let used = storage(&ada).await;
    assert_eq!((&used["tags"]["used"], &used["webhooks"]["used"]), (&json!(5), &json!(3)));
    let stored: i64 = platform
        .write_database()
        .await
        .query_one("SELECT coalesce(sum(bytes), 0)::bigint FROM media.renditions", &[])
        .await
        .unwrap()
        .get(0);
    assert!(!done.is_empty() && stored <= 300_000, "{} files, {stored} bytes", done.len());
    assert_eq!(used["mediaBytes"]["used"], stored, "nothing is taken that is not stored");
    assert_eq!(files_below(&platform.data_dir().join("blob/media")).len(), 3 * done.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_more_than_a_lowered_limit_keeps_it_and_can_remove_it() {
    let mut platform = Platform::services().start().await;
    let ada = platform.register().await;
    for name in ["a", "b", "c"] {
        tag(&ada, name).await.data();
    }
    let webhook = ada.data(WEBHOOK, json!({})).await["createWebhook"].clone();
    ada.data(WEBHOOK, json!({})).await;
    let file = upload(&ada, "a.png", &noise()).await.expect(201).json();
    for (name, value) in [("tags_max", "1"), ("webhooks_max", "1"), ("media_bytes_max", "1000")] {
        platform.set_variable(name, value);
    }
    platform.restart().await;
    let used = storage(&ada).await;
    assert_eq!((&used["tags"], &used["webhooks"]), (&json!({"used": 3, "limit": 1}), &json!({"used": 2, "limit": 1})));
    refused(&tag(&ada, "d").await, "tags", 3, 1);
    refused(&ada.graphql(WEBHOOK, json!({})).await, "webhooks", 2, 1);
    upload(&ada, "b.png", &noise()).await.expect_problem(403, "quota-exceeded");
    ada.get(&path(&file)).await.expect(200);
    let entry = json!({ "title": "t", "content": "c", "tags": ["A", "b"], "attachmentIds": [file["id"]] });
    ada.data(ATTACH, json!({ "input": entry })).await;
    assert_eq!(ada.data(DELETE_WEBHOOK, json!({ "id": webhook["id"] })).await["deleteWebhook"], true);
    refused(&ada.graphql(WEBHOOK, json!({})).await, "webhooks", 1, 1);
}
