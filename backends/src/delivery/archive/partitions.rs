//! Partitions made before they are needed. To be called when the host starts and then daily; any replica
//! may, and several may do so concurrently.

use super::{ArchiveError, Month};
use crate::database::postgres::Database;

pub use mindflow_platform::schedule::housekeeping::MONTHS_AHEAD;

/// How the archive is divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partitions {
    /// Made just now.
    pub made: u32,
    /// All there are.
    pub months: Vec<Month>,
    /// Events that have no partition of their own: zero, unless the server's clock was years off.
    pub in_default: u64,
}

/// Makes the partitions of this month and of [`MONTHS_AHEAD`] more, and moves what had to do without.
/// Delivery goes on, but for the milliseconds that a missing partition takes.
pub async fn make_ahead(database: &Database) -> Result<Partitions, ArchiveError> {
    let failed = ArchiveError::statement("make partitions");
    let client = database.admin().await.map_err(ArchiveError::Connect)?;
    let made = "SELECT delivery.make_archive_partitions($1)";
    let made: i32 = client.query_one(made, &[&MONTHS_AHEAD]).await.map_err(&failed)?.get(0);
    let names = "SELECT substr(c.relname, 9) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
         WHERE i.inhparent = 'delivery.archive'::regclass AND c.relname ~ '^archive_[0-9]{4}_[0-9]{2}$' ORDER BY 1";
    let rows = client.query(names, &[]).await.map_err(&failed)?;
    let months = rows.iter().filter_map(|row| row.get::<_, String>(0).replace('_', "-").parse().ok()).collect();
    let in_default = "SELECT count(*) FROM delivery.archive_default";
    let in_default: i64 = client.query_one(in_default, &[]).await.map_err(&failed)?.get(0);
    if in_default > 0 {
        tracing::warn!(
            events = in_default,
            "archived events lie in no month's partition; is the server's clock right?"
        );
    }
    if made > 0 {
        tracing::info!(made, "partitions of the archive");
    }
    Ok(Partitions { made: made.unsigned_abs(), months, in_default: in_default.unsigned_abs() })
}
