//! Writes log lines to the store that keeps them. Logging never waits: lines go into a bounded queue, and one task
//! writes them in batches. While the store is unavailable, lines that do not fit are dropped and counted; they were
//! printed nevertheless.

use metrics::counter;
use mindflow_backends::{
    clock::{self, Clock},
    error::chain,
    records::logs::{BATCH_MAX, Level, Line, LogStore},
};
use serde_json::{Map, Value};
use std::{
    fmt::Debug,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{
    Event, Subscriber,
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

/// Puts lines into the queue.
pub(super) struct LogLayer {
    lines: mpsc::Sender<Line>,
    clock: Clock,
}

/// Lines that wait to be written.
pub struct LogQueue(mpsc::Receiver<Line>);

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

pub(super) fn queue() -> (LogLayer, LogQueue) {
    let (lines, queue) = mpsc::channel(QUEUE_LINES_MAX);
    (LogLayer { lines, clock: Clock::system() }, LogQueue(queue))
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
        let task = tokio::spawn(run(queue.0, store, stop.clone()));
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

async fn run(mut lines: mpsc::Receiver<Line>, store: Arc<dyn LogStore>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        let gathered = tokio::select! {
            gathered = lines.recv_many(&mut batch, BATCH_MAX) => gathered,
            () = stop.cancelled(), if !lines.is_closed() => {
                lines.close();
                continue;
            }
        };
        if gathered == 0 {
            return;
        }
        write(&batch, &*store, &stop).await;
        batch.clear();
        if gathered < BATCH_MAX {
            let _ = tokio::time::timeout(GATHER, stop.cancelled()).await;
        }
    }
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
mod tests {
    use super::*;
    use async_trait::async_trait;
    use mindflow_backends::records::logs::{Filter, LogsError};
    use std::sync::atomic::{AtomicBool, Ordering};
    use tracing_subscriber::layer::SubscriberExt;

    /// Keeps lines in memory, unless it is unavailable.
    #[derive(Default)]
    struct Shelf {
        unavailable: AtomicBool,
        lines: Mutex<Vec<Line>>,
    }

    #[async_trait]
    impl LogStore for Shelf {
        async fn append(&self, lines: &[Line]) -> Result<(), LogsError> {
            if self.unavailable.load(Ordering::Acquire) {
                return Err(LogsError::Timeout);
            }
            self.lines.lock().unwrap().extend_from_slice(lines);
            Ok(())
        }

        async fn read(&self, _: &Filter, _: usize) -> Result<Vec<Line>, LogsError> {
            Ok(self.lines.lock().unwrap().clone())
        }

        async fn forget(&self, _: i64) -> Result<u64, LogsError> {
            Ok(0)
        }
    }

    fn logged(log: impl FnOnce()) -> Vec<Line> {
        let (layer, mut queue) = queue();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        std::iter::from_fn(|| queue.0.try_recv().ok()).collect()
    }

    #[test]
    fn a_line_knows_the_component_and_the_request_of_the_spans_around_it() {
        let lines = logged(|| {
            let outer = tracing::info_span!("request", correlation_id = "checkout:42");
            let _outer = outer.enter();
            let inner = tracing::info_span!("call", component = "command", correlation_id = None::<&str>);
            let _inner = inner.enter();
            tracing::warn!(ms = 1.5, attempt = 2_u32, why = ?Some(1), "it {}", "failed");
            tracing::info!(component = "query", "another's");
        });
        let one = &lines[0];
        assert_eq!((one.level, one.message.as_str()), (Level::Warn, "it failed"));
        assert_eq!((one.component.as_deref(), one.correlation_id.as_deref()), (Some("command"), Some("checkout:42")));
        assert_eq!(Value::Object(one.fields.clone()), serde_json::json!({ "ms": 1.5, "attempt": 2, "why": "Some(1)" }));
        assert_eq!(lines[1].component.as_deref(), Some("query"));
    }

    #[test]
    fn a_long_text_is_cut_between_two_letters() {
        let long = "ü".repeat(TEXT_BYTES_MAX);
        let lines = logged(|| tracing::info!("{long}"));
        assert_eq!(lines[0].message.len(), TEXT_BYTES_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn lines_wait_for_an_unavailable_store_and_a_stop_writes_the_queue() {
        let shelf = Arc::new(Shelf::default());
        shelf.unavailable.store(true, Ordering::Release);
        let (layer, queue) = queue();
        let line = |message: &str| Line {
            at_us: 0,
            level: Level::Info,
            component: None,
            correlation_id: None,
            target: String::new(),
            message: message.into(),
            fields: Map::new(),
        };
        let writer = LogWriter::start(queue, Arc::clone(&shelf) as Arc<dyn LogStore>);
        layer.lines.send(line("while it is unavailable")).await.unwrap();
        tokio::time::sleep(RETRY_PAUSE * 3).await;
        assert!(shelf.lines.lock().unwrap().is_empty());
        shelf.unavailable.store(false, Ordering::Release);
        layer.lines.send(line("as it comes back")).await.unwrap();
        writer.close().await;
        let kept: Vec<_> = shelf.lines.lock().unwrap().iter().map(|line| line.message.clone()).collect();
        assert_eq!(kept, ["while it is unavailable", "as it comes back"]);
    }
}
