//! Lines on their way to a store that is a list in memory.

use super::*;
use async_trait::async_trait;
use mindflow_backends::records::logs::{Filter, LogsError};
use std::sync::atomic::AtomicBool;
use tracing_subscriber::layer::SubscriberExt;
use uuid::Uuid;

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

    async fn forget_named(&self, _: Uuid) -> Result<u64, LogsError> {
        Ok(0)
    }
}

fn logged(log: impl FnOnce()) -> Vec<Line> {
    let (layer, mut queue) = queue(1_000);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
    std::iter::from_fn(|| queue.lines.try_recv().ok()).collect()
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
    let (layer, queue) = queue(1_000);
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

#[tokio::test(start_paused = true)]
async fn what_is_left_out_is_said_each_minute_and_at_the_end() {
    let shelf = Arc::new(Shelf::default());
    let (layer, queue) = queue(24);
    let left_out = Arc::clone(&layer.left_out);
    let writer = LogWriter::start(queue, Arc::clone(&shelf) as Arc<dyn LogStore>);
    let logging = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    printed_only(|| tracing::info!(target: "mindflow::access", "request"));
    tracing::info!(target: "mindflow::access", "request");
    for _ in 0..3 {
        tracing::info!(target: CALLS, "called");
    }
    tracing::warn!(target: CALLS, "failed");
    assert_eq!(left_out.load(Ordering::Relaxed), 3);
    tokio::time::sleep(LEFT_OUT_SAID_EVERY * 3).await;
    printed_only(|| tracing::info!(target: "mindflow::access", "request"));
    drop(logging);
    writer.close().await;
    let kept: Vec<_> = shelf.lines.lock().unwrap().iter().map(|line| line.message.clone()).collect();
    assert_eq!(kept[..3], ["request", "called", "failed"]);
    let said: Vec<_> = shelf.lines.lock().unwrap()[3..].iter().map(|line| line.fields["lines"].clone()).collect();
    assert_eq!(said, [3, 1]);
}
