//! The end of an account and of an entry, step by step. What moves an erasure on is an event or the schedule; both do all that can be done
//! then, and nothing that was done.

use super::{
    proof,
    session::{Authenticated, authenticate},
};
use crate::{
    erasure::{self, Erased, Erasure, Report, Step},
    settings::Settings,
    store::{
        accounts::{self, DATABASE},
        erasures,
        failures::Failures,
        kept,
        mails::{self, Kind},
        sessions::Sessions,
    },
    validation::EmailKey,
};
use mindflow_events::{
    AccountErased, DeletionCancelled, DeletionRequested, EntryPurged, ErasureCompleted, KeysDestroyed,
    Kind as EventKind, Payload, REMAINS, Time,
};
use mindflow_guest::{
    call::{CallContext, Credential, Error},
    clock, erasure as keys, event,
    events::{Delivery, Event, Failure},
    failure::internal,
    id, jwt_signer,
    sql::{self, Abort, Identity, Tx},
};
use serde_json::json;
use uuid::Uuid;

/// As the manifest names the component.
const SERVICE: &str = "auth";
/// An erasure has four steps; one that takes more does not end.
const STEPS_MAX: u32 = 8;

/// What an erasure is read by, and when an account goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deletion {
    pub erasure_id: Uuid,
    pub due_at_us: i64,
}

impl From<Erasure> for Deletion {
    fn from(erasure: Erasure) -> Self {
        Self { erasure_id: erasure.id, due_at_us: erasure.due_at_us }
    }
}

pub struct Receipt {
    pub erasure: Erasure,
    pub erased: Vec<Erased>,
    pub waiting: Vec<String>,
    pub signed: Option<String>,
}

// === what users ask for ===

/// Has the account go after the time of grace. Asked again, it answers the same.
pub async fn delete_account(context: &CallContext, password: &str) -> Result<Deletion, Error> {
    let Authenticated { caller, session_id, .. } = authenticate(context).await?;
    let user_id = caller.user_id;
    let settings = Settings::load().await.map_err(internal)?;
    let grace_us = Settings::deletion_grace_us().await.map_err(internal)?;
    proof::again(context, (user_id, session_id), "password", password, settings).await?;
    let sessions = Sessions::within_reach().await?;
    let now_us = clock::now_us();
    let new = Erasure::requested(id::random(), user_id, now_us, now_us.saturating_add(grace_us));
    let (deletion, ended) = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let account = accounts::lock(tx, user_id).await?.ok_or_else(no_such_user)?;
        if let Some(known) = erasures::of_account(tx, user_id).await? {
            return Ok((Deletion::from(known), Vec::new()));
        }
        erasures::add(tx, &new).await?;
        let (erasure_id, at, due_at) = (new.id, Time(now_us), Time(new.due_at_us));
        let requested = DeletionRequested { user_id, erasure_id, at, due_at };
        let sequence = accounts::next_sequence(tx, user_id).await?;
        accounts::publish(tx, context, &Payload::AccountDeletionRequested(requested), sequence).await?;
        if account.email_confirmed {
            mails::request(tx, context, Kind::Deletion, Some(user_id), &account.email, now_us).await?;
        }
        Ok((Deletion::from(new.clone()), kept::end_others(tx, user_id, Some(session_id)).await?))
    })
    .await?;
    sessions.forget_others(user_id, Some(session_id), ended).await?;
    if deletion.due_at_us <= now_us {
        moved_on(deletion.erasure_id).await;
    }
    Ok(deletion)
}

/// Has all that is a user's go now, for the operator: of one who cannot log in any more, or whose account came back with a copy of a
/// database. One that waits for the end of its grace begins now.
pub async fn begin_for(user_id: Uuid) -> Result<Deletion, Error> {
    let now_us = clock::now_us();
    let new = Erasure::requested(id::random(), user_id, now_us, now_us);
    let deletion = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        accounts::lock(tx, user_id).await?;
        match erasures::of_account(tx, user_id).await? {
            Some(known) => {
                erasures::hurry(tx, known.id, now_us).await?;
                Ok(Deletion::from(known))
            }
            None => {
                erasures::add(tx, &new).await?;
                Ok(Deletion::from(new.clone()))
            }
        }
    })
    .await?;
    moved_on(deletion.erasure_id).await;
    Ok(deletion)
}

/// Keeps the account. Answers whether it was to go.
pub async fn cancel(context: &CallContext) -> Result<bool, Error> {
    let Authenticated { caller, .. } = authenticate(context).await?;
    let asked =
        sql::transaction(DATABASE, &Identity::Service, async |tx| erasures::of_account(tx, caller.user_id).await);
    match asked.await? {
        Some(erasure) => keep(context, erasure.id).await,
        None => Ok(false),
    }
}

/// Takes an erasure back that has not begun. Answers whether there was one.
pub async fn keep(context: &CallContext, erasure_id: Uuid) -> Result<bool, Error> {
    let now_us = clock::now_us();
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let Some(user_id) = erasures::cancel(tx, erasure_id).await? else { return Ok(false) };
        // In a copy that was restored, the account may be gone.
        if accounts::lock(tx, user_id).await?.is_some() {
            let cancelled = DeletionCancelled { user_id, erasure_id, at: Time(now_us) };
            let sequence = accounts::next_sequence(tx, user_id).await?;
            accounts::publish(tx, context, &Payload::AccountDeletionCancelled(cancelled), sequence).await?;
        }
        Ok(true)
    })
    .await
}

pub async fn receipt(erasure_id: &str) -> Result<Option<Receipt>, Error> {
    let Some(erasure_id) = id::parse(erasure_id.trim()) else { return Ok(None) };
    let Some((erasure, reports)) = erasures::by_id(erasure_id).await? else { return Ok(None) };
    let (erased, waiting) = (erasure::erased(&reports), erasure.waiting(&reports));
    let signed = match erasure.completed_at_us {
        Some(completed_at_us) => Some(signed(&erasure, &erased, completed_at_us).await?),
        None => None,
    };
    Ok(Some(Receipt { erasure, erased, waiting, signed }))
}

async fn signed(erasure: &Erasure, erased: &[Erased], completed_at_us: i64) -> Result<String, Error> {
    let erased: Vec<_> = erased
        .iter()
        .map(|Erased { service, store, count }| json!({ "service": service, "store": store, "count": count }))
        .collect();
    let statement = json!({
        "erasureId": erasure.id, "userId": erasure.user_id, "entryId": erasure.entry_id,
        "requestedAt": clock::rfc3339(erasure.requested_at_us), "dueAt": clock::rfc3339(erasure.due_at_us),
        "keysDestroyedAt": erasure.keys_destroyed_at_us.map(clock::rfc3339),
        "completedAt": clock::rfc3339(completed_at_us), "erased": erased, "remains": REMAINS,
    });
    let signed = jwt_signer::attest(statement.to_string()).await;
    signed.map_err(|reason| Error::Unavailable(format!("signing keys: {reason}")))
}

// === what events say ===

/// What an entry's purge or a service's report moves on.
pub async fn handle(event: &Event, delivery: &Delivery) -> Result<(), Failure> {
    let erasure_id = match event::payload(event, &[EventKind::JournalEntryPurged, EventKind::ErasureCompleted])? {
        Some(Payload::JournalEntryPurged(purged)) => begun(event, delivery, &purged).await?,
        Some(Payload::ErasureCompleted(completed)) => reported(event, delivery, &completed).await?,
        _ => return Ok(()),
    };
    // Also when the event was applied before: what follows from it may not have been done.
    Ok(advance(erasure_id).await?)
}

/// The command service has deleted the entry, and the others heard of it by the same event.
async fn begun(event: &Event, delivery: &Delivery, purged: &EntryPurged) -> Result<Uuid, Error> {
    let Time(at_us) = purged.at;
    let erasure = Erasure {
        entry_id: Some(purged.entry_id),
        first_sequence: Some(event.sequence),
        ..Erasure::requested(purged.erasure_id, purged.user_id, at_us, at_us)
    };
    let added = sql::once(DATABASE, &Identity::Service, event, delivery, async |tx| {
        erasures::add(tx, &erasure).await?;
        erase_own(tx, &erasure, event.sequence).await
    });
    added.await?;
    Ok(erasure.id)
}

async fn reported(event: &Event, delivery: &Delivery, completed: &ErasureCompleted) -> Result<Uuid, Error> {
    let (service, counts) = (completed.service.clone(), completed.counts.clone());
    let report = Report { sequence: event.sequence, service, counts };
    let added = sql::once(DATABASE, &Identity::Service, event, delivery, async |tx| {
        erasures::add_report(tx, completed.erasure_id, &report).await
    });
    added.await?;
    Ok(completed.erasure_id)
}

/// Every erasure that is due and not complete.
///
/// # Errors
/// They cannot be read. One that cannot be moved on does not keep others from it.
pub async fn run_due() -> Result<(), Error> {
    for erasure_id in erasures::to_do(clock::now_us()).await? {
        moved_on(erasure_id).await;
    }
    Ok(())
}

/// As far as it goes; the schedule comes again.
async fn moved_on(erasure_id: Uuid) {
    if let Err(error) = advance(erasure_id).await {
        eprintln!("warn the erasure {erasure_id} waits: {error:?}");
    }
}

// === its steps ===

async fn advance(erasure_id: Uuid) -> Result<(), Error> {
    let settle_us = Settings::erasure_settle_us().await.map_err(internal)?;
    for _ in 0..STEPS_MAX {
        let Some((erasure, reports)) = erasures::by_id(erasure_id).await? else { return Ok(()) };
        match erasure.next(&reports, clock::now_us(), settle_us) {
            Step::Begin => begin(&erasure).await?,
            Step::DestroyKeys => destroy_keys(&erasure).await?,
            Step::Repeat => repeat(&erasure).await?,
            Step::Complete => erasures::note_completed(&erasure, clock::now_us()).await?,
            Step::Wait => return Ok(()),
        }
    }
    Err(internal(format!("the erasure {erasure_id} does not end")))
}

/// Deletes the account and publishes that to all services, in one transaction. An entry begins here when it is repeated alone.
async fn begin(erasure: &Erasure) -> Result<(), Error> {
    let Erasure { id, user_id, entry_id, .. } = *erasure;
    let sessions = Sessions::within_reach().await?;
    let account = accounts::by_id(user_id).await?.filter(|_| entry_id.is_none());
    let at = Time(clock::now_us());
    let payload = match entry_id {
        None => Payload::AccountErased(AccountErased { erasure_id: id, user_id, at }),
        Some(entry_id) => Payload::JournalEntryPurged(EntryPurged {
            erasure_id: id,
            entry_id,
            user_id,
            attachment_ids: Vec::new(),
            created_at: None,
            at,
        }),
    };
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let Some(sequence) = erasures::begin(tx, id).await? else { return Ok(()) };
        erase_own(tx, erasure, sequence).await?;
        accounts::publish(tx, &context(id), &payload, sequence).await
    })
    .await?;
    if entry_id.is_none() {
        sessions.forget_others(user_id, None, Vec::new()).await?;
    }
    match account {
        // Nothing is left to lock.
        Some(account) => Failures::of(&EmailKey::of(&account.email)).await?.lift().await,
        None => Ok(()),
    }
}

/// From now on no event of it can be delivered or published, and no copy be read.
async fn destroy_keys(erasure: &Erasure) -> Result<(), Error> {
    if erasure.entry_id.is_none() {
        // Sessions whose end was cut short.
        Sessions::within_reach().await?.forget_others(erasure.user_id, None, Vec::new()).await?;
    }
    destroy(erasure).await?;
    erasures::note_keys_destroyed(erasure.id, clock::now_us()).await
}

/// The keys, with what the host keeps of events under them.
async fn destroy(erasure: &Erasure) -> Result<(), Error> {
    let user_id = erasure.user_id.to_string();
    let destroyed = match erasure.entry_id {
        None => keys::destroy_subject(user_id).await,
        Some(entry_id) => keys::destroy_aggregate(user_id, format!("entry:{entry_id}")).await,
    };
    destroyed.map(drop).map_err(|error| match error {
        keys::Error::Unavailable(reason) => Error::Unavailable(format!("keys: {reason}")),
        keys::Error::AccessDenied(reason) | keys::Error::Invalid(reason) => internal(format!("keys: {reason}")),
    })
}

async fn repeat(erasure: &Erasure) -> Result<(), Error> {
    let Erasure { id: erasure_id, user_id, entry_id, .. } = *erasure;
    // Once more: what was under way when the keys went may have left a dead letter, or a line of the log.
    destroy(erasure).await?;
    let payload = Payload::KeysDestroyed(KeysDestroyed { erasure_id, entry_id, user_id, at: Time(clock::now_us()) });
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let Some(sequence) = erasures::repeat(tx, erasure_id).await? else { return Ok(()) };
        erase_own(tx, erasure, sequence).await?;
        accounts::publish(tx, &context(erasure_id), &payload, sequence).await
    })
    .await
}

/// What this service and the host have, with its report.
async fn erase_own(tx: &Tx, erasure: &Erasure, sequence: u64) -> Result<(), Abort> {
    let counts = erasures::erase(tx, erasure).await?;
    let report = Report { sequence, service: SERVICE.to_owned(), counts };
    erasures::add_report(tx, erasure.id, &report).await
}

/// What follows from an erasure has an id of its own, so that it is found in the log.
fn context(erasure_id: Uuid) -> CallContext {
    CallContext {
        credential: Credential::Anonymous,
        correlation_id: format!("erasure-{erasure_id}"),
        traceparent: None,
        deadline_ms: None,
    }
}

fn no_such_user() -> Error {
    Error::NotFound("There is no such user.".into())
}
