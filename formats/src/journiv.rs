//! Journiv's export, version 1.0: `data.json` with journals and their entries, and media in folders by entry. (Format as its public
//! code writes it: `app/schemas/dto.py` and `app/utils/import_export` of journiv/journiv-app.)

use crate::import::{Item, fingerprint, mood, parts, readable};
use crate::record::{MEDIA_MAX, Medium, Problem, Record};
use crate::zip::Directory;
use crate::{civil, markdown, title};
use mindflow_events::{Date, Time};
use serde::Deserialize;
use serde_json::value::RawValue;

pub const DATA: &str = "data.json";
const MEDIA: &str = "media/";

#[derive(Deserialize)]
struct Export {
    #[serde(deserialize_with = "crate::import::bounded")]
    journals: Vec<Journal>,
}

#[derive(Deserialize)]
struct Journal {
    #[serde(default)]
    title: String,
    #[serde(default, deserialize_with = "crate::import::bounded")]
    entries: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    content: Option<String>,
    entry_date: String,
    #[serde(default)]
    entry_datetime_utc: Option<String>,
    #[serde(default)]
    entry_timezone: Option<String>,
    #[serde(default)]
    is_pinned: bool,
    #[serde(default)]
    location: Option<String>,
    #[serde(default)]
    latitude: Option<f64>,
    #[serde(default)]
    longitude: Option<f64>,
    #[serde(default)]
    tags: Option<Vec<String>>,
    #[serde(default)]
    mood_log: Option<MoodLog>,
    #[serde(default)]
    media: Vec<File>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    external_id: Option<String>,
}

#[derive(Deserialize)]
struct MoodLog {
    mood_name: String,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    #[serde(default)]
    file_path: Option<String>,
    #[serde(default)]
    mime_type: Option<String>,
}

pub fn read(file: &str, json: &[u8], directory: &Directory) -> Result<Vec<Result<Item, Problem>>, Problem> {
    let mut items = Vec::new();
    for journal in readable::<Export>(file, json)?.journals {
        let name = journal.title.trim().to_owned();
        let place = format!("{file}, journal `{name}`");
        let journal_name = (!name.is_empty()).then_some(name);
        items.extend(journal_name.clone().map(|name| Ok(Item::Journal(name))));
        items.extend(parts(&place, "entry", &journal.entries, |entry: Entry| {
            record(entry, journal_name.clone(), directory).map(|record| Item::Entry(Box::new(record)))
        }));
    }
    Ok(items)
}

fn record(entry: Entry, journal: Option<String>, directory: &Directory) -> Result<Record, Problem> {
    let entry_date: Date = entry.entry_date.parse().map_err(|_| {
        let shown: String = entry.entry_date.chars().take(60).collect();
        Problem::no_date("date", &shown, format!("The date `{shown}` is invalid."))
    })?;
    let content = entry.content.unwrap_or_default();
    let media: Vec<_> = entry.media.into_iter().take(MEDIA_MAX).map(|file| medium(file, directory)).collect();
    let named = entry.title.filter(|title| !title.trim().is_empty());
    if content.trim().is_empty() && media.is_empty() && named.is_none() {
        return Err(Problem::new("", "blank", "The entry has no text.").about("content"));
    }
    let day = entry_date.to_string();
    let title = named.map_or_else(|| title::of(&content, &day), |title| title::shortened(&title));
    let created = entry.created_at.as_deref().and_then(moment);
    let word = entry.mood_log.map(|log| log.mood_name);
    let known_mood = word.as_deref().and_then(mood);
    let mut tags = entry.tags.unwrap_or_default();
    tags.extend(word.filter(|_| known_mood.is_none()));
    let shown = entry
        .entry_datetime_utc
        .as_deref()
        .and_then(moment)
        .and_then(|at| jiff::Timestamp::from_microsecond(at.0).ok());
    let entry_time = shown.map(|at| civil::shown(at, &civil::zone(entry.entry_timezone.as_deref())).1);
    let created_text = created.map(|at| at.to_string()).unwrap_or_default();
    let id = entry.external_id.unwrap_or_else(|| fingerprint(&["journiv", &day, &created_text, &title, &content]));
    // An entry that is but a title.
    let content = if content.trim().is_empty() && media.is_empty() { title.clone() } else { content };
    Ok(Record {
        id,
        title,
        content,
        mood: known_mood,
        tags,
        journal,
        entry_date,
        entry_time,
        place: markdown::at(entry.location, entry.latitude, entry.longitude),
        created_at: created,
        updated_at: entry.updated_at.as_deref().and_then(moment),
        published_at: None,
        draft: false,
        pinned: entry.is_pinned,
        favourite: false,
        private: false,
        media,
    })
}

fn medium(file: File, directory: &Directory) -> Medium {
    let path = file.file_path.map(|path| format!("{MEDIA}{}", path.trim_start_matches('/')));
    let id = fingerprint(&["journiv", path.as_deref().unwrap_or(&file.filename)]);
    let path = path.filter(|path| directory.file(path).is_some());
    Medium { id, file: path, name: file.filename, content_type: file.mime_type, ..Medium::default() }
}

/// Python writes some moments without a zone; they are in UTC.
fn moment(text: &str) -> Option<Time> {
    let text = text.trim().replacen(' ', "T", 1);
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}
