//! A file as clients see it.

use crate::kind::Upload;
use crate::store::{NewFile, Rendition};
use crate::{link, link_key, route, settings};
use mindflow_guest::{call::Error, clock};
use serde::Serialize;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileView {
    pub id: Uuid,
    pub file_name: String,
    content_type: String,
    bytes: u64,
    /// `image` or `audio`.
    kind: &'static str,
    /// Of images alone.
    width: Option<u32>,
    height: Option<u32>,
    /// Of a sound, where its file says it.
    duration_ms: Option<u64>,
    /// Relative to the platform's address, unless there is a CDN.
    pub url: String,
    /// Of images alone.
    thumbnail_url: Option<String>,
}

/// Makes addresses that open files without a token, for a while.
pub struct Addresses {
    base: String,
    key: Vec<u8>,
    now_us: i64,
}

// === impl Addresses ===

impl Addresses {
    pub async fn now() -> Result<Self, Error> {
        let base = settings::load().await.cdn_url.clone();
        Ok(Self { base, key: link_key::load().await?.to_vec(), now_us: clock::now_us() })
    }

    pub fn original(&self, id: Uuid) -> String {
        self.of(id, &path(id))
    }

    pub fn thumbnail(&self, id: Uuid) -> String {
        self.of(id, &format!("{}/{}", path(id), route::Rendition::Thumb.name()))
    }

    fn of(&self, id: Uuid, path: &str) -> String {
        format!("{}{path}?{}", self.base, link::query(&self.key, id, self.now_us))
    }
}

/// The file's path on the platform.
pub fn path(id: Uuid) -> String {
    format!("/media/{id}")
}

// === impl FileView ===

impl FileView {
    /// `None` without an original.
    pub fn new(file: &NewFile, renditions: &[Rendition], addresses: &Addresses) -> Option<Self> {
        let original = renditions.iter().find(|rendition| rendition.name == route::Rendition::Original.name())?;
        let (width, height) = original.size.unzip();
        Some(Self {
            id: file.id,
            file_name: file.file_name.clone(),
            content_type: original.content_type.clone(),
            bytes: original.bytes,
            kind: file.kind.name(),
            width,
            height,
            duration_ms: file.duration_ms,
            url: addresses.original(file.id),
            thumbnail_url: (file.kind == Upload::Image).then(|| addresses.thumbnail(file.id)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Sound;
    use serde_json::json;

    fn rendition(name: &str, width: u32) -> Rendition {
        let (name, sha256) = (name.to_owned(), String::new());
        Rendition { name, content_type: "image/png".into(), bytes: 7, size: Some((width, 3)), sha256 }
    }

    fn file(kind: Upload, duration_ms: Option<u64>) -> NewFile {
        NewFile { id: Uuid::nil(), file_name: "a.png".into(), kind, duration_ms, created_at_us: 0 }
    }

    #[test]
    fn a_sound_has_no_size_and_no_thumbnail() {
        let addresses = Addresses { base: String::new(), key: vec![7; 32], now_us: 0 };
        let original = Rendition { size: None, ..rendition("original", 1) };
        let shown = FileView::new(&file(Upload::Sound(Sound::Ogg), Some(1_500)), &[original], &addresses);
        let shown = serde_json::to_value(shown).unwrap();
        assert_eq!((&shown["kind"], &shown["durationMs"]), (&json!("audio"), &json!(1_500)));
        assert!(shown["width"].is_null() && shown["height"].is_null() && shown["thumbnailUrl"].is_null());
    }

    #[test]
    fn a_file_is_its_original_and_where_its_sizes_are() {
        for base in ["", "https://cdn.example.org"] {
            let addresses = Addresses { base: base.to_owned(), key: vec![7; 32], now_us: 0 };
            let renditions = [rendition("thumb", 2), rendition("original", 4)];
            let shown = FileView::new(&file(Upload::Image, None), &renditions, &addresses);
            let (url, query) = (format!("{base}/media/{}", Uuid::nil()), link::query(&[7; 32], Uuid::nil(), 0));
            assert_eq!(
                serde_json::to_value(shown).unwrap(),
                json!({"id": Uuid::nil(), "fileName": "a.png", "contentType": "image/png", "bytes": 7, "kind": "image",
                    "width": 4, "height": 3, "durationMs": null, "url": format!("{url}?{query}"), "thumbnailUrl": format!("{url}/thumb?{query}")})
            );
            assert_eq!(FileView::new(&file(Upload::Image, None), &[rendition("thumb", 2)], &addresses), None);
        }
    }
}
