//! Entries as Markdown files with front matter: what is written of this platform's own, and what other programs write, such as
//! Obsidian, Hugo and Jekyll.

use crate::front_matter::{self, FrontMatter};
use crate::import::{Item, fingerprint, mood};
use crate::record::{MEDIA_MAX, Medium, Problem, Record};
use crate::zip::Directory;
use crate::{civil, title};
use mindflow_events::{Date, Degrees, Place, Time};
use serde_json::{Value, json};

const FOLDER: &str = "markdown/";
/// From an entry's file to those of media.
const TO_MEDIA: &str = "../../";
/// Of a title in the name of a file.
const NAME_CHARS_MAX: usize = 60;

pub fn is_named(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with(".md") || name.ends_with(".markdown")
}

// === written ===

/// `markdown/2026/2026-11-30 A fine day 0199….md`: sorted by day, and each of its own.
pub fn name(record: &Record) -> String {
    let of_name = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    let title: String = record.title.chars().filter(|letter| of_name(*letter)).take(NAME_CHARS_MAX).collect();
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let day = record.entry_date;
    let space = if title.is_empty() { "" } else { " " };
    format!("{FOLDER}{:04}/{day}{space}{title} {}.md", day.0.year(), record.id)
}

pub fn write(record: &Record) -> String {
    let mut text = record.content.clone();
    for medium in &record.media {
        if let Some(file) = &medium.file {
            text = text.replace(&medium.reference(), &format!("{TO_MEDIA}{file}"));
        }
    }
    let files = record.media.iter().filter_map(|medium| medium.file.as_ref().map(|file| format!("{TO_MEDIA}{file}")));
    let place = record
        .place
        .as_ref()
        .map(|place| json!({"name": place.name, "latitude": place.latitude, "longitude": place.longitude}));
    let fields = [
        ("id", json!(record.id)),
        ("title", json!(record.title)),
        ("date", json!(record.entry_date)),
        ("time", json!(record.entry_time)),
        ("mood", json!(record.mood)),
        ("tags", json!(record.tags)),
        ("journal", json!(record.journal)),
        ("place", json!(place)),
        ("created", json!(record.created_at)),
        ("updated", json!(record.updated_at)),
        ("draft", json!(record.draft)),
        ("pinned", json!(record.pinned)),
        ("favourite", json!(record.favourite)),
        ("private", json!(record.private)),
        ("media", Value::Array(files.map(Value::String).collect())),
    ];
    front_matter::write(&fields, &text)
}

// === read ===

pub fn read(file: &str, text: &[u8], directory: &Directory) -> Result<Item, Problem> {
    let text = std::str::from_utf8(text).map_err(|_| Problem::damaged(file, "The file is not in UTF-8."))?;
    let (front, content) = front_matter::read(text).map_err(|error| Problem::damaged(file, format!("{error}.")))?;
    let (entry_date, time_of_date) = day(file, &front)?;
    let (heading, content) = heading(content);
    let (content, mut media) = with_media(content, file, directory);
    for path in front.list(&["media", "attachments"]) {
        add(&mut media, medium(&path, file, directory));
    }
    let stem = file.rsplit('/').next().unwrap_or(file).rsplit_once('.').map_or(file, |(stem, _)| stem);
    let named = front.text(&["title"]).or(heading).filter(|title| !title.trim().is_empty());
    let moment = |names: &[&str]| front.text(names).and_then(|text| moment(&text)).map(|(at, _)| at);
    let created_at = moment(&["created", "created_at", "createdat", "date created"]);
    let mood_word = front.text(&["mood", "feeling"]);
    let known_mood = mood_word.as_deref().and_then(mood);
    let mut tags = front.list(&["tags", "tag", "keywords"]);
    tags.extend(mood_word.filter(|_| known_mood.is_none()));
    let record = Record {
        id: front.text(&["id", "uuid"]).unwrap_or_else(|| fingerprint(&["markdown", file])),
        title: named.map_or_else(|| title::of(&content, stem), |title| title::shortened(&title)),
        mood: known_mood,
        tags,
        journal: front.text(&["journal", "notebook"]),
        entry_date,
        entry_time: front.text(&["time"]).and_then(|text| civil::time_of_day(&text)).or(time_of_date),
        place: place(&front),
        created_at,
        updated_at: moment(&["updated", "updated_at", "modified", "lastmod", "date modified"]),
        published_at: None,
        draft: front.is(&["draft"]),
        pinned: front.is(&["pinned", "pin"]),
        favourite: front.is(&["favourite", "favorite", "starred"]),
        private: front.is(&["private"]),
        content,
        media,
    };
    if record.content.trim().is_empty() && record.media.is_empty() && !record.draft {
        return Err(Problem::new(file, "blank", "The file has no text.").about("content"));
    }
    Ok(Item::Entry(Box::new(record)))
}

/// By its front matter, or by the name of the file.
fn day(file: &str, front: &FrontMatter) -> Result<(Date, Option<String>), Problem> {
    if let Some(text) = front.text(&["date", "entry_date", "created", "created_at"]) {
        return dated(&text).ok_or_else(|| {
            let shown: String = text.chars().take(60).collect();
            Problem::no_date("date", &shown, format!("The date `{shown}` is invalid: write it as 2024-05-31.")).at(file)
        });
    }
    let name = file.rsplit('/').next().unwrap_or(file);
    let day = name.get(..10).and_then(|head| head.replace('_', "-").parse().ok());
    day.map(|day| (day, None)).ok_or_else(|| {
        Problem::new(
            file,
            "required",
            "The file says no day: neither `date:` before its text nor a name that begins with 2024-05-31.",
        )
        .about("entryDate")
    })
}

fn dated(text: &str) -> Option<(Date, Option<String>)> {
    let text = text.trim();
    if let Ok(day) = text.parse() {
        return Some((day, None));
    }
    if let Some((_, shown)) = moment(text) {
        return Some(shown);
    }
    // A moment without a zone is as the clock on the wall showed it.
    let shown: jiff::civil::DateTime = text.replacen(' ', "T", 1).parse().ok()?;
    let day: Date = shown.date().to_string().parse().ok()?;
    Some((day, Some(civil::clock(shown))))
}

/// A moment, with the day and the time that were shown where it was written.
fn moment(text: &str) -> Option<(Time, (Date, Option<String>))> {
    let text = text.trim().replacen(' ', "T", 1);
    let at: jiff::Timestamp = text.parse().ok()?;
    let shown: Option<jiff::civil::DateTime> = text.get(..19).and_then(|local| local.parse().ok());
    let (day, time) = shown
        .map_or_else(|| civil::shown(at, &jiff::tz::TimeZone::UTC), |shown| (Date(shown.date()), civil::clock(shown)));
    Some((civil::time(at), (day, Some(time))))
}

fn place(front: &FrontMatter) -> Option<Place> {
    const NAMES: &[&str] = &["place", "location"];
    let of = front.value(NAMES).filter(|value| value.is_object());
    let member =
        |name: &str| of.and_then(|place| place.get(name)).and_then(Value::as_f64).or_else(|| front.number(&[name]));
    let name =
        of.and_then(|place| place.get("name")).and_then(Value::as_str).map(str::to_owned).or_else(|| front.text(NAMES));
    at(name, member("latitude"), member("longitude"))
}

/// A place with a name, or with both coordinates.
pub fn at(name: Option<String>, latitude: Option<f64>, longitude: Option<f64>) -> Option<Place> {
    let name =
        name.map(|name| name.trim().chars().take(title::CHARS_MAX).collect::<String>()).filter(|name| !name.is_empty());
    let latitude = latitude.and_then(|degrees| Degrees::within(degrees, 90.0));
    let longitude = longitude.and_then(|degrees| Degrees::within(degrees, 180.0));
    let (latitude, longitude) =
        if latitude.is_some() && longitude.is_some() { (latitude, longitude) } else { (None, None) };
    (name.is_some() || latitude.is_some()).then_some(Place { name, latitude, longitude })
}

/// A heading of the first level at the top is the title; what follows it is the text.
pub fn heading(text: &str) -> (Option<String>, &str) {
    let begun = text.trim_start_matches(['\n', '\r']);
    let (first, rest) = begun.split_once('\n').unwrap_or((begun, ""));
    match first.strip_prefix("# ") {
        Some(title) => (
            Some(title.trim().to_owned()),
            rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest),
        ),
        None => (None, text),
    }
}

/// Where the next link or picture is. A text is looked through once, however many it has.
fn next_link(text: &str) -> Option<usize> {
    let is_link = |at: &usize| text.get(*at..).is_some_and(|rest| rest.starts_with("](") || rest.starts_with("![["));
    text.match_indices([']', '!']).map(|(at, _)| at).find(is_link)
}

/// Pictures and links to files of the archive refer to media from now on: `![](a.jpg)`, `[a](<a b.mp3>)`, `![[a.jpg]]`.
fn with_media(text: &str, file: &str, directory: &Directory) -> (String, Vec<Medium>) {
    let mut out = String::with_capacity(text.len());
    let mut media = Vec::new();
    let mut rest = text;
    while let Some(at) = next_link(rest) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let is_wiki = from.starts_with("![[");
        let (open, close) = if is_wiki { ("![[", "]]") } else { ("](", ")") };
        let behind = from.get(open.len()..).unwrap_or_default();
        let Some((target, after)) = behind.split_once(close) else {
            out.push_str(from);
            return (out, media);
        };
        let path = if is_wiki { target.split('|').next().unwrap_or(target) } else { path_of(target) };
        let found = medium(path, file, directory);
        let is_picture = is_wiki || before.rsplit_once("![").is_some_and(|(_, label)| !label.contains(']'));
        match found {
            Some(found) if found.file.is_some() || is_picture => {
                let reference = found.reference();
                out.push_str(&if is_wiki { format!("![]({reference})") } else { format!("]({reference})") });
                add(&mut media, Some(found));
            }
            _ => out.push_str(from.get(..from.len() - after.len()).unwrap_or_default()),
        }
        rest = after;
    }
    out.push_str(rest);
    (out, media)
}

/// Of `path "title"` and `<path>`.
fn path_of(target: &str) -> &str {
    let target = target.trim();
    match target.strip_prefix('<').and_then(|path| path.split('>').next()) {
        Some(path) => path,
        None => target.split([' ', '\t']).next().unwrap_or(target),
    }
}

/// `None` for what leads elsewhere than to a file of the archive.
fn medium(path: &str, from: &str, directory: &Directory) -> Option<Medium> {
    let path = path.trim();
    if path.is_empty() || path.starts_with('#') || path.starts_with('/') || path.contains(':') || is_named(path) {
        return None;
    }
    let plain = percent_decoded(path);
    let relative = resolved(from, &plain);
    let name = plain.rsplit('/').next().unwrap_or(&plain).to_owned();
    let anywhere = || directory.named(&name).map(|file| file.name.clone());
    let file = relative.clone().filter(|file| directory.file(file).is_some()).or_else(anywhere);
    let id = fingerprint(&["file", file.as_deref().or(relative.as_deref()).unwrap_or(&plain)]);
    Some(Medium { id, file, name, ..Medium::default() })
}

fn resolved(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn percent_decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, behind @ ..] = rest {
        let code = behind
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

fn add(media: &mut Vec<Medium>, found: Option<Medium>) {
    let is_new = |found: &Medium| media.len() < MEDIA_MAX && media.iter().all(|known| known.id != found.id);
    if let Some(found) = found.filter(is_new) {
        media.push(found);
    }
}
