//! How a journal leaves and comes: archives, and the formats of journals in them. Nothing here knows a store, a clock or a user: what
//! is read comes through [`Source`], and what is written goes into a buffer that the caller empties, so that neither side holds an
//! archive whole.
//!
//! - [`record`] is what all formats are read into and written from, and the documented JSON of this platform's own.
//! - [`zip`] writes archives that can be continued after a stop, and reads those of strangers.
//! - [`import`] finds out what an archive is, and reads its records one file at a time. The formats are in files of their names.
//! - [`export`] says which files an archive has, and what is in them.
//!
//! `docs/portability.md` describes the formats with examples, which a test of this crate reads.

mod civil;
pub mod day_one;
mod daylio;
pub mod export;
mod front_matter;
pub mod html;
pub mod import;
mod journiv;
mod markdown;
mod mindflow;
pub mod record;
#[cfg(test)]
mod tests;
mod title;
pub mod zip;

pub use import::{Format, Import, Item};
pub use record::{Journal, Medium, MoodRecord, Problem, Record, Size};

/// Bytes that can be read from any place, such as a file of a store.
pub trait Source {
    fn bytes(&self) -> u64;
    /// So many bytes from the offset on; fewer only at the end.
    fn read(&self, offset: u64, bytes: usize) -> impl Future<Output = Result<Vec<u8>, Unreadable>>;
}

/// The store failed; the same may work later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// In memory, for tests and small files.
impl Source for Vec<u8> {
    fn bytes(&self) -> u64 {
        self.len() as u64
    }

    async fn read(&self, offset: u64, bytes: usize) -> Result<Vec<u8>, Unreadable> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let to = from.saturating_add(bytes).min(self.len());
        Ok(self.get(from..to).unwrap_or_default().to_vec())
    }
}
