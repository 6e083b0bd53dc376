//! A guest's standard output and error as log lines of the host, each with the component's name and the request
//! that it follows from.
//!
//! A line may begin with its level and the request, as in `warn correlation_id=4bf9… no model`. In an instance that
//! takes one call at a time, the host knows the request.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};
use tokio::io::AsyncWrite;
use tracing::Level;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// The request that an instance works for now.
#[derive(Clone, Default)]
pub struct LogContext(Arc<Mutex<Option<Arc<str>>>>);

impl LogContext {
    pub fn set(&self, correlation_id: Option<Arc<str>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = correlation_id;
    }

    fn get(&self) -> Option<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A longer line is logged in pieces.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// One of a component's two output streams.
#[derive(Clone)]
pub struct LogStream {
    component: Arc<str>,
    context: LogContext,
    /// Of lines without a level.
    level: Level,
}

impl LogStream {
    pub fn stdout(component: Arc<str>, context: LogContext) -> Self {
        Self { component, context, level: Level::INFO }
    }

    pub fn stderr(component: Arc<str>, context: LogContext) -> Self {
        Self { component, context, level: Level::WARN }
    }
}

/// Splits a line into its level and its request, where it begins with them, and the rest.
fn read(line: &str) -> (Option<Level>, Option<&str>, &str) {
    let Some((word, rest)) = line.split_once(' ') else { return (None, None, line) };
    let level = match word {
        "error" => Level::ERROR,
        "warn" => Level::WARN,
        "info" => Level::INFO,
        "debug" => Level::DEBUG,
        _ => return (None, None, line),
    };
    let request = rest.strip_prefix("correlation_id=").and_then(|rest| rest.split_once(' '));
    match request {
        Some((id, text)) => (Some(level), Some(id), text),
        None => (Some(level), None, rest),
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Lines { stream: self.clone(), pending: Vec::new() })
    }
}

struct Lines {
    stream: LogStream,
    pending: Vec<u8>,
}

impl Lines {
    fn log(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        if text.is_empty() {
            return;
        }
        let (level, named, text) = read(text);
        let current = self.stream.context.get();
        let correlation_id = named.or(current.as_deref());
        let component = &*self.stream.component;
        macro_rules! log {
            ($level:ident) => {
                tracing::$level!(target: "mindflow::guest", component, correlation_id, "{text}")
            };
        }
        match level.unwrap_or(self.stream.level) {
            Level::ERROR => log!(error),
            Level::WARN => log!(warn),
            Level::INFO => log!(info),
            _ => log!(debug),
        }
    }
}

impl AsyncWrite for Lines {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.pending.extend_from_slice(bytes);
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let rest = self.pending.split_off(end + 1);
            let line = std::mem::replace(&mut self.pending, rest);
            self.log(&line);
        }
        if self.pending.len() > LINE_BYTES_MAX {
            let line = std::mem::take(&mut self.pending);
            self.log(&line);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.log(&self.pending);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_begin_with_its_level_and_its_request() {
        assert_eq!(read("warn correlation_id=c:1 no model"), (Some(Level::WARN), Some("c:1"), "no model"));
        assert_eq!(read("error it broke"), (Some(Level::ERROR), None, "it broke"));
        assert_eq!(read("warning: it broke"), (None, None, "warning: it broke"));
        assert_eq!(read("info"), (None, None, "info"));
    }
}
