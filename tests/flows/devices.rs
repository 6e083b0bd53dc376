//! Goal: a device that was away has what the server has after it asked what changed, whatever happened meanwhile, and its outbox replays
//! safely. Method: a device of a few lines that keeps what pages say while other clients write; the server's own lists in the end.

use crate::erasure_kit::PURGE;
use mindflow_tests::{Account, Platform, eventually};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

const CHANGES: &str = "query ($cursor: String, $first: Int) { changesSince(cursor: $cursor, first: $first) { cursor hasMore changes {
    kind id deleted entry { id title content draft pinned tags { name } journal { name } } journal { name isDefault } tag { name }
    mood { mood note } template { name content } reminder { time weekdays } media { reference }
} } }";
const CREATE: &str =
    "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id title version } }";
const UPDATE: &str = "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id } }";
const DELETE: &str = "mutation ($id: ID!) { deleteJournalEntry(id: $id) }";
const RESTORE: &str = "mutation ($id: ID!) { restoreJournalEntry(id: $id) { id } }";

/// What a client keeps: things by kind and id, and where it is.
#[derive(Default)]
struct Device {
    cursor: Option<String>,
    things: BTreeMap<(String, String), Value>,
}

impl Device {
    /// One page; whether more follow.
    async fn read(&mut self, account: &Account, first: u32) -> bool {
        let page =
            account.data(CHANGES, json!({ "cursor": self.cursor, "first": first })).await["changesSince"].clone();
        for change in page["changes"].as_array().expect("changes") {
            let text = |name: &str| change[name].as_str().expect("a text").to_owned();
            let key = (text("kind"), text("id"));
            if change["deleted"] == true {
                self.things.remove(&key);
            } else {
                self.things.insert(key, change.clone());
            }
        }
        self.cursor = page["cursor"].as_str().map(str::to_owned);
        page["hasMore"] == true
    }

    async fn catch_up(&mut self, account: &Account) {
        while self.read(account, 3).await {}
    }

    fn entry(&self, id: &Value) -> &Value {
        let key = ("ENTRY".to_owned(), id.as_str().expect("an id").to_owned());
        &self.things.get(&key).unwrap_or_else(|| panic!("no entry {id}"))["entry"]
    }

    fn has(&self, kind: &str, id: &Value) -> bool {
        self.things.contains_key(&(kind.to_owned(), id.as_str().expect("an id").to_owned()))
    }
}

async fn write(account: &Account, input: Value) -> Value {
    account.data(CREATE, json!({ "input": input })).await["createJournalEntry"]["id"].clone()
}

async fn of(account: &Account, mutation: &str, id: &Value) {
    account.data(mutation, json!({ "id": id })).await;
}

fn many() -> mindflow_tests::Builder {
    Platform::services().variable("free_entries_per_month", "50")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_away_learns_of_everything_that_changed_and_of_what_is_gone() {
    let platform = many().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    write(&bob, json!({ "title": "Of another user", "content": "x" })).await;
    let (kept, gone) = (
        write(&ada, json!({ "title": "Kept", "content": "x", "tags": ["a"] })).await,
        write(&ada, json!({ "title": "Gone", "content": "x" })).await,
    );
    let mut phone = Device::default();
    phone.catch_up(&ada).await;
    assert!(phone.has("ENTRY", &kept) && phone.has("ENTRY", &gone) && phone.things.len() == 3, "{:?}", phone.things);

    // Everything happens on the desk while the phone is away.
    ada.data(UPDATE, json!({ "input": { "id": kept, "title": "Changed", "pinned": true, "tags": ["a", "b"] } })).await;
    of(&ada, DELETE, &gone).await;
    let draft = write(&ada, json!({ "title": "", "content": "Begun", "draft": true })).await;
    let journal =
        ada.data("mutation { createJournal(name: \"Dreams\") { id } }", json!({})).await["createJournal"]["id"].clone();
    ada.data(UPDATE, json!({ "input": { "id": kept, "journalId": journal } })).await;
    let mood = ada.data("mutation { recordMood(mood: CALM, note: \"tea\") { recordId } }", json!({})).await["recordMood"]["recordId"].clone();
    let template = ada
        .data("mutation { createTemplate(input: { name: \"Morning\", content: \"Slept:\" }) { id } }", json!({}))
        .await["createTemplate"]["id"]
        .clone();
    let reminder = ada
        .data(
            "mutation { createReminder(input: { weekdays: [MONDAY], time: \"18:05\", channel: PUSH }) { id } }",
            json!({}),
        )
        .await["createReminder"]["id"]
        .clone();
    phone.catch_up(&ada).await;
    let shown = phone.entry(&kept);
    assert_eq!(
        (&shown["title"], &shown["pinned"], &shown["tags"], &shown["journal"]["name"]),
        (&json!("Changed"), &json!(true), &json!([{ "name": "a" }, { "name": "b" }]), &json!("Dreams"))
    );
    assert!(!phone.has("ENTRY", &gone));
    assert_eq!(phone.entry(&draft)["draft"], true);
    for (kind, id) in [("JOURNAL", &journal), ("MOOD", &mood), ("TEMPLATE", &template), ("REMINDER", &reminder)] {
        assert!(phone.has(kind, id), "{kind}");
    }

    // Undone again, and gone for good.
    of(&ada, RESTORE, &gone).await;
    of(&ada, "mutation ($id: ID!) { deleteJournal(id: $id) }", &journal).await;
    of(&ada, "mutation ($id: ID!) { takeBackMood(id: $id) }", &mood).await;
    of(&ada, "mutation ($id: ID!) { deleteTemplate(id: $id) }", &template).await;
    of(&ada, "mutation ($id: ID!) { deleteReminder(id: $id) }", &reminder).await;
    of(&ada, DELETE, &draft).await;
    of(&ada, PURGE, &draft).await;
    phone.catch_up(&ada).await;
    assert!(phone.has("ENTRY", &gone) && !phone.has("ENTRY", &draft));
    for (kind, id) in [("JOURNAL", &journal), ("MOOD", &mood), ("TEMPLATE", &template), ("REMINDER", &reminder)] {
        assert!(!phone.has(kind, id), "{kind}");
    }
    assert_eq!(phone.entry(&kept)["journal"]["name"], "Journal", "it is in the default one again");

    // A new device has the same, and an empty page says where it is as well.
    let mut desk = Device::default();
    desk.catch_up(&ada).await;
    assert_eq!(desk.things, phone.things);
    let cursor = phone.cursor.clone();
    assert!(!phone.read(&ada, 100).await);
    assert_eq!(phone.cursor, cursor);
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_read_while_others_write_end_with_the_same() {
    let platform = many().start().await;
    let ada = platform.register().await;
    let writing = |name: &'static str| {
        let ada = &ada;
        async move {
            for round in 0..8 {
                let id =
                    write(ada, json!({ "title": format!("{name} {round}"), "content": "x", "tags": [name, "both"] }))
                        .await;
                match round % 4 {
                    0 => of(ada, DELETE, &id).await,
                    1 => {
                        ada.data(UPDATE, json!({ "input": { "id": id, "title": "changed" } })).await;
                    }
                    2 => {
                        of(ada, DELETE, &id).await;
                        of(ada, RESTORE, &id).await;
                    }
                    _ => {}
                }
            }
        }
    };
    let reading = async {
        let mut device = Device::default();
        for _ in 0..30 {
            device.read(&ada, 2).await;
        }
        device
    };
    let ((), (), mut device) = tokio::join!(writing("one"), writing("other"), reading);
    device.catch_up(&ada).await;
    let mut new = Device::default();
    new.catch_up(&ada).await;
    assert_eq!(device.things, new.things);
    let entries = new.things.keys().filter(|(kind, _)| kind == "ENTRY").count();
    assert_eq!(entries, 12, "of each four, three are left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_is_too_old_says_so_and_one_that_is_none_as_well() {
    let often = |text: String| {
        assert!(text.contains("cron = \"27 1 * * *\""), "the schedule is in the manifest");
        text.replace("cron = \"27 1 * * *\"", "cron = \"* * * * * *\"")
    };
    let platform = many().manifest(often).start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let (kept, gone) = (
        write(&ada, json!({ "title": "Kept", "content": "x" })).await,
        write(&ada, json!({ "title": "Gone", "content": "x" })).await,
    );
    let mut away = Device::default();
    away.catch_up(&ada).await;
    of(&ada, DELETE, &gone).await;
    let mut here = Device::default();
    here.catch_up(&ada).await;
    let database = platform.write_database().await;
    database.execute("UPDATE command.changes SET at = now() - interval '91 days'", &[]).await.expect("time passes");
    let old = json!({ "cursor": away.cursor });
    let error = eventually("the tombstone is forgotten", || async {
        let answer = ada.graphql(CHANGES, old.clone()).await;
        answer.json().get("errors").is_some().then(|| answer.error())
    })
    .await;
    let rule = &error["extensions"]["errors"][0];
    assert_eq!((&rule["field"], &rule["rule"]), (&json!("cursor"), &json!("forgotten")), "{error}");
    // Who has seen it go reads on.
    assert!(!here.read(&ada, 10).await);
    assert!(here.has("ENTRY", &kept) && !here.has("ENTRY", &gone));
    for wrong in [json!("x"), json!(here.cursor)] {
        let error = bob.graphql(CHANGES, json!({ "cursor": wrong })).await.error();
        assert_eq!(error["extensions"]["errors"][0]["rule"], "format", "{error}");
    }
    let error = ada.graphql(CHANGES, json!({ "first": 101 })).await.error();
    assert_eq!(error["extensions"]["errors"][0]["field"], "first", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outbox_replays_safely_by_the_ids_that_the_client_made() {
    let platform = many().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let id = Uuid::now_v7().to_string();
    let input = json!({ "id": id, "title": "Offline", "content": "On the train.", "entryDate": "2026-11-01" });
    let first = ada.data(CREATE, json!({ "input": input })).await["createJournalEntry"].clone();
    assert_eq!(first["id"], json!(id));
    // The answer was lost: sent again, by two devices at the same moment.
    let (one, other) = tokio::join!(write(&ada, input.clone()), write(&ada, input.clone()));
    assert_eq!((&one, &other), (&json!(id), &json!(id)));
    assert_eq!(ada.data("{ journalEntries { totalCount } }", json!({})).await["journalEntries"]["totalCount"], 1);
    let mut changed = input.clone();
    changed["content"] = json!("In the rain.");
    let error = ada.graphql(CREATE, json!({ "input": changed })).await.error();
    assert_eq!(
        (&error["extensions"]["code"], &error["extensions"]["field"]),
        (&json!("CONFLICT"), &json!("id")),
        "{error}"
    );

    // Of another user, deleted, purged, of another version, of a time to come: all are answered alike.
    let refused = async |account: &Account, id: &str| {
        let input = json!({ "id": id, "title": "Offline", "content": "On the train.", "entryDate": "2026-11-01" });
        account.graphql(CREATE, json!({ "input": input })).await.error()["extensions"]["errors"].clone()
    };
    let none = refused(&ada, "x").await;
    assert_eq!(none[0]["field"], "id", "{none}");
    assert_eq!(refused(&bob, &id).await, none);
    of(&ada, DELETE, &json!(id)).await;
    assert_eq!(refused(&ada, &id).await, none, "deleted");
    of(&ada, PURGE, &json!(id)).await;
    assert_eq!(refused(&ada, &id).await, none, "purged");
    assert_eq!(refused(&bob, &id).await, none, "purged by another user");
    assert_eq!(refused(&ada, &Uuid::new_v4().to_string()).await, none);
    let ahead = |hours: u64| {
        let now = uuid::Timestamp::now(uuid::NoContext).to_unix().0;
        Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, now + hours * 3_600, 0)).to_string()
    };
    assert_eq!(refused(&ada, &ahead(25)).await, none);
    assert_eq!(
        write(&ada, json!({ "id": ahead(23), "title": "A clock ahead", "content": "x" })).await.as_str().map(str::len),
        Some(36)
    );
}
