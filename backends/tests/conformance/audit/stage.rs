//! A trail of a test's own, and a hand that changes its records behind its back.

use mindflow_backends::clock::Clock;
use mindflow_backends::records::audit::{self, AuditLog, PostgresAudit};
use mindflow_test_support::MongoServer;
use mindflow_test_support::stories::audit::{NOON_US, event};
use mindflow_test_support::{TestDatabase, TestPostgres};
use mongodb::bson::{Document, doc};
use std::collections::BTreeMap;
use std::sync::Arc;

pub struct Stage {
    pub log: Arc<dyn AuditLog>,
    store: Store,
}

enum Store {
    Postgres(TestDatabase),
    Mongo { records: mongodb::Collection<Document>, server: MongoServer },
}

/// The trail of one more host on that server.
pub async fn replica(server: &MongoServer) -> Arc<dyn AuditLog> {
    let config = serde_json::json!({ "backend": "mongodb", "url": server.url() });
    let clock = Clock::manual(NOON_US).0;
    audit::open(&serde_json::from_value(config).unwrap(), &BTreeMap::new(), clock).await.unwrap()
}

// === impl Stage ===

impl Stage {
    pub async fn postgres() -> Self {
        let database = TestPostgres::write("audit").await;
        let clock = Clock::manual(NOON_US).0;
        Self { log: Arc::new(PostgresAudit::new(database.database().clone(), clock)), store: Store::Postgres(database) }
    }

    pub async fn mongodb() -> Self {
        let server = MongoServer::start().await;
        let log = replica(&server).await;
        let client = mongodb::Client::with_uri_str(server.url()).await.unwrap();
        let records = client.database("mindflow").collection("audit_records");
        Self { log, store: Store::Mongo { records, server } }
    }

    /// The server that the trail is on, for stories of MongoDB alone.
    pub fn mongo(&mut self) -> (&mongodb::Collection<Document>, &mut MongoServer) {
        match &mut self.store {
            Store::Mongo { records, server } => (records, server),
            Store::Postgres(_) => panic!("the trail is in PostgreSQL"),
        }
    }

    pub async fn fill(&self, count: u64) {
        self.fill_from(0, count).await;
    }

    pub async fn fill_from(&self, first: u64, count: u64) {
        for number in first..first + count {
            self.log.append(&event(number)).await.unwrap();
        }
    }

    /// The trail is from before payloads were sealed: its records have no version. Each is bound to the one before as it was.
    pub async fn make_of_before(&self) {
        let mut previous = genesis_of_before();
        for record in self.log.read(0, 500).await.unwrap() {
            let body = record.body.replace(r#","version":2}"#, "}");
            let hash = sha256(&[&previous, body.as_bytes()]);
            self.put(record.number, &body, &previous, &hash).await;
            previous = hash;
        }
    }

    async fn put(&self, number: u64, body: &str, previous: &[u8], hash: &[u8]) {
        match &self.store {
            Store::Postgres(database) => {
                let (previous, hash) = (hex(previous), hex(hash));
                let body = body.replace('\'', "''");
                let set = format!(
                    "UPDATE audit.records SET body = '{body}', previous_hash = '\\x{previous}', hash = '\\x{hash}' WHERE number = {number};
                     UPDATE audit.head SET hash = '\\x{hash}', sealed_to = 0 WHERE number = {number}"
                );
                Self::behind_the_back(database, &set).await;
            }
            Store::Mongo { records, server } => {
                let set = doc! { "$set": { "body": body, "previousHash": hex(previous), "hash": hex(hash) } };
                let number = i64::try_from(number).unwrap();
                records.update_one(doc! { "_id": number }, set).await.unwrap();
                let heads = mongodb::Client::with_uri_str(server.url()).await.unwrap().database("mindflow");
                let set = doc! { "$set": { "hash": hex(hash) } };
                heads.collection::<Document>("audit_head").update_one(doc! { "number": number }, set).await.unwrap();
            }
        }
    }

    /// Changes what a record says.
    pub async fn reword(&self, number: u64) {
        match &self.store {
            Store::Postgres(database) => {
                let reword = "UPDATE audit.records SET body = replace(body, 'morning', 'evening') WHERE number =";
                Self::behind_the_back(database, &format!("{reword} {number}")).await;
            }
            Store::Mongo { records, .. } => {
                let mut record = taken_out(records, number).await;
                let body = record.get_str("body").unwrap().replace("morning", "evening");
                record.insert("body", body);
                records.insert_one(record).await.unwrap();
            }
        }
    }

    pub async fn remove(&self, number: u64) {
        match &self.store {
            Store::Postgres(database) => {
                Self::behind_the_back(database, &format!("DELETE FROM audit.records WHERE number = {number}")).await;
            }
            Store::Mongo { records, .. } => drop(taken_out(records, number).await),
        }
    }

    /// Gives two records each other's number.
    pub async fn exchange(&self, one: u64, other: u64) {
        match &self.store {
            Store::Postgres(database) => {
                let set = |from: u64, to: u64| format!("UPDATE audit.records SET number = {to} WHERE number = {from};");
                let aside = 1_000_000;
                let script = [set(one, aside), set(other, one), set(aside, other)].concat();
                Self::behind_the_back(database, &script).await;
            }
            Store::Mongo { records, .. } => {
                let mut pair = [taken_out(records, one).await, taken_out(records, other).await];
                for (record, number) in pair.iter_mut().zip([other, one]) {
                    record.insert("_id", i64::try_from(number).unwrap());
                }
                records.insert_many(pair).await.unwrap();
            }
        }
    }

    async fn behind_the_back(database: &TestDatabase, script: &str) {
        let switch = |state: &str| format!("ALTER TABLE audit.records {state} TRIGGER only_grows;");
        database.script(&format!("{}{script};{}", switch("DISABLE"), switch("ENABLE"))).await;
    }
}

async fn taken_out(records: &mongodb::Collection<Document>, number: u64) -> Document {
    records.find_one_and_delete(doc! { "_id": i64::try_from(number).unwrap() }).await.unwrap().unwrap()
}

fn genesis_of_before() -> Vec<u8> {
    sha256(&[b"mindflow audit trail 1"])
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &parts.concat()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
