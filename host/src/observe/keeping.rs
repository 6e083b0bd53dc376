//! Log lines on their way to where they are kept. Whoever logs hands a line over and goes on: lines wait in a bounded
//! queue, and one task writes them, many at once. What does not fit while the store is away is dropped and counted;
//! it was printed all the same.

use metrics::counter;
use mindflow_backends::{
    clock::Clock,
    logs::{BATCH_MAX, Level, Line, LogStore},
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

/// A busy second's lines: some megabytes.
const WAITING_MAX: usize = 8_192;
/// Longer texts are cut: a line is to be read, not to hold documents.
const TEXT_BYTES_MAX: usize = 8 * 1024;
/// After a write that was not full, more lines gather for this long.
const GATHER: Duration = Duration::from_millis(200);
/// Between attempts while the store is away.
const AWAY_PAUSE: Duration = Duration::from_secs(2);
/// How long a stop waits for what is still to be written.
const DRAIN: Duration = Duration::from_secs(3);

/// What logs about the keeping itself; never kept, or each failure would make the next.
pub(super) const TARGET: &str = "mindflow::logs";
const KEPT: &str = "mindflow_log_lines_kept_total";
const DROPPED: &str = "mindflow_log_lines_dropped_total";

/// The end at which lines are handed over.
pub(super) struct Keeping {
    lines: mpsc::Sender<Line>,
    clock: Clock,
}

/// The lines that wait.
pub struct Waiting(mpsc::Receiver<Line>);

/// Writes lines until it is closed.
pub struct Keeper {
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What a span or an event says.
#[derive(Default)]
struct Said {
    component: Option<String>,
    correlation_id: Option<String>,
    message: String,
    fields: Map<String, Value>,
}

pub(super) fn queue() -> (Keeping, Waiting) {
    let (lines, waiting) = mpsc::channel(WAITING_MAX);
    (Keeping { lines, clock: Clock::system() }, Waiting(waiting))
}

// === impl Keeping ===

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Keeping {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut said = Said::default();
        attributes.record(&mut said);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(said);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut said = Said::default();
        event.record(&mut said);
        // The innermost span knows best.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Said>() {
                said.component = said.component.or_else(|| outer.component.clone());
                said.correlation_id = said.correlation_id.or_else(|| outer.correlation_id.clone());
            }
        }
        let line = Line {
            at_us: self.clock.now_us(),
            level: level(*event.metadata().level()),
            component: said.component,
            correlation_id: said.correlation_id,
            target: event.metadata().target().to_owned(),
            message: said.message,
            fields: said.fields,
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

// === impl Said ===

impl Visit for Said {
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
        self.record_str(field, &crate::cli::line(error));
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

// === impl Keeper ===

impl Keeper {
    /// Starts the task that writes.
    pub fn start(waiting: Waiting, store: Arc<dyn LogStore>) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(keep(waiting.0, store, stop.clone()));
        Self { stop, task: Mutex::new(Some(task)) }
    }

    /// Writes what waits, as far as that is quickly done.
    pub async fn close(&self) {
        self.stop.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut task) = task
            && tokio::time::timeout(DRAIN, &mut task).await.is_err()
        {
            task.abort();
            tracing::warn!(target: TARGET, "the last lines of the log were printed and not kept");
        }
    }
}

async fn keep(mut lines: mpsc::Receiver<Line>, store: Arc<dyn LogStore>, stop: CancellationToken) {
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

/// Until it is done; while the host stops, once.
async fn write(batch: &[Line], store: &dyn LogStore, stop: &CancellationToken) {
    let mut away_since = None;
    loop {
        match store.append(batch).await {
            Ok(()) => {
                counter!(KEPT).increment(batch.len() as u64);
                if let Some(since) = away_since {
                    let s = Instant::now().duration_since(since).as_secs();
                    tracing::info!(target: TARGET, s, "lines of the log are kept again");
                }
                return;
            }
            Err(error) => {
                if away_since.is_none() {
                    away_since = Some(Instant::now());
                    tracing::warn!(target: TARGET, error = &error as &dyn std::error::Error, "lines of the log wait to be kept");
                }
            }
        }
        if stop.is_cancelled() {
            counter!(DROPPED).increment(batch.len() as u64);
            return;
        }
        let _ = tokio::time::timeout(AWAY_PAUSE, stop.cancelled()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use mindflow_backends::logs::{Filter, LogsError};
    use std::sync::atomic::{AtomicBool, Ordering};
    use tracing_subscriber::layer::SubscriberExt;

    /// Keeps lines in memory, once it may.
    #[derive(Default)]
    struct Shelf {
        away: AtomicBool,
        lines: Mutex<Vec<Line>>,
    }

    #[async_trait]
    impl LogStore for Shelf {
        async fn append(&self, lines: &[Line]) -> Result<(), LogsError> {
            if self.away.load(Ordering::Acquire) {
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
        let (keeping, mut waiting) = queue();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(keeping), log);
        std::iter::from_fn(|| waiting.0.try_recv().ok()).collect()
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
    fn a_text_without_end_is_cut_between_two_letters() {
        let long = "ü".repeat(TEXT_BYTES_MAX);
        let lines = logged(|| tracing::info!("{long}"));
        assert_eq!(lines[0].message.len(), TEXT_BYTES_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn lines_wait_for_a_store_that_is_away_and_a_stop_writes_what_waits() {
        let shelf = Arc::new(Shelf::default());
        shelf.away.store(true, Ordering::Release);
        let (keeping, waiting) = queue();
        let line = |message: &str| Line {
            at_us: 0,
            level: Level::Info,
            component: None,
            correlation_id: None,
            target: String::new(),
            message: message.into(),
            fields: Map::new(),
        };
        let keeper = Keeper::start(waiting, Arc::clone(&shelf) as Arc<dyn LogStore>);
        keeping.lines.send(line("while it is away")).await.unwrap();
        tokio::time::sleep(AWAY_PAUSE * 3).await;
        assert!(shelf.lines.lock().unwrap().is_empty());
        shelf.away.store(false, Ordering::Release);
        keeping.lines.send(line("as it comes back")).await.unwrap();
        keeper.close().await;
        let kept: Vec<_> = shelf.lines.lock().unwrap().iter().map(|line| line.message.clone()).collect();
        assert_eq!(kept, ["while it is away", "as it comes back"]);
    }
}
