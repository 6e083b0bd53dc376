//! What there is of a user goes: exports, what was brought for imports, and what is written down of both. Of an entry those exports go
//! that may have it, and what reports of imports say of the record that it came from. Uploads for an import stay for their day,
//! regardless of the entries that came from them.
//!
//! Jobs end before their files go, so that a stretch that is under way takes back what it has written; and files before their rows, so
//! that an erasure that is cut short finds by the rows what is left.

use crate::{DATABASE, files, store};
use mindflow_events::Erasure;
use mindflow_guest::{
    call::Error,
    clock, erasing,
    events::{Delivery, Event, Failure},
    params,
    sql::{self, Identity, RowError, Time},
};
use uuid::Uuid;

/// As the manifest names the component.
const SERVICE: &str = "portability";
/// In the receipt: archives in the container.
const EXPORTS: &str = "exports";
const UPLOADS: &str = "uploads";
/// Reports of imports that said something of an entry.
const REPORTS: &str = "reports";
/// Jobs or uploads whose files go before their rows do.
const TAKEN_PER_BATCH: usize = 100;

/// `$1` user, `$2` entry or null, `$3` now. Of an entry: what was begun before it was deleted, since later ones have no deleted entry.
const END: &str = "UPDATE portability.jobs SET status = CASE status WHEN 'READY' THEN 'EXPIRED' ELSE 'CANCELLED' END,
        completed_at = COALESCE(completed_at, $3::timestamptz), expires_at = NULL, leased_until = NULL
    WHERE user_id = $1::uuid AND kind = 'export' AND status IN ('WAITING', 'RUNNING', 'READY')
        AND ($2::uuid IS NULL OR created_at <= COALESCE(
            (SELECT deleted_at FROM portability.ended_entries WHERE id = $2::uuid AND user_id = $1::uuid), $3::timestamptz))
    RETURNING id";
/// `$1` user, `$2` entry. A stretch that was under way may write down what it read before; it is over before the second pass.
const SAY_NO_MORE: &str = "UPDATE portability.jobs j SET report = jsonb_set(j.report, '{problems}', COALESCE((
        SELECT jsonb_agg(said.problem ORDER BY said.place)
        FROM jsonb_array_elements(j.report->'problems') WITH ORDINALITY AS said (problem, place)
        WHERE NOT COALESCE(said.problem->'entries' @> to_jsonb($2::uuid), false)), '[]'))
    WHERE j.user_id = $1::uuid AND j.kind = 'import'
        AND j.report->'problems' @> jsonb_build_array(jsonb_build_object('entries', jsonb_build_array($2::uuid)))
    RETURNING j.id";
/// `$1` user, `$2` how many. The latest first.
const ENDED: &str =
    "SELECT j.id, (SELECT count(*) FROM portability.parts p WHERE p.job_id = j.id) AS parts FROM portability.jobs j
    WHERE j.user_id = $1::uuid AND j.kind = 'export' AND j.status IN ('CANCELLED', 'EXPIRED', 'FAILED')
    ORDER BY j.id DESC LIMIT $2::bigint";
const FORGET_JOBS: &str = "DELETE FROM portability.jobs WHERE id = ANY ($1::uuid[])";
const UPLOADS_OF: &str = "SELECT id FROM portability.uploads WHERE user_id = $1::uuid LIMIT $2::bigint";
/// All rows of a user.
const ERASE: &str = "SELECT portability.erase($1::uuid) AS counts";

pub async fn erase(event: &Event, delivery: &Delivery, erasure: Erasure) -> Result<(), Failure> {
    let ended = end_exports(erasure).await?;
    let mut counts = match erasure.entry_id {
        None => of_user(erasure.user_id).await?,
        Some(entry_id) => {
            forget_ended(erasure.user_id).await?;
            [(REPORTS.to_owned(), say_no_more(erasure.user_id, entry_id).await?)].into()
        }
    };
    counts.insert(EXPORTS.to_owned(), ended);
    Ok(erasing::report(SERVICE, (event, delivery), erasure, counts).await?)
}

/// How many there were.
async fn end_exports(erasure: Erasure) -> Result<u64, Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let asked = params![erasure.user_id, erasure.entry_id, Time(clock::now_us())];
        Ok(tx.query(END, asked).await?.len() as u64)
    })
    .await
}

/// How many reports said something of the entry.
async fn say_no_more(user_id: Uuid, entry_id: Uuid) -> Result<u64, Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        Ok(tx.query(SAY_NO_MORE, params![user_id, entry_id]).await?.len() as u64)
    })
    .await
}

/// Removes the files of the latest exports that are over, and answers these.
async fn forget_ended(user_id: Uuid) -> Result<Vec<Uuid>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, ENDED, params![user_id, TAKEN_PER_BATCH as u64]).await?;
    let ended: Vec<(Uuid, u32)> = rows.map(|row| Ok::<_, RowError>((row.get("id")?, row.get("parts")?)))?;
    for (job, parts) in &ended {
        // One that was under way may have made a part more than is written down.
        files::forget_export(*job, parts.saturating_add(1)).await?;
    }
    Ok(ended.into_iter().map(|(job, _)| job).collect())
}

async fn of_user(user_id: Uuid) -> Result<erasing::Counts, Error> {
    loop {
        let jobs = forget_ended(user_id).await?;
        let is_last = jobs.len() < TAKEN_PER_BATCH;
        sql::transaction(DATABASE, &Identity::Service, async |tx| {
            tx.execute(FORGET_JOBS, params![jobs.clone()]).await?;
            Ok(())
        })
        .await?;
        if is_last {
            break;
        }
    }
    let mut uploads = 0;
    loop {
        let rows =
            sql::query(DATABASE, Identity::Service, UPLOADS_OF, params![user_id, TAKEN_PER_BATCH as u64]).await?;
        let found: Vec<Uuid> = rows.map(|row| row.get("id"))?;
        for upload in &found {
            files::forget_pieces(*upload, &store::pieces(*upload, user_id).await?).await?;
            store::forget_upload(*upload).await?;
            uploads += 1;
        }
        if found.len() < TAKEN_PER_BATCH {
            break;
        }
    }
    let mut counts = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        Ok(erasing::counts(&tx.query(ERASE, params![user_id]).await?)?)
    })
    .await?;
    counts.insert(UPLOADS.to_owned(), uploads);
    Ok(counts)
}
