//! Compares the tables of a component in two databases row by row, and makes one's equal to the other's.
//! Both sides are read in one order and merged, so that memory holds a batch of rows, however large the tables are.

use std::cmp::Ordering;
use std::pin::Pin;

use deadpool_postgres::{ClientWrapper, Object};
use futures::TryStreamExt;
use serde::Serialize;
use tokio_postgres::RowStream;

use super::ReplayError;
use super::tables::{Table, find};
use crate::database::postgres::Database;
use crate::database::postgres::roles::role_name;
use crate::database::sql::Error;
use crate::delivery::applied;

/// Keys that a report names for each kind of difference of a table.
pub const KEYS_NAMED_MAX: usize = 5;
/// Rows that one statement writes.
const BATCH: usize = 500;
/// One point in time for all tables; `service`, so that row-level security shows a login that is bound by
/// it what the component itself sees; the texts of both sides must be made alike.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL mindflow.identity = 'service'; \
     SET LOCAL statement_timeout = 0; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; \
     SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SELECT 1";
/// The live side's, while it is made equal.
const CHANGE: &str = "BEGIN; SET LOCAL mindflow.identity = 'service'; SET LOCAL statement_timeout = 0; \
     SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'; \
     SET LOCAL lock_timeout = '30s'";

/// How the live rows of one table compare to the shadow's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableReport {
    pub table: String,
    /// In the live table.
    pub rows: u64,
    pub equal: u64,
    /// The shadow has them, the live table does not.
    pub missing: Differing,
    /// Both have the key, with other values.
    pub outdated: Differing,
    /// Only the live table has them.
    pub surplus: Differing,
}

/// Rows that differ in one way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Differing {
    pub count: u64,
    /// The primary keys of the first few, as Postgres writes a row: `(a,b)`.
    pub keys: Vec<String>,
}

/// Both sides at one moment. Its connections are its own; dropped, they close, and it ends.
pub struct Snapshot {
    live: ClientWrapper,
    shadow: ClientWrapper,
    database: String,
    tables: Vec<Table>,
}

/// What one place in the order of keys has.
enum Difference {
    Missing { key: String, row: String },
    Outdated { key: String, row: String },
    Surplus { key: String, row: String },
}

/// Both sides of one table, merged.
struct Walk<'a> {
    live: Pin<Box<RowStream>>,
    shadow: Pin<Box<RowStream>>,
    next_live: Option<(String, String)>,
    next_shadow: Option<(String, String)>,
    database: &'a str,
}

// === impl TableReport ===

impl TableReport {
    /// Whether both tables have the same rows.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.rows == self.equal && self.missing.count == 0
    }

    fn count(&mut self, difference: &Difference) {
        let (kind, key) = match difference {
            Difference::Missing { key, .. } => (&mut self.missing, key),
            Difference::Outdated { key, .. } => {
                self.rows += 1;
                (&mut self.outdated, key)
            }
            Difference::Surplus { key, .. } => {
                self.rows += 1;
                (&mut self.surplus, key)
            }
        };
        kind.count += 1;
        if kind.keys.len() < KEYS_NAMED_MAX {
            kind.keys.push(key.clone());
        }
    }
}

// === impl Snapshot ===

impl Snapshot {
    /// Takes both sides as they are now.
    ///
    /// # Errors
    /// The databases', or a table without a primary key.
    pub async fn take(live: &Database, shadow: &Database, component: &str) -> Result<Self, ReplayError> {
        let database = live.name().to_owned();
        let of = |source| ReplayError::Database { database: database.clone(), source };
        let role = role_name(component).map_err(|error| of(Error::Other(error.to_string())))?;
        let sides = [Object::take(live.admin().await.map_err(of)?), Object::take(shadow.admin().await.map_err(of)?)];
        for side in &sides {
            side.batch_execute(SNAPSHOT).await.map_err(statement(&database, "read its tables"))?;
        }
        let [live, shadow] = sides;
        let tables = find(&shadow, &database, &role).await?;
        Ok(Self { live, shadow, database, tables })
    }

    /// Compares every table.
    ///
    /// # Errors
    /// The databases'.
    pub async fn compare(&self) -> Result<Vec<TableReport>, ReplayError> {
        let mut reports = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            let mut report = TableReport { table: table.name.clone(), ..TableReport::default() };
            let mut walk = self.walk(table).await?;
            while let Some(difference) = walk.next(&mut report).await? {
                report.count(&difference);
            }
            reports.push(report);
        }
        Ok(reports)
    }

    async fn walk(&self, table: &Table) -> Result<Walk<'_>, ReplayError> {
        let read = table.read();
        let failed = statement(&self.database, "read its tables");
        let none: [&str; 0] = [];
        let live = Box::pin(self.live.query_raw(&read, none).await.map_err(&failed)?);
        let shadow = Box::pin(self.shadow.query_raw(&read, none).await.map_err(&failed)?);
        Walk::begin(live, shadow, &self.database).await
    }
}

// === impl Walk ===

impl<'a> Walk<'a> {
    async fn begin(
        mut live: Pin<Box<RowStream>>,
        mut shadow: Pin<Box<RowStream>>,
        database: &'a str,
    ) -> Result<Self, ReplayError> {
        let next_live = read(&mut live, database).await?;
        let next_shadow = read(&mut shadow, database).await?;
        Ok(Self { live, shadow, next_live, next_shadow, database })
    }

    /// The next place where the sides differ; what is equal before it is counted in `report`.
    async fn next(&mut self, report: &mut TableReport) -> Result<Option<Difference>, ReplayError> {
        loop {
            let order = match (&self.next_live, &self.next_shadow) {
                (None, None) => return Ok(None),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((live, _)), Some((shadow, _))) => live.as_bytes().cmp(shadow.as_bytes()),
            };
            let live = if order.is_le() { self.next_live.take() } else { None };
            let shadow = if order.is_ge() { self.next_shadow.take() } else { None };
            if live.is_some() {
                self.next_live = read(&mut self.live, self.database).await?;
            }
            if shadow.is_some() {
                self.next_shadow = read(&mut self.shadow, self.database).await?;
            }
            match (live, shadow) {
                (Some((_, live)), Some((_, shadow))) if live == shadow => {
                    report.rows += 1;
                    report.equal += 1;
                }
                (Some(_), Some((key, row))) => return Ok(Some(Difference::Outdated { key, row })),
                (Some((key, row)), None) => return Ok(Some(Difference::Surplus { key, row })),
                (None, Some((key, row))) => return Ok(Some(Difference::Missing { key, row })),
                (None, None) => {}
            }
        }
    }
}

async fn read(rows: &mut Pin<Box<RowStream>>, database: &str) -> Result<Option<(String, String)>, ReplayError> {
    let failed = statement(database, "read its tables");
    match rows.try_next().await.map_err(&failed)? {
        Some(row) => Ok(Some((row.try_get(0).map_err(&failed)?, row.try_get(1).map_err(&failed)?))),
        None => Ok(None),
    }
}

/// The live side being made equal to the shadow's: one transaction, which takes no lock that keeps readers
/// waiting. No other writer may change these tables meanwhile: the subscription is held. Dropped, it is undone.
pub struct Change {
    client: ClientWrapper,
    database: String,
}

// === impl Change ===

impl Change {
    /// Writes what differs: first all rows that are too many go, so that the others find their places free;
    /// then the subscription's marks become the shadow's. To be ended by [`Change::commit`].
    ///
    /// # Errors
    /// The database's, such as for a constraint; then nothing has changed.
    pub async fn make(
        live: &Database,
        snapshot: &Snapshot,
        component: &str,
        subscription: &str,
    ) -> Result<Self, ReplayError> {
        let database = live.name().to_owned();
        let of = |source| ReplayError::Database { database: database.clone(), source };
        let client = Object::take(live.admin().await.map_err(of)?);
        client.batch_execute(CHANGE).await.map_err(statement(&database, "change its tables"))?;
        let change = Self { client, database };
        change.write(snapshot, component, subscription).await?;
        Ok(change)
    }

    async fn write(&self, snapshot: &Snapshot, component: &str, subscription: &str) -> Result<(), ReplayError> {
        for table in &snapshot.tables {
            self.rows(snapshot, table, &table.remove(), |difference| match difference {
                Difference::Surplus { row, .. } => Some(row),
                _ => None,
            })
            .await?;
        }
        for table in &snapshot.tables {
            self.rows(snapshot, table, &table.put(), |difference| match difference {
                Difference::Missing { row, .. } | Difference::Outdated { row, .. } => Some(row),
                Difference::Surplus { .. } => None,
            })
            .await?;
        }
        self.marks(snapshot, component, subscription).await
    }

    /// Has `sql` done to the rows that `choose` takes.
    async fn rows(
        &self,
        snapshot: &Snapshot,
        table: &Table,
        sql: &str,
        choose: impl Fn(Difference) -> Option<String>,
    ) -> Result<(), ReplayError> {
        let mut walk = snapshot.walk(table).await?;
        let (mut batch, mut uncounted) = (Vec::with_capacity(BATCH), TableReport::default());
        while let Some(difference) = walk.next(&mut uncounted).await? {
            batch.extend(choose(difference));
            if batch.len() >= BATCH {
                self.execute(sql, &batch).await?;
                batch.clear();
            }
        }
        self.execute(sql, &batch).await
    }

    /// The subscription's marks become those of the shadow.
    async fn marks(&self, snapshot: &Snapshot, component: &str, subscription: &str) -> Result<(), ReplayError> {
        let of = |source| ReplayError::Database { database: self.database.clone(), source };
        let failed = statement(&self.database, "adopt what was applied");
        applied::forget(&*self.client, component, subscription).await.map_err(of)?;
        let given = applied::marks(&*snapshot.shadow, component, subscription).await.map_err(of)?;
        let mut batches = Box::pin(given.try_chunks(BATCH));
        while let Some(rows) = batches.try_next().await.map_err(|error| failed(error.1))? {
            let rows: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(&failed)?;
            applied::put(&*self.client, &rows).await.map_err(of)?;
        }
        Ok(())
    }

    async fn execute(&self, sql: &str, rows: &[String]) -> Result<(), ReplayError> {
        if rows.is_empty() {
            return Ok(());
        }
        let failed = statement(&self.database, "change its tables");
        self.client.execute(sql, &[&rows]).await.map(drop).map_err(failed)
    }

    /// Makes it so.
    ///
    /// # Errors
    /// The database's.
    pub async fn commit(self) -> Result<(), ReplayError> {
        self.client.batch_execute("COMMIT").await.map_err(statement(&self.database, "commit"))
    }
}

fn statement(database: &str, operation: &'static str) -> impl Fn(tokio_postgres::Error) -> ReplayError + use<> {
    let database = database.to_owned();
    move |source| ReplayError::Statement { database: database.clone(), operation, source }
}
