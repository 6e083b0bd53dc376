//! Day One's export: a JSON file for each journal, and media in folders by kind, named by their MD5. Texts refer to them by
//! `dayone-moment://IDENTIFIER`. (Format as its users' public parsers read it, and as Day One's guide to exports describes it.)

use crate::import::{Item, parts, readable};
use crate::markdown;
use crate::record::{MEDIA_MAX, Medium, Problem, Record, Size};
use crate::zip::Directory;
use crate::{civil, title};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use mindflow_events::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};
use std::time::Duration;

/// What Day One calls the first journal, and this platform the default one.
pub const DEFAULT: &str = "Journal";
const PHOTOS: &str = "photos";

#[derive(Deserialize)]
struct File {
    #[serde(deserialize_with = "crate::import::bounded")]
    entries: Vec<Box<RawValue>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    uuid: String,
    creation_date: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified_date: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    #[serde(default)]
    text: String,
    /// JSON in a text.
    #[serde(default, skip_serializing)]
    rich_text: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    starred: bool,
    #[serde(default, alias = "pinned")]
    is_pinned: bool,
    #[serde(default)]
    is_all_day: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    #[serde(default, skip_serializing)]
    photos: Vec<Attached>,
    #[serde(default, skip_serializing)]
    audios: Vec<Attached>,
    #[serde(default, skip_serializing)]
    videos: Vec<Attached>,
    #[serde(default, skip_serializing, rename = "pdfAttachments")]
    pdfs: Vec<Attached>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place_name: Option<String>,
    #[serde(default, skip_serializing)]
    locality_name: Option<String>,
    #[serde(default, skip_serializing)]
    country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latitude: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    longitude: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attached {
    identifier: String,
    #[serde(default)]
    md5: String,
    /// Of photos and videos, without a dot.
    #[serde(default, rename = "type")]
    kind: Option<String>,
    /// Of sounds.
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    filename: Option<String>,
    #[serde(default)]
    order_in_entry: i64,
}

// === written ===

/// What stands before a journal's entries, and behind them. Entries have commas between them.
pub const BEFORE: &str = "{\"metadata\":{\"version\":\"1.0\"},\"entries\":[\n";
pub const BEHIND: &str = "\n]}\n";

/// The file of a journal.
pub fn name(journal: &str) -> String {
    let plain: String =
        journal.chars().map(|letter| if matches!(letter, '/' | '\\' | ':' | '\0') { '-' } else { letter }).collect();
    format!("{}.json", plain.trim().trim_start_matches('.'))
}

/// A picture's or a sound's name in the archive.
pub fn media_name(md5: &str, content_type: &str) -> String {
    let folder = if content_type.starts_with("audio/") { "audios" } else { PHOTOS };
    format!("{folder}/{md5}.{}", extension(content_type))
}

/// Photos of Day One say `jpeg`.
pub fn extension(content_type: &str) -> &'static str {
    match content_type {
        "image/jpeg" => "jpeg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        "audio/ogg" => "ogg",
        _ => "bin",
    }
}

/// An entry as Day One writes it. Media have their MD5 as name in the archive already.
pub fn write(record: &Record, zone: &str) -> serde_json::Result<String> {
    let zone_found = civil::zone(Some(zone));
    let mut text = if record.title.is_empty() {
        String::new()
    } else {
        format!("# {}\n\n", record.title.replace(['\n', '\r'], " "))
    };
    text.push_str(&record.content);
    let (mut photos, mut audios) = (Vec::new(), Vec::new());
    for (medium, order) in record.media.iter().zip(0..) {
        let Some((folder, md5, kind)) = medium.file.as_deref().and_then(parts_of) else { continue };
        let identifier = identifier(&medium.id);
        let is_photo = folder == PHOTOS;
        let moment = if is_photo {
            format!("dayone-moment://{identifier}")
        } else {
            format!("dayone-moment:/audio/{identifier}")
        };
        if text.contains(&medium.reference()) {
            text = text.replace(&medium.reference(), &moment);
        } else {
            text.push_str(&format!("\n\n![]({moment})"));
        }
        let written = attached(medium, (identifier.as_str(), md5, order));
        if is_photo {
            photos.push(merged(written, json!({ "type": kind, "duration": 0, "isSketch": false })));
        } else {
            let seconds = Duration::from_millis(medium.size.duration_ms.unwrap_or_default()).as_secs_f64();
            let of_sounds = json!({ "format": kind, "duration": seconds, "title": medium.name, "audioChannels": "", "sampleRate": "",
                "timeZoneName": zone });
            audios.push(merged(written, of_sounds));
        }
    }
    // Day One has no place without coordinates.
    let place = record.place.as_ref().filter(|place| place.latitude.is_some());
    let entry = Entry {
        uuid: identifier(&record.id),
        creation_date: shown_at(record, &zone_found),
        modified_date: record.updated_at.map(|at| second(at.0)),
        time_zone: Some(zone.to_owned()),
        text,
        tags: record.tags.clone(),
        starred: record.favourite,
        is_pinned: record.pinned,
        is_all_day: record.entry_time.is_none(),
        location: place.map(|place| Location {
            place_name: place.name.clone(),
            latitude: place.latitude.map(mindflow_events::Degrees::value),
            longitude: place.longitude.map(mindflow_events::Degrees::value),
            ..Location::default()
        }),
        ..Entry::default()
    };
    let mut entry = serde_json::to_value(&entry)?;
    for (name, media) in [("photos", photos), ("audios", audios)] {
        if !media.is_empty() {
            entry = merged(entry, json!({ name: media }));
        }
    }
    serde_json::to_string(&entry)
}

/// What Day One says of any file. Programs that read its exports rely on all of it, so what is not known is 0.
fn attached(medium: &Medium, (identifier, md5, order): (&str, &str, i64)) -> Value {
    let Size { bytes, width, height, .. } = medium.size;
    json!({
        "identifier": identifier, "md5": md5, "filename": medium.name, "orderInEntry": order, "fileSize": bytes.unwrap_or_default(),
        "width": width.unwrap_or_default(), "height": height.unwrap_or_default(), "favorite": false, "creationDevice": "MindFlow",
    })
}

/// An object with the members of both.
fn merged(mut object: Value, other: Value) -> Value {
    if let (Value::Object(members), Value::Object(other)) = (&mut object, other) {
        members.extend(other);
    }
    object
}

/// `photos/MD5.jpeg`.
fn parts_of(file: &str) -> Option<(&str, &str, &str)> {
    let (folder, name) = file.split_once('/')?;
    let (md5, kind) = name.rsplit_once('.')?;
    Some((folder, md5, kind))
}

/// 32 hexadecimal digits, as Day One has them.
fn identifier(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

/// The moment of the entry's day and time; noon where it has no time.
fn shown_at(record: &Record, zone: &TimeZone) -> String {
    let time = record.entry_time.as_deref().unwrap_or("12:00");
    let shown: Option<DateTime> = format!("{}T{time}:00", record.entry_date).parse().ok();
    let at = shown.and_then(|shown| shown.to_zoned(zone.clone()).ok()).map(|zoned| zoned.timestamp());
    second(at.unwrap_or_default().as_microsecond())
}

fn second(us: i64) -> String {
    let at = Timestamp::from_second(us.div_euclid(1_000_000)).unwrap_or_default();
    format!("{at:.0}")
}

// === read ===

pub fn read(file: &str, json: &[u8], directory: &Directory) -> Result<Vec<Result<Item, Problem>>, Problem> {
    let entries = readable::<File>(file, json)?.entries;
    let journal = file.strip_suffix(".json").unwrap_or(file);
    let journal = (journal != DEFAULT).then(|| journal.to_owned());
    Ok(parts(file, "entry", &entries, |entry: Entry| {
        record(entry, journal.clone(), directory).map(|record| Item::Entry(Box::new(record)))
    }))
}

fn record(entry: Entry, journal: Option<String>, directory: &Directory) -> Result<Record, Problem> {
    let created: Timestamp = entry.creation_date.parse().map_err(|_| {
        let shown: String = entry.creation_date.chars().take(60).collect();
        let message = format!("The entry {} has the date `{shown}`, which is none.", entry.uuid);
        Problem::no_date("date-time", &shown, message)
    })?;
    let (entry_date, entry_time) = civil::shown(created, &civil::zone(entry.time_zone.as_deref()));
    let text = if entry.text.trim().is_empty() { plain(entry.rich_text.as_deref()) } else { entry.text };
    let mut media = Vec::new();
    let mut text = text;
    let attached = [
        (PHOTOS, "", entry.photos),
        ("audios", "audio/", entry.audios),
        ("videos", "video/", entry.videos),
        ("pdfs", "pdfAttachment/", entry.pdfs),
    ];
    for (folder, moment, mut attached) in attached {
        attached.sort_by_key(|attached| attached.order_in_entry);
        for attached in attached.into_iter().take(MEDIA_MAX) {
            let medium = medium(folder, attached, directory);
            let slash = if moment.is_empty() { "/" } else { "" };
            text = text.replace(&format!("dayone-moment:/{slash}{moment}{}", medium.id), &medium.reference());
            media.push(medium);
        }
    }
    let (heading, content) = markdown::heading(&text);
    if content.trim().is_empty() && heading.is_none() && media.is_empty() {
        return Err(Problem::new("", "blank", format!("The entry {} has no text.", entry.uuid)).about("content"));
    }
    let title = heading.filter(|title| !title.is_empty()).map(|title| title::shortened(&title));
    let place = entry.location.and_then(|location| {
        let name = location.place_name.or(location.locality_name).or(location.country);
        markdown::at(name, location.latitude, location.longitude)
    });
    let content = if content.trim().is_empty() && media.is_empty() { text.clone() } else { content.to_owned() };
    Ok(Record {
        title: title.unwrap_or_else(|| title::of(&content, &entry_date.to_string())),
        id: entry.uuid,
        content,
        mood: None,
        tags: entry.tags,
        journal,
        entry_date,
        entry_time: (!entry.is_all_day).then_some(entry_time),
        place,
        created_at: Some(civil::time(created)),
        updated_at: entry.modified_date.and_then(|at| at.parse::<Time>().ok()),
        published_at: None,
        draft: false,
        pinned: entry.is_pinned,
        favourite: entry.starred,
        private: false,
        media,
    })
}

fn medium(folder: &str, attached: Attached, directory: &Directory) -> Medium {
    let named = directory.first_of(&format!("{folder}/{}.", attached.md5)).filter(|_| !attached.md5.is_empty());
    let file = named.map(|file| file.name.clone());
    let ending = attached.kind.or(attached.format).unwrap_or_default();
    let name = attached.filename.unwrap_or_else(|| format!("{}.{ending}", attached.identifier));
    Medium { id: attached.identifier, file, name, ..Medium::default() }
}

/// The text of an entry that has no Markdown, from the rich text that Day One also keeps.
fn plain(rich: Option<&str>) -> String {
    #[derive(Deserialize)]
    struct Rich {
        #[serde(default)]
        contents: Vec<Part>,
    }
    #[derive(Deserialize)]
    struct Part {
        #[serde(default)]
        text: String,
    }
    let rich: Option<Rich> = rich.and_then(|json| serde_json::from_str(json).ok());
    rich.map(|rich| rich.contents.into_iter().map(|part| part.text).collect()).unwrap_or_default()
}
