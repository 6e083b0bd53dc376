//! What readers write down: how far their cursors are and what is with handlers. After a publication all subscriptions of a
//! replica note at the same moment. One of them writes for all that wait: a group commit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use uuid::Uuid;

use super::followed::Followed;
use super::{LogQueue, statements};
use crate::delivery::queue::QueueError;
use crate::delivery::row::Row;
use crate::delivery::store::{Commit, Lock, Params, Store};

const OPERATION: &str = "note";

/// Of one subscription.
pub(super) struct Note {
    pub(super) subscription: String,
    /// Slots that moved, and how far each is.
    pub(super) slots: Vec<i16>,
    pub(super) ordinals: Vec<i64>,
    /// Positions that are with handlers,
    pub(super) in_flight: Vec<i64>,
    /// and those that will be, unless the subscription is held.
    pub(super) handed: Vec<i64>,
}

/// What the store answers.
pub(super) struct Noted {
    pub(super) held: bool,
    /// Slots that are the reader's.
    pub(super) owned: Vec<i16>,
}

struct PendingNote {
    note: Note,
    answer: oneshot::Sender<Result<Noted, QueueError>>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Notes {
    waiting: Mutex<Vec<PendingNote>>,
    /// Held by the caller that writes.
    turn: tokio::sync::Mutex<()>,
}

// === impl Notes ===

impl Notes {
    /// Writes the note, with all others that wait by then. A subscription has one note at a time.
    pub(super) async fn write(&self, store: &impl Store, owner: Uuid, note: Note) -> Result<Noted, QueueError> {
        let (answer, mut answered) = oneshot::channel();
        self.lock().push(PendingNote { note, answer });
        // Those that were woken with this caller add theirs.
        store.step_aside().await;
        let turn = self.turn.lock().await;
        if let Ok(noted) = answered.try_recv() {
            return noted;
        }
        let waiting = std::mem::take(&mut *self.lock());
        write(store, owner, waiting).await;
        drop(turn);
        // Without an answer: the caller that was writing it was dropped.
        answered.try_recv().unwrap_or(Err(QueueError::Answer { operation: OPERATION }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<PendingNote>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl LogQueue ===

impl<S: Store> LogQueue<S> {
    /// Moves the cursors and writes down what is handed out. Answers whether that may be handed out.
    pub(super) async fn note(&self, followed: &mut Followed, handed: &[i64]) -> Result<bool, QueueError> {
        let (slots, ordinals) = followed.reader.progress();
        let in_flight = followed.reader.in_flight();
        let note = Note {
            subscription: followed.name.clone(),
            slots: slots.clone(),
            ordinals: ordinals.clone(),
            in_flight: in_flight.clone(),
            handed: handed.to_vec(),
        };
        let Noted { held, owned } = self.notes.write(&*self.store, self.owner, note).await?;
        followed.reader.written(&slots, &ordinals);
        followed.reader.retain(&owned);
        followed.noted_at = self.store.now();
        followed.noted = in_flight;
        if !held {
            followed.noted.extend(handed);
        }
        Ok(!held)
    }

    /// Writes down what is not.
    pub(super) async fn note_progress(&self, followed: &mut Followed) -> Result<(), QueueError> {
        if followed.is_dirty() { self.note(followed, &[]).await.map(drop) } else { Ok(()) }
    }
}

/// Writes the notes and answers each.
async fn write(store: &impl Store, owner: Uuid, mut waiting: Vec<PendingNote>) {
    // In the order of locks.
    waiting.sort_by(|one, other| one.note.subscription.cmp(&other.note.subscription));
    let (notes, answers): (Vec<_>, Vec<_>) = waiting.into_iter().map(|waiting| (waiting.note, waiting.answer)).unzip();
    let noted = write_all(store, owner, &notes).await.map_err(Arc::new);
    let mut noted = noted.map(|noted| noted.into_iter().collect::<HashMap<_, _>>());
    for (note, answer) in notes.iter().zip(answers) {
        let one = match &mut noted {
            Ok(noted) => noted.remove(&note.subscription).ok_or(QueueError::Answer { operation: OPERATION }),
            Err(error) => Err(QueueError::Shared(error.clone())),
        };
        // A caller that was dropped takes no answer.
        let _ = answer.send(one);
    }
}

async fn write_all(store: &impl Store, owner: Uuid, notes: &[Note]) -> Result<Vec<(String, Noted)>, QueueError> {
    let subscriptions: Vec<&str> = notes.iter().map(|note| note.subscription.as_str()).collect();
    let (mut moved, mut slots, mut ordinals) = (Vec::new(), Vec::new(), Vec::new());
    let (mut handled_by, mut positions, mut are_new) = (Vec::new(), Vec::new(), Vec::new());
    for note in notes {
        let name = note.subscription.as_str();
        for (slot, ordinal) in note.slots.iter().zip(&note.ordinals) {
            moved.push(name);
            slots.push(*slot);
            ordinals.push(*ordinal);
        }
        let with_handlers = note.in_flight.iter().map(|position| (position, false));
        for (position, is_new) in with_handlers.chain(note.handed.iter().map(|position| (position, true))) {
            handled_by.push(name);
            positions.push(*position);
            are_new.push(is_new);
        }
    }
    let params: Params<'_> = &[&subscriptions, &owner, &moved, &slots, &ordinals, &handled_by, &positions, &are_new];
    // Only what is handed out must not cross a hold that begins.
    let lock = are_new.contains(&true).then_some(Lock::HoldShared);
    let rows = store.transact(Commit::Soon, lock, OPERATION, statements::NOTE, params).await?;
    rows.iter().map(noted).collect()
}

fn noted(row: &impl Row) -> Result<(String, Noted), QueueError> {
    Ok((row.get("name")?, Noted { held: row.get("held")?, owned: row.get("slots")? }))
}
