//! The rules, one story each; apart, so that the rules themselves stay in view.

use super::*;
use proptest::prelude::*;

fn us(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_microsecond()
}

fn now() -> i64 {
    us("2026-11-23T05:30:00Z")
}

fn new_entry(input: wit::NewEntry, now_us: i64) -> Result<Draft, Vec<FieldError>> {
    super::new_entry(input, Uuid::from_u128(2), &TimeZone::UTC, now_us)
}

fn change(input: wit::EntryChange, now_us: i64) -> Result<Change, Vec<FieldError>> {
    super::change(input, Uuid::from_u128(2), now_us, false)
}

fn input() -> wit::NewEntry {
    wit::NewEntry {
        id: None,
        title: "A walk".into(),
        content: "Rain, then sun.".into(),
        mood: None,
        tags: Vec::new(),
        entry_date: None,
        attachment_ids: Vec::new(),
        client_mutation_id: None,
        private: false,
        draft: false,
        pinned: false,
        favourite: false,
        book_id: None,
        entry_time: None,
        place: None,
    }
}

fn unchanged() -> wit::EntryChange {
    wit::EntryChange {
        title: None,
        content: None,
        mood: None,
        tags: None,
        entry_date: None,
        attachment_ids: None,
        private: None,
        pinned: None,
        favourite: None,
        book_id: None,
        entry_time: None,
        place: None,
        expected_version: None,
    }
}

fn broken<T: std::fmt::Debug>(outcome: Result<T, Vec<FieldError>>) -> Vec<String> {
    outcome.unwrap_err().into_iter().map(|error| error.field).collect()
}

#[test]
fn an_entry_is_of_today_in_the_users_time_zone_unless_it_says_otherwise() {
    let draft = new_entry(input(), us("2026-11-23T23:59:59Z")).unwrap();
    assert_eq!(draft.entry.entry_date.to_string(), "2026-11-23");
    assert_eq!(draft.entry.word_count, 3);
    let day = |zone: &str, now: &str| {
        let draft = super::new_entry(input(), Uuid::from_u128(2), &clock::time_zone(zone), us(now)).unwrap();
        draft.entry.entry_date.to_string()
    };
    assert_eq!(day("Pacific/Kiritimati", "2026-11-23T10:00:00Z"), "2026-11-24");
    assert_eq!(day("Pacific/Kiritimati", "2026-11-23T09:59:59Z"), "2026-11-23");
    assert_eq!(day("Pacific/Pago_Pago", "2026-11-23T10:59:59Z"), "2026-11-22");
    let given = wit::NewEntry { entry_date: Some("2026-11-20".into()), ..input() };
    let draft = super::new_entry(given, Uuid::from_u128(2), &clock::time_zone("Pacific/Kiritimati"), now()).unwrap();
    assert_eq!(draft.entry.entry_date.to_string(), "2026-11-20");
}

#[test]
fn every_broken_rule_is_named_in_one_answer() {
    let draft = new_entry(
        wit::NewEntry {
            title: "  ".into(),
            content: String::new(),
            tags: vec!["fine".into(), " ".into(), "x".repeat(51)],
            entry_date: Some("2026-02-30".into()),
            attachment_ids: vec!["photo.jpg".into()],
            client_mutation_id: Some(String::new()),
            ..input()
        },
        now(),
    );
    assert_eq!(
        broken(draft),
        ["title", "content", "tags[1]", "tags[2]", "entryDate", "attachmentIds[0]", "clientMutationId"]
    );
}

#[test]
fn a_title_loses_the_space_around_it_before_its_characters_are_counted() {
    let title = format!(" {}\n", "ü".repeat(TITLE_CHARS_MAX));
    let draft = new_entry(wit::NewEntry { title, ..input() }, now()).unwrap();
    assert_eq!(draft.entry.title, "ü".repeat(TITLE_CHARS_MAX));
    let title = "a".repeat(TITLE_CHARS_MAX + 1);
    let errors = new_entry(wit::NewEntry { title, ..input() }, now()).unwrap_err();
    assert_eq!(errors, [field("title", Rule::characters(200, 201), "Use at most 200 characters; these are 201.")]);
}

#[test]
fn an_entry_may_consist_of_attachments_alone() {
    let photo = Uuid::from_u128(5).to_string();
    let of_photo = || wit::NewEntry { content: String::new(), attachment_ids: vec![photo.clone()], ..input() };
    let draft = new_entry(of_photo(), now()).unwrap();
    assert_eq!((draft.entry.content.as_str(), draft.entry.word_count), ("", 0));
    let errors = new_entry(wit::NewEntry { attachment_ids: Vec::new(), ..of_photo() }, now()).unwrap_err();
    assert_eq!(errors, [field("content", Rule::Blank, "Write at least one character, or attach a file.")]);
    // A change is judged by what it leaves.
    assert!(change(wit::EntryChange { content: Some(String::new()), ..unchanged() }, now()).is_ok());
    let mut entry = draft.entry;
    assert!(has_something(&entry, true).is_ok());
    entry.attachment_ids.clear();
    for (writes_content, name) in [(true, "content"), (false, "attachmentIds")] {
        let Err(Error::Invalid(errors)) = has_something(&entry, writes_content) else { panic!("{name}") };
        assert_eq!(errors[0].field, name);
    }
}

#[test]
fn an_entry_of_which_nothing_is_seen_needs_an_attachment() {
    for content in [" \n\t", "\u{200b}\u{2060}", "\u{3164}", "\u{2800}", "\u{202e}\u{ad}"] {
        let of = |ids: &[Uuid]| {
            let attachment_ids = ids.iter().map(Uuid::to_string).collect();
            new_entry(wit::NewEntry { content: content.into(), attachment_ids, ..input() }, now())
        };
        assert_eq!(broken(of(&[])), ["content"], "{content:?}");
        let draft = of(&[Uuid::from_u128(5)]).unwrap();
        assert_eq!((draft.entry.content.as_str(), draft.entry.word_count), (content, 0));
        let bare = Entry { attachment_ids: Vec::new(), ..draft.entry };
        assert!(has_something(&bare, true).is_err(), "{content:?}");
    }
    for content in [".", "🙂", "\u{200b}語"] {
        assert!(new_entry(wit::NewEntry { content: content.into(), ..input() }, now()).is_ok(), "{content:?}");
    }
}

#[test]
fn content_is_kept_as_it_is_up_to_its_limit() {
    let content = format!("\n{}", "語".repeat(CONTENT_CHARS_MAX - 1));
    let draft = new_entry(wit::NewEntry { content: content.clone(), ..input() }, now()).unwrap();
    assert_eq!(draft.entry.content, content);
    let content = format!("{content}語");
    assert_eq!(broken(new_entry(wit::NewEntry { content, ..input() }, now())), ["content"]);
}

#[test]
fn what_the_database_cannot_hold_is_refused_in_every_text() {
    let draft = new_entry(
        wit::NewEntry {
            title: "a\0b".into(),
            content: "\0".into(),
            tags: vec!["a\0".into()],
            client_mutation_id: Some("\0".into()),
            ..input()
        },
        now(),
    );
    assert_eq!(broken(draft), ["title", "content", "tags[0]", "clientMutationId"]);
    assert_eq!(broken(mood_record(Some("a\0"), None, now())), ["note"]);
    assert_eq!(broken(tag("\0a")), ["name"]);
}

#[test]
fn twenty_different_tags_are_allowed_however_often_they_are_named() {
    let mut tags: Vec<_> = (0..TAGS_MAX).map(|n| format!("Tag {n}")).collect();
    tags.extend((0..TAGS_MAX).map(|n| format!(" tag {n} ")));
    let draft = new_entry(wit::NewEntry { tags: tags.clone(), ..input() }, now()).unwrap();
    assert_eq!(draft.tags.len(), TAGS_MAX);
    assert!(draft.tags.iter().all(|tag| tag.name().starts_with("Tag")));
    tags.push("one more".into());
    let errors = new_entry(wit::NewEntry { tags, ..input() }, now()).unwrap_err();
    assert_eq!(errors, [field("tags", Rule::items(20, 21), "An entry can have at most 20 tags; these are 21.")]);
}

#[test]
fn ten_attachments_are_allowed_each_counted_once() {
    let mut ids: Vec<_> = (0..10).map(|n| Uuid::from_u128(n).to_string()).collect();
    ids.extend((0..10).map(|n| Uuid::from_u128(n).to_string().to_uppercase()));
    let draft = new_entry(wit::NewEntry { attachment_ids: ids.clone(), ..input() }, now()).unwrap();
    assert_eq!(draft.entry.attachment_ids, (0..10).map(Uuid::from_u128).collect::<Vec<_>>());
    ids.push(Uuid::from_u128(11).to_string());
    assert_eq!(broken(new_entry(wit::NewEntry { attachment_ids: ids, ..input() }, now())), ["attachmentIds"]);
}

#[test]
fn a_flood_of_wrong_attachments_or_tags_gives_few_errors() {
    let flood = vec![String::from("?"); 10_000];
    let errors = broken(new_entry(wit::NewEntry { attachment_ids: flood, ..input() }, now()));
    assert_eq!(errors.len(), ATTACHMENTS_MAX);
    let flood = (0..10_000).map(|n| format!("{n}{}", "x".repeat(60))).collect();
    assert_eq!(broken(new_entry(wit::NewEntry { tags: flood, ..input() }, now())), ["tags"]);
}

#[test]
fn only_days_of_the_calendar_in_their_one_form_are_dates() {
    for text in ["2024-02-29", "0001-01-01", "1999-12-31"] {
        assert_eq!(entry_date(text, now()).unwrap().to_string(), text);
    }
    for text in [
        "",
        "2026-02-29",
        "2026-11-31",
        "0000-01-01",
        "-0001-01-01",
        "26-11-23",
        "20261123",
        "2026-11-23T00:00",
        " 2026-11-23",
        "2026-11-2",
        "٢٠٢٦-١١-٢٣",
    ] {
        assert!(entry_date(text, now()).is_err(), "{text}");
    }
}

#[test]
fn an_entry_may_be_of_tomorrow_where_tomorrow_comes_first() {
    // 05:30 in UTC is 19:30 of the same day in UTC+14, 10:00 is the next day.
    assert!(entry_date("2026-11-24", us("2026-11-23T05:30:00Z")).is_ok());
    assert!(entry_date("2026-11-25", us("2026-11-23T05:30:00Z")).is_err());
    assert!(entry_date("2026-11-25", us("2026-11-23T10:00:00Z")).is_ok());
    assert!(entry_date("2026-11-26", us("2026-11-23T23:59:59Z")).is_err());
}

#[test]
fn a_draft_may_be_empty_and_is_no_entry_before_it_has_a_title_and_a_content() {
    let empty = wit::NewEntry { title: " ".into(), content: String::new(), ..input() };
    assert_eq!(broken(new_entry(empty.clone(), now())), ["title", "content"]);
    let draft = new_entry(wit::NewEntry { draft: true, ..empty }, now()).unwrap().entry;
    assert_eq!((draft.title.as_str(), draft.draft, draft.word_count), ("", true, 0));
    let Err(Error::Invalid(missing)) = publishable(&draft) else { panic!("an entry without anything") };
    assert_eq!(missing.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), ["title", "content"]);
    assert_eq!(publishable(&Entry { title: "A walk".into(), content: "Rain.".into(), ..draft }), Ok(()));
}

#[test]
fn a_change_that_lacks_a_title_alone_may_be_one_of_a_draft() {
    let untitled = wit::EntryChange { title: Some(" ".into()), ..unchanged() };
    assert!(lacks_title_alone(&change(untitled.clone(), now()).unwrap_err()));
    let of_draft = super::change(untitled.clone(), Uuid::from_u128(2), now(), true).unwrap();
    assert_eq!(of_draft.title.as_deref(), Some(""));
    let also = wit::EntryChange { entry_date: Some("soon".into()), ..untitled };
    assert!(!lacks_title_alone(&change(also, now()).unwrap_err()));
    let long = wit::EntryChange { title: Some("a".repeat(TITLE_CHARS_MAX + 1)), ..unchanged() };
    assert!(!lacks_title_alone(&change(long, now()).unwrap_err()));
}

#[test]
fn a_place_has_a_name_or_both_coordinates() {
    let at = |name: Option<&str>, latitude, longitude| {
        let place = Some(wit::Place { name: name.map(Into::into), latitude, longitude });
        new_entry(wit::NewEntry { place, ..input() }, now()).map(|draft| draft.entry.place.unwrap())
    };
    let river = at(Some(" By the river "), Some(52.520_006_6), Some(13.404_954)).unwrap();
    assert_eq!(river.name.as_deref(), Some("By the river"));
    assert_eq!(river.longitude.map(Degrees::value), Some(13.404_954));
    assert!(at(Some("Home"), None, None).is_ok() && at(None, Some(-90.0), Some(180.0)).is_ok());
    assert_eq!(broken(at(None, None, None)), ["place"]);
    assert_eq!(broken(at(Some("  "), None, None)), ["place"]);
    assert_eq!(broken(at(Some("Home"), Some(1.0), None)), ["place.latitude"]);
    assert_eq!(broken(at(None, Some(90.5), Some(f64::NAN))), ["place.latitude", "place.longitude"]);
    assert_eq!(broken(at(Some(&"x".repeat(PLACE_CHARS_MAX + 1)), None, None)), ["place.name"]);
}

#[test]
fn a_time_of_day_is_written_out() {
    let at = |time: &str| new_entry(wit::NewEntry { entry_time: Some(time.into()), ..input() }, now());
    for time in ["00:00", "18:05", "23:59"] {
        assert_eq!(at(time).unwrap().entry.entry_time.as_deref(), Some(time));
    }
    for wrong in ["24:00", "12:60", "1:05", "18:5", "18:05:00", "+1:05", "6 pm", ""] {
        assert_eq!(broken(at(wrong)), ["entryTime"], "{wrong}");
    }
}

#[test]
fn the_default_journal_is_named_by_its_user() {
    let own = Uuid::from_u128(2).to_string();
    let other = Uuid::from_u128(8);
    let within = |id: String| new_entry(wit::NewEntry { book_id: Some(id), ..input() }, now());
    assert_eq!(within(own).unwrap().entry.book_id, None);
    assert_eq!(within(other.to_string()).unwrap().entry.book_id, Some(other));
    assert_eq!(broken(within("Dreams".into())), ["journalId"]);
}

#[test]
fn a_change_is_checked_only_in_the_fields_it_gives() {
    assert_eq!(change(unchanged(), now()), Ok(Change::default()));
    let given = wit::EntryChange {
        title: Some(" New ".into()),
        mood: Some(None),
        tags: Some(vec![]),
        entry_date: Some("2026-11-01".into()),
        ..unchanged()
    };
    let expected = Change {
        title: Some("New".into()),
        mood: Some(None),
        tags: Some(vec![]),
        entry_date: Some("2026-11-01".parse().unwrap()),
        ..Change::default()
    };
    assert_eq!(change(given, now()), Ok(expected));
    let wrong = wit::EntryChange {
        title: Some(" ".into()),
        // Whether it may be empty depends on the attachments that the entry then has.
        content: Some("\0".into()),
        tags: Some(vec![" ".into()]),
        entry_date: Some("2026-11-25".into()),
        ..unchanged()
    };
    assert_eq!(broken(change(wrong, now())), ["title", "content", "tags[0]", "entryDate"]);
}

#[test]
fn a_mood_is_of_now_or_earlier_with_a_minute_of_tolerance() {
    assert_eq!(mood_record(None, None, now()), Ok((None, now())));
    assert_eq!(mood_record(None, Some(now() + CLOCK_AHEAD_US_MAX), now()), Ok((None, now() + CLOCK_AHEAD_US_MAX)));
    assert_eq!(broken(mood_record(None, Some(now() + CLOCK_AHEAD_US_MAX + 1), now())), ["at"]);
    assert_eq!(broken(mood_record(None, Some(i64::MIN), now())), ["at"]);
    assert_eq!(MOOD_AT_US_MIN, us("1900-01-01T00:00:00Z"));
}

#[test]
fn an_empty_note_is_no_note_and_a_long_one_is_refused() {
    assert_eq!(mood_record(Some("  "), None, now()), Ok((None, now())));
    assert_eq!(mood_record(Some(" ok "), None, now()), Ok((Some("ok".into()), now())));
    assert_eq!(broken(mood_record(Some(&"n".repeat(501)), Some(i64::MAX), now())), ["note", "at"]);
}

#[test]
fn texts_are_counted_and_kept_in_their_one_form() {
    let input = wit::NewEntry {
        title: format!("\u{200b}{}\u{2060}", "e\u{301}".repeat(TITLE_CHARS_MAX)),
        content: "e\u{301}".repeat(CONTENT_CHARS_MAX),
        tags: vec!["e\u{301}".repeat(TAG_CHARS_MAX), "\u{202e}Zürich".into(), "zu\u{308}RICH".into()],
        ..input()
    };
    let draft = new_entry(input, now()).unwrap();
    assert_eq!(draft.entry.title, "é".repeat(TITLE_CHARS_MAX));
    assert_eq!(draft.entry.content, "é".repeat(CONTENT_CHARS_MAX));
    assert_eq!(
        draft.tags.iter().map(TagName::name).collect::<Vec<_>>(),
        ["Zürich", "é".repeat(TAG_CHARS_MAX).as_str()]
    );
}

#[test]
fn what_shows_nothing_is_blank() {
    for blank in ["\u{200b}", "\u{3164}", "\u{2060}", "\u{2800}", "\u{202e}\u{2066}", "\u{ad}"] {
        let draft = new_entry(wit::NewEntry { title: blank.into(), tags: vec![blank.into()], ..input() }, now());
        assert_eq!(broken(draft), ["title", "tags[0]"], "{blank:?}");
        assert_eq!(mood_record(Some(blank), None, now()).unwrap().0, None, "{blank:?}");
    }
}

proptest! {
    #[test]
    fn whatever_is_sent_the_answer_is_a_valid_entry_or_at_least_one_reason(
        title in ".{0,210}", content in ".{0,50}", tags in prop::collection::vec(".{0,60}", 0..25),
        entry_date in prop::option::of("[0-9-]{8,11}"), ids in prop::collection::vec("[0-9a-f-]{0,40}", 0..12),
        id in prop::option::of(".{0,120}"),
    ) {
        let input = wit::NewEntry { title, content, mood: None, tags, entry_date, attachment_ids: ids, client_mutation_id: id, ..input() };
        match new_entry(input, now()) {
            Ok(draft) => {
                prop_assert!((1..=TITLE_CHARS_MAX).contains(&draft.entry.title.chars().count()));
                prop_assert!(draft.tags.len() <= TAGS_MAX);
                prop_assert!(draft.tags.iter().all(|tag| (1..=TAG_CHARS_MAX).contains(&tag.name().chars().count())));
                prop_assert!(draft.entry.attachment_ids.len() <= ATTACHMENTS_MAX);
                prop_assert!(has_something(&draft.entry, true).is_ok());
            }
            Err(errors) => prop_assert!(!errors.is_empty()),
        }
    }
}

#[test]
fn a_client_makes_ids_of_version_7_whose_time_is_at_most_a_day_ahead() {
    let id_of = |ahead_us: i64| id::new(now() + ahead_us).to_string();
    let hour_us = 3_600 * 1_000_000;
    let of = |id: &str| new_entry(wit::NewEntry { id: Some(id.into()), ..input() }, now());
    for ahead_us in [-400 * 24 * hour_us, 0, 24 * hour_us] {
        let id = id_of(ahead_us);
        let draft = of(&id.to_uppercase()).unwrap();
        assert_eq!((draft.entry.id.to_string(), draft.names_id), (id.clone(), true));
        assert_eq!(draft.mutation.unwrap().id, id, "it numbers the request as well");
    }
    let texts =
        ["", "x", "0190f3b2-7c1d-4a45-9d1e-0123456789ab", "0190f3b2-7c1d-7a45-1d1e-0123456789ab"].map(String::from);
    for wrong in
        texts.into_iter().chain([id_of(24 * hour_us + 1_000), Uuid::nil().to_string(), Uuid::max().to_string()])
    {
        let errors = of(&wrong).unwrap_err();
        assert_eq!(Error::Invalid(errors), unusable_id(), "{wrong}");
    }
    let own = new_entry(wit::NewEntry { client_mutation_id: Some("m-1".into()), ..input() }, now()).unwrap();
    assert!(!own.names_id && own.mutation.unwrap().id == "m-1");
}

#[test]
fn a_template_may_be_empty_but_for_its_name() {
    let input = |name: &str, content: &str| NewTemplate {
        name: name.into(),
        title: String::new(),
        content: content.into(),
        tags: vec!["Sleep".into(), "sleep".into()],
        book_id: Some(Uuid::from_u128(2).to_string()),
    };
    let kept = template(input(" Morning ", ""), Uuid::from_u128(2)).unwrap();
    assert_eq!((kept.name.name(), kept.tags.as_slice()), ("Morning", ["Sleep".to_owned()].as_slice()));
    assert_eq!(kept.book_id, None, "the default one");
    assert!(template(input("x", &"x".repeat(TEMPLATE_CHARS_MAX)), Uuid::from_u128(2)).is_ok());
    assert_eq!(
        broken(template(input(" ", &"x".repeat(TEMPLATE_CHARS_MAX + 1)), Uuid::from_u128(2))),
        ["name", "content"]
    );
}
