//! Daylio's backup, a JSON in Base64 in an archive, and its export, a table with commas. (Formats as public parsers of them read them:
//! Guekka/DaylioBackupTools for the backup, staticf0x/daylio-parser for the table.)

use crate::import::{ITEMS_MAX, Item, fingerprint, mood, parts, readable};
use crate::record::{MEDIA_MAX, Medium, MoodRecord, Problem, Record};
use crate::zip::Directory;
use crate::{civil, title};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use mindflow_events::{Date, Mood, Time};
use serde::Deserialize;
use serde_json::{json, value::RawValue};
use std::collections::HashMap;

pub const BACKUP: &str = "backup.daylio";
/// As an upload without an archive is called in reports.
pub const TABLE: &str = "daylio.csv";
const FIRST_COLUMN: &[u8] = b"full_date";
const BETWEEN_ACTIVITIES: &str = " | ";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Backup {
    #[serde(default, deserialize_with = "crate::import::bounded")]
    custom_moods: Vec<CustomMood>,
    #[serde(default, deserialize_with = "crate::import::bounded")]
    tags: Vec<Tag>,
    #[serde(deserialize_with = "crate::import::bounded")]
    day_entries: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "crate::import::bounded")]
    assets: Vec<Asset>,
}

#[derive(Deserialize)]
struct CustomMood {
    id: i64,
    #[serde(default)]
    custom_name: String,
    /// From 1, the best, to 5.
    #[serde(default)]
    mood_group_id: i64,
}

#[derive(Deserialize)]
struct Tag {
    id: i64,
    name: String,
}

#[derive(Deserialize)]
struct Asset {
    id: i64,
    #[serde(default)]
    checksum: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: i64,
    minute: i8,
    hour: i8,
    day: i8,
    /// From 0.
    month: i8,
    year: i16,
    /// Milliseconds since 1970.
    datetime: i64,
    #[serde(default)]
    time_zone_offset: i64,
    mood: i64,
    #[serde(default)]
    note: Option<String>,
    #[serde(default, rename = "note_title")]
    note_title: Option<String>,
    #[serde(default)]
    tags: Vec<i64>,
    #[serde(default)]
    assets: Vec<i64>,
}

/// What both forms have of an entry.
struct Kept {
    id: String,
    entry_date: Date,
    entry_time: Option<String>,
    at: Option<Timestamp>,
    /// Daylio's own word, or the user's.
    mood_word: String,
    mood: Option<Mood>,
    activities: Vec<String>,
    title: String,
    note: String,
    media: Vec<Medium>,
}

// === the backup ===

pub fn read(file: &str, text: &[u8], directory: &Directory) -> Result<Vec<Result<Item, Problem>>, Problem> {
    if file != BACKUP {
        return read_table(text);
    }
    let packed: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let json = STANDARD
        .decode(&packed)
        .map_err(|error| Problem::damaged(file, format!("The file is not in Base64: {error}.")))?;
    let backup: Backup = readable(file, &json)?;
    let moods: HashMap<i64, CustomMood> = backup.custom_moods.into_iter().map(|mood| (mood.id, mood)).collect();
    let tags: HashMap<i64, String> = backup.tags.into_iter().map(|tag| (tag.id, tag.name)).collect();
    let assets: HashMap<i64, String> = backup.assets.into_iter().map(|asset| (asset.id, asset.checksum)).collect();
    let photos = photos_of(directory);
    Ok(parts(file, "entry", &backup.day_entries, |entry: Entry| {
        let day = jiff::civil::Date::new(entry.year, entry.month.saturating_add(1), entry.day);
        let day = day.map_err(|_| {
            let shown = format!("{}-{:02}-{:02}", entry.year, entry.month.saturating_add(1), entry.day);
            Problem::no_date("date", &shown, format!("The entry {} is of no day that there is.", entry.id))
        })?;
        let is_time = (0..24).contains(&entry.hour) && (0..60).contains(&entry.minute);
        let at = Timestamp::from_millisecond(entry.datetime).ok();
        let own = moods.get(&entry.mood);
        let group = own.map_or(entry.mood, |mood| mood.mood_group_id);
        let (word, mood) = of_group(group);
        let custom = own.map(|mood| mood.custom_name.trim()).filter(|name| !name.is_empty() && *name != "null");
        let media = entry.assets.iter().take(MEDIA_MAX).map(|id| photo(*id, assets.get(id), &photos)).collect();
        let time = is_time.then(|| format!("{:02}:{:02}", entry.hour, entry.minute));
        let shown = time.or_else(|| at.map(|at| civil::shown(at, &civil::ahead_by(entry.time_zone_offset)).1));
        let kept = Kept {
            // Its number changes from backup to backup; the moment does not.
            id: fingerprint(&["daylio", &entry.datetime.to_string(), &day.to_string()]),
            entry_date: Date(day),
            entry_time: shown,
            at,
            mood_word: custom.unwrap_or(word).to_owned(),
            mood,
            activities: entry.tags.iter().filter_map(|id| tags.get(id).cloned()).collect(),
            title: entry.note_title.unwrap_or_default(),
            note: unmarked(&entry.note.unwrap_or_default()),
            media,
        };
        Ok(kept.item())
    }))
}

/// Daylio's five, from the best.
fn of_group(group: i64) -> (&'static str, Option<Mood>) {
    let word = match group {
        1 => "rad",
        2 => "good",
        3 => "meh",
        4 => "bad",
        5 => "awful",
        _ => "",
    };
    (word, mood(word))
}

/// The photos of the backup by their checksums, which are their names.
fn photos_of(directory: &Directory) -> HashMap<&str, &str> {
    let mut photos = HashMap::new();
    for name in directory.files().map(|file| file.name.as_str()).filter(|name| name.starts_with("assets/")) {
        let checksum = name.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
        photos.entry(checksum).or_insert(name);
    }
    photos
}

fn photo(id: i64, checksum: Option<&String>, photos: &HashMap<&str, &str>) -> Medium {
    let checksum = checksum.map(String::as_str).unwrap_or_default();
    let file = photos.get(checksum).filter(|_| !checksum.is_empty());
    let name = if checksum.is_empty() { format!("photo {id}") } else { checksum.to_owned() };
    let id = fingerprint(&["daylio", &name]);
    Medium { id, file: file.map(|file| (*file).to_owned()), name, ..Medium::default() }
}

/// Notes of newer releases have tags of HTML for lines and styles.
fn unmarked(note: &str) -> String {
    if !note.contains('<') && !note.contains('&') {
        return note.to_owned();
    }
    let mut out = String::with_capacity(note.len());
    let mut rest = note;
    while let Some((before, from)) = rest.split_once('<') {
        out.push_str(before);
        let Some((tag, after)) = from.split_once('>').filter(|(tag, _)| is_tag(tag)) else {
            out.push('<');
            rest = from;
            continue;
        };
        out.push_str(match tag.trim_matches(['/', ' ']).to_ascii_lowercase().as_str() {
            "br" => "\n",
            "li" if !tag.starts_with('/') => "- ",
            "li" | "div" | "p" if tag.starts_with('/') => "\n",
            "b" | "strong" => "**",
            "i" | "em" => "*",
            _ => "",
        });
        rest = after;
    }
    out.push_str(rest);
    let plain = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let text = plain.iter().fold(out, |text, (name, letter)| text.replace(name, letter));
    text.trim_end().to_owned()
}

fn is_tag(tag: &str) -> bool {
    tag.len() < 100 && tag.trim_start_matches('/').starts_with(|first: char| first.is_ascii_alphabetic())
}

// === the table ===

pub fn is_table(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    head.strip_prefix(b"\"").unwrap_or(head).starts_with(FIRST_COLUMN)
}

pub fn read_table(text: &[u8]) -> Result<Vec<Result<Item, Problem>>, Problem> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let columns = table.headers().map_err(|error| Problem::damaged(TABLE, format!("{error}.")))?.clone();
    let column = |name: &str| columns.iter().position(|column| column.trim() == name);
    let (Some(day), Some(mood_column)) = (column("full_date"), column("mood")) else {
        return Err(Problem::damaged(TABLE, "The first line does not name the columns `full_date` and `mood`."));
    };
    let (time, activities, note_title, note) =
        (column("time"), column("activities"), column("note_title"), column("note"));
    let rows = table.into_records().zip(2..).map(|(row, line): (_, u64)| {
        let record = || format!("{TABLE}, line {line}");
        let row = row.map_err(|error| Problem::damaged(record(), format!("{error}.")))?;
        let cell = |column: Option<usize>| column.and_then(|column| row.get(column)).unwrap_or_default().trim();
        let entry_date: Date = cell(Some(day)).parse().map_err(|_| {
            let shown: String = cell(Some(day)).chars().take(60).collect();
            Problem::no_date("date", &shown, format!("The date `{shown}` is invalid.")).at(record())
        })?;
        let word = cell(Some(mood_column));
        let (title, note) = (cell(note_title), unmarked(cell(note)));
        let entry_time = civil::time_of_day(cell(time));
        let shown_time = entry_time.clone().unwrap_or_default();
        let at = entry_time.as_deref().unwrap_or("12:00");
        let at: Option<jiff::civil::DateTime> = format!("{entry_date}T{at}:00").parse().ok();
        let kept = Kept {
            id: fingerprint(&["daylio", &entry_date.to_string(), &shown_time, word, title, &note]),
            entry_date,
            entry_time,
            at: at.and_then(|at| at.to_zoned(jiff::tz::TimeZone::UTC).ok()).map(|zoned| zoned.timestamp()),
            mood_word: word.to_owned(),
            mood: mood(word),
            activities: cell(activities)
                .split(BETWEEN_ACTIVITIES.trim())
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty())
                .collect(),
            title: title.to_owned(),
            note,
            media: Vec::new(),
        };
        Ok(kept.item())
    });
    let rows: Vec<_> = rows.take(ITEMS_MAX + 1).collect();
    if rows.len() > ITEMS_MAX {
        let message = format!("A table has at most {ITEMS_MAX} lines.");
        return Err(Problem::new(TABLE, "too-many", message).with(json!({ "max": ITEMS_MAX })));
    }
    Ok(rows)
}

// === impl Kept ===

impl Kept {
    /// What says something is an entry; a mood alone is a recorded mood.
    fn item(self) -> Item {
        let says = !self.note.trim().is_empty()
            || !self.title.trim().is_empty()
            || !self.media.is_empty()
            || !self.activities.is_empty();
        let (Some(mood), Some(at), false) = (self.mood, self.at, says) else {
            return Item::Entry(Box::new(self.record()));
        };
        Item::Mood(MoodRecord { id: self.id, mood, note: None, at: civil::time(at) })
    }

    fn record(self) -> Record {
        let day = self.entry_date.to_string();
        let word = if self.mood_word.is_empty() { &day } else { &self.mood_word };
        let content = if !self.note.trim().is_empty() {
            self.note
        } else if !self.activities.is_empty() {
            self.activities.join(", ")
        } else if !self.title.trim().is_empty() {
            self.title.clone()
        } else if self.media.is_empty() {
            word.clone()
        } else {
            String::new()
        };
        let title =
            if self.title.trim().is_empty() { title::of(&content, word) } else { title::shortened(&self.title) };
        let mut tags = self.activities;
        tags.extend((self.mood.is_none() && !self.mood_word.is_empty()).then_some(self.mood_word));
        let at = self.at.map(|at| Time(at.as_microsecond()));
        Record {
            id: self.id,
            title,
            content,
            mood: self.mood,
            tags,
            journal: None,
            entry_date: self.entry_date,
            entry_time: self.entry_time,
            place: None,
            created_at: at,
            updated_at: None,
            published_at: None,
            draft: false,
            pinned: false,
            favourite: false,
            private: false,
            media: self.media,
        }
    }
}
