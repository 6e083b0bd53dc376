//! The files of a user go, or those that only a purged entry had. What lies in the container goes before its rows, so that an erasure that
//! is cut short finds by the rows what is left.

use crate::{DATABASE, files, store};
use mindflow_events::{Erasure, Payload};
use mindflow_guest::{
    call::Error,
    erasing,
    events::{Delivery, Event, Failure},
    params,
    sql::{self, Identity},
};
use uuid::Uuid;

/// As the manifest names the component.
const SERVICE: &str = "media";
/// All rows of a user, also of uploads that are in progress.
const ERASE: &str = "SELECT media.erase($1::uuid) AS counts";
/// In the receipt: what lay in the container.
const FILES: &str = "files";

pub async fn erase(event: &Event, delivery: &Delivery, payload: &Payload) -> Result<(), Failure> {
    let Some(erasure) = payload.erasure() else { return Ok(()) };
    let counts = match payload {
        Payload::JournalEntryPurged(purged) => of_entry(erasure, purged.attachment_ids.clone()).await?,
        _ if erasure.entry_id.is_none() => of_user(erasure.user_id).await?,
        // Its files went the first time, by their ids.
        _ => erasing::Counts::new(),
    };
    Ok(erasing::report(SERVICE, (event, delivery), erasure, counts).await?)
}

async fn of_user(user_id: Uuid) -> Result<erasing::Counts, Error> {
    let mut forgotten = 0;
    loop {
        let ids = store::some_of_user(user_id).await?;
        for id in &ids {
            files::forget(*id).await?;
        }
        forgotten += store::erase(user_id, ids.clone()).await?;
        if ids.len() < store::TAKEN_PER_TRANSACTION {
            break;
        }
    }
    let mut counts = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        Ok(erasing::counts(&tx.query(ERASE, params![user_id]).await?)?)
    })
    .await?;
    counts.insert(FILES.to_owned(), forgotten);
    Ok(counts)
}

async fn of_entry(erasure: Erasure, attachments: Vec<Uuid>) -> Result<erasing::Counts, Error> {
    let ids = store::unattached(erasure.user_id, attachments).await?;
    for id in &ids {
        files::forget(*id).await?;
    }
    let forgotten = store::erase(erasure.user_id, ids).await?;
    Ok([(FILES.to_owned(), forgotten)].into())
}
