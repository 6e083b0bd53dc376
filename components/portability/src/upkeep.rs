//! What is removed with time: exports that are over, uploads, and what is remembered of jobs.

use crate::store::{self, Job};
use crate::{exporting, files};
use mindflow_guest::{call::Error, clock};

const DAY_US: i64 = 24 * 3_600 * 1_000_000;
/// What became of a job is shown for so long.
const KEPT_DAYS: i64 = 30;

pub async fn forget() -> Result<(), Error> {
    let now_us = clock::now_us();
    loop {
        let expired = store::expire(now_us).await?;
        for job in &expired {
            forget_export(job).await?;
        }
        if expired.is_empty() {
            break;
        }
    }
    for (upload, user_id) in store::old_uploads(now_us.saturating_sub(DAY_US)).await? {
        files::forget_pieces(upload, &store::pieces(upload, user_id).await?).await?;
        store::forget_upload(upload).await?;
    }
    store::forget(now_us.saturating_sub(KEPT_DAYS * DAY_US)).await
}

/// A stretch that was under way may have made one part more than is written down.
pub async fn forget_export(job: &Job) -> Result<(), Error> {
    files::forget_export(job.id, exporting::parts_of(job).saturating_add(1)).await
}
