//! Events that a subscription gave up on, as administrators see them: without what users wrote. `mindflow dead-letters show`
//! on the machine shows all.

use super::page::PageInfo;
use super::scalars::{AnyJson, DateTime};
use async_graphql::{ID, SimpleObject};
use mindflow_events::redaction::{self, Failed};
use mindflow_guest::call::Error;
use mindflow_guest::dead_letters as platform;
use mindflow_guest::failure::{internal, invalid};
use mindflow_guest::rules::{Format, Rule};

/// An event that a consumer failed to take; later events of its entity wait behind it.
#[derive(SimpleObject)]
pub struct DeadLetter {
    /// Names the consumer and the event.
    id: ID,
    /// The subscription.
    consumer: String,
    /// The envelope. Its payload is without what is the user's own, as in the audit log.
    event: AnyJson,
    /// Members of the payload that this answer leaves out.
    withheld: Vec<String>,
    /// How often it was delivered.
    attempts: u32,
    /// Why the last attempt failed. What is left out is not quoted here either.
    last_error: String,
    /// When the first attempt failed.
    first_failed_at: Option<DateTime>,
    /// When it was given up.
    dead_at: DateTime,
    /// Later events of its entity that wait behind it.
    parked: u64,
}

/// A dead letter and its place in the list.
#[derive(SimpleObject)]
pub struct DeadLetterEdge {
    /// Opaque; for `after`.
    cursor: String,
    /// The dead letter.
    node: DeadLetter,
}

/// A page of dead letters, newest first.
#[derive(SimpleObject)]
pub struct DeadLetterConnection {
    /// The dead letters of this page.
    edges: Vec<DeadLetterEdge>,
    /// Where the page lies.
    page_info: PageInfo,
}

/// One page of at most `first`.
pub async fn page(consumer: Option<String>, first: u32, after: Option<String>) -> Result<DeadLetterConnection, Error> {
    if consumer.as_ref().is_some_and(|consumer| consumer.contains('\0')) {
        return Err(invalid("consumer", Rule::Characters, "It must not hold the NUL character."));
    }
    let has_previous_page = after.is_some();
    // One more than requested shows whether others follow.
    let page = platform::page(consumer, first.saturating_add(1), after).await;
    let mut letters = page.map_err(|broken| match broken {
        platform::Error::Invalid(reason) => invalid("after", Format::Cursor, reason),
        unavailable => error(unavailable),
    })?;
    let has_next_page = letters.len() > first as usize;
    letters.truncate(first as usize);
    let edges = letters.into_iter().map(edge).collect::<Result<Vec<_>, _>>()?;
    let page_info = PageInfo {
        has_next_page,
        has_previous_page,
        start_cursor: edges.first().map(|edge| edge.cursor.clone()),
        end_cursor: edges.last().map(|edge| edge.cursor.clone()),
    };
    Ok(DeadLetterConnection { edges, page_info })
}

/// Delivers it again; false when it does not exist.
pub async fn retry(id: String) -> Result<bool, Error> {
    platform::retry(id).await.map_err(error)
}

/// Discards it; false when it does not exist.
pub async fn discard(id: String) -> Result<bool, Error> {
    platform::discard(id).await.map_err(error)
}

fn edge(letter: platform::DeadLetter) -> Result<DeadLetterEdge, Error> {
    let Failed { event, withheld, reason } = redaction::failed(&letter.event, &letter.last_error).map_err(internal)?;
    let node = DeadLetter {
        id: letter.id.clone().into(),
        consumer: letter.consumer,
        event: AnyJson(event),
        withheld,
        attempts: letter.attempts,
        last_error: reason,
        first_failed_at: letter.first_failed_at.map(DateTime),
        dead_at: DateTime(letter.dead_at),
        parked: letter.parked,
    };
    Ok(DeadLetterEdge { cursor: letter.id, node })
}

fn error(error: platform::Error) -> Error {
    match error {
        platform::Error::Unavailable(reason) => Error::Unavailable(reason),
        platform::Error::Invalid(reason) => invalid("id", Format::Uuid, reason),
    }
}
