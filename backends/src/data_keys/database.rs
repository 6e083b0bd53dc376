//! The keys in a PostgreSQL database of their own, for any number of replicas.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use mindflow_platform::data_keys::postgres::{self as statements, ADD, DESTROY, EXCHANGE, FIND, SCHEMA};
use mindflow_platform::data_keys::{
    Exchange, Exchanged, FORGOTTEN_AFTER, KeyError, KeyStore, REMEMBERED_FOR, StoredNode, Wanted,
};
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use super::destroyed::{Destroyed, named};
use super::memory::Memory;
use super::{OpenError, SECTION, Store, randomise};
use crate::clock;
use crate::database::postgres::{Database, DatabaseConfig};
use crate::database::sql::{Error, Value, rows_again};

/// A statement takes a millisecond; after this long the database counts as away.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Looks that are asked together; more wait for the next statement.
const LOOKS_MAX: usize = 1_000;

/// See the module.
pub(super) struct DatabaseKeys {
    database: Database,
    /// Looks that come while others are being asked, for the next statement.
    waiting: Mutex<Vec<Look>>,
    /// Held while looks are asked.
    asking: tokio::sync::Mutex<()>,
    remembered: Arc<Remembered>,
}

/// What was found a moment ago.
#[derive(Default)]
struct Remembered {
    memory: Mutex<Memory>,
    /// Changed with the memory in hand.
    is_swept: AtomicBool,
}

struct Look {
    wanted: Vec<Wanted>,
    answer: oneshot::Sender<Result<Vec<Option<StoredNode>>, KeyError>>,
}

// === impl DatabaseKeys ===

impl DatabaseKeys {
    /// Connects, and makes the tables that are missing.
    pub(super) async fn open(config: &DatabaseConfig) -> Result<Self, OpenError> {
        let database = Database::open(SECTION, SECTION, config, None).await?;
        let (waiting, asking, remembered) = (Mutex::default(), tokio::sync::Mutex::default(), Arc::default());
        let keys = Self { database, waiting, asking, remembered };
        if keys.holds("SELECT to_regnamespace('mindflow') IS NOT NULL").await? {
            return Err(OpenError::Shared);
        }
        keys.make().await?;
        Ok(keys)
    }

    /// Hosts that start together make it one after another. A login that may make nothing finds it made by another.
    async fn make(&self) -> Result<(), KeyError> {
        let is_made = self.holds("SELECT to_regclass('data_keys.destroyed') IS NOT NULL").await?;
        let client = self.database.admin().await.map_err(failed)?;
        let schema = format!("BEGIN; SELECT pg_advisory_xact_lock(7883954000182931327); {SCHEMA} COMMIT");
        match client.batch_execute(&schema).await.map_err(Error::from) {
            Err(error) => {
                let _ = client.batch_execute("ROLLBACK").await;
                if is_made { Ok(()) } else { Err(failed(error)) }
            }
            Ok(()) => Ok(()),
        }
    }

    async fn holds(&self, question: &'static str) -> Result<bool, KeyError> {
        let answer = self.ask(question, &[]).await?.into_iter().flatten().next();
        Ok(answer == Some(Value::Boolean(true)))
    }

    async fn ask(&self, statement: &'static str, params: &[Value]) -> Result<Vec<Vec<Value>>, KeyError> {
        let asked = async {
            let client = self.database.admin().await?;
            rows_again(&client, statement, params).await
        };
        let late = || KeyError(format!("no answer within {} s", ANSWER_WITHIN.as_secs()));
        tokio::time::timeout(ANSWER_WITHIN, asked).await.map_err(|_| late())?.map_err(failed)
    }

    /// One statement for all looks that wait, each of which began before it.
    async fn ask_waiting(&self) {
        let looks: Vec<Look> = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let count = waiting.len().min(LOOKS_MAX);
            waiting.drain(..count).collect()
        };
        let all: Vec<Wanted> = looks.iter().flat_map(|look| look.wanted.iter().copied()).collect();
        let asked_at = clock::instant();
        let found = match self.ask(FIND, &statements::find_params(&all)).await {
            Ok(rows) => statements::found(&all, rows),
            Err(error) => Err(error),
        };
        if let Ok(found) = &found {
            self.remembered.add(found.iter().flatten(), asked_at);
        }
        let mut nodes = found.as_ref().map(|nodes| nodes.iter().cloned());
        for Look { wanted, answer } in looks {
            let own = match &mut nodes {
                Ok(nodes) => Ok(nodes.by_ref().take(wanted.len()).collect()),
                Err(error) => Err(KeyError::clone(error)),
            };
            let _ = answer.send(own);
        }
    }

    /// So that nothing of what was destroyed stays in the table's pages. It may be refused to the login, or come later by itself.
    async fn vacuum(&self) {
        let Ok(client) = self.database.admin().await else { return };
        if let Err(error) = client.batch_execute("VACUUM data_keys.node").await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the table of data keys was not vacuumed");
        }
    }
}

// === impl Remembered ===

impl Remembered {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing stays for longer than it may be used, also where nothing more is found.
    fn add<'a>(self: &Arc<Self>, found: impl IntoIterator<Item = &'a StoredNode>, asked_at: Instant) {
        let mut memory = self.memory();
        memory.add(found, asked_at);
        if !memory.is_empty() && !self.is_swept.swap(true, Ordering::AcqRel) {
            tokio::spawn(Arc::clone(self).sweep());
        }
    }

    async fn sweep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(REMEMBERED_FOR).await;
            let mut memory = self.memory();
            memory.sweep(clock::instant());
            if memory.is_empty() {
                self.is_swept.store(false, Ordering::Release);
                return;
            }
        }
    }
}

fn failed(error: Error) -> KeyError {
    KeyError(error.to_string())
}

#[async_trait]
impl KeyStore for DatabaseKeys {
    async fn find(&self, wanted: &[Wanted]) -> Result<Vec<Option<StoredNode>>, KeyError> {
        let mut nodes: Vec<_> = {
            let (memory, now) = (self.remembered.memory(), clock::instant());
            wanted.iter().map(|wanted| memory.find(wanted, now)).collect()
        };
        let missing = wanted.iter().zip(&nodes).filter(|(_, node)| node.is_none()).map(|(wanted, _)| *wanted);
        let missing: Vec<_> = missing.collect();
        if !missing.is_empty() {
            let mut found = self.find_now(&missing).await?.into_iter();
            nodes.iter_mut().filter(|node| node.is_none()).for_each(|node| *node = found.next().flatten());
        }
        Ok(nodes)
    }

    async fn find_now(&self, wanted: &[Wanted]) -> Result<Vec<Option<StoredNode>>, KeyError> {
        loop {
            let (answer, mut answered) = oneshot::channel();
            let look = Look { wanted: wanted.to_vec(), answer };
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(look);
            let turn = self.asking.lock().await;
            if let Ok(answer) = answered.try_recv() {
                return answer;
            }
            self.ask_waiting().await;
            drop(turn);
            // The answer is missing if the task that made this query was dropped in the middle.
            if let Ok(answer) = answered.try_recv() {
                return answer;
            }
        }
    }

    async fn add(&self, roots: Vec<StoredNode>) -> Result<(), KeyError> {
        self.ask(ADD, &statements::add_params(&roots)).await.map(drop)
    }

    async fn exchange(&self, exchange: Exchange) -> Result<Exchanged, KeyError> {
        let user_id = exchange.user_id;
        let exchanged = statements::exchanged(self.ask(EXCHANGE, &statements::exchange_params(exchange)).await?)?;
        if exchanged == Exchanged::Done {
            self.remembered.memory().forget(user_id);
            self.vacuum().await;
        }
        Ok(exchanged)
    }

    async fn destroy_user(&self, user_id: Uuid) -> Result<bool, KeyError> {
        let destroyed = statements::destroyed(self.ask(DESTROY, &statements::destroy_params(user_id)).await?)?;
        self.remembered.memory().forget(user_id);
        self.vacuum().await;
        Ok(destroyed)
    }

    async fn forgotten(&self) -> Result<(), KeyError> {
        tokio::time::sleep(FORGOTTEN_AFTER).await;
        Ok(())
    }

    fn randomise(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
        randomise(bytes)
    }
}

#[async_trait]
impl Store for DatabaseKeys {
    async fn id(&self) -> Result<Uuid, KeyError> {
        let rows = self.ask("SELECT id FROM data_keys.store", &[]).await?;
        let id = match rows.into_iter().flatten().next() {
            Some(Value::Uuid(id)) => id.parse().ok(),
            _ => None,
        };
        id.ok_or_else(|| KeyError("data_keys.store is empty".to_owned()))
    }

    async fn destroyed(&self) -> Result<Vec<Destroyed>, KeyError> {
        let list = "SELECT user_id, aggregate FROM data_keys.destroyed";
        let client = self.database.admin().await.map_err(failed)?;
        let rows = client.query(list, &[]).await.map_err(|error| failed(error.into()))?;
        let one =
            |row: &tokio_postgres::Row| Ok(Destroyed { user_id: row.try_get(0)?, aggregate: named(row.try_get(1)?) });
        rows.iter().map(one).collect::<Result<_, tokio_postgres::Error>>().map_err(|error| failed(error.into()))
    }

    async fn health(&self) -> Result<(), String> {
        self.database.health().await
    }

    async fn close(&self) {
        self.database.close();
    }
}
