//! The trail in MongoDB: a collection whose `_id` is the record's number. Numbers are given out by trying: of
//! replicas that append concurrently, one inserts the number and the others look again. The head is remembered in a
//! document of its own, so that a removed end is found.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use jiff::Timestamp;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error as MongoError, ErrorKind, WriteFailure};
use mongodb::options::IndexOptions;
use mongodb::{Collection, Database, IndexModel};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{Alone, AuditError, AuditLog, BATCH_MAX, Filter, Hash, Head, Malformed, Record, SECTION};
use crate::clock::Clock;
use crate::delivery::Event;
use crate::records::{MongoConfig, OpenError, mongo};

/// Longer than a server needs to answer; shorter than a delivery's deadline.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Concurrent reads; further ones wait for a turn.
const READS_MAX: u32 = 7;
/// One more: appends of one host come one after another.
const CONNECTIONS_MAX: u32 = READS_MAX + 1;
/// An append that loses its number to other replicas as often as this fails, and may be retried.
const ATTEMPTS_MAX: usize = 16;
/// The server's code for a value that a unique index has already.
const DUPLICATE_KEY: i32 = 11_000;
/// The id of the head's document. All records up to its `sealedTo` have version 2; while it is `closed`, nothing is
/// added.
const HEAD: &str = "head";
const RECORDS: &str = "audit_records";
const RECHAINED: &str = "audit_rechained";
/// Marks the document that takes the next number of the first chain, so that no host that was adding a record takes it.
const CLOSING: &str = "closing";

/// The trail in a MongoDB database: the collections `audit_records` and `audit_head`.
pub struct MongoAudit {
    trail: Trail,
    /// Appends of this host come one after another, and do not take each other's numbers.
    appends: Arc<Semaphore>,
    reads: Arc<Semaphore>,
}

#[derive(Clone)]
struct Trail {
    database: Database,
    records: Collection<Document>,
    /// The second chain, while the trail is chained again.
    rechained: Collection<Document>,
    heads: Collection<Document>,
    clock: Clock,
}

// === impl MongoAudit ===

impl MongoAudit {
    /// Connects, and makes the indexes that are missing.
    ///
    /// # Errors
    /// The URL is none, or the server does not answer or refuses.
    pub async fn open(config: &MongoConfig, clock: Clock) -> Result<Self, OpenError> {
        let database = mongo::open(SECTION, config, CONNECTIONS_MAX).await?;
        let records = database.collection::<Document>(RECORDS);
        records.create_indexes(indexes()).await.map_err(OpenError::server(SECTION))?;
        let (rechained, heads) = (database.collection(RECHAINED), database.collection("audit_head"));
        let trail = Trail { database, records, rechained, heads, clock };
        let turns = |count: u32| Arc::new(Semaphore::new(count as usize));
        Ok(Self { trail, appends: turns(1), reads: turns(READS_MAX) })
    }
}

fn indexes() -> [IndexModel; 4] {
    let index = |keys: Document| IndexModel::builder().keys(keys);
    let unique = IndexOptions::builder().unique(true).build();
    [
        index(doc! { "eventId": 1 }).options(unique).build(),
        index(doc! { "userId": 1, "_id": 1 }).build(),
        index(doc! { "eventType": 1, "_id": 1 }).build(),
        index(doc! { "occurredAtUs": 1, "_id": 1 }).build(),
    ]
}

// === impl Trail ===

impl Trail {
    async fn append(self, event: Event) -> Result<Head, AuditError> {
        for _ in 0..ATTEMPTS_MAX {
            let there = self.records.find_one(doc! { "eventId": event.event_id.to_string() }).await;
            if let Some(found) = there.map_err(failed("look for the event"))? {
                let head = record(&found)?.head();
                // A host may have ended between the two.
                self.remember(head).await?;
                return Ok(head);
            }
            if self.head_document().await?.is_some_and(|head| head.get_bool("closed").unwrap_or_default()) {
                return Err(AuditError::Closed);
            }
            let now = Timestamp::from_microsecond(self.clock.now_us()).map_err(|_| Malformed("the clock"))?;
            let record = Record::next(self.head().await?, &event, now)?;
            match self.records.insert_one(document(&record)?).await {
                Ok(_) => {
                    self.remember(record.head()).await?;
                    return Ok(record.head());
                }
                Err(error) if is_duplicate(&error) => {}
                Err(error) => return Err(failed("add a record")(error)),
            }
        }
        Err(AuditError::Contended(ATTEMPTS_MAX))
    }

    /// Forward only: of replicas that write concurrently, the highest number stays.
    async fn remember(&self, head: Head) -> Result<(), AuditError> {
        let number = signed(head.number)?;
        let older = doc! { "_id": HEAD, "number": { "$lt": number } };
        let set = doc! { "$set": { "number": number, "hash": head.hash.to_string() } };
        match self.heads.update_one(older, set).upsert(true).await {
            // It is there and is not older.
            Err(error) if is_duplicate(&error) => Ok(()),
            other => other.map(drop).map_err(failed("move the head")),
        }
    }

    /// The remembered head, or the last record where a host ended between the two.
    async fn head(&self) -> Result<Head, AuditError> {
        let remembered = match self.head_document().await? {
            Some(found) => Head { number: number(&found, "number")?, hash: hash(&found, "hash")? },
            None => Head::default(),
        };
        let last = self
            .records
            .find_one(no_closing())
            .sort(doc! { "_id": -1 })
            .await
            .map_err(failed("read the last record"))?;
        let last = last.as_ref().map(record).transpose()?.map_or_else(Head::default, |record| record.head());
        Ok(if last.number > remembered.number { last } else { remembered })
    }

    async fn head_document(&self) -> Result<Option<Document>, AuditError> {
        self.heads.find_one(doc! { "_id": HEAD }).await.map_err(failed("read the head"))
    }

    async fn set_head(&self, set: Document) -> Result<(), AuditError> {
        let head = self.heads.update_one(doc! { "_id": HEAD }, doc! { "$set": set }).upsert(true).await;
        head.map(drop).map_err(failed("change the head"))
    }

    /// Whether there is something to chain again.
    async fn begin_rechaining(&self) -> Result<bool, AuditError> {
        let head = self.head().await?;
        // A new trail has no document yet; one without a number and a hash is no head.
        self.remember(head).await?;
        let document = self.head_document().await?.unwrap_or_default();
        let mut unsealed = no_closing();
        unsealed.insert("_id", doc! { "$gt": document.get_i64("sealedTo").unwrap_or_default() });
        unsealed.insert("body", doc! { "$not": { "$regex": "\"version\":2\\}$" } });
        let unsealed = self.records.find_one(unsealed).await.map_err(failed("look for unsealed records"))?;
        if unsealed.is_none() {
            if document.get_bool("closed").unwrap_or_default() {
                // A host ended before it opened the trail again.
                self.open_again(head).await?;
            } else {
                self.set_head(doc! { "sealedTo": signed(head.number)? }).await?;
            }
            return Ok(false);
        }
        self.rechained.create_indexes(indexes()).await.map_err(failed("make indexes"))?;
        Ok(true)
    }

    async fn rechained(&self) -> Result<Head, AuditError> {
        let last = self.rechained.find_one(doc! {}).sort(doc! { "_id": -1 }).await;
        let last = last.map_err(failed("read the second chain"))?;
        Ok(last.as_ref().map(record).transpose()?.map_or_else(Head::default, |record| record.head()))
    }

    /// Another replica that does the same takes numbers that this one wanted, which then begins where that one is.
    async fn add_rechained(&self, records: &[Record]) -> Result<(), AuditError> {
        let documents = records.iter().map(document).collect::<Result<Vec<_>, _>>()?;
        self.rechained.insert_many(documents).await.map(drop).map_err(failed("add to the second chain"))
    }

    async fn take_place(&self, former: Head, last: &Record) -> Result<bool, AuditError> {
        self.set_head(doc! { "closed": true }).await?;
        let next = signed(former.number.saturating_add(1))?;
        match self.records.insert_one(doc! { "_id": next, "eventId": CLOSING, CLOSING: true }).await {
            Ok(_) => {}
            Err(error) if is_duplicate(&error) => {
                let there =
                    self.records.find_one(doc! { "_id": next }).await.map_err(failed("read the last record"))?;
                if !there.is_some_and(|there| there.contains_key(CLOSING)) {
                    return Ok(false);
                }
            }
            Err(error) => return Err(failed("close the first chain")(error)),
        }
        self.add_rechained(std::slice::from_ref(last)).await?;
        let name = |collection: &str| format!("{}.{collection}", self.database.name());
        let rename = doc! { "renameCollection": name(RECHAINED), "to": name(RECORDS), "dropTarget": true };
        let admin = self.database.client().database("admin");
        admin.run_command(rename).await.map_err(failed("put the second chain in the first one's place"))?;
        self.open_again(last.head()).await?;
        Ok(true)
    }

    async fn open_again(&self, head: Head) -> Result<(), AuditError> {
        let (number, hash) = (signed(head.number)?, head.hash.to_string());
        self.set_head(doc! { "number": number, "hash": hash, "sealedTo": number, "closed": false }).await
    }

    async fn find(self, filter: Document, ascending: bool, first: u32) -> Result<Vec<Record>, AuditError> {
        let order = doc! { "_id": if ascending { 1 } else { -1 } };
        let find = self.records.find(filter).sort(order).limit(i64::from(first.min(BATCH_MAX)));
        let found: Vec<Document> = async { find.await?.try_collect().await }.await.map_err(failed("read"))?;
        found.iter().map(record).collect()
    }
}

#[async_trait]
impl AuditLog for MongoAudit {
    async fn append(&self, event: &Event) -> Result<Head, AuditError> {
        within(&self.appends, self.trail.clone().append(event.clone())).await
    }

    async fn page(&self, filter: &Filter, first: u32, before: Option<u64>) -> Result<Vec<Record>, AuditError> {
        let wanted = wanted(filter, before)?;
        within(&self.reads, self.trail.clone().find(wanted, false, first)).await
    }

    async fn read(&self, after: u64, first: u32) -> Result<Vec<Record>, AuditError> {
        let mut behind = no_closing();
        behind.insert("_id", doc! { "$gt": signed(after)? });
        within(&self.reads, self.trail.clone().find(behind, true, first)).await
    }

    async fn begin_rechaining(&self) -> Result<Option<Alone>, AuditError> {
        let trail = self.trail.clone();
        let begun = within(&self.reads, async move { trail.begin_rechaining().await }).await?;
        Ok(begun.then_some(Alone(None)))
    }

    async fn rechained(&self) -> Result<Head, AuditError> {
        let trail = self.trail.clone();
        within(&self.reads, async move { trail.rechained().await }).await
    }

    async fn add_rechained(&self, records: &[Record]) -> Result<(), AuditError> {
        let (trail, records) = (self.trail.clone(), records.to_vec());
        within(&self.reads, async move { trail.add_rechained(&records).await }).await
    }

    async fn take_place(&self, former: Head, last: &Record) -> Result<bool, AuditError> {
        let (trail, last) = (self.trail.clone(), last.clone());
        within(&self.appends, async move { trail.take_place(former, &last).await }).await
    }

    async fn head(&self) -> Result<Head, AuditError> {
        let trail = self.trail.clone();
        within(&self.reads, async move { trail.head().await }).await
    }
}

fn no_closing() -> Document {
    doc! { CLOSING: { "$exists": false } }
}

fn wanted(filter: &Filter, before: Option<u64>) -> Result<Document, AuditError> {
    let mut wanted = no_closing();
    if let Some(before) = before {
        wanted.insert("_id", doc! { "$lt": signed(before)? });
    }
    if let Some(user_id) = filter.user_id {
        wanted.insert("userId", user_id.to_string());
    }
    if let Some(event_type) = &filter.event_type {
        wanted.insert("eventType", event_type);
    }
    let mut time = Document::new();
    if let Some(since) = filter.since_us {
        time.insert("$gte", since);
    }
    if let Some(until) = filter.until_us {
        time.insert("$lt", until);
    }
    if !time.is_empty() {
        wanted.insert("occurredAtUs", time);
    }
    Ok(wanted)
}

/// The driver's calls must not be dropped half-way, so each runs to its end in a task, which keeps its turn until then.
async fn within<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    answer: impl Future<Output = Result<T, AuditError>> + Send + 'static,
) -> Result<T, AuditError> {
    let ask = async {
        let turn = Arc::clone(turns).acquire_owned().await;
        let task = tokio::spawn(async move {
            let _turn = turn;
            answer.await
        });
        task.await?
    };
    let late = Err(AuditError::Timeout(ANSWER_WITHIN.as_secs()));
    tokio::time::timeout(ANSWER_WITHIN, ask).await.unwrap_or(late)
}

fn failed(step: &'static str) -> impl Fn(MongoError) -> AuditError {
    move |source| AuditError::Mongo { step, source: Box::new(source) }
}

fn is_duplicate(error: &MongoError) -> bool {
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}

fn signed(number: u64) -> Result<i64, AuditError> {
    i64::try_from(number).map_err(|_| Malformed("a number beyond 2^63-1").into())
}

fn number(found: &Document, name: &str) -> Result<u64, AuditError> {
    let number = found.get_i64(name).map_err(|_| Malformed("a number is missing"))?;
    u64::try_from(number).map_err(|_| Malformed("a negative number").into())
}

fn text<'a>(found: &'a Document, name: &str) -> Result<&'a str, AuditError> {
    found.get_str(name).map_err(|_| Malformed("a text is missing").into())
}

fn hash(found: &Document, name: &str) -> Result<Hash, AuditError> {
    text(found, name)?.parse().map_err(|_| Malformed("a hash is not 64 hexadecimal digits").into())
}

fn document(record: &Record) -> Result<Document, AuditError> {
    Ok(doc! {
        "_id": signed(record.number)?,
        "eventId": record.event_id.to_string(),
        "eventType": &record.event_type,
        "userId": record.user_id.map(|id| id.to_string()),
        "occurredAtUs": record.occurred_at_us,
        "previousHash": record.previous.to_string(),
        "hash": record.hash.to_string(),
        "body": &record.body,
    })
}

fn record(found: &Document) -> Result<Record, AuditError> {
    let uuid = |text: &str| Uuid::parse_str(text).map_err(|_| Malformed("an id is no UUID"));
    let occurred_at_us = found.get_i64("occurredAtUs").map_err(|_| Malformed("a time is missing"))?;
    Ok(Record {
        number: number(found, "_id")?,
        event_id: uuid(text(found, "eventId")?)?,
        event_type: text(found, "eventType")?.to_owned(),
        user_id: found.get_str("userId").ok().map(uuid).transpose()?,
        occurred_at_us,
        previous: hash(found, "previousHash")?,
        hash: hash(found, "hash")?,
        body: text(found, "body")?.to_owned(),
    })
}
