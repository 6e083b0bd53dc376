//! What an operation can cost, in points. A point is what a usual field costs: about 2 µs of the platform's CPU, or 200
//! bytes of the answer. The prices are in [`prices`], the sum over a document in [`walk`]; `docs/security.md`
//! ("GraphQL cost") shows both to clients.
//!
//! Prices are those of usual sizes, since no page of entries could be asked for if each counted as the largest there can
//! be. What the sizes were is counted while the operation runs ([`super::meter`]).

pub mod prices;
mod walk;

use crate::failure::{Excess, Failure};
use crate::memory;

pub use walk::of;

/// Of a request: an operation, or all of a batch together. A page of a hundred entries with everything costs 12,405.
pub const POINTS_MAX: u64 = 15_000;

/// Of an entry as it is read: 100,000 characters have at most four bytes each.
pub const ENTRY_BYTES_MAX: u64 = 4 * 100_000;
/// Of one content as JSON: a character that is escaped (`\u0001`) has six bytes.
const CONTENT_BYTES_MAX: u64 = 6 * 100_000;

/// Of a point.
const BYTES: u64 = 200;

/// What an operation can cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    pub points: u64,
    /// Entries that it reads, each with its content.
    pub entries: u64,
    /// Contents that it answers.
    pub contents: u64,
    /// Changes of where a user's notices go.
    pub webhook_changes: u64,
    /// Of a mutation's text and variables: what it writes is in them, and the event log keeps it for good.
    pub written_bytes: u64,
}

impl Cost {
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            points: self.points.saturating_add(other.points),
            entries: self.entries.saturating_add(other.entries),
            contents: self.contents.saturating_add(other.contents),
            webhook_changes: self.webhook_changes.saturating_add(other.webhook_changes),
            written_bytes: self.written_bytes.saturating_add(other.written_bytes),
        }
    }

    /// # Errors
    /// `TooComplex`.
    pub fn check(self) -> Result<(), Failure> {
        if self.points <= POINTS_MAX {
            return Ok(());
        }
        let text = format!(
            "The request costs {} points; at most {POINTS_MAX} are allowed, a batch's operations together. Ask for fewer fields, a smaller `first` or `limit`, or in several requests.",
            self.points
        );
        Err(Failure::too_complex(text, Excess { cost: self.points, allowed: POINTS_MAX, unit: "points" }))
    }

    /// The most bytes of this instance's memory that it takes: the entries as they were read, and three times the answer,
    /// which is a tree of values, then a text, and twice as long while the text grows.
    pub fn memory_bytes(self) -> u64 {
        let contents = self.contents.saturating_mul(CONTENT_BYTES_MAX);
        let answer = contents.saturating_add(self.points.saturating_mul(BYTES)).min(memory::ANSWER_BYTES_MAX as u64);
        let read = self.entries.saturating_mul(ENTRY_BYTES_MAX).min(memory::READ_BYTES_MAX);
        read.saturating_add(3 * answer)
    }
}

#[cfg(test)]
mod tests;
