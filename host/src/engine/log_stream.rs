//! A guest's standard output and error as log lines of the host, each with the component's name.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// A longer line is logged in pieces.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// One of a component's two output streams.
#[derive(Clone)]
pub struct LogStream {
    component: Arc<str>,
    error: bool,
}

impl LogStream {
    pub fn stdout(component: Arc<str>) -> Self {
        Self { component, error: false }
    }

    pub fn stderr(component: Arc<str>) -> Self {
        Self { component, error: true }
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
        if self.stream.error {
            tracing::warn!(target: "mindflow::guest", component = %self.stream.component, "{text}");
        } else {
            tracing::info!(target: "mindflow::guest", component = %self.stream.component, "{text}");
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
