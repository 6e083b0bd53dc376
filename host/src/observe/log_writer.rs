//! Writes log lines to the store that keeps them. Logging never waits: lines go into a bounded queue, and one task
//! writes them in batches. While the store is unavailable, lines that do not fit are dropped and counted; they were
//! printed nevertheless.

use super::{allowance::Allowance, settings::CALLS};
use metrics::counter;
use mindflow_backends::{
    clock::{self, Clock},
    error::chain,
    records::logs::{BATCH_MAX, Level, Line, LogStore},
};
use serde_json::{Map, Value};
use std::{
    cell::Cell,
    fmt::Debug,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// The lines of a busy second: some megabytes.
const QUEUE_LINES_MAX: usize = 8_192;
/// Longer texts are cut: a line is to be read, not to hold documents.
const TEXT_BYTES_MAX: usize = 8 * 1024;
/// After a batch that was not full, the next waits this long for more lines.
const GATHER: Duration = Duration::from_millis(200);
/// Between attempts while the store is unavailable.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// How long a stop waits for the lines in the queue.
const DRAIN: Duration = Duration::from_secs(3);

/// The target of lines about this writer; never kept, because each failure would cause the next.
pub(super) const TARGET: &str = "mindflow::logs";
const KEPT: &str = "mindflow_log_lines_kept_total";
const DROPPED: &str = "mindflow_log_lines_dropped_total";
const LEFT_OUT: &str = "mindflow_log_lines_left_out_total";
/// How often the log says how many lines were left out.
const LEFT_OUT_SAID_EVERY: Duration = Duration::from_mins(1);

thread_local! {
    /// What this thread logs now is not kept.
    static PRINTED_ONLY: Cell<bool> = const { Cell::new(false) };
}

/// Logs lines that are printed and, where lines are kept, counted as left out.
pub fn printed_only(log: impl FnOnce()) {
    PRINTED_ONLY.set(true);
    log();
    PRINTED_ONLY.set(false);
}

/// Puts lines into the queue.
pub(super) struct LogLayer {
    lines: mpsc::Sender<Line>,
    clock: Clock,
    /// Of lines about calls: a client can cause them as well as those of access.
    calls: Mutex<Allowance>,
    left_out: Arc<AtomicU64>,
}

/// Lines that wait to be written, and how many were left out.
pub struct LogQueue {
    lines: mpsc::Receiver<Line>,
    left_out: Arc<AtomicU64>,
}

/// Writes lines until it is closed.
pub struct LogWriter {
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The fields of a span or an event.
#[derive(Default)]
struct LogFields {
    component: Option<String>,
    correlation_id: Option<String>,
    message: String,
    fields: Map<String, Value>,
}

/// `calls_a_day`: of the lines about calls, those that are kept.
pub(super) fn queue(calls_a_day: u32) -> (LogLayer, LogQueue) {
    let (sender, lines) = mpsc::channel(QUEUE_LINES_MAX);
    let left_out = Arc::<AtomicU64>::default();
    let calls = Mutex::new(Allowance::new(calls_a_day, 1));
    let layer = LogLayer { lines: sender, clock: Clock::system(), calls, left_out: Arc::clone(&left_out) };
    (layer, LogQueue { lines, left_out })
}

// === impl LogLayer ===

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = LogFields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !self.keeps(event.metadata()) {
            counter!(LEFT_OUT).increment(1);
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut fields = LogFields::default();
        event.record(&mut fields);
        // The innermost span wins.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<LogFields>() {
                fields.component = fields.component.or_else(|| outer.component.clone());
                fields.correlation_id = fields.correlation_id.or_else(|| outer.correlation_id.clone());
            }
        }
        let line = Line {
            at_us: self.clock.now_us(),
            level: level(*event.metadata().level()),
            component: fields.component,
            correlation_id: fields.correlation_id,
            target: event.metadata().target().to_owned(),
            message: fields.message,
            fields: fields.fields,
        };
        if self.lines.try_send(line).is_err() {
            counter!(DROPPED).increment(1);
        }
    }
}

impl LogLayer {
    fn keeps(&self, about: &Metadata<'_>) -> bool {
        if about.target() == CALLS && *about.level() > tracing::Level::WARN {
            return self.calls.lock().unwrap_or_else(PoisonError::into_inner).try_take();
        }
        !PRINTED_ONLY.get()
    }
}

fn level(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::TRACE => Level::Trace,
    }
}

// === impl LogFields ===

impl Visit for LogFields {
    fn record_str(&mut self, field: &Field, text: &str) {
        let text = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or(text).to_owned();
        match field.name() {
            "message" => self.message = text,
            "component" => self.component = Some(text),
            "correlation_id" => self.correlation_id = Some(text).filter(|id| !id.is_empty()),
            name => drop(self.fields.insert(name.to_owned(), Value::String(text))),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        self.record_str(field, &chain(error));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.insert(field.name().to_owned(), value.into());
    }
}

// === impl LogWriter ===

impl LogWriter {
    /// Starts the task that writes.
    pub fn start(queue: LogQueue, store: Arc<dyn LogStore>) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(queue, store, stop.clone()));
        Self { stop, task: Mutex::new(Some(task)) }
    }

    /// Writes the queue, within a bound.
    pub async fn close(&self) {
        self.stop.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut task) = task
            && tokio::time::timeout(DRAIN, &mut task).await.is_err()
        {
            task.abort();
            tracing::warn!(target: TARGET, "the last lines of the log were printed but not kept");
        }
    }
}

async fn run(queue: LogQueue, store: Arc<dyn LogStore>, stop: CancellationToken) {
    let LogQueue { mut lines, left_out } = queue;
    let mut batch = Vec::with_capacity(BATCH_MAX);
    let mut say_at = clock::instant() + LEFT_OUT_SAID_EVERY;
    loop {
        let gathered = tokio::select! {
            gathered = lines.recv_many(&mut batch, BATCH_MAX - 1) => gathered,
            () = stop.cancelled(), if !lines.is_closed() => {
                lines.close();
                continue;
            }
            () = tokio::time::sleep_until(say_at) => 0,
        };
        let is_over = lines.is_closed() && lines.is_empty() && gathered == 0;
        if is_over || clock::instant() >= say_at {
            batch.extend(said(left_out.swap(0, Ordering::Relaxed)));
            say_at = clock::instant() + LEFT_OUT_SAID_EVERY;
        }
        if !batch.is_empty() {
            write(&batch, &*store, &stop).await;
            batch.clear();
        }
        if is_over {
            return;
        }
        if gathered < BATCH_MAX - 1 {
            let _ = tokio::time::timeout(GATHER, stop.cancelled()).await;
        }
    }
}

/// The line that says how many were left out, if any were.
fn said(left_out: u64) -> Option<Line> {
    let fields = Map::from_iter([("lines".to_owned(), left_out.into())]);
    (left_out > 0).then(|| Line {
        at_us: Clock::system().now_us(),
        level: Level::Info,
        component: None,
        correlation_id: None,
        target: TARGET.to_owned(),
        message: "lines of requests and calls were printed and not kept: [log.keep] access-lines-per-day is used up"
            .to_owned(),
        fields,
    })
}

/// Tries until the batch is written; once while the host stops.
async fn write(batch: &[Line], store: &dyn LogStore, stop: &CancellationToken) {
    let mut unavailable_since: Option<Instant> = None;
    loop {
        match store.append(batch).await {
            Ok(()) => {
                counter!(KEPT).increment(batch.len() as u64);
                if let Some(since) = unavailable_since {
                    let s = since.elapsed().as_secs();
                    tracing::info!(target: TARGET, s, "the log store is available again");
                }
                return;
            }
            Err(error) => {
                if unavailable_since.is_none() {
                    unavailable_since = Some(clock::instant());
                    tracing::warn!(target: TARGET, error = &error as &dyn std::error::Error, "the log store is unavailable; lines wait in a queue");
                }
            }
        }
        if stop.is_cancelled() {
            counter!(DROPPED).increment(batch.len() as u64);
            return;
        }
        let _ = tokio::time::timeout(RETRY_PAUSE, stop.cancelled()).await;
    }
}

#[cfg(test)]
mod tests;
