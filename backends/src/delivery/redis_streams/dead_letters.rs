//! What an operator does with dead letters on Redis Streams. A dead letter is the head of its key; what is
//! parked waits behind it. The event itself is read from the archive.

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::super::envelope::{COLUMNS, EnvelopeError, Event};
use super::super::postgres::{column, query};
use super::super::queue::{DEAD_LETTERS_PAGE_MAX, DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetters, QueueError};
use super::super::sequencer::QUEUE_CHANNEL;
use super::RedisStreams;
use super::queue::number;

const OPERATION: &str = "dead letters";

/// Fields of a dead letter in the script's answer.
const FIELDS: usize = 7;

/// More than a page, because letters that died at the same moment are put in order here.
const SAME_MOMENT_MAX: u32 = 100;

#[async_trait]
impl DeadLetters for RedisStreams {
    async fn list(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, QueueError> {
        let limit = filter.limit.min(DEAD_LETTERS_PAGE_MAX);
        let subscriptions = match &filter.subscription {
            Some(subscription) => vec![subscription.clone()],
            None => self.subscriptions().await?,
        };
        let latest = filter.before.map_or("+inf".to_owned(), |(at, _)| at.as_microsecond().to_string());
        let count = (limit + SAME_MOMENT_MAX).to_string();
        let mut letters = Vec::new();
        for subscription in subscriptions {
            letters.append(&mut self.letters(&subscription, &latest, &count).await?);
        }
        letters.retain(|letter| filter.before.is_none_or(|before| (letter.dead_at, letter.event.event_id) < before));
        letters.sort_by_key(|letter| std::cmp::Reverse((letter.dead_at, letter.event.event_id)));
        letters.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(letters)
    }

    async fn show(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, QueueError> {
        let Some((_, key)) = self.locate(id).await? else { return Ok(None) };
        let letters = self.letters(&id.subscription, "key", &key).await?;
        Ok(letters.into_iter().find(|letter| letter.event.event_id == id.event_id))
    }

    async fn redrive(&self, id: &DeadLetterId) -> Result<bool, QueueError> {
        self.release("redrive", id).await
    }

    async fn discard(&self, id: &DeadLetterId) -> Result<bool, QueueError> {
        self.release("discard", id).await
    }
}

impl RedisStreams {
    async fn release(&self, operation: &'static str, id: &DeadLetterId) -> Result<bool, QueueError> {
        let Some((position, key)) = self.locate(id).await? else { return Ok(false) };
        let answer = self
            .run(operation, &self.inner.scripts.release, |call, _| {
                call.arg(&id.subscription).arg(operation).arg(&key).arg(position);
            })
            .await?;
        let released = answer.get(1).is_some_and(|text| text == "1");
        if released {
            let client = self.client().await?;
            query(&client, operation, "SELECT pg_notify($1, '')", &[&QUEUE_CHANNEL]).await?;
        }
        Ok(released)
    }

    /// The position and the key of a dead letter. The archive finds events by position, so all dead ones are asked.
    async fn locate(&self, id: &DeadLetterId) -> Result<Option<(i64, String)>, QueueError> {
        let dead = self.dead(&id.subscription, "+inf", &i64::MAX.to_string()).await?;
        let positions = positions(&dead);
        let client = self.client().await?;
        let statement = "SELECT s.ordinal, a.partition_key FROM delivery.sequenced s JOIN delivery.archive a ON a.position = s.position \
             WHERE s.ordinal = ANY ($1) AND a.event_id = $2";
        let rows = query(&client, OPERATION, statement, &[&positions, &id.event_id]).await?;
        rows.first().map(|row| Ok((column(row, "ordinal")?, column(row, "partition_key")?))).transpose()
    }

    async fn dead(&self, subscription: &str, which: &str, detail: &str) -> Result<Vec<String>, QueueError> {
        self.run(OPERATION, &self.inner.scripts.dead, |call, _| {
            call.arg(subscription).arg(which).arg(detail);
        })
        .await
    }

    async fn letters(&self, subscription: &str, which: &str, detail: &str) -> Result<Vec<DeadLetter>, QueueError> {
        let answer = self.dead(subscription, which, detail).await?;
        let statement = format!(
            "SELECT s.ordinal, {COLUMNS} FROM delivery.sequenced s JOIN delivery.archive a ON a.position = s.position \
             WHERE s.ordinal = ANY ($1)"
        );
        let client = self.client().await?;
        let events = query(&client, OPERATION, &statement, &[&positions(&answer)]).await?;
        let at = |position: &str| {
            events.iter().find(|row| column::<i64>(row, "ordinal").is_ok_and(|at| at.to_string() == position))
        };
        letters_in(&answer).filter_map(|fields| Some(letter(subscription, fields, at(fields.get(1)?)?))).collect()
    }
}

fn letters_in(answer: &[String]) -> impl Iterator<Item = &[String]> {
    answer.get(1..).unwrap_or_default().chunks(FIELDS)
}

fn positions(answer: &[String]) -> Vec<i64> {
    letters_in(answer).filter_map(|fields| fields.get(1)?.parse().ok()).collect()
}

fn letter(subscription: &str, fields: &[String], row: &Row) -> Result<DeadLetter, QueueError> {
    let [_, _, attempts, error, first_failed_at, dead_at, parked] = fields else {
        return Err(QueueError::Answer { operation: OPERATION });
    };
    let event = Event::from_row(row)?;
    Ok(DeadLetter {
        id: DeadLetterId { subscription: subscription.to_owned(), event_id: event.event_id }.to_string(),
        consumer: subscription.to_owned(),
        event,
        attempts: u32::try_from(number(attempts, OPERATION)?).unwrap_or(u32::MAX),
        last_error: error.clone(),
        first_failed_at: if first_failed_at.is_empty() { None } else { Some(timestamp(first_failed_at)?) },
        dead_at: timestamp(dead_at)?,
        parked: number(parked, OPERATION)?,
    })
}

fn timestamp(text: &str) -> Result<Timestamp, QueueError> {
    let microseconds = text.parse().map_err(|_| QueueError::Answer { operation: OPERATION })?;
    Timestamp::from_microsecond(microseconds).map_err(|error| QueueError::Envelope(EnvelopeError::Timestamp(error)))
}
