//! What users have uploaded.

use crate::services::files;
use async_graphql::{ID, SimpleObject};

/// An image that the user has uploaded.
#[derive(SimpleObject)]
pub struct Media {
    /// A UUID.
    #[graphql(owned)]
    pub id: ID,
    /// As it was called, without a path.
    file_name: String,
    /// By its contents, such as `image/jpeg`.
    content_type: String,
    /// Of the original.
    bytes: u64,
    /// In pixels, as it is to be shown.
    width: Option<u32>,
    /// In pixels, as it is to be shown.
    height: Option<u32>,
    /// Opens the image without a token, for at least half a day, also as an `<img>`. Relative to the platform's address,
    /// unless there is a CDN. With `/display` before its `?` it has at most 1,600 pixels a side.
    url: String,
    /// The same, at most 256 pixels a side.
    thumbnail_url: Option<String>,
}

impl From<files::File> for Media {
    fn from(file: files::File) -> Self {
        let files::File { id, file_name, content_type, bytes, width, height, url, thumbnail_url } = file;
        Self {
            id: id.into(),
            file_name,
            content_type,
            bytes,
            width: Some(width),
            height: Some(height),
            url,
            thumbnail_url: Some(thumbnail_url),
        }
    }
}
