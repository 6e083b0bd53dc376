//! The thread that writes the file. It takes all commands that have gathered, applies them in one
//! transaction, commits (one `fsync`), and only then answers: an answered write is on disk.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use redb::Database;
use tokio::sync::{mpsc, oneshot};

use super::super::{Condition, Error, PutOutcome, deadline_ms, first_version};
use super::Shared;
use super::table::{Now, Tables};

/// How many commands share a commit; as many as can wait.
const BATCH_MAX: usize = super::WAITING_WRITES_MAX;
/// How long a closing waits for reads under way, which take microseconds.
const READS_END_WITHIN: Duration = Duration::from_secs(1);
const READS_POLLED_EVERY: Duration = Duration::from_millis(2);

type Answer<T> = oneshot::Sender<Result<T, Error>>;

pub(super) enum Command {
    Put {
        key: String,
        value: Bytes,
        ttl: Option<Duration>,
        when: Condition,
        answer: Answer<PutOutcome>,
    },
    Increment {
        key: String,
        delta: i64,
        ttl: Option<Duration>,
        answer: Answer<i64>,
    },
    Delete {
        keys: Vec<String>,
        answer: Answer<u32>,
    },
    /// Remove the expired; reopen the file if it was found broken.
    Sweep,
    Close {
        answer: Answer<()>,
    },
}

/// Answers a caller once the batch is on disk, or why it is not.
type Reply = Box<dyn FnOnce(Result<(), Error>)>;

/// Starts the thread. It ends at `Close`, or when the bucket is dropped.
pub(super) fn start(shared: Arc<Shared>, waiting: mpsc::Receiver<Command>) -> io::Result<()> {
    std::thread::Builder::new().name("key-value-file".to_owned()).spawn(move || {
        let closing = run(&shared, waiting);
        release(&shared);
        if let Some(answer) = closing {
            let _ = answer.send(Ok(()));
        }
    })?;
    Ok(())
}

fn run(shared: &Shared, mut waiting: mpsc::Receiver<Command>) -> Option<Answer<()>> {
    while let Some(first) = waiting.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        if let Some(closing) = write(shared, batch) {
            return Some(closing);
        }
    }
    None
}

/// Writes one batch and answers it.
fn write(shared: &Shared, batch: Vec<Command>) -> Option<Answer<()>> {
    let mut closing = None;
    let mut replies: Vec<Reply> = Vec::with_capacity(batch.len());
    let written = match usable(shared) {
        Ok(database) => apply(shared, &database, batch, &mut replies, &mut closing),
        Err(error) => {
            for command in batch {
                match command {
                    Command::Close { answer } => closing = Some(answer),
                    command => refuse(command, &error),
                }
            }
            return closing;
        }
    };
    let outcome = written.map_err(|error| {
        shared.broken.store(true, Ordering::SeqCst);
        tracing::error!(path = %shared.path.display(), %error, "key-value file cannot be written");
        shared.failed(&error)
    });
    for reply in replies {
        reply(outcome.clone());
    }
    closing
}

/// Applies the commands in order and commits. Those after a `Close` in the same batch are dropped,
/// which their callers see as closed.
fn apply(
    shared: &Shared,
    database: &Database,
    batch: Vec<Command>,
    replies: &mut Vec<Reply>,
    closing: &mut Option<Answer<()>>,
) -> Result<(), redb::Error> {
    let now = Now { ms: shared.clock.now_ms(), version_floor: first_version(&shared.clock) };
    let transaction = database.begin_write()?;
    let mut tables = Tables::open(&transaction)?;
    let mut failed = None;
    for command in batch {
        if failed.is_some() || closing.is_some() {
            // Answered below by the failure of the whole batch.
            note_failed(command, replies, closing);
            continue;
        }
        let applied = match command {
            Command::Put { key, value, ttl, when, answer } => {
                let deadline = deadline_ms(now.ms, ttl);
                note(tables.put(&key, &value, deadline, when, now).map(Ok), answer, replies)
            }
            Command::Increment { key, delta, ttl, answer } => {
                note(tables.increment(&key, delta, deadline_ms(now.ms, ttl), now), answer, replies)
            }
            Command::Delete { keys, answer } => {
                let count = keys.iter().try_fold(0, |count, key| Ok(count + u32::from(tables.delete(key, now)?)));
                note(count.map(Ok), answer, replies)
            }
            Command::Sweep => tables.sweep(now),
            Command::Close { answer } => {
                *closing = Some(answer);
                Ok(())
            }
        };
        failed = applied.err();
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let changed = tables.changed;
    drop(tables);
    if changed {
        transaction.commit()?;
    } else {
        transaction.abort()?;
    }
    Ok(())
}

/// Keeps the answer until the commit; the file's own failure ends the batch.
fn note<T: 'static>(
    outcome: Result<Result<T, Error>, redb::Error>,
    answer: Answer<T>,
    replies: &mut Vec<Reply>,
) -> Result<(), redb::Error> {
    let (outcome, failed) = match outcome {
        Ok(outcome) => (Some(outcome), Ok(())),
        Err(error) => (None, Err(error)),
    };
    replies.push(Box::new(move |written: Result<(), Error>| {
        let outcome = match (written, outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Error::other("the write was not applied")),
            (Err(error), _) => Err(error),
        };
        // An error: the caller no longer waits.
        let _ = answer.send(outcome);
    }));
    failed
}

fn note_failed(command: Command, replies: &mut Vec<Reply>, closing: &mut Option<Answer<()>>) {
    match command {
        Command::Close { answer } => *closing = Some(answer),
        command if closing.is_none() => replies.push(Box::new(move |written| {
            let error = written.err().unwrap_or_else(|| Error::other("the write was not applied"));
            refuse(command, &error);
        })),
        command => refuse(command, &Error::unavailable("it is closed")),
    }
}

fn refuse(command: Command, error: &Error) {
    let error = error.clone();
    // An error of `send`: the caller no longer waits.
    match command {
        Command::Put { answer, .. } => drop(answer.send(Err(error))),
        Command::Increment { answer, .. } => drop(answer.send(Err(error))),
        Command::Delete { answer, .. } => drop(answer.send(Err(error))),
        Command::Close { answer } => drop(answer.send(Err(error))),
        Command::Sweep => {}
    }
}

/// The database, reopened when an I/O error (such as a full disk) has left it unusable.
fn usable(shared: &Shared) -> Result<Arc<Database>, Error> {
    if !shared.broken.load(Ordering::SeqCst)
        && let Ok(database) = shared.database()
    {
        return Ok(database);
    }
    release(shared);
    let opened = super::open_now(&shared.path).map(Arc::new).map_err(|error| {
        Error::unavailable(match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        })
    })?;
    tracing::info!(path = %shared.path.display(), "key-value file was reopened");
    shared.replace(Some(opened.clone()));
    shared.broken.store(false, Ordering::SeqCst);
    Ok(opened)
}

/// Lets go of the file: no new read gets it, those under way end first.
fn release(shared: &Shared) {
    let Some(database) = shared.replace(None) else {
        return;
    };
    let mut waited = Duration::ZERO;
    while Arc::strong_count(&database) > 1 && waited < READS_END_WITHIN {
        std::thread::sleep(READS_POLLED_EVERY);
        waited += READS_POLLED_EVERY;
    }
}
