//! What the archive has of each month, and what of that is copied.

use std::collections::BTreeMap;
use std::sync::Arc;

use object_store::ObjectStore;
use serde::Serialize;

use super::import::exported_months;
use super::{ArchiveError, Manifest, Month, Months};
use crate::database::postgres::Database;

/// One month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MonthStatus {
    pub month: Month,
    /// In the database.
    pub events: u64,
    /// In the copies.
    pub copied: u64,
    pub parts: u64,
    /// Compressed, of the copies.
    pub bytes: u64,
}

/// Every month that the archive or its copies have, in order. Counts the archive's events: it reads an index of it.
///
/// # Errors
/// The database's or the store's.
pub async fn status(database: &Database, store: Arc<dyn ObjectStore>) -> Result<Vec<MonthStatus>, ArchiveError> {
    let failed = ArchiveError::statement("count");
    let client = database.admin().await.map_err(ArchiveError::Connect)?;
    let counted =
        "SELECT min(position) AS position, count(*) AS events FROM delivery.archive GROUP BY position / 10000000000";
    let mut months = BTreeMap::new();
    for row in client.query(counted, &[]).await.map_err(&failed)? {
        let (position, events): (i64, i64) =
            (row.try_get("position").map_err(&failed)?, row.try_get("events").map_err(&failed)?);
        if let Some(month) = Month::of_position(position) {
            months.insert(month, MonthStatus::new(month, events.unsigned_abs()));
        }
    }
    for month in exported_months(store.as_ref(), Months::default()).await? {
        if let Some(manifest) = Manifest::load(store.as_ref(), month).await? {
            let status = months.entry(month).or_insert_with(|| MonthStatus::new(month, 0));
            for part in &manifest.parts {
                status.copied += part.events;
                status.parts += 1;
                status.bytes += part.bytes;
            }
        }
    }
    Ok(months.into_values().collect())
}

// === impl MonthStatus ===

impl MonthStatus {
    fn new(month: Month, events: u64) -> Self {
        Self { month, events, copied: 0, parts: 0, bytes: 0 }
    }
}
