//! A file as clients see it.

use crate::bindings::images::Rendition;
use crate::route;
use serde::Serialize;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    pub id: Uuid,
    pub file_name: String,
    content_type: String,
    bytes: u64,
    width: u32,
    height: u32,
    /// Relative to the platform's address.
    pub url: String,
    thumbnail_url: String,
}

pub fn url(id: Uuid) -> String {
    format!("/media/{id}")
}

pub fn thumbnail_url(id: Uuid) -> String {
    format!("{}/{}", url(id), route::Rendition::Thumb.name())
}

impl Shown {
    /// None: without an original there is nothing to show.
    pub fn new(id: Uuid, file_name: String, renditions: &[Rendition]) -> Option<Self> {
        let original = renditions.iter().find(|rendition| rendition.name == route::Rendition::Original.name())?;
        Some(Self {
            id,
            file_name,
            content_type: original.content_type.clone(),
            bytes: original.bytes,
            width: original.width,
            height: original.height,
            url: url(id),
            thumbnail_url: thumbnail_url(id),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendition(name: &str, width: u32) -> Rendition {
        let (name, sha256) = (name.to_owned(), String::new());
        Rendition { name, content_type: "image/png".into(), bytes: 7, width, height: 3, sha256 }
    }

    #[test]
    fn a_file_is_its_original_and_where_its_sizes_are() {
        let shown = Shown::new(Uuid::nil(), "a.png".into(), &[rendition("thumb", 2), rendition("original", 4)]);
        let url = "/media/00000000-0000-0000-0000-000000000000";
        assert_eq!(
            serde_json::to_value(shown).unwrap(),
            json!({"id": Uuid::nil(), "fileName": "a.png", "contentType": "image/png", "bytes": 7, "width": 4,
                "height": 3, "url": url, "thumbnailUrl": format!("{url}/thumb")})
        );
        assert_eq!(Shown::new(Uuid::nil(), "a.png".into(), &[rendition("thumb", 2)]), None);
    }
}
