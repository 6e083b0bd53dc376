//! Takes stretches of jobs in turn, the one first that has waited for the longest time, until nothing is to be done or the run's time is
//! over; the next run goes on.

use crate::store::{self, Kind, Leased};
use crate::{exporting, importing};
use mindflow_guest::call::Error;
use mindflow_guest::{clock, id};

/// The schedule.
pub const SCHEDULE: &str = "run-jobs";
/// Of a run, which comes every minute.
const RUN_US: i64 = 50 * 1_000_000;

pub async fn all() -> Result<(), Error> {
    let until_us = clock::now_us().saturating_add(RUN_US);
    store::give_up(failed, clock::now_us()).await?;
    while clock::now_us() < until_us {
        let Some(leased) = store::lease(clock::now_us()).await? else { return Ok(()) };
        let job = leased.job.id;
        if let Err(error) = stretch(leased).await {
            eprintln!("warn correlation_id={} a stretch of the job {job} failed: {error:?}", id::random());
            store::fail(job, clock::now_us()).await?;
        }
    }
    Ok(())
}

async fn stretch(leased: Leased) -> Result<(), Error> {
    match leased.job.kind {
        Kind::Export => exporting::stretch(leased).await,
        Kind::Import => importing::stretch(leased).await,
    }
}

/// What its user reads of a fault that is the platform's.
fn failed(kind: Kind) -> &'static str {
    match kind {
        Kind::Export => {
            "The export failed too often, or a part of the platform was away for too long: ask for it again."
        }
        Kind::Import => {
            "The import failed too often, or a part of the platform was away for too long. What is imported stays, and importing the same again goes on behind it."
        }
    }
}
