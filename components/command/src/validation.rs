//! Validation of requests. All broken rules of a request are reported together, under
//! the field's name in the client's schema.

use crate::bindings::exports::mindflow::command::{journal as wit, templates::NewTemplate};
use crate::entry::{Change, is_empty, word_count};
use crate::fingerprint;
use crate::store::templates::Template;
use crate::tag_name::{self, TagName};
use jiff::{
    Timestamp, civil,
    tz::{Offset, TimeZone},
};
use mindflow_events::{Date, Degrees, Entry, Mood, Place, Time};
use mindflow_guest::{
    call::{Error, FieldError},
    clock,
    failure::{field, invalid},
    id,
    rules::{Format, Rule},
    text,
};
use uuid::{Uuid, Variant};

/// Characters are Unicode scalar values, as PostgreSQL's `char_length` counts them.
pub const TITLE_CHARS_MAX: usize = 200;
pub const CONTENT_CHARS_MAX: usize = 100_000;
/// What an entry begins with is shorter than what it becomes.
pub const TEMPLATE_CHARS_MAX: usize = 10_000;
pub const TAGS_MAX: usize = 20;
pub const TAG_CHARS_MAX: usize = 50;
pub const ATTACHMENTS_MAX: usize = 10;
/// Room for a UUID or a path-like name of the client's own; short enough for an index.
pub const CLIENT_MUTATION_ID_CHARS_MAX: usize = 100;
/// A note says why in a sentence or two; what is longer is an entry.
pub const NOTE_CHARS_MAX: usize = 500;
/// A postal address fits, and so does what people call a place.
pub const PLACE_CHARS_MAX: usize = 200;
/// Degrees from the equator and from Greenwich.
const LATITUDE_MAX: f64 = 90.0;
const LONGITUDE_MAX: f64 = 180.0;
/// How far a client's clock may be ahead of the platform's.
pub const CLOCK_AHEAD_US_MAX: i64 = 60 * 1_000_000;
/// The same for the id that it makes: a day, for clocks that show another zone's time.
const ID_AHEAD_MS_MAX: i64 = 24 * 3_600 * 1_000;
/// Of every id that a client cannot make, or cannot make any more.
const NO_ENTRY_ID: &str =
    "This cannot be the id of a new entry: make another one, a UUID of version 7 whose time is at most 24 hours ahead.";
/// 1900-01-01T00:00:00Z: earlier than any mood of a living user.
pub const MOOD_AT_US_MIN: i64 = -2_208_988_800_000_000;
/// No clock on earth is further ahead (Pacific/Kiritimati).
const EARLIEST_ZONE: Offset = Offset::constant(14);

/// A new entry that keeps the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Still without its tags.
    pub entry: Entry,
    pub tags: Vec<TagName>,
    pub mutation: Option<Mutation>,
    /// Whether the client has made the entry's id.
    pub names_id: bool,
}

/// A request that the client numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// The client's own; where it numbers the entry alone, the entry's.
    pub id: String,
    /// Of what it asks for, as it is written ([`fingerprint::of`]).
    pub fingerprint: Vec<u8>,
}

/// `zone`: in which the user's days begin and end.
pub fn new_entry(input: wit::NewEntry, user_id: Uuid, zone: &TimeZone, now_us: i64) -> Result<Draft, Vec<FieldError>> {
    let mut rules = Rules::default();
    let (names_id, names_day) = (input.id.is_some(), input.entry_date.is_some());
    let title = rules.keep("title", title(&input.title, input.draft));
    let content = rules.keep("content", content(input.content));
    let word_count = word_count(&content);
    let attaches = input.attachment_ids.iter().any(|id| id::parse(id).is_some());
    if !input.draft && text::is_blank(&content) && !attaches && !rules.broke("content") {
        rules.keep("content", Err::<(), _>(no_content()));
    }
    let tags = rules.tags(&input.tags);
    let entry = Entry {
        id: input.id.map_or_else(|| id::new(now_us), |text| rules.keep("id", entry_id(&text, now_us))),
        user_id,
        title,
        content,
        mood: input.mood.map(Mood::from),
        tags: Vec::new(),
        entry_date: match input.entry_date {
            Some(text) => rules.keep("entryDate", entry_date(&text, now_us)),
            None => Date(clock::day_of(zone, now_us)),
        },
        attachment_ids: rules.attachments(&input.attachment_ids),
        created_at: Time(now_us),
        updated_at: Time(now_us),
        version: 1,
        word_count,
        private: input.private,
        draft: input.draft,
        published_at: None,
        pinned: input.pinned,
        favourite: input.favourite,
        book_id: input.book_id.and_then(|id| rules.keep("journalId", book_id(&id, user_id))),
        entry_time: input.entry_time.map(|text| rules.keep("entryTime", time_of_day(text))),
        place: input.place.and_then(|place| rules.place(place)),
        imported: false,
    };
    let mutation_id = input.client_mutation_id.map(|id| rules.keep("clientMutationId", client_mutation_id(id)));
    let mutation = mutation_id
        .or_else(|| names_id.then(|| entry.id.to_string()))
        .map(|id| Mutation { id, fingerprint: fingerprint::of(&entry, &tags, names_day, names_id) });
    rules.judge(Draft { entry, tags, mutation, names_id })
}

/// `of_draft`: it may be empty.
pub fn change(input: wit::EntryChange, user_id: Uuid, now_us: i64, of_draft: bool) -> Result<Change, Vec<FieldError>> {
    let mut rules = Rules::default();
    let change = Change {
        title: input.title.map(|text| rules.keep("title", title(&text, of_draft))),
        content: input.content.map(|text| rules.keep("content", content(text))),
        mood: input.mood.map(|mood| mood.map(Mood::from)),
        tags: input.tags.map(|names| rules.tags(&names)),
        entry_date: input.entry_date.map(|text| rules.keep("entryDate", entry_date(&text, now_us))),
        attachment_ids: input.attachment_ids.map(|ids| rules.attachments(&ids)),
        private: input.private,
        pinned: input.pinned,
        favourite: input.favourite,
        book_id: input.book_id.map(|id| rules.keep("journalId", book_id(&id, user_id))),
        entry_time: input.entry_time.map(|text| text.map(|text| rules.keep("entryTime", time_of_day(text)))),
        place: input.place.map(|place| place.and_then(|place| rules.place(place))),
    };
    rules.judge(change)
}

/// Whether all that is wrong is that there is no title, which a draft need not have.
pub fn lacks_title_alone(errors: &[FieldError]) -> bool {
    let blank = Rule::Blank.broken("title", "").rule;
    !errors.is_empty() && errors.iter().all(|error| error.field == "title" && error.rule == blank)
}

/// What keeps a draft from being an entry.
///
/// # Errors
/// `invalid` for a title that is not seen, and where there is neither a content that is seen nor an attachment.
pub fn publishable(entry: &Entry) -> Result<(), Error> {
    let mut rules = Rules::default();
    rules.keep("title", title(&entry.title, false));
    if is_empty(entry) {
        rules.keep("content", Err::<(), _>(no_content()));
    }
    rules.judge(()).map_err(Error::Invalid)
}

/// A template that keeps the rules, still without its id and time. Its title and content may be empty.
pub fn template(input: NewTemplate, user_id: Uuid) -> Result<Template, Vec<FieldError>> {
    let mut rules = Rules::default();
    let template = Template {
        id: Uuid::nil(),
        name: rules.keep("name", tag_name(&input.name)),
        title: rules.keep("title", title(&input.title, true)),
        content: rules.keep("content", template_content(input.content)),
        tags: rules.tags(&input.tags).iter().map(|tag| tag.name().to_owned()).collect(),
        book_id: input.book_id.and_then(|id| rules.keep("journalId", book_id(&id, user_id))),
        updated_at: Time(0),
    };
    rules.judge(template)
}

/// The name of a journal, which is compared as names of tags are.
pub fn book(name: &str) -> Result<TagName, Vec<FieldError>> {
    tag(name)
}

/// The name of a tag on its own.
pub fn tag(name: &str) -> Result<TagName, Vec<FieldError>> {
    let mut rules = Rules::default();
    let name = rules.keep("name", tag_name(name));
    rules.judge(name)
}

/// A mood's note, `None` when it is empty, and its time in microseconds.
pub fn mood_record(note: Option<&str>, at: Option<i64>, now_us: i64) -> Result<(Option<String>, i64), Vec<FieldError>> {
    let mut rules = Rules::default();
    let note = note.filter(|note| note.contains('\0') || !text::is_blank(note)).map(text::label);
    let note = note.map(|text| rules.keep("note", bounded(&text, NOTE_CHARS_MAX).map(|()| text)));
    let at = rules.keep("at", mood_time(at, now_us));
    rules.judge((note, at))
}

/// A rule, and the sentence that says it.
type Broken = (Rule, String);

/// Collects the broken rules of a request.
#[derive(Default)]
struct Rules(Vec<FieldError>);

impl Rules {
    /// The value, or a stand-in that [`Rules::judge`] never lets through.
    fn keep<T: Default>(&mut self, name: &str, outcome: Result<T, Broken>) -> T {
        outcome.unwrap_or_else(|(rule, message)| {
            self.0.push(field(name, rule, message));
            T::default()
        })
    }

    fn broke(&self, name: &str) -> bool {
        self.0.iter().any(|error| error.field == name)
    }

    fn judge<T>(self, value: T) -> Result<T, Vec<FieldError>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }

    fn tags(&mut self, names: &[String]) -> Vec<TagName> {
        let distinct = tag_name::deduplicated(names.iter().map(|name| TagName::new(name)).collect());
        if distinct.len() > TAGS_MAX {
            self.0.push(field(
                "tags",
                Rule::items(TAGS_MAX, distinct.len()),
                format!("An entry can have at most {TAGS_MAX} tags; these are {}.", distinct.len()),
            ));
            return Vec::new();
        }
        for (index, name) in names.iter().enumerate() {
            self.keep(&format!("tags[{index}]"), tag_name(name));
        }
        distinct
    }

    fn place(&mut self, place: wit::Place) -> Option<Place> {
        let name =
            place.name.filter(|name| name.contains('\0') || !text::is_blank(name)).map(|name| text::label(&name));
        let name = name.map(|name| self.keep("place.name", bounded(&name, PLACE_CHARS_MAX).map(|()| name)));
        let latitude = place.latitude.map(|angle| self.keep("place.latitude", degrees(angle, LATITUDE_MAX).map(Some)));
        let longitude =
            place.longitude.map(|angle| self.keep("place.longitude", degrees(angle, LONGITUDE_MAX).map(Some)));
        match (&name, latitude, longitude) {
            (_, Some(_), None) => self.0.push(together("place.latitude", "longitude")),
            (_, None, Some(_)) => self.0.push(together("place.longitude", "latitude")),
            (None, None, None) => {
                self.0.push(field("place", Rule::Required, "A place has a name, coordinates, or both."));
            }
            _ => {}
        }
        Some(Place { name, latitude: latitude.flatten(), longitude: longitude.flatten() })
    }

    fn attachments(&mut self, ids: &[String]) -> Vec<Uuid> {
        let mut kept = Vec::new();
        for (index, id) in ids.iter().enumerate() {
            match id::parse(id) {
                Some(id) if kept.contains(&id) => {}
                Some(_) if kept.len() == ATTACHMENTS_MAX => {
                    self.0.push(field(
                        "attachmentIds",
                        Rule::items(ATTACHMENTS_MAX, ids.len()),
                        format!("An entry can have at most {ATTACHMENTS_MAX} attachments."),
                    ));
                    break;
                }
                Some(id) => kept.push(id),
                None if index < ATTACHMENTS_MAX => {
                    self.0.push(field(
                        format!("attachmentIds[{index}]"),
                        Format::Uuid,
                        "This is not the id of an upload (a UUID).",
                    ));
                }
                None => break,
            }
        }
        kept
    }
}

/// 1 to `chars_max` characters, all of which the database can hold.
fn bounded(text: &str, chars_max: usize) -> Result<(), Broken> {
    if text.is_empty() {
        return Err((Rule::Blank, "Write at least one character.".into()));
    }
    at_most(text, chars_max)
}

/// As [`bounded`], or empty.
fn at_most(text: &str, chars_max: usize) -> Result<(), Broken> {
    if text.contains('\0') {
        return Err((Rule::Characters, "The character U+0000 cannot be stored; leave it out.".into()));
    }
    // A character has at most four bytes and at least one.
    let chars = if text.len() <= chars_max { text.len() } else { text.chars().count() };
    if chars > chars_max {
        let text = format!("Use at most {chars_max} characters; these are {chars}.");
        return Err((Rule::characters(chars_max, chars), text));
    }
    Ok(())
}

/// As [`bounded`], of a text by which something is recognised: some of it is seen.
fn legible(text: &str, chars_max: usize) -> Result<(), Broken> {
    if text::is_blank(text) {
        return Err((Rule::Blank, "Write at least one character that is seen.".into()));
    }
    bounded(text, chars_max)
}

fn title(text: &str, of_draft: bool) -> Result<String, Broken> {
    let text = text::label(text);
    if of_draft && text::is_blank(&text) {
        // What is not seen is no title.
        return Ok(String::new());
    }
    legible(&text, TITLE_CHARS_MAX).map(|()| text)
}

/// The error for an id that another entry has, of any user and in any state: the same as for any text that is no id.
pub fn unusable_id() -> Error {
    invalid("id", Format::Uuid, NO_ENTRY_ID)
}

/// Made by the client. Version 7 (RFC 9562 §5.7) begins with 48 bits of milliseconds.
fn entry_id(text: &str, now_us: i64) -> Result<Uuid, Broken> {
    let latest_ms = now_us.div_euclid(1_000).saturating_add(ID_AHEAD_MS_MAX);
    let in_time = |id: &Uuid| i64::try_from(id.as_u128() >> 80).is_ok_and(|ms| ms <= latest_ms);
    id::parse(text)
        .filter(|id| id.get_version_num() == 7 && id.get_variant() == Variant::RFC4122 && in_time(id))
        .ok_or_else(|| (Format::Uuid.into(), NO_ENTRY_ID.into()))
}

/// `None` for the default one, whose id is its user's.
fn book_id(text: &str, user_id: Uuid) -> Result<Option<Uuid>, Broken> {
    match id::parse(text) {
        Some(id) => Ok((id != user_id).then_some(id)),
        None => Err((Format::Uuid.into(), "This is not the id of a journal (a UUID).".into())),
    }
}

fn time_of_day(text: String) -> Result<String, Broken> {
    let two =
        |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u8>().ok()).flatten();
    let time = text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2);
    let is_time = time.is_some_and(|(hour, minute)| {
        two(hour).is_some_and(|hour| hour < 24) && two(minute).is_some_and(|minute| minute < 60)
    });
    if is_time {
        Ok(text)
    } else {
        Err((Format::TimeOfDay.into(), "Give a time of the day as HH:MM, such as 18:05.".into()))
    }
}

fn degrees(angle: f64, most: f64) -> Result<Degrees, Broken> {
    let whole = if most > LATITUDE_MAX { 180 } else { 90 };
    let text = || format!("Give an angle in degrees from -{whole} to {whole}.");
    Degrees::within(angle, most).ok_or_else(|| (Rule::range(-whole, whole), text()))
}

fn together(name: &str, other: &'static str) -> FieldError {
    field(name, Rule::Together { other: other.into() }, format!("Give the {other} as well."))
}

fn content(text: String) -> Result<String, Broken> {
    let text = text::into_nfc(text);
    at_most(&text, CONTENT_CHARS_MAX).map(|()| text)
}

/// As [`content`], shorter: all of a user's templates are one list.
fn template_content(text: String) -> Result<String, Broken> {
    let text = text::into_nfc(text);
    at_most(&text, TEMPLATE_CHARS_MAX).map(|()| text)
}

/// Of an entry that has no attachment either.
fn no_content() -> Broken {
    (Rule::Blank, "Write at least one character, or attach a file.".into())
}

/// Whether a changed entry still has a content that is seen, or an attachment.
///
/// # Errors
/// `invalid`, of the content if the change `writes_content`, else of the attachments.
pub fn has_something(entry: &Entry, writes_content: bool) -> Result<(), Error> {
    if !is_empty(entry) {
        return Ok(());
    }
    let (rule, text) = no_content();
    let name = if writes_content { "content" } else { "attachmentIds" };
    Err(invalid(name, rule, text))
}

fn tag_name(name: &str) -> Result<TagName, Broken> {
    let name = TagName::new(name);
    legible(name.name(), TAG_CHARS_MAX).map(|()| name)
}

fn client_mutation_id(id: String) -> Result<String, Broken> {
    bounded(&id, CLIENT_MUTATION_ID_CHARS_MAX).map(|()| id)
}

/// At most tomorrow where tomorrow comes first: travellers write before they have changed their time zone.
fn entry_date(text: &str, now_us: i64) -> Result<Date, Broken> {
    let now = Timestamp::from_microsecond(now_us).unwrap_or_default();
    let wrong = || "Give a day of the calendar as YYYY-MM-DD, such as 2026-11-23.".to_owned();
    let date: Date = text.parse().map_err(|_| (Format::Date.into(), wrong()))?;
    let last = EARLIEST_ZONE.to_datetime(now).date().tomorrow().unwrap_or(civil::Date::MAX);
    if date > Date(last) {
        let text = format!("An entry cannot be of a day in the future; the last one possible now is {last}.");
        return Err((Rule::TooLate { latest: Some(last.to_string()) }, text));
    }
    Ok(date)
}

fn mood_time(at: Option<i64>, now_us: i64) -> Result<i64, Broken> {
    let at = at.unwrap_or(now_us);
    if at > now_us.saturating_add(CLOCK_AHEAD_US_MAX) {
        return Err((Rule::TooLate { latest: None }, "A mood cannot be of a time in the future.".into()));
    }
    if at < MOOD_AT_US_MIN {
        let earliest = "1900-01-01T00:00:00Z".into();
        return Err((Rule::TooEarly { earliest }, "A mood cannot be of a time before the year 1900.".into()));
    }
    Ok(at)
}

#[cfg(test)]
mod tests;
