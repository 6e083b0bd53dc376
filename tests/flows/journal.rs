//! Goal: only its owner writes, changes and finds a journal. Method: two users, GraphQL
//! and REST side by side.

use mindflow_tests::{Platform, send};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const UPDATE: &str = "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id title version tags { name } mood } }";
const DELETE: &str = "mutation ($id: ID!) { deleteJournalEntry(id: $id) }";
const RESTORE: &str = "mutation ($id: ID!) { restoreJournalEntry(id: $id) { id title version } }";
const ENTRY: &str =
    "query ($id: ID!) { journalEntry(id: $id) { id title content version mood tags { name entryCount } } }";
const PAGE: &str = "query ($first: Int, $after: String, $filter: JournalFilter) { journalEntries(first: $first, after: $after, filter: $filter) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id title } } } }";

fn path(entry: &Value) -> String {
    format!("/api/journals/{}", entry["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_change_is_a_conflict_and_loses_nothing() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let entry = ada.write(json!({ "title": "One", "content": "x", "mood": "SAD", "tags": ["a"] })).await;
    let change = |title: &str, version: u32| json!({ "input": { "id": entry["id"], "title": title, "expectedVersion": version } });
    let second = ada.data(UPDATE, change("Two", 1)).await["updateJournalEntry"].clone();
    assert_eq!((&second["version"], &second["title"]), (&json!(2), &json!("Two")));
    assert_eq!((&second["mood"], &second["tags"]), (&json!("SAD"), &json!([{ "name": "a" }])));
    let stale = ada.graphql(UPDATE, change("Lost", 1)).await;
    assert_eq!(stale.error_code(), "CONFLICT");
    ada.eventually(ENTRY, json!({ "id": entry["id"] }), |data| data["journalEntry"]["title"] == "Two").await;

    // The same by REST, with the validators of HTTP.
    let read = ada.get(&path(&entry)).await.expect(200);
    let etag = read.header("etag").to_owned();
    let patch = |etag: &str, title: &str| {
        ada.request(Method::PATCH, &path(&entry)).header("if-match", etag).json(&json!({ "title": title }))
    };
    let third = send(patch(&etag, "Three")).await.expect(200);
    assert_eq!(third.json()["version"], 3);
    assert_ne!(third.header("etag"), etag);
    send(patch(&etag, "Lost")).await.expect_problem(412, "precondition-failed");
    send(patch("*", "Four")).await.expect(200);
    send(ada.request(Method::DELETE, &path(&entry)).header("if-match", &etag))
        .await
        .expect_problem(412, "precondition-failed");
    let cleared = json!({ "input": { "id": entry["id"], "mood": null, "tags": [] } });
    let cleared = ada.data(UPDATE, cleared).await["updateJournalEntry"].clone();
    assert_eq!((&cleared["mood"], &cleared["tags"], &cleared["title"]), (&Value::Null, &json!([]), &json!("Four")));

    // A weak tag never matches strongly (RFC 9110, 8.8.3.2).
    let weak = format!("W/{}", ada.get(&path(&entry)).await.header("etag"));
    send(patch(&weak, "Lost")).await.expect_problem(412, "precondition-failed");

    // Of ten changes of one version, one wins.
    let racing = (0..10).map(|number| {
        ada.graphql(
            UPDATE,
            json!({ "input": { "id": entry["id"], "title": format!("R{number}"), "expectedVersion": 5 } }),
        )
    });
    let answers = futures::future::join_all(racing).await;
    assert_eq!(answers.iter().filter(|answer| answer.json().get("errors").is_none()).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn rest_answers_what_was_written_and_unchanged_entries_are_not_sent_again() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let created = ada.post("/api/journals", &json!({ "title": "Rest", "content": "two words", "mood": "CALM", "tags": ["x"], "entryDate": "2024-02-29" })).await.expect(201);
    let entry = created.json();
    assert_eq!(created.header("location"), path(&entry));
    assert_eq!((&entry["title"], &entry["wordCount"], &entry["mood"]), (&json!("Rest"), &json!(2), &json!("CALM")));
    assert_eq!((&entry["entryDate"], &entry["tags"][0]["name"]), (&json!("2024-02-29"), &json!("x")));
    // Read your own write, immediately.
    let read = ada.get(created.header("location")).await.expect(200);
    assert_eq!(read.json()["content"], "two words");
    let (etag, modified) = (read.header("etag").to_owned(), read.header("last-modified").to_owned());
    assert_eq!(created.header("etag"), etag);
    assert!(etag.starts_with('"') && modified.ends_with("GMT"), "{etag} {modified}");
    let with = |name: &str, value: &str| send(ada.request(Method::GET, &path(&entry)).header(name, value));
    let unchanged = with("if-none-match", &etag).await.expect(304);
    assert!(unchanged.bytes.is_empty() && unchanged.header("etag") == etag);
    with("if-none-match", &format!("\"other\", W/{etag}")).await.expect(304);
    with("if-none-match", "\"other\"").await.expect(200);
    with("if-modified-since", &modified).await.expect(304);
    with("if-modified-since", "Sat, 01 Jan 2000 00:00:00 GMT").await.expect(200);
    ada.patch(&path(&entry), &json!({ "content": "three words now" })).await.expect(200);
    let changed = with("if-none-match", &etag).await.expect(200).json();
    assert_eq!((&changed["content"], &changed["wordCount"]), (&json!("three words now"), &json!(3)));

    ada.delete(&path(&entry)).await.expect(204);
    ada.get(&path(&entry)).await.expect_problem(404, "not-found");
    ada.delete(&path(&entry)).await.expect_problem(404, "not-found");
    ada.get("/api/journals/not-an-id").await.expect_problem(404, "not-found");
    ada.get("/api/nothing").await.expect_problem(404, "not-found");
    send(ada.request(Method::PUT, &path(&entry))).await.expect_problem(405, "method-not-allowed");
    send(ada.request(Method::POST, "/api/journals").header("content-type", "text/plain").body("{}"))
        .await
        .expect_problem(415, "unsupported-media-type");
    let large = json!({ "title": "Large", "content": "x".repeat(1_400 * 1024) });
    ada.post("/api/journals", &large).await.expect_problem(413, "payload-too-large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_entry_is_gone_everywhere_until_it_is_restored() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let entry = ada.write(json!({ "title": "Gone", "content": "x", "tags": ["kept"] })).await;
    let id = json!({ "id": entry["id"] });
    ada.eventually(ENTRY, id.clone(), |data| data["journalEntry"]["tags"][0]["entryCount"] == 1).await;
    assert_eq!(ada.data(DELETE, id.clone()).await["deleteJournalEntry"], true);
    ada.eventually(ENTRY, id.clone(), |data| data["journalEntry"].is_null()).await;
    ada.eventually("{ recentEntries { id } tags { entryCount } journalEntries { totalCount } }", json!({}), |data| {
        data["recentEntries"] == json!([])
            && data["journalEntries"]["totalCount"] == 0
            && data["tags"][0]["entryCount"] == 0
    })
    .await;
    assert_eq!(
        ada.graphql(UPDATE, json!({ "input": { "id": entry["id"], "title": "X" } })).await.error_code(),
        "NOT_FOUND"
    );
    let restored = ada.data(RESTORE, id.clone()).await["restoreJournalEntry"].clone();
    assert_eq!(restored["title"], "Gone");
    ada.eventually(ENTRY, id.clone(), |data| {
        data["journalEntry"]["tags"] == json!([{ "name": "kept", "entryCount": 1 }])
    })
    .await;
    // Deleting gives no quota back, and restoring takes none.
    ada.eventually("{ me { quota { used } } }", json!({}), |data| data["me"]["quota"]["used"] == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_neither_sees_nor_changes_another_users_journal() {
    let platform = Platform::services().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let admin = platform.register_as("admin").await;
    let entry = ada.write(json!({ "title": "Mine", "content": "secret", "tags": ["private"] })).await;
    let id = json!({ "id": entry["id"] });
    ada.eventually(ENTRY, id.clone(), |data| data["journalEntry"]["title"] == "Mine").await;
    let tags = ada.eventually("{ tags { id } }", json!({}), |data| data["tags"][0].is_object()).await;
    let tag = tags["tags"][0]["id"].clone();
    for other in [&bob, &admin] {
        assert!(other.data(ENTRY, id.clone()).await["journalEntry"].is_null());
        assert_eq!(other.graphql(DELETE, id.clone()).await.error_code(), "NOT_FOUND");
        assert_eq!(other.graphql(RESTORE, id.clone()).await.error_code(), "NOT_FOUND");
        assert_eq!(
            other.graphql(UPDATE, json!({ "input": { "id": entry["id"], "title": "Theirs" } })).await.error_code(),
            "NOT_FOUND"
        );
        let rename = other
            .graphql("mutation ($id: ID!) { renameTag(id: $id, name: \"theirs\") { id } }", json!({ "id": tag }))
            .await;
        assert_eq!(rename.error_code(), "NOT_FOUND");
        other.get(&path(&entry)).await.expect_problem(404, "not-found");
        other.patch(&path(&entry), &json!({ "title": "Theirs" })).await.expect_problem(404, "not-found");
        other.delete(&path(&entry)).await.expect_problem(404, "not-found");
        let data = other.data("{ recentEntries { id } tags { id } journalEntries { totalCount } insights { id } moodTrends { count } onThisDay { id } }", json!({})).await;
        assert_eq!(
            data,
            json!({ "recentEntries": [], "tags": [], "journalEntries": { "totalCount": 0 }, "insights": [], "moodTrends": [], "onThisDay": [] })
        );
    }
    bob.get(&format!("/api/journals?userId={}", ada.id)).await.expect_problem(403, "forbidden");
    assert!(!admin.get(&format!("/api/journals?userId={}", ada.id)).await.text().contains("secret"));
    platform.http().get(&path(&entry)).await.expect_problem(401, "unauthenticated");
    platform.http().get("/api/journals").await.expect_problem(401, "unauthenticated");
    assert_eq!(platform.http().graphql(ENTRY, id.clone()).await.error_code(), "UNAUTHENTICATED");
    assert_eq!(ada.get(&path(&entry)).await.expect(200).json()["title"], "Mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn validation_names_every_broken_field_in_both_protocols() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let too_many: Vec<String> = (0..21).map(|number| format!("t{number}")).collect();
    for (broken, fields) in [
        (json!({ "title": " ", "content": "", "tags": ["ok", " "] }), vec!["title", "content", "tags[1]"]),
        (json!({ "title": "x".repeat(201), "content": "c", "tags": ["y".repeat(51)] }), vec!["title", "tags[0]"]),
        (
            json!({ "title": "t", "content": "c", "tags": too_many, "entryDate": "2999-01-01" }),
            vec!["tags", "entryDate"],
        ),
        // Nothing of it is seen.
        (json!({ "title": "t", "content": " \u{200b}\n\u{3164}" }), vec!["content"]),
    ] {
        let fields: BTreeSet<&str> = fields.into_iter().collect();
        let answer = ada.graphql(mindflow_tests::CREATE, json!({ "input": broken })).await.json();
        let errors = answer["errors"].as_array().unwrap();
        assert!(
            errors.iter().all(|error| error["extensions"]["code"] == "BAD_USER_INPUT"
                && error["path"] == json!(["createJournalEntry"])),
            "{answer}"
        );
        let reported: BTreeSet<&str> =
            errors.iter().map(|error| error["extensions"]["field"].as_str().unwrap()).collect();
        assert_eq!(reported, fields);
        let problem = ada.post("/api/journals", &broken).await.expect_problem(422, "invalid-input");
        let reported: BTreeSet<&str> =
            problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!(reported, fields);
    }
    // The limits themselves are allowed; characters count, not bytes.
    let at_the_limit = json!({ "title": "ü".repeat(200), "content": "x".repeat(100_000), "tags": ["é".repeat(50)] });
    let entry = ada.write(at_the_limit).await;
    assert_eq!(entry["content"].as_str().unwrap().len(), 100_000);
    let over =
        ada.graphql(mindflow_tests::CREATE, json!({ "input": { "title": "t", "content": "x".repeat(100_001) } })).await;
    assert_eq!(over.error()["extensions"]["field"], "content");
    for (query, field) in [
        ("{ recentEntries(limit: 101) { id } }", "limit"),
        ("{ journalEntries(first: 0) { totalCount } }", "first"),
        ("{ moodTrends(days: 0) { count } }", "days"),
    ] {
        assert_eq!(ada.graphql(query, json!({})).await.error()["extensions"]["field"], *field, "{query}");
    }
    let problem =
        ada.get("/api/journals?limit=101&mood=calm&from=yesterday").await.expect_problem(422, "invalid-input");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3);
    // A parameter that nothing takes shows nothing, and one that is not right is called as it was.
    let one = format!("{}?fields=title", path(&entry));
    for (path, field, rule) in [
        ("/api/journals?tgas=x&limit=5", "tgas", "unknown-field"),
        ("/api/journals?tag=a&tag=b", "tag", "too-many"),
        ("/api/journals?cursor=nonsense", "cursor", "format"),
        ("/auth/sessions?all=true", "all", "unknown-field"),
        (one.as_str(), "fields", "unknown-field"),
        ("/media/00000000-0000-7000-8000-000000000000?size=2", "size", "unknown-field"),
    ] {
        let error = ada.get(path).await.expect_problem(422, "invalid-input")["errors"][0].clone();
        assert_eq!((&error["field"], &error["rule"]), (&json!(field), &json!(rule)), "{path}");
    }
    // Of two values of one name none is taken.
    let twice = r#"{"title":"one","content":"c","title":"other"}"#;
    let request = ada.request(Method::POST, "/api/journals").header("content-type", "application/json").body(twice);
    let error = send(request).await.expect_problem(422, "invalid-input")["errors"][0].clone();
    assert_eq!((&error["field"], &error["rule"]), (&json!("title"), &json!("too-many")));
    let body = format!(
        r#"{{"query":{:?},"variables":{{"input":{{"title":"one","content":"c","title":"other"}}}}}}"#,
        mindflow_tests::CREATE
    );
    let request = ada.request(Method::POST, "/graphql").header("content-type", "application/json").body(body);
    let refused = send(request).await;
    assert_eq!(refused.error()["extensions"]["field"], "variables.input.title");
    // Nothing of it was written.
    ada.eventually("{ journalEntries { totalCount } }", json!({}), |data| data["journalEntries"]["totalCount"] == 1)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn null_empties_what_can_be_empty_is_refused_of_what_cannot_and_left_out_changes_nothing() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let entry = ada.write(json!({ "title": "T", "content": "c", "mood": "CALM", "tags": ["a"] })).await;
    for (body, field, rule) in [
        (json!({ "title": null }), "title", "required"),
        (json!({ "entryDate": null }), "entryDate", "required"),
        (json!({ "content": null }), "content", "blank"),
    ] {
        let error = ada.patch(&path(&entry), &body).await.expect_problem(422, "invalid-input")["errors"][0].clone();
        assert_eq!((&error["field"], &error["rule"]), (&json!(field), &json!(rule)));
    }
    let emptied = ada.patch(&path(&entry), &json!({ "tags": null, "mood": null, "attachmentIds": null })).await;
    let emptied = emptied.expect(200).json();
    assert_eq!((&emptied["tags"], &emptied["mood"], &emptied["version"]), (&json!([]), &Value::Null, &json!(2)));

    // A client sends the variables of what its user has changed.
    let update = "mutation ($id: ID!, $title: String, $mood: Mood, $tags: [String!]) {
        updateJournalEntry(input: { id: $id, title: $title, mood: $mood, tags: $tags }) { title mood tags { name } } }";
    let with = |more: Value| {
        let mut variables = json!({ "id": entry["id"] });
        variables.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ada.graphql(update, variables)
    };
    with(json!({ "mood": "SAD", "tags": ["b"] })).await.data();
    let kept = with(json!({ "title": "Kept" })).await.data()["updateJournalEntry"].clone();
    assert_eq!(kept, json!({ "title": "Kept", "mood": "SAD", "tags": [{ "name": "b" }] }));
    let emptied = with(json!({ "mood": null, "tags": null })).await.data()["updateJournalEntry"].clone();
    assert_eq!(emptied, json!({ "title": "Kept", "mood": null, "tags": [] }));
    let profile = "mutation ($name: String, $zone: String) {
        updateProfile(displayName: $name, timezone: $zone) { displayName timezone } }";
    let named = ada.data(profile, json!({ "name": "Ada L." })).await["updateProfile"].clone();
    assert_eq!(named, json!({ "displayName": "Ada L.", "timezone": "UTC" }));
    for (refused, field) in [
        (with(json!({ "title": null })).await, "title"),
        (ada.graphql(profile, json!({ "name": null })).await, "displayName"),
        (ada.graphql(profile, json!({ "zone": null })).await, "timezone"),
        (ada.graphql("mutation { updateNotificationPreferences(push: null) { push } }", json!({})).await, "push"),
    ] {
        let extensions = refused.error()["extensions"].clone();
        assert_eq!((&extensions["field"], &extensions["rule"]), (&json!(field), &json!("required")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_is_on_exactly_one_page_newest_first() {
    let platform = Platform::services().start().await;
    let ada = platform.register_as("premium").await;
    let mut written = Vec::new();
    for number in 0..23 {
        written.push(ada.write(json!({ "title": format!("Entry {number}"), "content": "x" })).await["id"].clone());
    }
    written.reverse();
    ada.eventually("{ journalEntries { totalCount } }", json!({}), |data| data["journalEntries"]["totalCount"] == 23)
        .await;

    let (mut seen, mut after, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let page = ada.data(PAGE, json!({ "first": 10, "after": after })).await["journalEntries"].clone();
        let edges = page["edges"].as_array().unwrap();
        seen.extend(edges.iter().map(|edge| edge["node"]["id"].clone()));
        let info = &page["pageInfo"];
        assert_eq!((&page["totalCount"], &info["hasPreviousPage"]), (&json!(23), &json!(pages > 0)));
        assert_eq!((&info["startCursor"], &info["endCursor"]), (&edges[0]["cursor"], &edges.last().unwrap()["cursor"]));
        pages += 1;
        after = info["endCursor"].clone();
        if info["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!((pages, &seen), (3, &written));

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ada.get(&format!("/api/journals?limit=7&cursor={cursor}")).await.expect(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, written);
    let recent = ada.data("{ recentEntries(limit: 4) { id } }", json!({})).await;
    let recent: Vec<Value> =
        recent["recentEntries"].as_array().unwrap().iter().map(|entry| entry["id"].clone()).collect();
    assert_eq!(recent, written[..4]);
    assert_eq!(ada.graphql(PAGE, json!({ "after": "nonsense" })).await.error_code(), "BAD_USER_INPUT");
    ada.get("/api/journals?cursor=nonsense").await.expect_problem(422, "invalid-input");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_find_entries_by_words_tag_mood_and_day() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    for (title, mood, tags, day) in [
        ("Sailing trip", Some("HAPPY"), vec!["Sea", "Friends"], "2024-05-01"),
        ("Exam", Some("STRESSED"), vec!["school"], "2024-06-15"),
        ("Reunion by the SEA", Some("HAPPY"), vec!["friends"], "2025-05-01"),
        ("50% off_day", None, vec![], "2025-07-01"),
    ] {
        ada.write(json!({ "title": title, "content": "Some words", "mood": mood, "tags": tags, "entryDate": day }))
            .await;
    }
    ada.eventually("{ journalEntries { totalCount } }", json!({}), |data| data["journalEntries"]["totalCount"] == 4)
        .await;
    for (filter, query, titles) in [
        (json!({ "tag": "friends" }), "tag=FRIENDS", vec!["Reunion by the SEA", "Sailing trip"]),
        (json!({ "mood": "HAPPY" }), "mood=HAPPY", vec!["Reunion by the SEA", "Sailing trip"]),
        (
            json!({ "from": "2024-06-15", "to": "2025-05-01" }),
            "from=2024-06-15&to=2025-05-01",
            vec!["Reunion by the SEA", "Exam"],
        ),
        (
            json!({ "tag": "friends", "from": "0001-01-01", "to": "9999-12-31" }),
            "tag=friends&from=0001-01-01&to=9999-12-31",
            vec!["Reunion by the SEA", "Sailing trip"],
        ),
        (json!({ "from": "9999-12-31" }), "from=9999-12-31", vec![]),
        (json!({ "to": "0001-01-01" }), "to=0001-01-01", vec![]),
        (json!({ "tag": "friends", "from": "2025-01-01" }), "tag=friends&from=2025-01-01", vec!["Reunion by the SEA"]),
        (json!({ "text": "sea" }), "text=sea", vec!["Reunion by the SEA"]),
        (json!({ "text": "50%" }), "text=50%25", vec!["50% off_day"]),
        (json!({ "tag": "nothing" }), "tag=nothing", vec![]),
    ] {
        let page = ada.data(PAGE, json!({ "filter": filter })).await["journalEntries"].clone();
        let found: Vec<&str> =
            page["edges"].as_array().unwrap().iter().map(|edge| edge["node"]["title"].as_str().unwrap()).collect();
        assert_eq!((&found, page["totalCount"].as_u64()), (&titles, Some(titles.len() as u64)), "{filter}");
        let page = ada.get(&format!("/api/journals?{query}")).await.expect(200).json();
        let found: Vec<&str> =
            page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect();
        assert_eq!(found, titles, "{query}");
    }
    // The first and the last day that there are, wherever a day is asked for.
    let years = "{ late: onThisDay(date: \"9999-05-01\") { title } last: onThisDay(date: \"9999-12-31\") { title }
        first: onThisDay(date: \"0001-05-01\") { title } }";
    let both = json!([{ "title": "Reunion by the SEA" }, { "title": "Sailing trip" }]);
    assert_eq!(ada.data(years, json!({})).await, json!({ "late": both, "last": [], "first": [] }));
    let ever = "{ search(query: \"tag:friends from:0001-01-01 to:9999-12-31\") { totalCount } }";
    ada.eventually(ever, json!({}), |data| data["search"]["totalCount"] == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_one_however_it_is_written_and_renaming_it_changes_its_entries() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let create = |name: &str| {
        ada.data("mutation ($name: String!) { createTag(name: $name) { id name entryCount } }", json!({ "name": name }))
    };
    let work = create("  Work ").await["createTag"].clone();
    assert_eq!((&work["name"], &work["entryCount"]), (&json!("Work"), &json!(0)));
    assert_eq!(create("WORK").await["createTag"]["id"], work["id"]);
    let entry = ada.write(json!({ "title": "T", "content": "c", "tags": ["work", "WORK ", "Home"] })).await;
    let names: Vec<&str> = entry["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Home", "Work"]);
    ada.eventually("{ tags { name entryCount } }", json!({}), |data| {
        data["tags"] == json!([{ "name": "Home", "entryCount": 1 }, { "name": "Work", "entryCount": 1 }])
    })
    .await;
    let before = ada.get(&path(&entry)).await.expect(200);
    let rename = |name: &str| {
        ada.graphql(
            "mutation ($id: ID!, $name: String!) { renameTag(id: $id, name: $name) { id name } }",
            json!({ "id": work["id"], "name": name }),
        )
    };
    assert_eq!(rename("Office").await.data()["renameTag"]["name"], "Office");
    assert_eq!(rename("home").await.error_code(), "CONFLICT");
    assert_eq!(rename(" ").await.error()["extensions"]["field"], "name");
    ada.eventually(ENTRY, json!({ "id": entry["id"] }), |data| {
        data["journalEntry"]["tags"]
            == json!([{ "name": "Home", "entryCount": 1 }, { "name": "Office", "entryCount": 1 }])
    })
    .await;
    ada.eventually("{ tags { name } recentEntries { tags { name } } }", json!({}), |data| {
        data["tags"] == json!([{ "name": "Home" }, { "name": "Office" }])
            && data["recentEntries"][0]["tags"] == data["tags"]
    })
    .await;
    for (tag, count) in [("office", 1), ("work", 0)] {
        let page = ada.data(PAGE, json!({ "filter": { "tag": tag } })).await;
        assert_eq!(page["journalEntries"]["totalCount"], count, "{tag}");
    }
    // What a client kept of the entry is out of date, although its version is the same.
    assert_ne!(ada.get(&path(&entry)).await.expect(200).header("etag"), before.header("etag"));
    // What is answered to a write has its tags in the order of lists: that of dictionaries.
    let many = ada.write(json!({ "title": "M", "content": "c", "tags": ["zebra", "Ärger", "apfel"] })).await;
    let names: Vec<&str> = many["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["apfel", "Ärger", "zebra"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_written_concurrently_share_their_new_tags() {
    let platform = Platform::services().start().await;
    let ada = platform.register_as("premium").await;
    let inputs: Vec<Value> = (0..12)
        .map(|number| {
            let mut tags = ["red", "Green", "BLUE"];
            tags.rotate_left(number % 3);
            json!({ "title": format!("E{number}"), "content": "c", "tags": tags })
        })
        .collect();
    let written = futures::future::join_all(inputs.into_iter().map(|input| ada.write(input))).await;
    let ids: BTreeSet<&str> = written
        .iter()
        .flat_map(|entry| entry["tags"].as_array().unwrap())
        .map(|tag| tag["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 3);
    ada.eventually("{ tags { entryCount } }", json!({}), |data| {
        data["tags"] == json!([{ "entryCount": 12 }, { "entryCount": 12 }, { "entryCount": 12 }])
    })
    .await;
    // A change, a deletion and a restoration of each at the same time: each is done or says why not.
    let all = written.iter().flat_map(|entry| {
        let id = entry["id"].as_str().unwrap();
        let update =
            format!("mutation {{ a: updateJournalEntry(input: {{ id: \"{id}\", tags: [\"red\"] }}) {{ id }} }}");
        let delete = format!("mutation {{ a: deleteJournalEntry(id: \"{id}\") }}");
        let restore = format!("mutation {{ a: restoreJournalEntry(id: \"{id}\") {{ id }} }}");
        [update, delete, restore]
    });
    let ada_ref = &ada;
    let answers =
        futures::future::join_all(all.map(|query| async move { ada_ref.graphql(&query, json!({})).await })).await;
    for answer in answers {
        let body = answer.json();
        assert!(body.get("errors").is_none() || answer.error_code() == "NOT_FOUND", "{body}");
    }
    // Once all has settled, both sides tell the same.
    let database = platform.write_database().await;
    let live = database.query("SELECT id::text FROM command.journals WHERE deleted_at IS NULL", &[]).await.unwrap();
    let live: BTreeSet<String> = live.iter().map(|row| row.get(0)).collect();
    ada.eventually("{ journalEntries(first: 20) { edges { node { id } } } }", json!({}), |data| {
        let edges = data["journalEntries"]["edges"].as_array().unwrap();
        edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>() == live
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moods_become_trends_and_old_entries_come_back_on_their_day() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    ada.write(json!({ "title": "A", "content": "c", "mood": "HAPPY" })).await;
    let record = |mood: &str, at: Value| {
        ada.graphql("mutation ($mood: Mood!, $at: DateTime) { recordMood(mood: $mood, note: \"n\", at: $at) { date mood count } }", json!({ "mood": mood, "at": at }))
    };
    let now = record("HAPPY", Value::Null).await.data()["recordMood"].clone();
    assert_eq!((&now["mood"], &now["count"]), (&json!("HAPPY"), &json!(1)));
    let now_here = jiff::Timestamp::from_microsecond(mindflow_backends::clock::Clock::system().now_us()).unwrap();
    let yesterday = now_here - jiff::SignedDuration::from_hours(24);
    record("TIRED", json!(yesterday.to_string())).await.data();
    let tomorrow = now_here + jiff::SignedDuration::from_hours(24);
    assert_eq!(record("SAD", json!(tomorrow.to_string())).await.error()["extensions"]["field"], "at");
    let trends = ada
        .eventually("{ moodTrends(days: 7) { date mood count averageSentiment } }", json!({}), |data| {
            data["moodTrends"].as_array().is_some_and(|points| points.len() == 2 && points[1]["count"] == 2)
        })
        .await;
    assert_eq!(
        (&trends["moodTrends"][0]["mood"], &trends["moodTrends"][1]["mood"]),
        (&json!("TIRED"), &json!("HAPPY"))
    );
    assert_eq!(trends["moodTrends"][1]["date"], now["date"]);

    for (title, day) in [
        ("Then", "2020-03-07"),
        ("Even earlier", "2019-03-07"),
        ("Next day", "2020-03-08"),
        ("The day itself", "2021-03-07"),
    ] {
        ada.write(json!({ "title": title, "content": "c", "entryDate": day })).await;
    }
    let found = ada
        .eventually("{ onThisDay(date: \"2021-03-07\") { title } }", json!({}), |data| {
            data["onThisDay"].as_array().is_some_and(|entries| entries.len() == 2)
        })
        .await;
    let titles: BTreeSet<&str> =
        found["onThisDay"].as_array().unwrap().iter().map(|entry| entry["title"].as_str().unwrap()).collect();
    assert_eq!(titles, BTreeSet::from(["Then", "Even earlier"]));
}
