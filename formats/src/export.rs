//! What the files of an export are called and consist of. Which entries there are, and when a piece is sent on, is the caller's.

pub use crate::{
    day_one::{self, DEFAULT},
    html,
    markdown::{name as markdown_name, write as markdown},
    mindflow::{ENTRIES, HEAD, MOODS, entries, head, lines, moods, name as numbered},
};
use serde::{Deserialize, Serialize};

/// What a journal is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Format {
    Mindflow,
    DayOne,
    Html,
}

/// Where a file of the platform is in its own archives.
pub fn media_name(id: &str, content_type: &str) -> String {
    format!("media/{id}.{}", extension(content_type))
}

fn extension(content_type: &str) -> &'static str {
    match content_type {
        "image/jpeg" => "jpg",
        other => day_one::extension(other),
    }
}
