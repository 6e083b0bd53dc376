//! How documents are laid out in the index.

use super::super::{Document, cut, language, nearest};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// The analyzer of words as they are written: as `words` cuts them.
const PLAIN: &str = "plain_words";

/// Settings and mappings of a new index.
pub fn index() -> Value {
    let stems: Map<String, Value> = language::stemmers()
        .map(|name| {
            let text = json!({ "type": "text", "analyzer": name });
            (name.to_owned(), json!({ "properties": { "title": text, "body": text, "labels": text } }))
        })
        .collect();
    let mut analyzers: Map<String, Value> =
        language::stemmers().map(|name| (name.to_owned(), json!({ "type": name }))).collect();
    analyzers.insert(
        PLAIN.to_owned(),
        json!({ "type": "custom", "char_filter": ["signs"], "tokenizer": "standard", "filter": ["lowercase"] }),
    );
    let plain = json!({ "type": "text", "analyzer": PLAIN });
    let mut index = json!({
        "settings": { "analysis": {
            "char_filter": { "signs": { "type": "pattern_replace", "pattern": "[^\\p{L}\\p{N}\\p{M}\\s]", "replacement": " " } },
            "analyzer": analyzers
        } },
        "mappings": { "dynamic": false, "properties": {
            "owner": { "type": "keyword" },
            "deleted": { "type": "boolean" },
            "keywords": { "type": "keyword" },
            // Microseconds, as a number: dates have milliseconds.
            "at": { "type": "long" },
            "title": plain,
            "body": plain,
            "labels": plain,
            "stems": { "properties": stems },
            "has_vector": { "type": "boolean" },
        } }
    });
    if let (Some(Value::Object(fields)), Value::Object(more)) = (index.pointer_mut("/mappings/properties"), added()) {
        fields.extend(more);
    }
    index
}

/// Fields that an index of an earlier release lacks.
pub fn added() -> Value {
    json!({
        // All words in their order, as documents and queries are cut: for phrases, emoji, and scripts without spaces.
        "plain": { "type": "text", "analyzer": "whitespace" },
        // For the order of equal hits.
        "id": { "type": "keyword" },
    })
}

/// A document as it is kept. `vector` is fetched, never searched by the server.
pub fn document(document: &Document) -> Value {
    let labels = document.labels.join(" ");
    let mut kept: Map<String, Value> = [
        ("owner", json!(document.owner)),
        ("deleted", json!(false)),
        ("keywords", json!(document.keywords)),
        ("at", json!(document.at)),
        ("title", json!(document.title)),
        ("body", json!(document.body)),
        ("labels", json!(labels)),
        ("has_vector", json!(document.vector.is_some())),
        ("plain", json!(cut(&[&document.title, &labels, &document.body]).in_order)),
        ("id", json!(document.id)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    let stemmer = language::stemmer(document.language.as_deref());
    if stemmer != language::SIMPLE {
        let stems = json!({ stemmer: { "title": document.title, "body": document.body, "labels": labels } });
        kept.insert("stems".to_owned(), stems);
    }
    if let Some(vector) = &document.vector {
        kept.insert("vector".to_owned(), STANDARD.encode(nearest::to_bytes(vector)).into());
    }
    kept.into()
}
