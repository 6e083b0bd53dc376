//! One database a test, and users who send the service's statements to it.

use crate::statements;
use mindflow_backends::database::sql::{Error, Identity, Rowset, Transaction, Value};
use mindflow_test_support::{TestDatabase, TestPostgres};
use uuid::Uuid;

pub const NOW_US: i64 = 1_795_412_345_678_901;
/// Days from 1970 to 2026-11-01.
pub const MONTH: i32 = 20_758;
/// What every test writes, at [`NOW_US`].
const COLUMNS: &str = r#"{
    "title": "A walk", "content": "Rain, then sun.", "entry_date": "2026-11-23", "word_count": 3, "version": 1,
    "created_at": "2026-11-23T05:39:05.678901Z", "updated_at": "2026-11-23T05:39:05.678901Z"
}"#;

pub struct Db(TestDatabase);

pub struct User<'a> {
    db: &'a Db,
    pub id: Uuid,
}

pub struct Tx(Transaction);

/// What of an entry a test cares about.
#[derive(Clone, Default)]
pub struct NewEntry {
    pub mood: Option<&'static str>,
    pub attachments: Vec<Uuid>,
    pub mutation: Option<&'static str>,
    pub limit: Option<i64>,
    pub draft: bool,
}

/// Of every entry here.
pub const FINGERPRINT: [u8; 32] = [7; 32];

/// The two answers of `CREATE_ENTRY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub fresh: bool,
    pub within_quota: bool,
}

pub const WRITTEN: Outcome = Outcome { fresh: true, within_quota: true };
pub const BEYOND_QUOTA: Outcome = Outcome { fresh: true, within_quota: false };
pub const REPEATED: Outcome = Outcome { fresh: false, within_quota: false };

pub fn uuid(id: Uuid) -> Value {
    Value::Uuid(id.to_string())
}

pub fn uuids(ids: &[Uuid]) -> Value {
    Value::UuidArray(ids.iter().map(Uuid::to_string).collect())
}

pub fn text(text: &str) -> Value {
    Value::Text(text.into())
}

pub fn texts(all: &[&str]) -> Value {
    Value::TextArray(all.iter().map(|text| (*text).into()).collect())
}

/// The named column of the only row.
pub fn only(rows: &Rowset, column: &str) -> Value {
    assert_eq!(rows.rows.len(), 1, "{rows:?}");
    let index = rows.columns.iter().position(|name| name == column).unwrap();
    rows.rows[0][index].clone()
}

// === impl Db ===

impl Db {
    pub async fn new(hint: &str) -> Self {
        Self(TestPostgres::write(hint).await)
    }

    pub fn user(&self) -> User<'_> {
        User { db: self, id: Uuid::new_v4() }
    }

    /// Seen without row-level security: the count that `query` answers.
    pub async fn count(&self, query: &str) -> i64 {
        self.0.one(query).await
    }

    /// As the service itself.
    pub async fn begin(&self) -> Tx {
        Tx(self.0.database().begin("command", &Identity::Service).await.unwrap())
    }

    /// Waits until so many statements of this database wait for a lock.
    pub async fn until_waiting(&self, statements: i64) {
        self.0.until_waiting(statements).await;
    }
}

// === impl User ===

impl User<'_> {
    /// The same user, by another connection.
    pub fn again(&self) -> Self {
        Self { db: self.db, id: self.id }
    }

    pub async fn begin(&self) -> Tx {
        let identity = Identity::Caller { user_id: self.id, roles: vec!["user".into()] };
        Tx(self.db.0.database().begin("command", &identity).await.unwrap())
    }

    pub fn create_params(&self, id: Uuid, entry: &NewEntry) -> Vec<Value> {
        vec![
            uuid(id),
            uuid(self.id),
            Value::Json(COLUMNS.replacen('{', &format!("{{\"draft\": {},", entry.draft), 1)),
            entry.mood.map_or(Value::Null, text),
            uuids(&entry.attachments),
            entry.mutation.map_or(Value::Null, text),
            Value::Date(MONTH),
            entry.limit.map_or(Value::Null, Value::Int64),
            entry.mutation.map_or(Value::Null, |_| Value::Bytes(FINGERPRINT.to_vec())),
            Value::Boolean(entry.draft),
        ]
    }

    /// One request: committed when the entry was written, else rolled back, as the service does it.
    pub async fn create(&self, id: Uuid, entry: &NewEntry) -> Outcome {
        let tx = self.begin().await;
        let outcome = tx.create(self, id, entry).await;
        if outcome.within_quota {
            tx.commit().await
        } else {
            tx.rollback().await
        }
        outcome
    }

    /// A plain entry.
    pub async fn entry(&self) -> Uuid {
        let id = Uuid::now_v7();
        assert_eq!(self.create(id, &NewEntry::default()).await, WRITTEN);
        id
    }

    pub async fn read(&self, id: Uuid) -> Rowset {
        let tx = self.begin().await;
        let rows = tx.query(statements::READ_ENTRY, vec![uuid(id), uuid(self.id)]).await;
        tx.commit().await;
        rows
    }

    pub fn take_params(&self, names: &[&str], entry: Option<Uuid>) -> Vec<Value> {
        let ids: Vec<_> = names.iter().map(|_| Uuid::now_v7()).collect();
        let keys: Vec<_> = names.iter().map(|name| name.to_lowercase()).collect();
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        vec![uuid(self.id), uuids(&ids), texts(names), texts(&keys), entry.map_or(Value::Null, uuid)]
    }
}

// === impl Tx ===

impl Tx {
    pub async fn try_query(&self, statement: &str, params: Vec<Value>) -> Result<Rowset, Error> {
        self.0.query(statement, &params).await
    }

    pub async fn query(&self, statement: &str, params: Vec<Value>) -> Rowset {
        self.try_query(statement, params).await.unwrap_or_else(|error| panic!("{error:?}: {statement}"))
    }

    pub async fn create(&self, user: &User<'_>, id: Uuid, entry: &NewEntry) -> Outcome {
        let rows = self.query(statements::CREATE_ENTRY, user.create_params(id, entry)).await;
        let yes = |column| only(&rows, column) == Value::Boolean(true);
        Outcome { fresh: yes("fresh"), within_quota: yes("within_quota") }
    }

    /// The names of the tags that were taken, made ones marked.
    pub async fn take(&self, user: &User<'_>, names: &[&str], entry: Option<Uuid>) -> Vec<String> {
        let rows = self.query(statements::TAKE_TAGS, user.take_params(names, entry)).await;
        rows.rows
            .iter()
            .map(|row| match row.as_slice() {
                [_, Value::Text(name), Value::Boolean(made)] => {
                    format!("{name}{}", if *made { "+" } else { "" })
                }
                other => panic!("{other:?}"),
            })
            .collect()
    }

    pub async fn commit(self) {
        self.try_commit().await.unwrap();
    }

    pub async fn try_commit(self) -> Result<(), Error> {
        self.0.commit().await
    }

    pub async fn rollback(self) {
        self.0.rollback().await.unwrap();
    }
}
