//! What delivery does about events whose keys are gone: it counts those that no handler got, and gives up dead letters of them, with
//! the error that may quote what a user wrote.

use mindflow_platform::data_keys::{DataKeys, KeyError, Opened};
use mindflow_platform::delivery::Skips;

use super::meter;
use super::queue::{DEAD_LETTERS_PAGE_MAX, DeadLetterFilter, DeadLetters, QueueError};
use crate::delivery::Event;

/// Counts them for `/metrics`.
pub struct ErasedMeter;

impl Skips for ErasedMeter {
    fn skipped(&self, subscription: &str, _: &Event) {
        meter::erased(subscription);
    }
}

/// Why dead letters could not be gone through.
#[derive(Debug, thiserror::Error)]
pub enum DiscardError {
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// Discards dead letters whose events are erased, so that what is parked behind them goes on. Answers how many. It goes through all
/// of them: an erasure is rare, and so are they.
///
/// # Errors
/// Some may be left.
pub async fn discard(letters: &dyn DeadLetters, keys: &DataKeys) -> Result<u64, DiscardError> {
    let (mut before, mut discarded) = (None, 0);
    loop {
        let filter = DeadLetterFilter { subscription: None, before, limit: DEAD_LETTERS_PAGE_MAX };
        let page = letters.list(&filter).await?;
        let Some(last) = page.last() else { return Ok(discarded) };
        before = Some((last.dead_at, last.event.event_id));
        let events: Vec<&Event> = page.iter().map(|letter| &letter.event).collect();
        for (letter, opened) in page.iter().zip(keys.open(&events).await?) {
            if matches!(opened, Ok(Opened::Erased))
                && let Ok(id) = letter.id.parse()
                && letters.discard(&id).await?
            {
                discarded += 1;
            }
        }
    }
}
