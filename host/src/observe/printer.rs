//! Prints log lines. Each request has a line, and a system call for each would cost as much as a tenth of the request: these
//! lines wait a moment and are written together. Every other line is written immediately, after those that wait, so that lines
//! stay in their order, and what a host says before it dies is there.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

/// The target of the lines that may wait.
pub const ACCESS: &str = "mindflow::access";

/// How long a line waits for others. An operator who watches does not notice.
const GATHER: Duration = Duration::from_millis(20);
/// Some hundred lines: with more, the line that is one too many writes them.
const WAITING_BYTES_MAX: usize = 64 << 10;

/// Where lines are printed. Cheap to clone.
pub struct Printer<W>(Arc<Printing<W>>);

struct Printing<W> {
    /// Locked while lines are written; before `waiting`.
    output: Mutex<W>,
    waiting: Mutex<Vec<u8>>,
    /// There is a first line that waits.
    begun: Condvar,
}

/// One line's way out.
pub struct Line<'a, W> {
    printing: &'a Printing<W>,
    may_wait: bool,
}

// === impl Printer ===

impl<W: Write + Send + 'static> Printer<W> {
    /// Starts the thread that writes lines that wait.
    ///
    /// # Errors
    /// There can be no further thread.
    pub fn start(output: W) -> io::Result<Self> {
        let printer = Self::new(output);
        let printing = Arc::clone(&printer.0);
        thread::Builder::new().name("log".to_owned()).spawn(move || printing.run())?;
        Ok(printer)
    }

    fn new(output: W) -> Self {
        let (output, waiting) = (Mutex::new(output), Mutex::default());
        Self(Arc::new(Printing { output, waiting, begun: Condvar::new() }))
    }

    /// Writes what waits.
    pub fn flush(&self) {
        self.0.write(b"");
    }
}

impl<W> Clone for Printer<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<'a, W: Write + 'a> MakeWriter<'a> for Printer<W> {
    type Writer = Line<'a, W>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { printing: &self.0, may_wait: false }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Self::Writer {
        Line { printing: &self.0, may_wait: about.target() == ACCESS }
    }
}

// === impl Printing ===

impl<W: Write> Printing<W> {
    fn run(&self) {
        loop {
            let waiting = self.waiting();
            drop(self.begun.wait_while(waiting, |waiting| waiting.is_empty()).unwrap_or_else(PoisonError::into_inner));
            thread::sleep(GATHER);
            self.write(b"");
        }
    }

    fn keep(&self, line: &[u8]) {
        let mut waiting = self.waiting();
        let is_first = waiting.is_empty();
        waiting.extend_from_slice(line);
        let is_full = waiting.len() > WAITING_BYTES_MAX;
        drop(waiting);
        if is_full {
            self.write(b"");
        } else if is_first {
            self.begun.notify_one();
        }
    }

    /// Writes what waits, then the line. What cannot be written is lost.
    fn write(&self, line: &[u8]) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = std::mem::take(&mut *self.waiting());
        lines.extend_from_slice(line);
        if !lines.is_empty() {
            let _ = output.write_all(&lines).and_then(|()| output.flush());
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<u8>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Line ===

impl<W: Write> Write for Line<'_, W> {
    /// A whole line: that is what the layer gives.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.may_wait {
            self.printing.keep(line)
        } else {
            self.printing.write(line)
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use tracing_subscriber::{fmt, layer::SubscriberExt};

    /// Each write of it.
    struct Writes(mpsc::Sender<String>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(String::from_utf8(bytes.to_vec()).unwrap()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(printer: &Printer<Writes>, log: impl FnOnce()) {
        let layer = fmt::layer().with_writer(printer.clone()).without_time().with_ansi(false);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
    }

    fn request(number: u32) {
        tracing::info!(target: ACCESS, number, "request");
    }

    #[test]
    fn lines_of_requests_wait_for_others_and_a_line_of_anything_else_comes_after_them() {
        let (sender, writes) = mpsc::channel();
        let printer = Printer::new(Writes(sender));
        logged(&printer, || {
            request(1);
            request(2);
            assert!(writes.try_recv().is_err());
            tracing::warn!("trouble");
        });
        let written = writes.try_recv().unwrap();
        let [first, second, last]: [&str; 3] = written.lines().collect::<Vec<_>>().try_into().unwrap();
        assert!(first.contains("number=1") && second.contains("number=2") && last.contains("trouble"), "{written}");
        printer.flush();
        assert!(writes.try_recv().is_err(), "nothing waits");
    }

    #[test]
    fn a_line_that_waits_is_written_although_no_other_follows_and_the_next_one_too() {
        let (sender, writes) = mpsc::channel();
        let printer = Printer::start(Writes(sender)).unwrap();
        for number in 1..=2 {
            logged(&printer, || request(number));
            let written = writes.recv_timeout(Duration::from_secs(10)).unwrap();
            assert!(written.contains(&format!("number={number}")), "{written}");
        }
    }

    #[test]
    fn what_waits_has_a_bound_and_no_line_is_lost() {
        let (sender, writes) = mpsc::channel();
        let printer = Printer::new(Writes(sender));
        let count = 5_000;
        logged(&printer, || (0..count).for_each(request));
        printer.flush();
        let written: Vec<String> = writes.try_iter().collect();
        assert!(written.iter().all(|lines| lines.len() < 2 * WAITING_BYTES_MAX));
        assert!(written.len() < 50, "{} writes", written.len());
        let numbers = written.iter().flat_map(|lines| lines.lines()).map(|line| line.rsplit_once("number=").unwrap().1);
        assert!(numbers.eq((0..count).map(|number| number.to_string())));
    }
}
