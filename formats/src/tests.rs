//! What each product writes is read as what it means, and what this platform writes is read as what it was.

use crate::export::{self, day_one, html};
use crate::import::{Format, ITEMS_MAX, Import, Item, TEXT_BYTES_MAX};
use crate::record::{Journal, Medium, MoodRecord, Problem, Record, Size};
use crate::zip::{BadArchive, Packing, Writer};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::executor::block_on;
use jiff::Timestamp;
use mindflow_events::{Date, Degrees, Mood, Place, Time};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::HashMap;

const AT: Time = Time(1_700_000_000_000_000);

fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut writer, mut out, mut directory) = (Writer::default(), Vec::new(), Vec::new());
    for (name, bytes) in files {
        writer.begin(name, Timestamp::UNIX_EPOCH, &mut out, &mut directory).unwrap();
        for piece in bytes.chunks(64 << 10) {
            writer.write(piece, Packing::Small, &mut out).unwrap();
        }
    }
    writer.end(&mut out, &mut directory);
    out.extend_from_slice(&directory);
    out.extend(writer.finish());
    out
}

fn files(files: &[(&str, &str)]) -> Vec<u8> {
    archive(&files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect::<Vec<_>>())
}

/// All that an upload has, in order.
fn import(upload: Vec<u8>) -> (Format, Vec<Item>, Vec<Problem>) {
    let import = block_on(Import::open(upload, None)).unwrap();
    let (mut items, mut problems) = (Vec::new(), import.problems());
    for unit in import.units().to_vec() {
        for item in block_on(import.read(&unit)).unwrap() {
            match item {
                Ok(item) => items.push(item),
                Err(problem) => problems.push(problem),
            }
        }
    }
    for Problem { rule, .. } in &problems {
        assert!(
            include_str!("../../docs/errors.md").contains(&format!("\n| `{rule}` |")),
            "docs/errors.md has no {rule}"
        );
    }
    (import.format(), items, problems)
}

/// What programs read of a problem: what it is about, and the values of its rule.
fn said(problem: &Problem) -> (Option<&str>, Value) {
    (problem.field.as_deref(), json!(problem.params))
}

fn entries(items: Vec<Item>) -> Vec<Record> {
    let entry = |item| if let Item::Entry(record) = item { Some(*record) } else { None };
    items.into_iter().filter_map(entry).collect()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn record(title: &str, content: &str) -> Record {
    Record {
        id: "0199f3b2-7c1d-7a45-9d1e-0123456789ab".to_owned(),
        title: title.to_owned(),
        content: content.to_owned(),
        mood: Some(Mood::Calm),
        tags: vec!["walk, long".to_owned(), "été".to_owned()],
        journal: Some("Travels".to_owned()),
        entry_date: day("2024-05-01"),
        entry_time: Some("07:05".to_owned()),
        place: crate::markdown::at(Some("Café".to_owned()), Some(52.52), Some(13.4)),
        created_at: Some(AT),
        updated_at: Some(Time(AT.0 + 1)),
        published_at: None,
        draft: false,
        pinned: true,
        favourite: true,
        private: true,
        media: Vec::new(),
    }
}

fn picture(id: &str, file: &str) -> Medium {
    Medium {
        id: id.to_owned(),
        file: Some(file.to_owned()),
        name: "a b.jpg".to_owned(),
        content_type: Some("image/jpeg".to_owned()),
        ..Medium::default()
    }
}

// === our own ===

fn exported(records: &[Record], moods: &[MoodRecord], chunk: usize) -> Vec<u8> {
    let journals = vec![
        Journal { name: "Journal".to_owned(), is_default: true },
        Journal { name: "Travels".to_owned(), is_default: false },
    ];
    let head = export::head(AT, journals, vec!["unused".to_owned()]);
    let mut files = vec![(export::HEAD.to_owned(), export::lines(&head).unwrap())];
    for (records, number) in records.chunks(chunk).zip(1..) {
        files.push((export::numbered(export::ENTRIES, number), export::entries(records).unwrap()));
    }
    files.push((export::numbered(export::MOODS, 1), export::moods(moods).unwrap()));
    for record in records {
        files.push((export::markdown_name(record), export::markdown(record).into_bytes()));
    }
    archive(&files)
}

#[test]
fn an_export_is_imported_as_what_it_was() {
    let mood = MoodRecord { id: "m".to_owned(), mood: Mood::Sad, note: Some("why".to_owned()), at: AT };
    let records =
        [record("A", "b"), Record { draft: true, title: String::new(), content: String::new(), ..record("", "") }];
    let (format, items, problems) = import(exported(&records, std::slice::from_ref(&mood), 1));
    assert_eq!((format, problems), (Format::Mindflow, vec![]));
    let expected = [Item::Journal("Travels".to_owned()), Item::Tag("unused".to_owned())];
    assert_eq!(items[..2], expected);
    assert_eq!(items.last(), Some(&Item::Mood(mood)));
    assert_eq!(entries(items), records);
}

#[test]
fn a_bad_record_is_named_and_the_others_are_read() {
    let mut json: Value =
        serde_json::from_slice(&export::entries(&[record("A", "b"), record("C", "d")]).unwrap()).unwrap();
    json["entries"][0]["entryDate"] = json!("2024-02-30");
    let head = String::from_utf8(export::lines(&export::head(AT, vec![], vec![])).unwrap()).unwrap();
    let upload =
        files(&[("mindflow.json", &head), ("entries/000001.json", &json.to_string()), ("entries/000002.json", "{")]);
    let (_, items, problems) = import(upload);
    assert_eq!(entries(items).iter().map(|record| record.title.as_str()).collect::<Vec<_>>(), ["C"]);
    assert_eq!(problems[0].record, "entries/000001.json, entry 1");
    assert!(problems[0].message.contains("not a day as YYYY-MM-DD"), "{}", problems[0].message);
    assert_eq!((problems[1].record.as_str(), problems[1].rule.as_str()), ("entries/000002.json", "damaged"));
}

#[test]
fn an_export_of_a_later_version_is_not_guessed_at() {
    let upload =
        files(&[("mindflow.json", r#"{"format":"mindflow-journal","version":2,"exportedAt":"2026-01-01T00:00:00Z"}"#)]);
    let (_, items, problems) = import(upload);
    assert_eq!((items.len(), problems[0].rule.as_str()), (0, "unsupported"));
    assert_eq!(said(&problems[0]), (Some("version"), json!({ "max": 1 })));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,40}", "\\PC{0,40}", "(---|\n|#|\r\n| |\"|media:x|\u{feff}|\t|: ){0,8}"]
}

prop_compose! {
    fn any_record()(
        texts in (any_text(), any_text(), prop::collection::vec("[a-zé, #:\"-]{1,12}", 0..4), prop::option::of("[A-Z]{1,5}")),
        when in (1i16..9999, 1i8..13, 1i8..29, prop::option::of((0u8..24, 0u8..60)), 0i64..4_000_000_000_000_000),
        place in prop::option::of((prop::option::of("[a-z]{1,9}"), -90.0f64..90.0, -180.0f64..180.0)),
        marks in (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()),
        mood in prop::option::of(0..Mood::ALL.len()),
        media in prop::collection::vec("[a-f0-9]{8}", 0..3),
        id in "[a-f0-9]{32}",
    ) -> Record {
        let (title, content, tags, journal) = texts;
        let (year, month, day, time, at) = when;
        let degrees = |degrees, most| Degrees::within(degrees, most);
        let place = place.map(|(name, latitude, longitude)| Place { name, latitude: degrees(latitude, 90.0), longitude: degrees(longitude, 180.0) });
        Record {
            id, title, content, tags, journal, place,
            mood: mood.map(|mood| Mood::ALL[mood]),
            entry_date: Date(jiff::civil::date(year, month, day)),
            entry_time: time.map(|(hour, minute)| format!("{hour:02}:{minute:02}")),
            created_at: Some(Time(at)),
            updated_at: Some(Time(at + 1)),
            published_at: marks.0.then_some(Time(at)),
            draft: marks.0,
            pinned: marks.1,
            favourite: marks.2,
            private: marks.3,
            media: media.iter().map(|id| picture(id, &format!("media/{id}.jpg"))).collect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_journal_is_exported_and_imported_byte_for_byte(records in prop::collection::vec(any_record(), 0..12), chunk in 1usize..5) {
        let (_, items, problems) = import(exported(&records, &[], chunk));
        prop_assert_eq!(problems, vec![]);
        prop_assert_eq!(entries(items), records);
    }

    /// Its front matter is read by a parser of others as well.
    #[test]
    fn any_entry_as_markdown_keeps_what_it_says(record in any_record()) {
        let record = Record { media: Vec::new(), ..record };
        let text = export::markdown(&record);
        let matter = gray_matter::Matter::<gray_matter::engine::YAML>::new();
        let theirs: gray_matter::ParsedEntity = matter.parse(&text).unwrap();
        prop_assert_eq!(theirs.data.unwrap()["title"].as_string().unwrap(), record.title.clone());
        let (front, content) = crate::front_matter::read(&text).unwrap();
        prop_assert_eq!(content, record.content);
        prop_assert_eq!(front.text(&["title"]), Some(record.title));
        prop_assert_eq!(front.text(&["date"]), Some(record.entry_date.to_string()));
    }

    #[test]
    fn any_entry_of_day_one_keeps_its_text(record in any_record()) {
        let text = format!("{}{}{}", day_one::BEFORE, day_one::write(&record, "Europe/Berlin").unwrap(), day_one::BEHIND);
        let (_, items, _) = import(files(&[("Journal.json", &text)]));
        if let Some(read) = entries(items).pop() {
            prop_assert_eq!(read.tags, record.tags);
            prop_assert_eq!((read.pinned, read.favourite), (record.pinned, record.favourite));
        }
    }
}

// === Markdown ===

#[test]
fn a_folder_of_markdown_is_read_with_its_pictures() {
    let upload = files(&[
        (
            "notes/2024-05-01 walk.md",
            "---\ntitle: A walk\ntags: [walk, \"#sun\"]\nmood: grateful\nlocation: Lake\nlatitude: 52.5\nlongitude: 13.4\nstarred: true\n---\n\
             See ![x](img/a%20b.jpg \"t\") and ![[c.png|100]], [other](2024-05-02.md), [web](https://example.org) and ![gone](gone.jpg).",
        ),
        ("notes/img/a b.jpg", "jpg"),
        ("attachments/c.png", "png"),
        ("2024-05-02.md", "# Heading\n\nIts text"),
        ("other.md", "no day"),
        ("bad.md", "---\ndate: yesterday\n---\nx"),
        ("zoned.md", "---\ndate: 2024-05-03T23:30:00+02:00\nmood: zesty\n---\n\nzoned"),
        ("empty/2024-05-04.md", " \n"),
        ("__MACOSX/2024-05-04.md", "x"),
    ]);
    let (format, items, problems) = import(upload);
    assert_eq!(format, Format::Markdown);
    let named: Vec<_> = problems.iter().map(|problem| (problem.record.as_str(), problem.rule.as_str())).collect();
    assert_eq!(named, [("bad.md", "format"), ("empty/2024-05-04.md", "blank"), ("other.md", "required")]);
    let entries = entries(items);
    assert_eq!(entries.iter().map(|entry| entry.title.as_str()).collect::<Vec<_>>(), ["Heading", "A walk", "zoned"]);
    let walk = &entries[1];
    assert_eq!((walk.mood, walk.favourite, walk.entry_date), (Some(Mood::Grateful), true, day("2024-05-01")));
    assert_eq!(walk.tags, ["walk", "sun"]);
    assert_eq!(walk.place, crate::markdown::at(Some("Lake".to_owned()), Some(52.5), Some(13.4)));
    let found: Vec<_> = walk.media.iter().map(|medium| medium.file.as_deref()).collect();
    assert_eq!(found, [Some("notes/img/a b.jpg"), Some("attachments/c.png"), None]);
    assert!(walk.content.contains(&format!("![x]({})", walk.media[0].reference())), "{}", walk.content);
    assert!(walk.content.contains("[other](2024-05-02.md), [web](https://example.org)"), "{}", walk.content);
    let zoned = &entries[2];
    assert_eq!((zoned.entry_date, zoned.entry_time.as_deref()), (day("2024-05-03"), Some("23:30")));
    assert_eq!((zoned.mood, &zoned.tags[..]), (None, &["zesty".to_owned()][..]));
}

#[test]
fn an_exported_markdown_file_is_imported_on_its_own() {
    let mut before = record("A walk", "text ![](media:7)\r\n");
    before.media = vec![picture("7", "media/7.jpg")];
    let (_, items, _) = import(archive(&[
        (export::markdown_name(&before), export::markdown(&before).into_bytes()),
        ("media/7.jpg".to_owned(), b"jpg".to_vec()),
    ]));
    let after = entries(items).remove(0);
    let id = after.media[0].id.clone();
    assert_eq!(after.content.replace(&id, "7"), before.content);
    assert_eq!(after.media[0].file.as_deref(), Some("media/7.jpg"));
    let known = Record { content: before.content.clone(), media: before.media.clone(), ..after };
    assert_eq!(known, before);
}

// === Day One ===

#[test]
fn a_day_one_export_is_read_with_photos_places_and_days_of_the_place() {
    let json = json!({"metadata": {"version": "1.0"}, "entries": [
        {"uuid": "A1", "creationDate": "2024-05-01T23:30:00Z", "modifiedDate": "2024-05-02T08:00:00Z", "timeZone": "Europe/Berlin",
         "text": "# Evening\n\nSaw it: ![](dayone-moment://PH1)\n![](dayone-moment:/audio/AU1)", "tags": ["trip"], "starred": true,
         "location": {"placeName": "Lake", "localityName": "Town", "latitude": 52.5, "longitude": 13.4},
         "photos": [{"identifier": "PH2", "md5": "bb", "type": "png", "orderInEntry": 1},
                    {"identifier": "PH1", "md5": "aa", "type": "jpeg", "orderInEntry": 0}],
         "audios": [{"identifier": "AU1", "md5": "cc", "format": "m4a"}]},
        {"uuid": "A2", "creationDate": "last week", "text": "x"},
        {"uuid": "A3", "creationDate": "2024-05-03T10:00:00Z", "isAllDay": true, "isPinned": true,
         "richText": "{\"contents\":[{\"text\":\"Rich\\n\"},{\"embeddedObjects\":[]},{\"text\":\"text\"}]}"},
        {"uuid": "A4", "creationDate": "2024-05-04T10:00:00Z"},
        7,
    ]});
    let (format, items, problems) =
        import(files(&[("Travels.json", &json.to_string()), ("photos/aa.jpeg", "a"), ("audios/cc.m4a", "c")]));
    assert_eq!(format, Format::DayOne);
    let named: Vec<_> = problems.iter().map(|problem| (problem.record.as_str(), problem.rule.as_str())).collect();
    assert_eq!(
        named,
        [("Travels.json, entry 2", "format"), ("Travels.json, entry 4", "blank"), ("Travels.json, entry 5", "damaged")]
    );
    let entries = entries(items);
    let evening = &entries[0];
    assert_eq!(
        (evening.title.as_str(), evening.entry_date, evening.entry_time.as_deref()),
        ("Evening", day("2024-05-02"), Some("01:30"))
    );
    assert_eq!(evening.content, "Saw it: ![](media:PH1)\n![](media:AU1)");
    let found: Vec<_> = evening.media.iter().map(|medium| (medium.id.as_str(), medium.file.as_deref())).collect();
    assert_eq!(found, [("PH1", Some("photos/aa.jpeg")), ("PH2", None), ("AU1", Some("audios/cc.m4a"))]);
    assert_eq!((evening.journal.as_deref(), evening.favourite), (Some("Travels"), true));
    assert_eq!(
        (entries[1].title.as_str(), entries[1].content.as_str(), entries[1].entry_time.as_deref()),
        ("Rich", "Rich\ntext", None)
    );
}

#[test]
fn an_export_to_day_one_comes_back() {
    let mut before = record("A walk", "text ![](media:7)");
    before.media = vec![picture("7", "photos/00ff.jpeg"), picture("8", "photos/00aa.jpeg")];
    let json = day_one::write(&before, "America/New_York").unwrap();
    let text = format!("{}{json}{}", day_one::BEFORE, day_one::BEHIND);
    let upload = files(&[(&day_one::name("Travels"), &text), ("photos/00ff.jpeg", "a"), ("photos/00aa.jpeg", "b")]);
    let after = entries(import(upload).1).remove(0);
    assert_eq!(after.content, "text ![](media:7)\n\n![](media:8)");
    let same = |record: &Record| {
        (record.title.clone(), record.tags.clone(), record.entry_date, record.entry_time.clone(), record.place.clone())
    };
    assert_eq!(same(&after), same(&before));
    assert_eq!(after.media.len(), 2);
}

/// `dayone-to-obsidian` 0.6.1 refuses a file in which one of them is missing, or is of another type.
#[test]
fn an_export_to_day_one_says_all_that_its_readers_rely_on() {
    let mut record = record("A walk", "text");
    let size = Size { bytes: Some(9), width: Some(4), height: Some(3), duration_ms: Some(1_500) };
    let sound = Medium { size, ..picture("8", "audios/00aa.m4a") };
    record.media = vec![Medium { size, ..picture("7", "photos/00ff.jpeg") }, sound];
    record.place = crate::markdown::at(Some("Lake".to_owned()), None, None);
    let written: Value = serde_json::from_str(&day_one::write(&record, "Europe/Berlin").unwrap()).unwrap();
    for member in ["uuid", "creationDate", "modifiedDate", "timeZone", "starred", "isPinned", "isAllDay"] {
        assert!(!written[member].is_null(), "{member}: {written}");
    }
    assert_eq!(written["location"], Value::Null, "it has no coordinates");
    let photo = json!({ "identifier": "7", "md5": "00ff", "type": "jpeg", "filename": "a b.jpg", "orderInEntry": 0, "fileSize": 9, "width": 4,
        "height": 3, "duration": 0, "favorite": false, "isSketch": false, "creationDevice": "MindFlow" });
    let sound = json!({ "identifier": "8", "md5": "00aa", "format": "m4a", "filename": "a b.jpg", "orderInEntry": 1, "fileSize": 9, "width": 4,
        "height": 3, "duration": 1.5, "favorite": false, "creationDevice": "MindFlow", "title": "a b.jpg", "audioChannels": "",
        "sampleRate": "", "timeZoneName": "Europe/Berlin" });
    assert_eq!((&written["photos"], &written["audios"]), (&json!([photo]), &json!([sound])));
}

// === Journiv ===

#[test]
fn a_journiv_export_is_read() {
    let json = json!({"export_version": "1.0", "export_date": "2026-01-01T00:00:00Z", "app_version": "1", "user_email": "a@example.org",
        "journals": [{"title": "Work", "entries": [
            {"title": "Monday", "content": "text", "entry_date": "2024-05-01", "entry_datetime_utc": "2024-05-01T22:15:00",
             "entry_timezone": "Europe/Berlin", "tags": ["a"], "location": "Office", "is_pinned": true,
             "mood_log": {"mood_name": "focused"}, "created_at": "2024-05-01T22:15:00Z", "updated_at": "2024-05-01T22:16:00Z",
             "media": [{"filename": "p.jpg", "file_path": "e1/m1_p.jpg", "media_type": "image", "file_size": 1, "mime_type": "image/jpeg"},
                       {"filename": "q.jpg", "file_path": "e1/gone.jpg"}]},
            {"content": "", "entry_date": "2024-05-02"},
            {"content": "x", "entry_date": "soon"}]}]});
    let (format, items, problems) = import(files(&[("data.json", &json.to_string()), ("media/e1/m1_p.jpg", "j")]));
    assert_eq!(format, Format::Journiv);
    assert_eq!(problems.iter().map(|problem| problem.rule.as_str()).collect::<Vec<_>>(), ["blank", "format"]);
    assert_eq!(problems[1].record, "data.json, journal `Work`, entry 3");
    assert_eq!(said(&problems[0]), (Some("content"), json!({})));
    assert_eq!(said(&problems[1]), (Some("entryDate"), json!({ "expected": "date", "value": "soon" })));
    assert_eq!(items[0], Item::Journal("Work".to_owned()));
    let entry = entries(items).remove(0);
    assert_eq!((entry.mood, entry.entry_time.as_deref(), entry.pinned), (Some(Mood::Calm), Some("00:15"), true));
    assert_eq!(
        entry.media.iter().map(|medium| medium.file.as_deref()).collect::<Vec<_>>(),
        [Some("media/e1/m1_p.jpg"), None]
    );
}

// === Daylio ===

fn backup() -> Value {
    json!({"version": 15, "customMoods": [
            {"id": 1, "custom_name": "", "mood_group_id": 1, "predefined_name_id": 1},
            {"id": 9, "custom_name": "cosy", "mood_group_id": 2, "predefined_name_id": -1}],
        "tags": [{"id": 14, "name": "family"}, {"id": 15, "name": "friends"}],
        "assets": [{"id": 3, "checksum": "c0ffee", "type": 1}],
        "dayEntries": [
            {"id": 2, "minute": 36, "hour": 11, "day": 24, "month": 0, "year": 2023, "datetime": 1_674_556_607_764i64,
             "timeZoneOffset": 3_600_000, "mood": 9, "note": "<b>Good</b> &amp; long<br>day 3 < 4", "note_title": "Tuesday", "tags": [14, 15], "assets": [3, 4]},
            {"id": 3, "minute": 0, "hour": 9, "day": 25, "month": 0, "year": 2023, "datetime": 1_674_640_800_000i64, "mood": 1, "note": "", "note_title": "", "tags": [], "assets": []},
            {"id": 4, "minute": 0, "hour": 9, "day": 31, "month": 1, "year": 2023, "datetime": 0, "mood": 1, "note": "x"}]})
}

#[test]
fn a_daylio_backup_is_read() {
    let packed = STANDARD.encode(backup().to_string());
    let upload = files(&[("backup.daylio", &packed), ("assets/photos/2023/0/c0ffee", "jpg")]);
    let (format, items, problems) = import(upload);
    assert_eq!((format, problems.len(), problems[0].record.as_str()), (Format::Daylio, 1, "backup.daylio, entry 3"));
    assert_eq!(said(&problems[0]).1["value"], "2023-02-31");
    let Item::Mood(mood) = &items[1] else { panic!("a mood alone is no entry") };
    assert_eq!((mood.mood, mood.at), (Mood::Excited, Time(1_674_640_800_000_000)));
    let entry = entries(items).remove(0);
    assert_eq!((entry.title.as_str(), entry.content.as_str()), ("Tuesday", "**Good** & long\nday 3 < 4"));
    assert_eq!(
        (entry.mood, entry.entry_date, entry.entry_time.as_deref()),
        (Some(Mood::Happy), day("2023-01-24"), Some("11:36"))
    );
    assert_eq!(entry.tags, ["family", "friends"]);
    assert_eq!(entry.media[0].file.as_deref(), Some("assets/photos/2023/0/c0ffee"));
    assert_eq!(entry.media[1].file, None);
}

#[test]
fn a_daylio_table_is_read_without_an_archive() {
    let table = "\u{feff}full_date,date,weekday,time,mood,activities,note_title,note\n\
        2023-12-17,Dec 17,Sunday,8:05 pm,good,\"a | b c\",\"Title\",\"line, one\nline two\"\n\
        2023-12-16,Dec 16,Saturday,08:00,cosy,,,\n\
        2023-13-16,Dec 16,Saturday,08:00,rad,,,\n\
        2023-12-15,Dec 15,Friday,08:00,rad,,,\n";
    let (format, items, problems) = import(table.as_bytes().to_vec());
    assert_eq!(
        (format, problems[0].record.as_str(), problems[0].rule.as_str()),
        (Format::Daylio, "daylio.csv, line 4", "format")
    );
    assert!(matches!(items[2], Item::Mood(MoodRecord { mood: Mood::Excited, .. })));
    let entries = entries(items);
    assert_eq!((entries[0].title.as_str(), entries[0].content.as_str()), ("Title", "line, one\nline two"));
    assert_eq!(
        (&entries[0].tags[..], entries[0].entry_time.as_deref()),
        (&["a".to_owned(), "b c".to_owned()][..], Some("20:05"))
    );
    assert_eq!((entries[1].mood, &entries[1].tags[..]), (None, &["cosy".to_owned()][..]));
}

#[test]
fn the_same_upload_has_the_same_ids_each_time() {
    let table = b"full_date,mood,note\n2023-12-17,good,x\n2023-12-17,good,y\n".to_vec();
    let ids = || entries(import(table.clone()).1).into_iter().map(|entry| entry.id).collect::<Vec<_>>();
    assert_eq!(ids(), ids());
    assert_ne!(ids()[0], ids()[1]);
}

// === odd ones ===

#[test]
fn what_is_no_export_says_so() {
    let refused = |upload: Vec<u8>| block_on(Import::open(upload, None)).err();
    assert!(matches!(refused(Vec::new()), Some(BadArchive::NoArchive(_))));
    assert!(matches!(refused(b"%PDF-1.4".to_vec()), Some(BadArchive::NoArchive(_))));
    assert!(matches!(
        refused(b"PK\x03\x04 and then nothing more that is a ZIP".to_vec()),
        Some(BadArchive::NoArchive(_))
    ));
    assert!(matches!(refused(files(&[("a.txt", "x")])), Some(BadArchive::Missing(_))));
    let other = block_on(Import::open(files(&[("2024-05-01.md", "x")]), Some(Format::DayOne))).err();
    assert!(matches!(other, Some(BadArchive::Missing(_))));
}

#[test]
fn an_upload_of_ten_thousand_entries_is_read() {
    let entry = |number: u32| json!({"uuid": format!("{number:032X}"), "creationDate": "2024-05-01T10:00:00Z", "text": format!("Entry {number}")});
    let json = json!({"metadata": {"version": "1.0"}, "entries": (0..10_000).map(entry).collect::<Vec<_>>()});
    let (_, items, problems) = import(files(&[("Journal.json", &json.to_string())]));
    assert_eq!((items.len(), problems), (10_000, vec![]));
    assert_eq!(entries(items)[0].journal, None);
}

#[test]
fn a_text_that_is_larger_than_memory_allows_is_a_problem() {
    let spaces = vec![b' '; usize::try_from(TEXT_BYTES_MAX).unwrap() + 1];
    let (_, _, problems) = import(archive(&[("Journal.json".to_owned(), spaces)]));
    assert_eq!(problems[0].rule, "too-long");
    assert_eq!(said(&problems[0]), (None, json!({ "max": TEXT_BYTES_MAX, "unit": "bytes" })));
}

// === HTML, and the page about the formats ===

#[test]
fn the_html_of_an_entry_shows_its_pictures_inside() {
    let mut shown = record("A <b>walk</b>", "![x](media:7)");
    shown.media = vec![picture("7", "x"), picture("8", "y")];
    let pictures = HashMap::from([("7".to_owned(), "data:image/jpeg;base64,AA==".to_owned())]);
    let page = format!("{}{}{}", html::before("Journal"), html::entry(&shown, &pictures), html::BEHIND);
    assert!(page.contains("A &lt;b&gt;walk&lt;/b&gt;") && page.contains("data:image/jpeg;base64,AA=="), "{page}");
    assert!(page.contains("<p>a b.jpg</p>") && !page.contains("<script"), "{page}");
}

/// Each example of the page is read as the format under whose heading it stands.
#[test]
fn the_examples_of_the_page_are_read() {
    let page = include_str!("../../docs/portability.md");
    let example = |heading: &str, fence: &str| {
        let section = page.split_once(&format!("## {heading}\n")).unwrap().1;
        let (_, example) = section.split_once(&format!("```{fence}\n")).unwrap();
        example.split_once("```").unwrap().0.to_owned()
    };
    let ours = example("MindFlow", "json");
    let head = String::from_utf8(export::lines(&export::head(AT, vec![], vec![])).unwrap()).unwrap();
    let uploads = [
        files(&[("mindflow.json", &head), ("entries/000001.json", &ours)]),
        files(&[("2024-05-01.md", &example("Markdown", "markdown"))]),
        files(&[("Travels.json", &example("Day One", "json"))]),
        files(&[("data.json", &example("Journiv", "json"))]),
        example("Daylio", "csv").into_bytes(),
    ];
    for upload in uploads {
        let (format, items, problems) = import(upload);
        assert_eq!(problems, vec![], "{format:?}");
        assert!(!entries(items).is_empty(), "{format:?}");
    }
}

#[test]
fn a_list_of_countless_items_is_refused_before_it_fills_the_memory() {
    let head = r#"{"format": "mindflow-journal", "version": 1, "exportedAt": "2024-05-01T05:10:00Z"}"#;
    let list = format!(r#"{{"entries": [{}0]}}"#, "0,".repeat(ITEMS_MAX));
    let (_, items, problems) = import(files(&[("mindflow.json", head), ("entries/000001.json", &list)]));
    assert_eq!((items.len(), problems.len()), (0, 1));
    assert!(problems[0].message.contains(&ITEMS_MAX.to_string()), "{problems:?}");
    let table = format!("full_date,mood\n{}", "2024-05-01,good\n".repeat(ITEMS_MAX + 1));
    let (_, items, problems) = import(table.into_bytes());
    assert_eq!((items.len(), problems[0].rule.as_str()), (0, "too-many"));
    assert_eq!(said(&problems[0]), (None, json!({ "max": ITEMS_MAX })));
}

#[test]
fn a_record_that_is_longer_than_any_entry_is_left_out_and_the_next_one_is_read() {
    let head = r#"{"format": "mindflow-journal", "version": 1, "exportedAt": "2024-05-01T05:10:00Z"}"#;
    let entry =
        |id: &str, content: &str| json!({ "id": id, "title": "T", "content": content, "entryDate": "2024-05-01" });
    // Not the same letter all over: that would be taken for a bomb.
    let long: String = (0..900_000_u32).map(|number| number.to_string()).collect();
    let list = json!({ "entries": [entry("a", &long), entry("b", "short")] }).to_string();
    let (_, items, problems) = import(files(&[("mindflow.json", head), ("entries/000001.json", &list)]));
    assert_eq!((items.len(), problems.len()), (1, 1));
    assert_eq!((problems[0].rule.as_str(), problems[0].record.as_str()), ("too-long", "entries/000001.json, entry 1"));
}

#[test]
fn a_text_of_countless_links_among_countless_files_is_read_in_time() {
    let links = "[a](x)![](y.jpg)".repeat(60_000);
    let text = format!("---\ndate: 2024-05-01\n---\n{links}");
    let mut all = vec![("2024-05-01.md".to_owned(), text.into_bytes())];
    all.extend((0..2_000).map(|number| (format!("files/{number}.jpg"), Vec::new())));
    let (format, items, problems) = import(archive(&all));
    assert_eq!((format, items.len(), problems.len()), (Format::Markdown, 1, 0));
    let Item::Entry(record) = &items[0] else { panic!("{items:?}") };
    assert_eq!((record.media.len(), record.content.matches("](x)").count()), (1, 60_000));
}
