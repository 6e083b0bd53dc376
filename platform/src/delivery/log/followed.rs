//! A subscription as this replica follows it.

use std::time::{Duration, Instant};

use super::reader::Reader;

/// So much of what is done may come again after a crash.
pub(super) const NOTE_EVERY: Duration = Duration::from_millis(50);

/// See the module.
pub(super) struct Followed {
    pub(super) name: String,
    pub(super) reader: Reader,
    /// When the slots are to be renewed.
    pub(super) renew_at: Instant,
    pub(super) readers: i64,
    pub(super) noted_at: Instant,
    /// What `delivery.reader` says is with handlers.
    pub(super) noted: Vec<i64>,
    /// When the next row is due; as of the last scan.
    pub(super) due_at: Option<Instant>,
}

// === impl Followed ===

impl Followed {
    pub(super) fn new(name: &str, now: Instant) -> Self {
        Self {
            name: name.to_owned(),
            reader: Reader::default(),
            renew_at: now,
            readers: 0,
            noted_at: now,
            noted: Vec::new(),
            due_at: None,
        }
    }

    /// Whether what is written down is behind.
    pub(super) fn is_dirty(&self) -> bool {
        !self.reader.progress().0.is_empty() || self.reader.in_flight() != self.noted
    }

    /// A holder waits for what is in flight; otherwise a note in a while is soon enough.
    pub(super) fn must_note(&self, held: bool, now: Instant) -> bool {
        self.is_dirty() && (held || now >= self.noted_at + NOTE_EVERY)
    }
}
