//! Read-your-writes consistency. The read side applies a write some hundred milliseconds later; a user who has just
//! written an entry must not read an older state of it. Each write leaves a mark for a few seconds, and a read that
//! finds the mark waits until the read side has caught up.

use crate::services::reads;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::clock;
use mindflow_guest::journal::Entry;
use mindflow_guest::key_value::{Bucket, Condition};
use std::time::Duration;

const BUCKET: &str = "cache";
/// Fifty times what the read side needs (contract §5).
const MARK_LIFETIME_MS: u64 = 10_000;
/// Together a second. A read side that is further behind is answered as it is.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// The last write of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// This version, or a later one.
    Version(u32),
    Deleted,
}

impl Mark {
    fn to_text(self) -> String {
        match self {
            Self::Version(version) => version.to_string(),
            Self::Deleted => "deleted".to_owned(),
        }
    }

    fn read(text: &[u8]) -> Option<Self> {
        match text {
            b"deleted" => Some(Self::Deleted),
            text => std::str::from_utf8(text).ok()?.parse().ok().map(Self::Version),
        }
    }

    fn is_reached(self, read: Option<&reads::AnalyzedEntry>) -> bool {
        match self {
            Self::Version(version) => read.is_some_and(|read| read.entry.version >= version),
            Self::Deleted => read.is_none(),
        }
    }
}

/// The key has the user in it, so that the wait does not reveal that another user's entry exists.
fn key(user_id: &str, entry_id: &str) -> String {
    format!("fresh:{user_id}:{entry_id}")
}

/// Remembers a write. Without the store a read may see an older state; the write is not affected.
async fn mark(user_id: &str, entry_id: &str, mark: Mark) {
    if let Ok(bucket) = Bucket::open(BUCKET.to_owned()).await {
        let value = mark.to_text().into_bytes();
        let _best_effort = bucket.put(key(user_id, entry_id), value, Some(MARK_LIFETIME_MS), Condition::Always).await;
    }
}

pub async fn written(entry: &Entry) {
    mark(&entry.user_id, &entry.id, Mark::Version(entry.version)).await;
}

pub async fn deleted(user_id: &str, entry_id: &str) {
    mark(user_id, entry_id, Mark::Deleted).await;
}

async fn find_mark(user_id: &str, entry_id: &str) -> Option<Mark> {
    let bucket = Bucket::open(BUCKET.to_owned()).await.ok()?;
    let entry = bucket.get(key(user_id, entry_id)).await.ok()??;
    Mark::read(&entry.value)
}

/// The entry on the read side once it has the user's own last write. `known` is the read side's first answer.
pub async fn caught_up(
    context: CallContext,
    user_id: &str,
    entry_id: &str,
    known: Option<reads::AnalyzedEntry>,
) -> Result<Option<reads::AnalyzedEntry>, Error> {
    let Some(mark) = find_mark(user_id, entry_id).await else { return Ok(known) };
    let mut entry = known;
    for _ in 0..TRIES {
        if mark.is_reached(entry.as_ref()) {
            break;
        }
        clock::pause(PAUSE).await;
        entry = reads::entry_by_id(context.clone(), entry_id.to_owned()).await?;
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::entry::analysis_to_come;

    fn read(version: u32) -> reads::AnalyzedEntry {
        let entry = Entry { version, ..mindflow_events::fixture_entry().unwrap().into() };
        reads::AnalyzedEntry { entry, analysis: analysis_to_come(false) }
    }

    #[test]
    fn a_write_is_reached_by_its_version_or_a_later_one() {
        let mark = Mark::Version(3);
        assert!(!mark.is_reached(None));
        assert!(!mark.is_reached(Some(&read(2))));
        assert!(mark.is_reached(Some(&read(3))) && mark.is_reached(Some(&read(4))));
    }

    #[test]
    fn a_deletion_is_reached_when_the_entry_is_gone() {
        assert!(Mark::Deleted.is_reached(None));
        assert!(!Mark::Deleted.is_reached(Some(&read(1))));
    }

    #[test]
    fn a_mark_is_read_as_it_is_written() {
        for mark in [Mark::Version(17), Mark::Deleted] {
            assert_eq!(Mark::read(mark.to_text().as_bytes()), Some(mark));
        }
        assert_eq!(Mark::read(b"nonsense"), None);
    }
}
