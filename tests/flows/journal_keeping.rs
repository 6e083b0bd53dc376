//! Goal: a journal is kept as its owner wants: drafts, journals, marks, places, earlier versions, the trash, and moods that are taken back.
//! Method: GraphQL as clients send it; the reconciliation afterwards says whether both sides agree.

use crate::erasure_kit::soon;
use mindflow_tests::{Account, Platform, eventually};
use serde_json::{Value, json};

const CREATE: &str = "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) {
    id draft publishedAt pinned favourite entryTime place { name latitude longitude } journal { id name isDefault } version } }";
const UPDATE: &str = "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) {
    id title content version updatedAt draft pinned favourite entryTime place { name latitude longitude } journal { name } analysis { status } } }";
const PUBLISH: &str =
    "mutation ($id: ID!) { publishJournalEntry(id: $id) { id draft publishedAt version analysis { status } } }";
const DELETE: &str = "mutation ($id: ID!) { deleteJournalEntry(id: $id) }";
const RESTORE: &str = "mutation ($id: ID!) { restoreJournalEntry(id: $id) { id title draft } }";
const DRAFTS: &str = "{ drafts { totalCount edges { node { id title content } } } journalEntries { totalCount }
    tags { entryCount } me { quota { used } } writingStats { entries } }";
const TRASH: &str = "query ($first: Int, $after: String) { deletedEntries(first: $first, after: $after) { totalCount
    pageInfo { hasNextPage endCursor } edges { node { deletedAt purgeAt entry { id title content tags { name } } } } } }";
const VERSIONS: &str = "query ($id: ID!, $after: String) { entryVersions(id: $id, first: 1, after: $after) { totalCount
    pageInfo { hasNextPage endCursor } edges { node { version title content mood tags entryTime place { name } wordCount } } } }";

async fn create(account: &Account, input: Value) -> Value {
    account.data(CREATE, json!({ "input": input })).await["createJournalEntry"].clone()
}

async fn update(account: &Account, input: Value) -> Value {
    account.data(UPDATE, json!({ "input": input })).await["updateJournalEntry"].clone()
}

/// The fields that an answer says are wrong.
async fn broken(account: &Account, query: &str, variables: Value) -> Vec<String> {
    account.graphql(query, variables).await.wrong_fields()
}

/// Both sides say the same of everything.
pub async fn both_sides_agree(platform: &Platform) {
    eventually("both sides agree", || async {
        let report = platform.cli(&["reconcile", "--json", "--dry-run"]).await;
        (report.code == Some(0)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_on_every_device_and_counts_for_nothing_until_it_is_published() {
    let platform = Platform::services().variable("reconcile_pause_ms", "700").start().await;
    let ada = platform.register().await;
    let draft = create(&ada, json!({ "title": "", "content": "", "draft": true, "tags": ["begun"] })).await;
    assert_eq!((&draft["draft"], &draft["publishedAt"], &draft["version"]), (&json!(true), &Value::Null, &json!(1)));
    let id = json!({ "id": draft["id"] });
    assert_eq!(broken(&ada, PUBLISH, id.clone()).await, ["title", "content"]);

    // Saved again and again, also without a title, on another device.
    let phone = ada.login().await;
    update(&phone, json!({ "id": draft["id"], "content": "Rain at the qua" })).await;
    let saved = update(&phone, json!({ "id": draft["id"], "title": " ", "content": "Rain at the quay." })).await;
    assert_eq!(
        (&saved["title"], &saved["content"], &saved["draft"]),
        (&json!(""), &json!("Rain at the quay."), &json!(true))
    );
    assert_eq!(saved["analysis"]["status"], "NOT_INCLUDED");
    let shown = ada.data(DRAFTS, json!({})).await;
    assert_eq!(
        shown["drafts"]["edges"][0]["node"],
        json!({ "id": draft["id"], "title": "", "content": "Rain at the quay." })
    );
    assert_eq!((&shown["drafts"]["totalCount"], &shown["journalEntries"]["totalCount"]), (&json!(1), &json!(0)));
    assert_eq!((&shown["me"]["quota"]["used"], &shown["tags"][0]["entryCount"]), (&json!(0), &json!(0)));
    assert_eq!(shown["writingStats"]["entries"], 0);
    let search = "{ search(query: \"quay\", mode: FULL_TEXT) { totalCount } }";
    assert_eq!(ada.data(search, json!({})).await["search"]["totalCount"], 0);
    assert_eq!(ada.data(VERSIONS, id.clone()).await["entryVersions"]["totalCount"], 0);

    // In the trash and back, it is a draft.
    ada.data(DELETE, id.clone()).await;
    assert_eq!(ada.data(DRAFTS, json!({})).await["drafts"]["totalCount"], 0);
    assert_eq!(ada.data(RESTORE, id.clone()).await["restoreJournalEntry"]["draft"], true);
    assert_eq!(ada.data(DRAFTS, json!({})).await["drafts"]["totalCount"], 1);
    both_sides_agree(&platform).await;

    update(&ada, json!({ "id": draft["id"], "title": "The quay" })).await;
    let published = ada.data(PUBLISH, id.clone()).await["publishJournalEntry"].clone();
    assert!(published["draft"] == false && published["publishedAt"].is_string(), "{published}");
    assert_eq!(ada.data(PUBLISH, id.clone()).await["publishJournalEntry"], published, "a second time changes nothing");
    let shown = ada.data(DRAFTS, json!({})).await;
    assert_eq!((&shown["drafts"]["totalCount"], &shown["journalEntries"]["totalCount"]), (&json!(0), &json!(1)));
    assert_eq!((&shown["me"]["quota"]["used"], &shown["tags"][0]["entryCount"]), (&json!(1), &json!(1)));
    assert_eq!(shown["writingStats"]["entries"], 1);
    ada.eventually(search, json!({}), |data| data["search"]["totalCount"] == 1).await;
    assert_eq!(broken(&ada, UPDATE, json!({ "input": { "id": draft["id"], "title": " " } })).await, ["title"]);
    both_sides_agree(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_take_nothing_of_the_quota_and_publishing_does() {
    let platform = Platform::services().variable("free_entries_per_month", "1").start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let draft = |title: &str| json!({ "title": title, "content": "x", "draft": true });
    let (first, second) = (create(&ada, draft("One")).await, create(&ada, draft("Two")).await);
    ada.data(PUBLISH, json!({ "id": first["id"] })).await;
    let refused = ada.graphql(PUBLISH, json!({ "id": second["id"] })).await;
    assert_eq!(refused.error_code(), "QUOTA_EXCEEDED");
    create(&ada, draft("Three")).await;
    assert_eq!(ada.data(DRAFTS, json!({})).await["drafts"]["totalCount"], 2, "and what was refused is a draft still");
    for foreign in [PUBLISH, RESTORE] {
        assert_eq!(bob.graphql(foreign, json!({ "id": second["id"] })).await.error_code(), "NOT_FOUND");
    }
    assert_eq!(bob.graphql(VERSIONS, json!({ "id": first["id"] })).await.error_code(), "NOT_FOUND");
    assert_eq!(bob.data(DRAFTS, json!({})).await["drafts"]["totalCount"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_draft_is_announced_to_other_devices_as_a_draft() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let mut socket = ada.login().await.socket().await;
    let id =
        socket.subscribe("subscription { entryChanged { kind entryId entry { draft content } } }", json!({})).await;
    // An operation over the same socket is answered after the subscription has begun.
    let settled = socket.subscribe("{ __typename }", json!({})).await;
    assert_eq!(socket.next(&settled).await["__typename"], "Query");
    assert_eq!(socket.message().await["type"], "complete");
    let draft = create(&ada, json!({ "title": "", "content": "Rain", "draft": true })).await;
    let received = socket.next(&id).await["entryChanged"].clone();
    assert_eq!((&received["kind"], &received["entryId"]), (&json!("DRAFT"), &draft["id"]));
    assert_eq!(received["entry"], json!({ "draft": true, "content": "Rain" }));
    update(&ada, json!({ "id": draft["id"], "title": "Rain" })).await;
    assert_eq!(socket.next(&id).await["entryChanged"]["kind"], "DRAFT");
    ada.data(PUBLISH, json!({ "id": draft["id"] })).await;
    assert_eq!(socket.next(&id).await["entryChanged"]["kind"], "CREATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_marked_and_moved_without_another_version_of_it() {
    let platform = Platform::services().variable("reconcile_pause_ms", "700").start().await;
    let ada = platform.register_as("premium").await;
    let dreams = "mutation ($name: String!) { createJournal(name: $name) { id name isDefault entryCount } }";
    let made = ada.data(dreams, json!({ "name": " Dreams " })).await["createJournal"].clone();
    assert_eq!((&made["name"], &made["isDefault"], &made["entryCount"]), (&json!("Dreams"), &json!(false), &json!(0)));
    for taken in ["DREAMS", "journal"] {
        assert_eq!(ada.graphql(dreams, json!({ "name": taken })).await.error_code(), "CONFLICT", "{taken}");
    }
    let entry = create(&ada, json!({ "title": "Flying", "content": "Over the sea." })).await;
    assert_eq!(entry["journal"], json!({ "id": ada.id, "name": "Journal", "isDefault": true }));
    let analysed = "query ($id: ID!) { journalEntry(id: $id) { version updatedAt analysis { status completedAt } } }";
    let id = json!({ "id": entry["id"] });
    let before = ada
        .eventually(analysed, id.clone(), |data| data["journalEntry"]["analysis"]["status"] == "READY")
        .await["journalEntry"]
        .clone();

    let marked =
        update(&ada, json!({ "id": entry["id"], "pinned": true, "favourite": true, "journalId": made["id"] })).await;
    assert_eq!((&marked["version"], &marked["updatedAt"]), (&before["version"], &before["updatedAt"]));
    assert_eq!(
        (&marked["pinned"], &marked["favourite"], &marked["journal"]),
        (&json!(true), &json!(true), &json!({ "name": "Dreams" }))
    );
    assert_eq!(marked["analysis"]["status"], "READY");
    assert_eq!(ada.data(analysed, id.clone()).await["journalEntry"], before, "it was not analysed again");
    assert_eq!(
        broken(&ada, UPDATE, json!({ "input": { "id": entry["id"], "journalId": entry["id"] } })).await,
        ["journalId"]
    );

    create(&ada, json!({ "title": "Plain", "content": "x" })).await;
    let count = |filter: Value| {
        let ada = &ada;
        let page = "query ($filter: JournalFilter) { journalEntries(filter: $filter) { totalCount edges { node { title } } } }";
        async move { ada.data(page, json!({ "filter": filter })).await["journalEntries"].clone() }
    };
    for (filter, title) in [
        (json!({ "pinned": true }), "Flying"),
        (json!({ "favourite": true }), "Flying"),
        (json!({ "pinned": false }), "Plain"),
        (json!({ "journalId": made["id"] }), "Flying"),
        (json!({ "journalId": ada.id }), "Plain"),
    ] {
        let page = count(filter.clone()).await;
        assert_eq!((&page["totalCount"], &page["edges"][0]["node"]["title"]), (&json!(1), &json!(title)), "{filter}");
    }
    let journals = "{ journals { id name isDefault entryCount } }";
    let of = |first: (&str, u32), second: Option<(&str, u32)>| {
        let default = json!({ "id": ada.id, "name": first.0, "isDefault": true, "entryCount": first.1 });
        let other = second
            .map(|(name, count)| json!({ "id": made["id"], "name": name, "isDefault": false, "entryCount": count }));
        json!({ "journals": std::iter::once(default).chain(other).collect::<Vec<_>>() })
    };
    assert_eq!(ada.data(journals, json!({})).await, of(("Journal", 1), Some(("Dreams", 1))));
    both_sides_agree(&platform).await;

    let rename = "mutation ($id: ID!, $name: String!) { renameJournal(id: $id, name: $name) { name entryCount } }";
    let renamed = ada.data(rename, json!({ "id": ada.id, "name": "Days" })).await;
    assert_eq!(renamed["renameJournal"], json!({ "name": "Days", "entryCount": 1 }));
    ada.data(rename, json!({ "id": made["id"], "name": "Journal" })).await;
    assert_eq!(ada.data(journals, json!({})).await, of(("Days", 1), Some(("Journal", 1))));
    let delete = "mutation ($id: ID!) { deleteJournal(id: $id) }";
    assert_eq!(ada.graphql(delete, json!({ "id": ada.id })).await.error_code(), "CONFLICT");
    assert_eq!(ada.data(delete, json!({ "id": made["id"] })).await["deleteJournal"], true);
    assert_eq!(ada.graphql(delete, json!({ "id": made["id"] })).await.error_code(), "NOT_FOUND");
    assert_eq!(ada.data(journals, json!({})).await, of(("Days", 2), None), "its entry is in the default one");
    let entry = "query ($id: ID!) { journalEntry(id: $id) { journal { name } } }";
    assert_eq!(ada.data(entry, id).await["journalEntry"]["journal"]["name"], "Days");
    both_sides_agree(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_says_at_what_time_and_where_it_was() {
    let platform = Platform::services().variable("reconcile_pause_ms", "700").start().await;
    let ada = platform.register().await;
    let place = json!({ "name": "By the river", "latitude": 52.520_006_61, "longitude": -13.404_954 });
    let entry = create(&ada, json!({ "title": "A", "content": "x", "entryTime": "18:05", "place": place })).await;
    let kept = json!({ "name": "By the river", "latitude": 52.520_006_6, "longitude": -13.404_954 });
    assert_eq!((&entry["entryTime"], &entry["place"]), (&json!("18:05"), &kept));
    let read = "query ($id: ID!) { journalEntry(id: $id) { entryTime place { name latitude longitude } version } }";
    let shown = ada.data(read, json!({ "id": entry["id"] })).await["journalEntry"].clone();
    assert_eq!((&shown["entryTime"], &shown["place"]), (&json!("18:05"), &kept));
    let rest = ada.get(&format!("/api/journals/{}", entry["id"].as_str().expect("an id"))).await.expect(200).json();
    assert_eq!((&rest["entryTime"], &rest["place"]), (&json!("18:05"), &kept));
    both_sides_agree(&platform).await;
    let moved = update(&ada, json!({ "id": entry["id"], "place": { "name": "Home" } })).await;
    assert_eq!(moved["place"], json!({ "name": "Home", "latitude": null, "longitude": null }));
    let removed = update(&ada, json!({ "id": entry["id"], "place": null, "entryTime": null })).await;
    assert_eq!(
        (&removed["place"], &removed["entryTime"], &removed["version"]),
        (&Value::Null, &Value::Null, &json!(3))
    );
    let wrong =
        json!({ "title": "A", "content": "x", "entryTime": "25:00", "place": { "latitude": 91.0, "longitude": 0.0 } });
    assert_eq!(broken(&ada, CREATE, json!({ "input": wrong })).await, ["entryTime", "place.latitude"]);
    both_sides_agree(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trash_shows_what_was_deleted_until_it_is_restored_or_purged() {
    let often = |text: String| {
        assert!(text.contains("cron = \"7 1 * * *\""), "the schedule is in the manifest");
        text.replace("cron = \"7 1 * * *\"", "cron = \"* * * * * *\"")
    };
    let builder =
        soon(Platform::services()).variable("reconcile_pause_ms", "700").variable("free_entries_per_month", "10");
    let platform = builder.manifest(often).start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let mut ids = Vec::new();
    for title in ["one", "two", "three"] {
        let input =
            json!({ "title": title, "content": format!("Of {title}."), "tags": ["kept"], "clientMutationId": title });
        let entry = ada.write(input).await;
        ada.data(DELETE, json!({ "id": entry["id"] })).await;
        ids.push(entry["id"].clone());
    }
    let page = ada.data(TRASH, json!({ "first": 2 })).await["deletedEntries"].clone();
    assert_eq!((&page["totalCount"], &page["pageInfo"]["hasNextPage"]), (&json!(3), &json!(true)));
    let shown = &page["edges"][0]["node"];
    assert_eq!(
        shown["entry"],
        json!({ "id": ids[2], "title": "three", "content": "Of three.", "tags": [{ "name": "kept" }] })
    );
    let time = |value: &Value| value.as_str().expect("a time").parse::<jiff::Timestamp>().expect("a time");
    let days = time(&shown["deletedAt"]).duration_until(time(&shown["purgeAt"])).as_hours();
    assert_eq!(days, 30 * 24);
    let rest =
        ada.data(TRASH, json!({ "first": 2, "after": page["pageInfo"]["endCursor"] })).await["deletedEntries"].clone();
    assert_eq!(rest["edges"][0]["node"]["entry"]["title"], "one");
    assert_eq!(bob.data(TRASH, json!({})).await["deletedEntries"]["totalCount"], 0);
    assert_eq!(broken(&ada, TRASH, json!({ "first": 2, "after": "x" })).await, ["after"]);

    assert_eq!(ada.data(RESTORE, json!({ "id": ids[0] })).await["restoreJournalEntry"]["title"], "one");
    // A month passes for what is in the trash.
    let database = platform.write_database().await;
    let ago = "UPDATE command.journals SET trashed_at = now() - interval '31 days' WHERE deleted_at IS NOT NULL";
    database.execute(ago, &[]).await.expect("time passes");
    ada.eventually(TRASH, json!({}), |data| data["deletedEntries"]["totalCount"] == 0).await;
    let texts = "SELECT count(*) FROM command.journals WHERE deleted_at IS NOT NULL AND (title <> '' OR content <> '')";
    assert_eq!(database.query_one(texts, &[]).await.expect("a count").get::<_, i64>(0), 0, "nothing is left of them");
    assert_eq!(ada.data("{ journalEntries { totalCount } }", json!({})).await["journalEntries"]["totalCount"], 1);
    for gone in [RESTORE, DELETE] {
        assert_eq!(ada.graphql(gone, json!({ "id": ids[1] })).await.error_code(), "NOT_FOUND");
    }
    let again =
        json!({ "input": { "title": "two", "content": "Of two.", "tags": ["kept"], "clientMutationId": "two" } });
    assert_eq!(ada.graphql(CREATE, again).await.error_code(), "CONFLICT");
    // Each is an erasure of its own, as if it had been purged by its user.
    let erasures = "SELECT count(*) FROM auth.erasures WHERE entry_id IS NOT NULL AND completed_at IS NOT NULL";
    let done = async || database.query_one(erasures, &[]).await.expect("a count").get::<_, i64>(0);
    eventually("both are erased everywhere", || async { (done().await == 2).then_some(()) }).await;
    assert_eq!(ada.data("{ me { quota { used } } }", json!({})).await["me"]["quota"]["used"], 3, "they stay counted");
    both_sides_agree(&platform).await;
    let shadow = platform.cli(&["replay", "--consumer", "query", "--shadow", "--json"]).await;
    assert_eq!(shadow.code, Some(0), "{shadow:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_entry_said_before_is_kept_and_can_be_given_back() {
    let platform = Platform::services().variable("versions_max", "2").start().await;
    let ada = platform.register().await;
    let first = json!({ "title": "One", "content": "First words.", "mood": "CALM", "tags": ["rain"], "entryTime": "08:00", "place": { "name": "Home" } });
    let entry = create(&ada, first).await;
    let id = json!({ "id": entry["id"] });
    update(&ada, json!({ "id": entry["id"], "pinned": true })).await;
    assert_eq!(ada.data(VERSIONS, id.clone()).await["entryVersions"]["totalCount"], 0, "a mark is no other content");
    let second = json!({ "id": entry["id"], "title": "Two", "content": "Others.", "mood": null, "tags": [], "entryTime": null, "place": null });
    update(&ada, second).await;
    let page = ada.data(VERSIONS, id.clone()).await["entryVersions"].clone();
    assert_eq!(page["totalCount"], 1);
    let said = json!({ "version": 1, "title": "One", "content": "First words.", "mood": "CALM", "tags": ["rain"], "entryTime": "08:00",
        "place": { "name": "Home" }, "wordCount": 2 });
    assert_eq!(page["edges"][0]["node"], said);

    let back = "mutation ($id: ID!, $version: Int!, $expected: Int) { restoreEntryVersion(id: $id, version: $version, expectedVersion: $expected) {
        version title content mood tags { name } entryTime place { name } pinned } }";
    let to =
        |version: u32, expected: Option<u32>| json!({ "id": entry["id"], "version": version, "expected": expected });
    assert_eq!(ada.graphql(back, to(1, Some(1))).await.error_code(), "CONFLICT");
    assert_eq!(broken(&ada, back, to(9, None)).await, ["version"]);
    let bob = platform.register().await;
    assert_eq!(bob.graphql(back, to(1, None)).await.error_code(), "NOT_FOUND");
    let given = ada.data(back, to(1, Some(2))).await["restoreEntryVersion"].clone();
    let expected = json!({ "version": 3, "title": "One", "content": "First words.", "mood": "CALM", "tags": [{ "name": "rain" }],
        "entryTime": "08:00", "place": { "name": "Home" }, "pinned": true });
    assert_eq!(given, expected);

    // Of three earlier versions two are kept; what was given back was one, too.
    update(&ada, json!({ "id": entry["id"], "title": "Three" })).await;
    let latest = ada.data(VERSIONS, id.clone()).await["entryVersions"].clone();
    assert_eq!((&latest["totalCount"], &latest["edges"][0]["node"]["version"]), (&json!(2), &json!(3)));
    let next = json!({ "id": entry["id"], "after": latest["pageInfo"]["endCursor"] });
    let earlier = ada.data(VERSIONS, next).await["entryVersions"].clone();
    assert_eq!(
        (&earlier["edges"][0]["node"]["title"], &earlier["pageInfo"]["hasNextPage"]),
        (&json!("Two"), &json!(false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_shows_what_was_written_and_felt_and_a_mood_that_is_taken_back_was_never_there() {
    let platform = Platform::services().variable("reconcile_pause_ms", "700").start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    ada.write(json!({ "title": "A", "content": "two words", "mood": "CALM", "entryDate": "2025-05-01" })).await;
    ada.write(json!({ "title": "B", "content": "one", "entryDate": "2025-05-03" })).await;
    let record =
        "mutation ($mood: Mood!, $at: DateTime) { recordMood(mood: $mood, note: \"hm\", at: $at) { recordId date } }";
    let felt = |mood: &str| json!({ "mood": mood, "at": "2025-05-01T12:00:00Z" });
    let calm = ada.data(record, felt("CALM")).await["recordMood"].clone();
    let sad = ada.data(record, felt("SAD")).await["recordMood"].clone();
    let days = "{ calendar(from: \"2025-05-01\", to: \"2025-05-31\") { date entries words moods { mood count } } }";
    let of = |moods: Value| {
        json!([
            { "date": "2025-05-01", "entries": 1, "words": 2, "moods": moods },
            { "date": "2025-05-03", "entries": 1, "words": 1, "moods": [] },
        ])
    };
    let both = json!([{ "mood": "CALM", "count": 2 }, { "mood": "SAD", "count": 1 }]);
    assert_eq!(ada.data(days, json!({})).await["calendar"], of(both));
    assert_eq!(bob.data(days, json!({})).await["calendar"], json!([]));
    let records = "{ moodRecords(from: \"2025-05-01\", to: \"2025-05-01\") { id mood note at date } }";
    let shown = ada.data(records, json!({})).await["moodRecords"].clone();
    assert_eq!(shown.as_array().map(Vec::len), Some(2));
    assert!(shown.to_string().contains(calm["recordId"].as_str().expect("an id")), "{shown}");

    let back = "mutation ($id: ID!) { takeBackMood(id: $id) }";
    let id = json!({ "id": sad["recordId"] });
    assert_eq!(bob.graphql(back, id.clone()).await.error_code(), "NOT_FOUND");
    assert_eq!(ada.data(back, id.clone()).await["takeBackMood"], true);
    assert_eq!(ada.graphql(back, id).await.error_code(), "NOT_FOUND");
    assert_eq!(ada.data(days, json!({})).await["calendar"], of(json!([{ "mood": "CALM", "count": 2 }])));
    let left = ada.data(records, json!({})).await["moodRecords"].clone();
    assert_eq!(
        (left.as_array().map(Vec::len), &left[0]["mood"], &left[0]["date"]),
        (Some(1), &json!("CALM"), &json!("2025-05-01"))
    );
    both_sides_agree(&platform).await;
    for consumer in ["query", "analytics"] {
        let shadow = platform.cli(&["replay", "--consumer", consumer, "--shadow", "--json"]).await;
        assert_eq!(shadow.code, Some(0), "{shadow:?}");
    }
    for list in ["calendar", "moodRecords"] {
        for (from, to, field, rule, params) in [
            ("2025-05-02", "2025-05-01", "from", "after", json!({ "other": "to" })),
            ("2024-01-01", "2025-01-01", "to", "too-much", json!({ "max": 366, "unit": "days" })),
        ] {
            let wrong = format!("{{ {list}(from: \"{from}\", to: \"{to}\") {{ date }} }}");
            let error = ada.graphql(&wrong, json!({})).await.error()["extensions"].clone();
            assert_eq!(
                (&error["field"], &error["rule"], &error["params"]),
                (&json!(field), &json!(rule), &params),
                "{list}: {error}"
            );
        }
    }
}
