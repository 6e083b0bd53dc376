//! The platform's own format: an archive of JSON files, which an import reads, with the same entries as Markdown, for people and other
//! programs, and the files.

use crate::import::{Item, parts, readable};
use crate::record::{Journal, MoodRecord, Problem, Record};
use mindflow_events::Time;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

/// What says which format an archive has.
pub const HEAD: &str = "mindflow.json";
pub const FORMAT: &str = "mindflow-journal";
pub const VERSION: u32 = 1;
pub const ENTRIES: &str = "entries/";
pub const MOODS: &str = "moods/";

/// What the journal has besides entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    pub format: String,
    pub version: u32,
    pub exported_at: Time,
    #[serde(default, deserialize_with = "crate::import::bounded")]
    pub journals: Vec<Journal>,
    /// All of them, so that those without an entry are there as well.
    #[serde(default, deserialize_with = "crate::import::bounded")]
    pub tags: Vec<String>,
}

#[derive(Serialize)]
struct EntriesOut<'a> {
    entries: &'a [Record],
}

#[derive(Serialize)]
struct MoodsOut<'a> {
    moods: &'a [MoodRecord],
}

#[derive(Deserialize)]
struct EntriesIn {
    #[serde(default, deserialize_with = "crate::import::bounded")]
    entries: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct MoodsIn {
    #[serde(default, deserialize_with = "crate::import::bounded")]
    moods: Vec<Box<RawValue>>,
}

pub fn head(exported_at: Time, journals: Vec<Journal>, tags: Vec<String>) -> Head {
    Head { format: FORMAT.to_owned(), version: VERSION, exported_at, journals, tags }
}

pub fn entries(entries: &[Record]) -> serde_json::Result<Vec<u8>> {
    lines(&EntriesOut { entries })
}

pub fn moods(moods: &[MoodRecord]) -> serde_json::Result<Vec<u8>> {
    lines(&MoodsOut { moods })
}

pub fn lines(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut json = serde_json::to_vec_pretty(value)?;
    json.push(b'\n');
    Ok(json)
}

/// A numbered file of a folder.
pub fn name(folder: &str, number: u64) -> String {
    format!("{folder}{number:06}.json")
}

/// The items of one of the archive's files, in their order.
///
/// # Errors
/// The file as a whole cannot be read.
pub fn read(file: &str, json: &[u8]) -> Result<Vec<Result<Item, Problem>>, Problem> {
    if file == HEAD {
        let head: Head = readable(file, json)?;
        if head.format != FORMAT || head.version > VERSION {
            let message = format!("This release reads the format {FORMAT} up to version {VERSION}.");
            return Err(Problem::new(file, "unsupported", message).about("version").with(json!({ "max": VERSION })));
        }
        let journals =
            head.journals.into_iter().filter(|journal| !journal.is_default).map(|journal| Item::Journal(journal.name));
        return Ok(journals.chain(head.tags.into_iter().map(Item::Tag)).map(Ok).collect());
    }
    if file.starts_with(MOODS) {
        let moods = readable::<MoodsIn>(file, json)?.moods;
        return Ok(parts(file, "mood", &moods, |mood: MoodRecord| Ok(Item::Mood(mood))));
    }
    let entries = readable::<EntriesIn>(file, json)?.entries;
    Ok(parts(file, "entry", &entries, |record: Record| Ok(Item::Entry(Box::new(record)))))
}
