//! Reads uploads of all supported products: detects the format, lists the files that have records, and reads them one
//! file at a time. A record that cannot be read is a [`Problem`] in its place, so that the others are.

use crate::record::{MoodRecord, Problem, Record};
use crate::zip::{BadArchive, Content, Directory, Limits};
use crate::{Source, day_one, daylio, journiv, markdown, mindflow};
use mindflow_events::Mood;
use serde::de::{DeserializeOwned, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{json, value::RawValue};
use sha2::{Digest, Sha256};
use std::fmt;
use std::marker::PhantomData;

/// Of a file with records, unpacked: as much as is held in memory while it is parsed. Some 20,000 entries.
pub const TEXT_BYTES_MAX: u64 = 32 << 20;
/// Of one Markdown file.
pub const MARKDOWN_BYTES_MAX: u64 = 1 << 20;
/// Of a list in such a file: an item of two bytes takes fifty times as much in memory.
pub const ITEMS_MAX: usize = 200_000;
/// Of one record: three times the longest text with all its letters escaped, and room for its lists.
const RECORD_BYTES_MAX: usize = 4 << 20;
/// What tells one format from another is in so many bytes.
const HEAD_BYTES: usize = 256;

/// Where an upload comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Format {
    Mindflow,
    DayOne,
    Markdown,
    Journiv,
    Daylio,
}

/// Something of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Entry(Box<Record>),
    Mood(MoodRecord),
    /// A journal, by its name.
    Journal(String),
    /// A tag, which entries may have or not.
    Tag(String),
}

/// An upload of which it is known what it is.
pub struct Import<S> {
    source: S,
    directory: Directory,
    format: Format,
    units: Vec<String>,
}

// === impl Format ===

impl Format {
    pub const ALL: &[Self] = &[Self::Mindflow, Self::DayOne, Self::Markdown, Self::Journiv, Self::Daylio];

    /// As people call it.
    pub fn product(self) -> &'static str {
        match self {
            Self::Mindflow => "MindFlow",
            Self::DayOne => "Day One",
            Self::Markdown => "Markdown",
            Self::Journiv => "Journiv",
            Self::Daylio => "Daylio",
        }
    }
}

// === impl Import ===

impl<S: Source> Import<S> {
    /// `wanted`: what its owner says that it is; else it is found out.
    ///
    /// # Errors
    /// It is no upload of that product, or of none that is known.
    pub async fn open(source: S, wanted: Option<Format>) -> Result<Self, BadArchive> {
        let head = source.read(0, HEAD_BYTES).await?;
        if !head.starts_with(b"PK") {
            return if daylio::is_table(&head) && wanted.is_none_or(|wanted| wanted == Format::Daylio) {
                let units = vec![daylio::TABLE.to_owned()];
                Ok(Self { source, directory: Directory::default(), format: Format::Daylio, units })
            } else {
                Err(BadArchive::NoArchive("it begins otherwise".to_owned()))
            };
        }
        let directory = Directory::read(&source, Limits::default()).await?;
        let found = Format::ALL
            .iter()
            .map(|format| (*format, units(*format, &directory)))
            .filter(|(_, units)| !units.is_empty());
        let found = found.filter(|(format, _)| wanted.is_none_or(|wanted| wanted == *format));
        // Those that are named by a file of their own come before those of which any file could be.
        let first = found.min_by_key(|(format, _)| match format {
            Format::Mindflow => 0,
            Format::Daylio => 1,
            Format::Journiv => 2,
            Format::DayOne => 3,
            Format::Markdown => 4,
        });
        let (format, units) = first.ok_or_else(|| BadArchive::Missing(expected(wanted)))?;
        Ok(Self { source, directory, format, units })
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// Files with records, in the order in which they are read.
    pub fn units(&self) -> &[String] {
        &self.units
    }

    /// What is wrong with the archive as such, without keeping it from being read.
    pub fn problems(&self) -> Vec<Problem> {
        let links =
            self.directory.links().iter().map(|name| Problem::new(name, "unsupported", "A link is not followed."));
        let repeated = self.directory.repeated().iter();
        let repeated = repeated.map(|name| {
            Problem::damaged(name, "The archive has several files of this name; the last is read.").about("name")
        });
        links.chain(repeated).collect()
    }

    /// The items of a file, in their order.
    ///
    /// # Errors
    /// The store fails. What is wrong with the file is a problem among the items.
    pub async fn read(&self, unit: &str) -> Result<Vec<Result<Item, Problem>>, BadArchive> {
        let text = match self.text(unit).await {
            Ok(text) => text,
            Err(BadArchive::Store(error)) => return Err(BadArchive::Store(error)),
            Err(error) => return Ok(vec![Err(Problem::of_archive(unit, &error))]),
        };
        let items = match self.format {
            Format::Mindflow => mindflow::read(unit, &text),
            Format::DayOne => day_one::read(unit, &text, &self.directory),
            Format::Markdown => Ok(vec![markdown::read(unit, &text, &self.directory)]),
            Format::Journiv => journiv::read(unit, &text, &self.directory),
            Format::Daylio if unit == daylio::TABLE => daylio::read_table(&text),
            Format::Daylio => daylio::read(unit, &text, &self.directory),
        };
        Ok(items.unwrap_or_else(|problem| vec![Err(problem)]))
    }

    /// One of the archive's files, such as a picture.
    ///
    /// # Errors
    /// It is not there, or larger.
    pub async fn open_file(&self, name: &str, bytes_max: u64) -> Result<Content<'_, S>, BadArchive> {
        self.directory.open(&self.source, name, bytes_max).await
    }

    async fn text(&self, unit: &str) -> Result<Vec<u8>, BadArchive> {
        if unit == daylio::TABLE && self.directory.file(unit).is_none() {
            let bytes = self.source.bytes();
            if bytes > TEXT_BYTES_MAX {
                return Err(BadArchive::TooLarge { file: unit.to_owned(), max: TEXT_BYTES_MAX });
            }
            return Ok(self.source.read(0, usize::try_from(bytes).unwrap_or(usize::MAX)).await?);
        }
        let bytes_max = if self.format == Format::Markdown { MARKDOWN_BYTES_MAX } else { TEXT_BYTES_MAX };
        self.directory.unpack(&self.source, unit, bytes_max).await
    }
}

/// The files of the archive that have records, if it is of that format.
fn units(format: Format, directory: &Directory) -> Vec<String> {
    let names = || directory.files().map(|file| file.name.as_str()).filter(|name| !is_of_a_system(name));
    let owned = |name: &str| name.to_owned();
    match format {
        Format::Mindflow if directory.file(mindflow::HEAD).is_some() => {
            let folder =
                |folder: &'static str| names().filter(move |name| name.starts_with(folder) && name.ends_with(".json"));
            std::iter::once(mindflow::HEAD)
                .chain(folder(mindflow::ENTRIES))
                .chain(folder(mindflow::MOODS))
                .map(owned)
                .collect()
        }
        Format::Daylio => {
            names().filter(|name| *name == daylio::BACKUP || name.ends_with(".csv")).map(owned).take(1).collect()
        }
        Format::Journiv => names().filter(|name| *name == journiv::DATA).map(owned).collect(),
        // One file per journal, next to the folders of media.
        Format::DayOne => names().filter(|name| name.ends_with(".json") && !name.contains('/')).map(owned).collect(),
        Format::Markdown => names().filter(|name| markdown::is_named(name)).map(owned).collect(),
        Format::Mindflow => Vec::new(),
    }
}

/// What operating systems add to folders.
fn is_of_a_system(name: &str) -> bool {
    name.split('/').any(|part| part == "__MACOSX" || part.starts_with('.'))
}

fn expected(wanted: Option<Format>) -> String {
    match wanted {
        Some(Format::Mindflow) => mindflow::HEAD.to_owned(),
        Some(Format::Daylio) => daylio::BACKUP.to_owned(),
        Some(Format::Journiv) => journiv::DATA.to_owned(),
        Some(Format::DayOne) => "NAME.json, as Day One writes it for a journal,".to_owned(),
        Some(Format::Markdown) => "NAME.md".to_owned(),
        None => "that an export of a known product has".to_owned(),
    }
}

/// The file as a whole.
pub fn readable<T: DeserializeOwned>(file: &str, json: &[u8]) -> Result<T, Problem> {
    let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
    serde_json::from_slice(json)
        .map_err(|error| Problem::damaged(file, format!("The file is not as it should be: {error}.")))
}

/// A list of at most [`ITEMS_MAX`].
///
/// # Errors
/// It is longer, or no list of these.
pub fn bounded<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(Bounded(PhantomData))
}

struct Bounded<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Bounded<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of at most {ITEMS_MAX}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            if items.len() == ITEMS_MAX {
                return Err(A::Error::invalid_length(ITEMS_MAX + 1, &self));
            }
            items.push(item);
        }
        Ok(items)
    }
}

/// Each part of a file on its own, counted from 1. The place of a problem that `item` finds is said here.
pub fn parts<T: DeserializeOwned>(
    file: &str,
    kind: &str,
    parts: &[Box<RawValue>],
    mut item: impl FnMut(T) -> Result<Item, Problem>,
) -> Vec<Result<Item, Problem>> {
    let numbered = parts.iter().zip(1..);
    let read = numbered.map(|(part, number): (_, u64)| {
        let record = || format!("{file}, {kind} {number}");
        if part.get().len() > RECORD_BYTES_MAX {
            let actual = part.get().len();
            let message = format!("A record has at most {RECORD_BYTES_MAX} bytes; this one has {actual}.");
            let params = json!({ "max": RECORD_BYTES_MAX, "actual": actual, "unit": "bytes" });
            return Err(Problem::new(record(), "too-long", message).with(params));
        }
        let part: T =
            serde_json::from_str(part.get()).map_err(|error| Problem::damaged(record(), format!("{error}.")))?;
        item(part).map_err(|problem| problem.at(record()))
    });
    read.collect()
}

/// An id for what has none: the same for the same texts.
pub fn fingerprint(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The mood that a word of another product means.
pub fn mood(word: &str) -> Option<Mood> {
    let word = word.trim().to_lowercase();
    Some(match word.as_str() {
        "happy" | "good" | "joyful" | "content" | "cheerful" => Mood::Happy,
        "calm" | "relaxed" | "peaceful" | "focused" => Mood::Calm,
        "grateful" | "thankful" | "loved" => Mood::Grateful,
        "excited" | "rad" | "super" | "great" | "energetic" | "inspired" => Mood::Excited,
        "neutral" | "meh" | "okay" | "ok" | "fine" | "bored" => Mood::Neutral,
        "tired" | "exhausted" | "sleepy" => Mood::Tired,
        "anxious" | "nervous" | "worried" | "scared" => Mood::Anxious,
        "stressed" | "overwhelmed" => Mood::Stressed,
        "sad" | "bad" | "awful" | "lonely" | "depressed" | "down" => Mood::Sad,
        "angry" | "annoyed" | "frustrated" | "mad" => Mood::Angry,
        _ => return None,
    })
}
