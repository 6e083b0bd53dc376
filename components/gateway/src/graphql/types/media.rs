//! What users have uploaded.

use super::page::PageInfo;
use super::scalars::{Bytes, DateTime};
use crate::services::files;
use async_graphql::{Enum, ID, SimpleObject};

/// What an upload is.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::services::files::Kind")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A sound.
    Audio,
}

/// A picture or a sound that the user has uploaded.
#[derive(SimpleObject)]
pub struct Media {
    /// A UUID.
    #[graphql(owned)]
    pub id: ID,
    /// What it is.
    kind: MediaKind,
    /// As it was called, without a path.
    file_name: String,
    /// By its contents, such as `image/jpeg`.
    content_type: String,
    /// Of the original.
    bytes: u64,
    /// In pixels, as it is to be shown; null of a sound.
    width: Option<u32>,
    /// In pixels, as it is to be shown; null of a sound.
    height: Option<u32>,
    /// How long a sound plays, in milliseconds, where its file says it.
    duration_ms: Option<u64>,
    /// When it was uploaded.
    created_at: DateTime,
    /// Opens the file without a token, for at least half a day, also as an `<img>` or `<audio>`. Relative to the platform's address,
    /// unless there is a CDN. With `/display` before its `?` an image has at most 1,600 pixels a side.
    url: String,
    /// The same, at most 256 pixels a side; null of a sound.
    thumbnail_url: Option<String>,
    /// What a text refers to it by, for good: `media:ID`. A client that shows the text puts the `url` in its place. `GET /media/ID/stable`
    /// redirects there as well, with an access token.
    reference: String,
}

/// An upload and its place in the list.
#[derive(SimpleObject)]
pub struct MediaEdge {
    /// Opaque; for `after`.
    cursor: String,
    /// The upload.
    node: Media,
}

/// A page of the user's uploads.
#[derive(SimpleObject)]
pub struct MediaConnection {
    /// The uploads of this page, the latest first.
    edges: Vec<MediaEdge>,
    /// Where the page lies.
    page_info: PageInfo,
    /// How many there are of what was asked for.
    total_count: u32,
    /// How many bytes they have, with their smaller sizes.
    total_bytes: Bytes,
}

impl MediaConnection {
    /// `goes_on`: whether the page follows another.
    pub fn new(page: files::FilePage, goes_on: bool) -> Self {
        let page_info = PageInfo {
            has_next_page: page.has_next_page,
            has_previous_page: goes_on,
            start_cursor: page.files.first().map(|file| file.id.clone()),
            end_cursor: page.files.last().map(|file| file.id.clone()),
        };
        let edge = |file: files::File| MediaEdge { cursor: file.id.clone(), node: file.into() };
        Self {
            edges: page.files.into_iter().map(edge).collect(),
            page_info,
            total_count: page.total_count,
            total_bytes: Bytes(page.total_bytes),
        }
    }
}

impl From<files::File> for Media {
    fn from(file: files::File) -> Self {
        Self {
            reference: format!("media:{}", file.id),
            id: file.id.into(),
            kind: file.kind.into(),
            file_name: file.file_name,
            content_type: file.content_type,
            bytes: file.bytes,
            width: file.width,
            height: file.height,
            duration_ms: file.duration_ms,
            created_at: DateTime(file.created_at),
            url: file.url,
            thumbnail_url: file.thumbnail_url,
        }
    }
}
