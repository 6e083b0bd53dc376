//! Lines in MongoDB: the collection `log_lines`.

use async_trait::async_trait;
use futures::TryStreamExt;
use mongodb::{
    Collection, IndexModel,
    bson::{Bson, Document, doc, oid::ObjectId},
};
use uuid::Uuid;

use super::{BATCH_MAX, Filter, Level, Line, LogStore, LogsError, SECTION, within};
use crate::records::{MongoConfig, OpenError, mongo};

/// One writer and an operator.
const CONNECTIONS_MAX: u32 = 2;

pub(super) struct MongoLogs {
    lines: Collection<Document>,
}

impl MongoLogs {
    /// Connects, and makes the indexes that are missing.
    pub async fn open(config: &MongoConfig) -> Result<Self, OpenError> {
        let lines = mongo::open(SECTION, config, CONNECTIONS_MAX).await?.collection::<Document>("log_lines");
        let index = |keys: Document| IndexModel::builder().keys(keys).build();
        let made =
            lines.create_indexes([index(doc! { "atUs": 1, "_id": 1 }), index(doc! { "correlationId": 1, "atUs": 1 })]);
        made.await.map_err(OpenError::server(SECTION))?;
        Ok(Self { lines })
    }
}

#[async_trait]
impl LogStore for MongoLogs {
    async fn append(&self, lines: &[Line]) -> Result<(), LogsError> {
        let lines = lines.get(..BATCH_MAX).unwrap_or(lines);
        if lines.is_empty() {
            return Ok(());
        }
        let documents: Vec<Document> = lines.iter().map(document).collect();
        within(async { self.lines.insert_many(documents).await.map(drop).map_err(failed("add lines")) }).await
    }

    async fn read(&self, filter: &Filter, last: usize) -> Result<Vec<Line>, LogsError> {
        let mut wanted = Document::new();
        if let Some(correlation_id) = &filter.correlation_id {
            wanted.insert("correlationId", correlation_id);
        }
        if let Some(component) = &filter.component {
            wanted.insert("component", component);
        }
        if let Some(level) = filter.level {
            wanted.insert("level", doc! { "$in": level.and_above() });
        }
        if let Some(since_us) = filter.since_us {
            wanted.insert("atUs", doc! { "$gte": since_us });
        }
        let last = i64::try_from(last.min(BATCH_MAX)).unwrap_or(i64::MAX);
        within(async {
            let found = self.lines.find(wanted).sort(doc! { "atUs": -1, "_id": -1 }).limit(last).await;
            let found: Vec<Document> =
                found.map_err(failed("read lines"))?.try_collect().await.map_err(failed("read lines"))?;
            found.iter().rev().map(line).collect()
        })
        .await
    }

    async fn forget(&self, before_us: i64) -> Result<u64, LogsError> {
        let removed = self.lines.delete_many(doc! { "atUs": { "$lt": before_us } }).await;
        removed.map(|removed| removed.deleted_count).map_err(failed("forget lines"))
    }

    async fn forget_named(&self, id: Uuid) -> Result<u64, LogsError> {
        // An id has nothing that is more than itself in a pattern.
        let named = doc! { "$regex": id.to_string() };
        let removed = self.lines.delete_many(doc! { "$or": [{ "message": named.clone() }, { "fields": named }] }).await;
        removed.map(|removed| removed.deleted_count).map_err(failed("forget lines"))
    }
}

/// Its id, made here, rises with each line. `fields` as a text: names of fields may hold dots and dollars, which MongoDB reads as its own.
fn document(line: &Line) -> Document {
    let text = |text: &Option<String>| text.clone().map_or(Bson::Null, Bson::String);
    doc! {
        "_id": ObjectId::new(),
        "atUs": line.at_us,
        "level": line.level.word(),
        "component": text(&line.component),
        "correlationId": text(&line.correlation_id),
        "target": &line.target,
        "message": &line.message,
        "fields": serde_json::Value::Object(line.fields.clone()).to_string(),
    }
}

fn line(document: &Document) -> Result<Line, LogsError> {
    let text = |name: &'static str| document.get_str(name).map_err(|_| LogsError::Malformed("a text is missing"));
    let optional = |name| document.get_str(name).ok().map(ToOwned::to_owned);
    Ok(Line {
        at_us: document.get_i64("atUs").map_err(|_| LogsError::Malformed("its time is missing"))?,
        level: Level::parse(text("level")?).ok_or(LogsError::Malformed("its level is unknown"))?,
        component: optional("component"),
        correlation_id: optional("correlationId"),
        target: text("target")?.to_owned(),
        message: text("message")?.to_owned(),
        fields: serde_json::from_str(text("fields")?).map_err(|_| LogsError::Malformed("its fields are no object"))?,
    })
}

fn failed(step: &'static str) -> impl Fn(mongodb::error::Error) -> LogsError {
    move |source| LogsError::Mongo { step, source: Box::new(source) }
}
