//! The queue's operations, each a script.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::super::envelope::{COLUMNS, Event};
use super::super::policy::LOST_SUSPECT;
use super::super::postgres::{column, query};
use super::super::queue::{Depth, HoldRequest, Leased, Outcome, Queue, QueueError, Receipt, Settlement};
use super::RedisStreams;
use crate::ids;

/// Entries of one partition read at a time: a script of a millisecond.
const ENTRIES_PER_READ: u32 = 64;

/// Entries read by one call of the script, so that it never holds the others up for long.
const ENTRIES_PER_CALL: u32 = 1_024;

/// Calls for one lease. A key with more waiting events than this reads is found the next time.
const CALLS_PER_LEASE: u32 = 64;

/// Fields of a leased event in the script's answer.
const LEASED_FIELDS: usize = 5;

#[async_trait]
impl Queue for RedisStreams {
    async fn lease(
        &self,
        subscription: &str,
        owner: Uuid,
        max: u32,
        lease_for: Duration,
        suspect: bool,
    ) -> Result<Vec<Leased>, QueueError> {
        let mut leased = Vec::new();
        for _ in 0..CALLS_PER_LEASE {
            let wanted = max.saturating_sub(u32::try_from(leased.len()).unwrap_or(u32::MAX));
            let suspect = suspect && leased.iter().all(|leased: &Leased| leased.lost < LOST_SUSPECT);
            match self.lease_once(subscription, owner, wanted, lease_for, suspect, &mut leased).await {
                Ok(true) if wanted > 0 => {}
                // What is leased already must not wait for its lease to end.
                Err(error) if leased.is_empty() => return Err(error),
                Ok(_) | Err(_) => break,
            }
        }
        Ok(leased)
    }

    async fn settle(&self, subscription: &str, settlements: &[Settlement]) -> Result<Vec<Receipt>, QueueError> {
        let answer = self
            .run("settle", &self.inner.scripts.settle, |call, _| {
                call.arg(subscription);
                for Settlement { receipt, outcome } in settlements {
                    let (name, error, delay, counted) = match outcome {
                        Outcome::Ack => ("ack", "", Duration::ZERO, true),
                        Outcome::Retry { error, delay, counted } => ("retry", error.as_str(), *delay, *counted),
                        Outcome::Dead { error } => ("dead", error.as_str(), Duration::ZERO, true),
                    };
                    receipt_into(call, receipt);
                    call.arg(name).arg(error).arg(microseconds(delay)).arg(if counted { "1" } else { "0" });
                }
            })
            .await?;
        Ok(held(&answer, settlements.iter().map(|settlement| &settlement.receipt)))
    }

    async fn extend(
        &self,
        subscription: &str,
        receipts: &[Receipt],
        lease_for: Duration,
    ) -> Result<Vec<Receipt>, QueueError> {
        let answer = self
            .run("extend", &self.inner.scripts.extend, |call, _| {
                call.arg(subscription).arg(microseconds(lease_for));
                receipts.iter().for_each(|receipt| receipt_into(call, receipt));
            })
            .await?;
        Ok(held(&answer, receipts.iter()))
    }

    async fn next_due(&self, subscription: &str) -> Result<Option<Duration>, QueueError> {
        let answer = self
            .run("next due", &self.inner.scripts.next_due, |call, _| {
                call.arg(subscription);
            })
            .await?;
        answer.get(1).map(|text| number(text, "next due").map(Duration::from_micros)).transpose()
    }

    async fn hold(&self, subscription: &str, holder: Uuid, request: HoldRequest) -> Result<bool, QueueError> {
        let (word, hold_for) = match request {
            HoldRequest::Take(hold_for) => ("take", hold_for),
            HoldRequest::Renew(hold_for) => ("renew", hold_for),
            HoldRequest::Release => ("release", Duration::ZERO),
        };
        let milliseconds = u64::try_from(hold_for.as_millis()).unwrap_or(u64::MAX).max(1);
        let answer = self
            .run("hold", &self.inner.scripts.hold, |call, _| {
                call.arg(subscription).arg(holder.to_string()).arg(word).arg(milliseconds);
            })
            .await?;
        Ok(answer.get(1).is_some_and(|held| held == "1"))
    }

    async fn depth(&self) -> Result<Vec<Depth>, QueueError> {
        let client = self.client().await?;
        let subscriptions =
            query(&client, "depth", "SELECT name, event_types FROM delivery.subscription ORDER BY name", &[]).await?;
        let mut depths = Vec::with_capacity(subscriptions.len());
        for row in &subscriptions {
            let (subscription, types): (String, Vec<String>) = (column(row, "name")?, column(row, "event_types")?);
            let answer = self
                .run("depth", &self.inner.scripts.depth, |call, _| {
                    call.arg(&subscription);
                })
                .await?;
            let field = |n: usize| answer.get(n).ok_or(QueueError::Answer { operation: "depth" });
            let count = |n: usize| number(field(n)?, "depth");
            let (all, leased, dead, parked) = (count(1)?, count(2)?, count(3)?, count(4)?);
            // What has an ordinal and is not routed yet, a moment's work, waits as well.
            const WAITING: &str = "SELECT count(*) FILTER (WHERE s.ordinal > $1) AS unrouted, \
                 extract(epoch FROM now() - min(a.archived_at))::float8 AS oldest \
                 FROM delivery.sequenced s JOIN delivery.archive a ON a.position = s.position \
                 WHERE (s.ordinal > $1 AND s.event_type = ANY ($2)) OR s.ordinal = $3";
            let routed = i64::try_from(count(5)?).unwrap_or(i64::MAX);
            let oldest: Option<i64> = field(6)?.parse().ok();
            let waiting = query(&client, "depth", WAITING, &[&routed, &types, &oldest]).await?;
            let waiting = waiting.first().ok_or(QueueError::Answer { operation: "depth" })?;
            let unrouted: i64 = column(waiting, "unrouted")?;
            let seconds: Option<f64> = column(waiting, "oldest")?;
            depths.push(Depth {
                subscription,
                ready: all.saturating_sub(dead + parked) + unrouted.unsigned_abs(),
                leased,
                dead,
                parked,
                oldest: seconds.map(|s| Duration::try_from_secs_f64(s.max(0.0)).unwrap_or(Duration::MAX)),
            });
        }
        Ok(depths)
    }
}

impl RedisStreams {
    /// One call of the script. Answers whether another may find more.
    async fn lease_once(
        &self,
        subscription: &str,
        owner: Uuid,
        max: u32,
        lease_for: Duration,
        suspect: bool,
        leased: &mut Vec<Leased>,
    ) -> Result<bool, QueueError> {
        if max == 0 {
            return Ok(false);
        }
        // One for all that this call leases: another lease of any of them has another.
        let token = ids::random();
        let answer = self
            .run("lease", &self.inner.scripts.lease, |call, _| {
                call.arg(subscription).arg(owner.to_string()).arg(max).arg(microseconds(lease_for));
                call.arg(token.to_string()).arg(ENTRIES_PER_READ).arg(ENTRIES_PER_CALL).arg(u8::from(suspect));
            })
            .await?;
        if answer.first().is_some_and(|status| status == "unregistered") {
            self.restore(subscription).await?;
            return Ok(true);
        }
        let more = answer.get(1).is_some_and(|more| more == "1");
        let first = leased.len();
        let mut without_envelope = Vec::new();
        for fields in answer.get(2..).unwrap_or_default().chunks(LEASED_FIELDS) {
            let [key, position, attempt, lost, envelope] = fields else {
                return Err(QueueError::Answer { operation: "lease" });
            };
            let position = i64::try_from(number(position, "lease")?).unwrap_or(i64::MAX);
            let count = |text: &str| number(text, "lease").map(|count| u32::try_from(count).unwrap_or(u32::MAX));
            let (attempt, lost) = (count(attempt)?, count(lost)?);
            let receipt = Receipt { position, partition_key: key.clone(), token };
            match serde_json::from_str(envelope) {
                Ok(event) => leased.push(Leased { receipt, event: Arc::new(event), attempt, lost }),
                // Trimmed away, or of a release that wrote envelopes in another shape.
                Err(_) => without_envelope.push((receipt, attempt, lost)),
            }
        }
        if !without_envelope.is_empty() {
            self.read_from_archive(without_envelope, leased).await?;
            leased.get_mut(first..).unwrap_or_default().sort_by_key(|leased| leased.receipt.position);
        }
        Ok(more)
    }

    /// Adds the events that the streams do not have, or not in a shape that can be read.
    async fn read_from_archive(
        &self,
        leases: Vec<(Receipt, u32, u32)>,
        leased: &mut Vec<Leased>,
    ) -> Result<(), QueueError> {
        let positions: Vec<i64> = leases.iter().map(|(receipt, ..)| receipt.position).collect();
        let statement = format!(
            "SELECT s.ordinal, {COLUMNS} FROM delivery.sequenced s JOIN delivery.archive a ON a.position = s.position \
             WHERE s.ordinal = ANY ($1)"
        );
        let client = self.client().await?;
        for row in query(&client, "lease", &statement, &[&positions]).await? {
            let position: i64 = column(&row, "ordinal")?;
            if let Some((receipt, attempt, lost)) = leases.iter().find(|(receipt, ..)| receipt.position == position) {
                let (receipt, event) = (receipt.clone(), Arc::new(Event::from_row(&row)?));
                leased.push(Leased { receipt, event, attempt: *attempt, lost: *lost });
            }
        }
        Ok(())
    }
}

fn receipt_into(call: &mut redis::ScriptInvocation<'_>, receipt: &Receipt) {
    call.arg(&receipt.partition_key).arg(receipt.position).arg(receipt.token.to_string());
}

/// The receipts that the script named by number.
fn held<'a>(answer: &[String], receipts: impl Iterator<Item = &'a Receipt>) -> Vec<Receipt> {
    let numbers: Vec<usize> = answer.iter().skip(1).filter_map(|text| text.parse().ok()).collect();
    let mut numbers = numbers.into_iter().peekable();
    receipts.enumerate().filter(|(n, _)| numbers.next_if_eq(n).is_some()).map(|(_, receipt)| receipt.clone()).collect()
}

pub(super) fn number(text: &str, operation: &'static str) -> Result<u64, QueueError> {
    text.parse().map_err(|_| QueueError::Answer { operation })
}

/// Rounded up: nothing is due before its time.
fn microseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos().div_ceil(1_000)).unwrap_or(u64::MAX).min(MICROSECONDS_MAX)
}

/// A hundred years; the scripts count exactly up to 2^53.
const MICROSECONDS_MAX: u64 = 3_155_760_000_000_000;
