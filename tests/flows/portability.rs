//! Goal: a journal leaves whole and comes back the same, in another account too; what other products wrote comes in; what is bad is
//! named; and a host that is killed in between goes on. Method: archives made by the public descriptions of their formats, sent and fetched
//! as a browser does, with the schedule of jobs at its fastest.

use crate::erasure_kit::{PURGE, complete, delete, of_services, soon, tables_with};
use crate::journal_keeping::both_sides_agree;
use crate::media::{small_png, upload};
use base64::{Engine, engine::general_purpose::STANDARD};
use mindflow_formats::zip::{Directory, Limits, Packing, Writer};
use mindflow_tests::messages_api::MessagesApi;
use mindflow_tests::{Account, Answer, Builder, Platform, eventually, eventually_within, send};
use reqwest::Method;
use serde_json::{Value, json};

const REQUEST: &str = "mutation ($format: ExportFormat) { requestExport(format: $format) { id status } }";
const EXPORTS: &str = "{ exports { id format status entriesDone entriesTotal mediaDone mediaTotal bytes url error completedAt expiresAt } }";
const BEGIN: &str = "mutation ($input: ImportInput!) { beginImport(input: $input) { id status } }";
const IMPORTS: &str = "{ imports { id format dryRun status recordsDone recordsTotal error
    failure { reason files max } report { entries duplicates skipped media missingMedia tags moods journals problemsTotal problems { record field rule params message } } } }";
const ENTRIES: &str = "{ journalEntries(first: 100, orderBy: ENTRY_DATE_ASC) { totalCount edges { node { title content mood entryDate
    entryTime private pinned favourite createdAt place { name latitude longitude } tags { name } journal { name } attachments { fileName bytes } } } }
    drafts { edges { node { title content } } } }";

/// A stretch that was lost is taken again after two minutes.
const LEASED: std::time::Duration = std::time::Duration::from_secs(240);

/// The only attachment of a user.
async fn attachment(account: &Account) -> (String, Vec<u8>) {
    let read = "{ journalEntries { edges { node { content attachments { id } } } } }";
    let shown = account.data(read, json!({})).await["journalEntries"]["edges"].clone();
    let shown = shown.as_array().expect("edges").iter().map(|edge| &edge["node"]);
    let entry = shown.clone().find(|node| node["attachments"] != json!([])).expect("an entry with a file");
    let id = entry["attachments"][0]["id"].as_str().expect("an id").to_owned();
    assert!(entry["content"].as_str().expect("a text").contains(&format!("(media:{id})")), "{entry}");
    let file = account.get(&format!("/media/{id}")).await.expect(200);
    (id, file.bytes.to_vec())
}

/// Jobs run every second.
fn quick() -> Builder {
    Platform::services().variable("reconcile_pause_ms", "700").manifest(|text| {
        let (before, after) = text.split_once("name = \"run-jobs\"\ncron = \"* * * * *\"").expect("the schedule");
        let after = after.replacen("run-max-s = 90", "run-max-s = 5", 1);
        format!("{before}name = \"run-jobs\"\ncron = \"* * * * * *\"{after}")
    })
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut writer, mut out, mut directory) = (Writer::default(), Vec::new(), Vec::new());
    for (name, bytes) in files {
        writer.begin(name, jiff::Timestamp::UNIX_EPOCH, &mut out, &mut directory).expect("a name");
        for piece in bytes.chunks(1 << 16) {
            writer.write(piece, Packing::Small, &mut out).expect("room");
        }
    }
    writer.end(&mut out, &mut directory);
    out.extend_from_slice(&directory);
    out.extend(writer.finish());
    out
}

/// The job of the kind when it is over.
async fn over(account: &Account, query: &str, list: &str) -> Value {
    let is_over = |job: &Value| !["WAITING", "RUNNING"].contains(&job["status"].as_str().expect("a status"));
    account.eventually(query, json!({}), |data| is_over(&data[list][0])).await[list][0].clone()
}

async fn export(account: &Account, format: &str) -> (Value, Answer) {
    account.data(REQUEST, json!({ "format": format })).await;
    let job = over(account, EXPORTS, "exports").await;
    assert_eq!(job["status"], "READY", "{job}");
    let file = account.http().get(job["url"].as_str().expect("an address")).await.expect(200);
    assert_eq!(json!(file.bytes.len()), job["bytes"]);
    (job, file)
}

async fn send_upload(account: &Account, bytes: Vec<u8>) -> Value {
    let request = account.request(Method::POST, "/portability/uploads").body(bytes);
    send(request).await.expect(201).json()["uploadId"].clone()
}

async fn import_as(account: &Account, bytes: Vec<u8>, more: Value) -> Value {
    let mut input = more;
    input["uploadId"] = send_upload(account, bytes).await;
    account.data(BEGIN, json!({ "input": input })).await;
    over(account, IMPORTS, "imports").await
}

async fn import(account: &Account, bytes: Vec<u8>) -> Value {
    import_as(account, bytes, json!({})).await
}

async fn names(archive: &Vec<u8>) -> Vec<String> {
    let directory = Directory::read(archive, Limits::default()).await.expect("an archive");
    directory.files().map(|file| file.name.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_leaves_and_comes_back_the_same_in_another_account_and_never_twice() {
    let platform = quick().start().await;
    let (ada, bob) = (platform.register_as("premium").await, platform.register().await);
    let picture = upload(&ada, "lake.png", &small_png()).await.expect(201).json();
    let travels = ada.data("mutation { createJournal(name: \"Travels\") { id } }", json!({})).await;
    let create = "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id } }";
    for input in [
        json!({ "title": "A walk", "content": format!("By the lake. ![](media:{})", picture["id"].as_str().unwrap()), "mood": "CALM",
            "tags": ["outside", "Été"], "entryDate": "2024-05-01", "entryTime": "07:05", "favourite": true, "private": true,
            "place": { "name": "Lake", "latitude": 52.52, "longitude": 13.4 }, "attachmentIds": [picture["id"]],
            "journalId": travels["createJournal"]["id"] }),
        json!({ "title": "---\nkey: \"x\"", "content": "# no\r\n\u{feff}---\n", "pinned": true, "entryDate": "2024-05-02" }),
        json!({ "title": "", "content": "", "draft": true }),
    ] {
        ada.data(create, json!({ "input": input })).await;
    }
    ada.data("mutation { recordMood(mood: SAD, note: \"rain\") { date } }", json!({})).await;
    let shown = async |account: &Account| {
        let mut data = account.data(ENTRIES, json!({})).await;
        for edge in data["journalEntries"]["edges"].as_array_mut().expect("edges") {
            // The file's id is another one there.
            let content = edge["node"]["content"].as_str().expect("a text").to_owned();
            edge["node"]["content"] = json!(content.split("media:").next());
        }
        data
    };
    let before = shown(&ada).await;
    let (job, file) = export(&ada, "MINDFLOW").await;
    assert_eq!((&job["entriesDone"], &job["mediaDone"]), (&json!(3), &json!(1)), "{job}");
    let bytes = file.bytes.to_vec();
    let listed = names(&bytes).await;
    for part in ["mindflow.json", "entries/000001.json", "moods/000001.json", "markdown/2024/2024-05-01 A walk"] {
        assert!(listed.iter().any(|name| name.starts_with(part)), "{part}: {listed:?}");
    }
    let dry = import_as(&bob, bytes.clone(), json!({ "dryRun": true })).await;
    assert_eq!(
        (&dry["status"], &dry["report"]["entries"], &dry["report"]["media"]),
        (&json!("READY"), &json!(3), &json!(1)),
        "{dry}"
    );
    assert_eq!(bob.data(ENTRIES, json!({})).await["journalEntries"]["totalCount"], 0);
    let done = import(&bob, bytes.clone()).await;
    assert_eq!(done["status"], "READY", "{done}");
    let report = &done["report"];
    assert_eq!(
        (&report["entries"], &report["moods"], &report["journals"]),
        (&json!(3), &json!(1), &json!(1)),
        "{done}"
    );
    assert_eq!((&report["media"], &report["problemsTotal"]), (&json!(1), &json!(0)), "{done}");
    // Each entry and the journal comes by an event of its own.
    eventually("the journal is the same", async || (shown(&bob).await == before).then_some(())).await;
    let ((of_ada, sent), (of_bob, came)) = (attachment(&ada).await, attachment(&bob).await);
    assert!(of_ada != of_bob && sent == came, "the texts of each name a file of their own, with the same bytes");
    // The quota of the month is as it was: five entries without premium.
    let used = async || bob.data("{ me { quota { used } } }", json!({})).await["me"]["quota"]["used"].clone();
    assert_eq!(used().await, 0);
    both_sides_agree(&platform).await;
    for consumer in ["query", "analytics"] {
        let shadow = platform.cli(&["replay", "--consumer", consumer, "--shadow", "--json"]).await;
        assert_eq!(shadow.code, Some(0), "{consumer}: {shadow:?}");
    }
    for account in [&bob, &ada] {
        let again = import(account, bytes.clone()).await;
        assert_eq!((&again["report"]["entries"], &again["report"]["duplicates"]), (&json!(0), &json!(4)), "{again}");
    }
    // A draft that came in counts as soon as it is an entry.
    let draft = bob.data("{ drafts { edges { node { id } } } }", json!({})).await["drafts"]["edges"][0]["node"].clone();
    let named = json!({ "id": draft["id"], "title": "Now", "content": "it is one" });
    let update = "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id } }";
    bob.data(update, json!({ "input": named })).await;
    assert_eq!(used().await, 0);
    bob.data("mutation ($id: ID!) { publishJournalEntry(id: $id) { id } }", json!({ "id": draft["id"] })).await;
    assert_eq!(used().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_fetched_in_ranges_by_its_address_alone_until_it_is_removed() {
    let platform =
        quick().manifest(|text| text.replace("cron = \"37 * * * *\"", "cron = \"* * * * * *\"")).start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    ada.write(json!({ "title": "A walk", "content": "By the lake." })).await;
    let (job, file) = export(&ada, "MINDFLOW").await;
    let address = job["url"].as_str().unwrap().to_owned();
    let whole = file.bytes.to_vec();
    let ranged = |range: String| ada.http().request(Method::GET, &address).header("range", range);
    let first = send(ranged("bytes=0-9".to_owned())).await.expect(206);
    let rest = send(ranged("bytes=10-".to_owned()).header("if-range", file.header("etag"))).await.expect(206);
    assert_eq!([first.bytes.to_vec(), rest.bytes.to_vec()].concat(), whole);
    assert_eq!(rest.header("content-range"), format!("bytes 10-{}/{}", whole.len() - 1, whole.len()));
    send(ranged(format!("bytes={}-", whole.len()))).await.expect_problem(416, "range-not-satisfiable");
    let path = address.split('?').next().unwrap();
    bob.get(path).await.expect_problem(404, "not-found");
    ada.get(path).await.expect(200);
    ada.http().get(&address.replace("signature=", "signature=A")).await.expect_problem(403, "forbidden");
    let cancel = "mutation ($id: ID!) { cancelExport(id: $id) }";
    assert_eq!(bob.graphql(cancel, json!({ "id": job["id"] })).await.error_code(), "NOT_FOUND");
    ada.data(cancel, json!({ "id": job["id"] })).await;
    ada.http().get(&address).await.expect_problem(404, "not-found");
    // Another is over after its days.
    let (job, _) = export(&ada, "HTML").await;
    let time = |text: &Value| text.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let kept = time(&job["completedAt"]).duration_until(time(&job["expiresAt"]));
    assert_eq!(kept.as_hours(), 7 * 24, "{job}");
    let write = platform.write_database().await;
    write.execute("UPDATE portability.jobs SET expires_at = now() WHERE status = 'READY'", &[]).await.unwrap();
    let gone = ada.eventually(EXPORTS, json!({}), |data| data["exports"][0]["status"] == "EXPIRED").await;
    assert_eq!(gone["exports"][0]["url"], Value::Null, "{gone}");
    ada.http().get(job["url"].as_str().unwrap()).await.expect_problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn journals_of_other_products_come_in_with_their_pictures() {
    let platform = quick().start().await;
    let journiv = json!({ "export_version": "1.0", "journals": [{ "title": "Travels", "entries": [
        { "title": "A walk", "content": "By the lake.", "entry_date": "2024-05-01", "entry_datetime_utc": "2024-05-01T05:05:00Z",
          "entry_timezone": "Europe/Berlin", "location": "Lake", "tags": ["outside"], "mood_log": { "mood_name": "calm" },
          "media": [{ "filename": "lake.png", "file_path": "e/lake.png", "mime_type": "image/png" }] },
        { "content": "x", "entry_date": "soon" }] }] });
    let daylio = json!({ "version": 15, "customMoods": [{ "id": 1, "custom_name": "", "mood_group_id": 2, "predefined_name_id": 2 }],
        "tags": [{ "id": 14, "name": "outside" }], "assets": [{ "id": 3, "checksum": "c0ffee", "type": 1 }], "dayEntries": [
        { "id": 2, "minute": 5, "hour": 7, "day": 1, "month": 4, "year": 2024, "datetime": 1_714_539_900_000_i64, "timeZoneOffset": 7_200_000,
          "mood": 1, "note": "By the lake.", "note_title": "A walk", "tags": [14], "assets": [3] },
        { "id": 3, "minute": 0, "hour": 9, "day": 31, "month": 1, "year": 2024, "datetime": 0, "mood": 1, "note": "x" }] });
    let markdown = "---\ntitle: A walk\ndate: 2024-05-01\ntime: 07:05\nmood: calm\ntags: [outside]\n---\n\nBy the lake. ![](img/lake.png)";
    let png = small_png();
    for (format, mood, files) in [
        ("JOURNIV", "CALM", vec![("data.json", journiv.to_string().into_bytes()), ("media/e/lake.png", png.clone())]),
        (
            "DAYLIO",
            "HAPPY",
            vec![
                ("backup.daylio", STANDARD.encode(daylio.to_string()).into_bytes()),
                ("assets/photos/2024/5/c0ffee", png.clone()),
            ],
        ),
        (
            "MARKDOWN",
            "CALM",
            vec![
                ("notes/a.md", markdown.as_bytes().to_vec()),
                ("notes/b.md", b"no day".to_vec()),
                ("notes/img/lake.png", png),
            ],
        ),
    ] {
        let account = platform.register().await;
        let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        let done = import(&account, archive(&files)).await;
        let report = &done["report"];
        assert_eq!((&done["format"], &done["status"]), (&json!(format), &json!("READY")), "{done}");
        assert_eq!(
            (&report["entries"], &report["media"], &report["skipped"]),
            (&json!(1), &json!(1), &json!(1)),
            "{done}"
        );
        let came = |data: &Value| data["journalEntries"]["totalCount"] == 1;
        let shown = account.eventually(ENTRIES, json!({}), came).await["journalEntries"]["edges"][0]["node"].clone();
        assert_eq!(
            (&shown["title"], &shown["mood"], &shown["entryDate"], &shown["entryTime"], &shown["tags"][0]["name"]),
            (&json!("A walk"), &json!(mood), &json!("2024-05-01"), &json!("07:05"), &json!("outside")),
            "{format}: {shown}"
        );
        assert_eq!(shown["attachments"].as_array().map(Vec::len), Some(1), "{format}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_entries_are_analysed_in_turn_and_what_is_written_meanwhile_before_them() {
    let api = MessagesApi::start().await.unwrap();
    let platform = quick().claude(&api.url()).start().await;
    let (ada, bob) = (platform.register_as("premium").await, platform.register().await);
    let rows: String = (1..=30).map(|number| format!("2024-05-01,good,Brought in {number}.\n")).collect();
    let table = format!("full_date,mood,note\n{rows}").into_bytes();
    for account in [&bob, &ada] {
        assert_eq!(import(account, table.clone()).await["report"]["entries"], 30);
    }
    let entry = ada.write(json!({ "title": "A day", "content": "Written meanwhile." })).await;
    let read = "query ($id: ID!) { journalEntry(id: $id) { analysis { status } } }";
    let is_ready = |data: &Value| data["journalEntry"]["analysis"]["status"] == "READY";
    ada.eventually(read, json!({ "id": entry["id"] }), is_ready).await;
    let asked = api.requests();
    let brought = asked.iter().filter(|request| request.user_message().contains("Brought in")).count();
    assert!((1..30).contains(&brought), "{brought} of 30 were analysed before");
    let statuses = "{ journalEntries(first: 100) { edges { node { analysis { status } } } } }";
    let shown = bob.data(statuses, json!({})).await["journalEntries"]["edges"].clone();
    let of_bob = shown.as_array().unwrap().iter().map(|edge| &edge["node"]["analysis"]["status"]);
    assert!(of_bob.clone().count() == 30 && of_bob.clone().all(|status| status == "NOT_INCLUDED"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_goes_with_an_entry_that_it_has_and_all_go_with_the_account() {
    let platform = soon(quick()).start().await;
    let ada = platform.register().await;
    let entry = ada.write(json!({ "title": "A walk", "content": "By the lake." })).await;
    ada.write(json!({ "title": "At home", "content": "Rain." })).await;
    let (with, _) = export(&ada, "MINDFLOW").await;
    let purged = ada.data(PURGE, json!({ "id": entry["id"] })).await["purgeJournalEntry"]["erasureId"].clone();
    let (without, _) = export(&ada, "MINDFLOW").await;
    complete(&platform, &purged).await;
    let shown = ada.data(EXPORTS, json!({})).await["exports"].clone();
    let status = |job: &Value| {
        shown.as_array().unwrap().iter().find(|shown| shown["id"] == job["id"]).unwrap()["status"].clone()
    };
    assert_eq!((status(&with), status(&without)), (json!("EXPIRED"), json!("READY")));
    ada.http().get(with["url"].as_str().unwrap()).await.expect_problem(404, "not-found");
    ada.http().get(without["url"].as_str().unwrap()).await.expect(200);

    let brought = send_upload(&ada, archive(&[("notes/a.md", b"# A\n\nText.")])).await;
    let erasure = delete(&ada).await["erasureId"].clone();
    let done = complete(&platform, &erasure).await;
    let erased = |store: &str| {
        let found = done["erased"].as_array().unwrap().iter();
        found
            .clone()
            .find(|erased| (&erased["service"], &erased["store"]) == (&json!("portability"), &json!(store)))
            .unwrap()["count"]
            .clone()
    };
    assert_eq!((erased("exports"), erased("uploads")), (json!(1), json!(1)), "{brought}: {done}");
    ada.http().get(without["url"].as_str().unwrap()).await.expect_problem(404, "not-found");
    let left = "SELECT (SELECT count(*) FROM portability.jobs) + (SELECT count(*) FROM portability.uploads) + (SELECT count(*) FROM portability.days)";
    let database = platform.write_database().await;
    assert_eq!(database.query_one(left, &[]).await.expect("a count").get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_says_nothing_more_of_an_entry_that_is_removed_for_good() {
    let platform = soon(quick()).start().await;
    let ada = platform.register().await;
    let note = |title: &str, file: &str| format!("---\ntitle: {title}\ndate: 2024-05-01\n---\n\n![](img/{file})");
    let (walk, home) = (note("A walk", "of-the-lake.png"), note("At home", "of-the-rain.png"));
    let files: [(&str, &[u8]); 4] = [
        ("notes/by-the-lake.md", walk.as_bytes()),
        ("notes/at-home.md", home.as_bytes()),
        ("notes/img/of-the-lake.png", b"no picture"),
        ("notes/img/of-the-rain.png", b"no picture"),
    ];
    let foreseen = import_as(&ada, archive(&files), json!({ "dryRun": true })).await;
    let done = import(&ada, archive(&files)).await;
    assert_eq!((&foreseen["report"]["entries"], &done["report"]["entries"]), (&json!(2), &json!(2)), "{done}");
    let named = async || ada.data(IMPORTS, json!({})).await["imports"][0]["report"].clone();
    let before = named().await;
    assert_eq!(before["problemsTotal"], 2, "{before}");
    assert!(before.to_string().contains("of-the-lake.png"), "{before}");
    let read = "{ journalEntries { edges { node { id title } } } }";
    let both = |data: &Value| data["journalEntries"]["edges"].as_array().map(Vec::len) == Some(2);
    let shown = ada.eventually(read, json!({}), both).await["journalEntries"]["edges"].clone();
    let of_walk = shown.as_array().unwrap().iter().find(|edge| edge["node"]["title"] == "A walk").expect("the walk");
    let purged = ada.data(PURGE, json!({ "id": of_walk["node"]["id"] })).await["purgeJournalEntry"].clone();
    let receipt = complete(&platform, &purged["erasureId"]).await;
    let reports = json!({ "service": "portability", "store": "reports", "count": 1 });
    assert!(receipt["erased"].as_array().unwrap().contains(&reports), "{receipt}");
    let after = named().await;
    assert_eq!(after["problems"].as_array().map(Vec::len), Some(1), "{after}");
    assert!(after.to_string().contains("of-the-rain.png"), "{after}");
    for text in ["by-the-lake", "of-the-lake"] {
        assert_eq!(of_services(tables_with(&platform, text).await), Vec::<String>::new(), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_is_written_for_day_one_and_as_a_page() {
    let platform = quick().start().await;
    let ada = platform.register().await;
    let picture = upload(&ada, "lake.png", &small_png()).await.expect(201).json();
    let id = picture["id"].as_str().unwrap();
    ada.write(json!({ "title": "A walk", "content": format!("<b>By</b> ![](media:{id})"), "attachmentIds": [id], "tags": ["outside"] })).await;
    let (_, file) = export(&ada, "DAY_ONE").await;
    let bytes = file.bytes.to_vec();
    let listed = names(&bytes).await;
    assert!(
        listed.iter().any(|name| name == "Journal.json") && listed.iter().any(|name| name.starts_with("photos/")),
        "{listed:?}"
    );
    let bob = platform.register().await;
    // A journal with nothing in it leaves and comes, too.
    let (empty, file) = export(&bob, "MINDFLOW").await;
    let same = import(&bob, file.bytes.to_vec()).await;
    assert_eq!(
        (&empty["entriesTotal"], &same["status"], &same["report"]["entries"]),
        (&json!(0), &json!("READY"), &json!(0))
    );
    let done = import(&bob, bytes).await;
    assert_eq!(
        (&done["format"], &done["report"]["entries"], &done["report"]["media"]),
        (&json!("DAY_ONE"), &json!(1), &json!(1)),
        "{done}"
    );
    let (_, page) = export(&ada, "HTML").await;
    let page = page.text();
    assert!(page.contains("<h2>A walk</h2>") && page.contains("src=\"data:image;base64,"), "{page}");
    assert!(page.contains("&lt;b&gt;By") && !page.contains("<script"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_records_are_named_and_the_others_come_in() {
    let platform = quick().start().await;
    let ada = platform.register().await;
    let long = "x".repeat(100_001);
    let entries = json!({ "metadata": { "version": "1.0" }, "entries": [
        { "uuid": "A1", "creationDate": "2024-05-01T10:00:00Z", "text": "# Good\n\n![](dayone-moment://P1)\n![](dayone-moment://P2)",
          "photos": [{ "identifier": "P1", "md5": "aa", "type": "png" }, { "identifier": "P2", "md5": "bb", "type": "png" }] },
        { "uuid": "A2", "creationDate": "some\u{0}day", "text": "x" },
        { "uuid": "A3", "creationDate": "2024-05-01T10:00:00Z", "text": long },
        { "uuid": "A1", "creationDate": "2024-05-01T10:00:00Z", "text": "the id of another" },
        { "uuid": "A5", "creationDate": "2224-05-01T10:00:00Z", "text": "of a day to come" },
    ] });
    let bytes = archive(&[("Travels.json", entries.to_string().as_bytes()), ("photos/aa.png", &small_png())]);
    let done = import(&ada, bytes).await;
    let report = &done["report"];
    assert_eq!(done["status"], "READY", "{done}");
    assert_eq!(
        (&report["entries"], &report["duplicates"], &report["skipped"]),
        (&json!(1), &json!(1), &json!(3)),
        "{done}"
    );
    assert_eq!((&report["media"], &report["missingMedia"]), (&json!(1), &json!(1)), "{done}");
    let problems: Vec<_> = report["problems"].as_array().unwrap().iter().map(|problem| &problem["rule"]).collect();
    assert_eq!(problems, ["format", "too-long", "too-late"], "{done}");
    let shown = &report["problems"][0];
    let date = json!({ "expected": "date-time", "value": "some\u{fffd}day" });
    assert_eq!((&shown["field"], &shown["params"]), (&json!("entryDate"), &date), "{done}");
    let long = &report["problems"][1];
    assert_eq!((&long["field"], &long["params"]["max"]), (&json!("content"), &json!(100_000)), "{done}");
    let climbing = archive(&[("../Travels.json", b"{}")]);
    let refused = import(&ada, climbing).await;
    assert_eq!(refused["status"], "FAILED", "{refused}");
    assert!(refused["error"].as_str().unwrap().contains("leads out of it: ../Travels.json"), "{refused}");
    let named = json!({ "reason": "CLIMBS_OUT", "files": ["../Travels.json"], "max": null });
    assert_eq!(refused["failure"], named, "{refused}");
    // A thousand times its size.
    let bomb = import(&ada, archive(&[("Travels.json", &vec![b' '; 8 << 20])])).await;
    let problem = &bomb["report"]["problems"][0];
    assert_eq!((&problem["record"], &problem["rule"]), (&json!("Travels.json"), &json!("too-much")), "{bomb}");
    let nothing = import(&ada, b"not an archive".to_vec()).await;
    assert!(nothing["error"].as_str().unwrap().contains("no ZIP archive"), "{nothing}");
    assert_eq!(nothing["failure"]["reason"], "NO_ARCHIVE", "{nothing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_in_pieces_begins_where_it_broke_off_and_is_bounded_by_the_day() {
    let platform = quick().variable("import_bytes_a_day", "2000").variable("import_entries_a_day", "2").start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let table = "full_date,mood,note\n2024-05-01,good,one\n2024-05-02,bad,two\n2024-05-03,rad,three\n";
    let (first, second) = table.split_at(30);
    let upload_id = send_upload(&ada, first.as_bytes().to_vec()).await;
    let path = format!("/portability/uploads/{}", upload_id.as_str().unwrap());
    let piece = |account: &Account, offset: u64, text: &str| {
        send(account.request(Method::PATCH, &format!("{path}?offset={offset}")).body(text.to_owned()))
    };
    piece(&bob, 30, second).await.expect_problem(404, "not-found");
    piece(&ada, 10, second).await.expect_problem(422, "invalid-input");
    assert_eq!(piece(&ada, 30, second).await.expect(201).json()["bytes"], table.len());
    ada.data(BEGIN, json!({ "input": { "uploadId": upload_id } })).await;
    let done = over(&ada, IMPORTS, "imports").await;
    assert_eq!((&done["status"], &done["report"]["entries"]), (&json!("FAILED"), &json!(2)), "{done}");
    assert!(done["error"].as_str().unwrap().contains("tomorrow"), "{done}");
    assert_eq!(done["failure"], json!({ "reason": "DAY_FULL", "files": [], "max": 2 }), "{done}");
    // Moods without an entry are bounded with them.
    let moods = "full_date,mood\n2024-05-01,good\n2024-05-02,bad\n2024-05-03,rad\n".as_bytes().to_vec();
    let felt = import(&bob, moods).await;
    assert_eq!((&felt["status"], &felt["report"]["moods"]), (&json!("FAILED"), &json!(2)), "{felt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_that_come_side_by_side_have_no_more_bytes_than_the_day() {
    let platform = quick().variable("import_bytes_a_day", "2000").start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let sent = |account: &Account, bytes: usize| {
        send(account.request(Method::POST, "/portability/uploads").body(vec![b'x'; bytes]))
    };
    let answers = futures::future::join_all((0..10).map(|_| sent(&ada, 600))).await;
    let (kept, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((kept.len(), refused.len()), (3, 7));
    for answer in refused {
        let problem = answer.expect_problem(403, "quota-exceeded");
        assert_eq!((&problem["quota"], &problem["limit"]), (&json!("importBytes"), &json!(2_000)), "{problem}");
    }
    // What was refused counts for nothing, and leaves nothing.
    sent(&ada, 200).await.expect(201);
    assert_eq!(sent(&ada, 1).await.expect_problem(403, "quota-exceeded")["used"], 2_000);
    sent(&bob, 2_000).await.expect(201);
    let of_ada = "SELECT count(*), sum(bytes)::bigint FROM portability.pieces WHERE user_id = $1::text::uuid";
    let row = platform.write_database().await.query_one(of_ada, &[&ada.id]).await.expect("the pieces");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (4, 2_000));
}

/// The host is killed and started again, and the lease of what it ran is over.
async fn killed(platform: &mut Platform, account: &Account) -> Account {
    platform.kill();
    platform.start().await;
    let database = platform.write_database().await;
    let over = "UPDATE portability.jobs SET leased_until = now() WHERE leased_until IS NOT NULL";
    database.execute(over, &[]).await.expect("time passes");
    account.with_http(platform.http().clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_goes_on_with_what_it_imported_and_exported() {
    let mut platform = quick().start().await;
    let ada = platform.register().await;
    let note =
        |number: u32| (format!("2024-05-01 {number}.md"), format!("---\ntitle: Note {number}\n---\n\nText {number}"));
    let notes: Vec<_> = (0..300).map(note).collect();
    let files: Vec<_> = notes.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let upload_id = send_upload(&ada, archive(&files)).await;
    ada.data(BEGIN, json!({ "input": { "uploadId": upload_id } })).await;
    ada.eventually(ENTRIES, json!({}), |data| data["journalEntries"]["totalCount"].as_u64() > Some(0)).await;
    let ada = killed(&mut platform, &ada).await;
    let done = eventually_within(LEASED, "the import is over", async || {
        let job = ada.data(IMPORTS, json!({})).await["imports"][0].clone();
        (job["status"] == "READY").then_some(job)
    })
    .await;
    let count = |name: &str| done["report"][name].as_u64().unwrap();
    assert_eq!((count("entries") + count("duplicates"), count("skipped")), (300, 0), "{done}");
    ada.eventually(ENTRIES, json!({}), |data| data["journalEntries"]["totalCount"] == 300).await;
    ada.data(REQUEST, json!({})).await;
    ada.eventually(EXPORTS, json!({}), |data| data["exports"][0]["status"] != "WAITING").await;
    let ada = killed(&mut platform, &ada).await;
    let job = eventually_within(LEASED, "the export is over", async || {
        let job = ada.data(EXPORTS, json!({})).await["exports"][0].clone();
        (job["status"] == "READY").then_some(job)
    })
    .await;
    assert_eq!((&job["status"], &job["entriesDone"]), (&json!("READY"), &json!(300)), "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_stretches_end_without_a_word_is_given_up_at_last() {
    let platform = quick().start().await;
    let ada = platform.register().await;
    let table = b"full_date,mood,note\n2024-05-01,good,one\n".to_vec();
    assert_eq!(import(&ada, table.clone()).await["status"], "READY");
    // As if instances had ended while they worked on it, one after the other.
    let failing =
        "UPDATE portability.jobs SET status = 'RUNNING', completed_at = NULL, failures = 30, leased_until = now()";
    platform.write_database().await.execute(failing, &[]).await.expect("it has failed so often");
    let given_up = over(&ada, IMPORTS, "imports").await;
    assert_eq!(given_up["status"], "FAILED", "{given_up}");
    assert!(given_up["error"].as_str().unwrap().contains("too often"), "{given_up}");
    assert_eq!(given_up["failure"]["reason"], "GAVE_UP", "{given_up}");
    // What failed before the reason was kept has the sentence alone.
    let database = platform.write_database().await;
    database.execute("UPDATE portability.jobs SET failure = NULL", &[]).await.expect("it is of an earlier release");
    let earlier = ada.data(IMPORTS, json!({})).await["imports"][0].clone();
    assert_eq!((&earlier["error"], &earlier["failure"]), (&given_up["error"], &Value::Null), "{earlier}");
    assert_eq!(import(&ada, table).await["status"], "READY");
}
