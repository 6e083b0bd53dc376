//! Accepts connections from a listener, and goes on after errors. If no connection can be accepted, for example without a free
//! descriptor, a listener fails immediately each time: it is tried again after a pause, and that is logged once a minute.

use mindflow_backends::clock;
use std::{
    io::{self, ErrorKind},
    time::Duration,
};
use tokio::time::Instant;

/// Before a listener that failed is asked again.
const PAUSE: Duration = Duration::from_millis(50);
/// From one line of the log to the next.
const SAID_EVERY: Duration = Duration::from_mins(1);
/// Open files of this process, and of the machine (errno.h).
const NO_DESCRIPTORS: [i32; 2] = [24, 23];

pub(crate) struct Accepting {
    /// What connects, for the log.
    who: &'static str,
    said_at: Option<Instant>,
    /// Failures since then.
    unsaid: u64,
}

impl Accepting {
    pub fn new(who: &'static str) -> Self {
        Self { who, said_at: None, unsaid: 0 }
    }

    /// The next connection. It can be cancelled.
    pub async fn next<T, F: Future<Output = io::Result<T>>>(&mut self, accept: impl Fn() -> F) -> T {
        loop {
            match accept().await {
                Ok(accepted) => return accepted,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    self.failed(&error);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn failed(&mut self, error: &io::Error) {
        self.unsaid += 1;
        let now = clock::instant();
        if self.said_at.is_some_and(|at| now.duration_since(at) < SAID_EVERY) {
            return;
        }
        let mend = match error.raw_os_error() {
            Some(code) if NO_DESCRIPTORS.contains(&code) => {
                "; raise the limit of open files (`ulimit -n`), or lower [http] connections-max"
            }
            _ => "",
        };
        tracing::warn!(
            who = self.who,
            times = self.unsaid,
            "no connection can be taken: {error}{mend}. It is tried again, and said once a minute"
        );
        (self.said_at, self.unsaid) = (Some(now), 0);
    }
}

/// The client left before its connection was taken, or its network did (accept(2)): the next one may be well.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::Interrupted
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        cell::Cell,
        sync::{Arc, Mutex},
    };

    #[derive(Clone, Default)]
    struct Printed(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Printed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Takes a connection after so many failures; how long that takes, and what is logged.
    async fn after(failures: u32, code: i32) -> (Duration, String) {
        let printed = Printed::default();
        let writer = printed.clone();
        let logging = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
        let logging = tracing::subscriber::set_default(logging);
        let (left, began) = (Cell::new(failures), clock::instant());
        let accept = || {
            let more = left.get();
            left.set(more.saturating_sub(1));
            std::future::ready(if more == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) })
        };
        Accepting::new("clients").next(accept).await;
        drop(logging);
        let text = String::from_utf8(printed.0.lock().unwrap().clone()).unwrap();
        (began.elapsed(), text)
    }

    #[tokio::test(start_paused = true)]
    async fn without_descriptors_it_is_tried_again_after_a_pause_and_said_once_a_minute_with_the_mend() {
        let (took, printed) = after(2_600, NO_DESCRIPTORS[0]).await;
        assert!(took >= PAUSE * 2_600, "it does not spin");
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 3, "in 130 s: {printed}");
        assert!(lines[0].contains("times=1") && lines[0].contains("ulimit -n"), "{printed}");
        assert!(lines[1].contains("times=1200"), "{printed}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_left_holds_up_no_other_and_is_not_logged() {
        let aborted = 103;
        assert_eq!(after(1_000, aborted).await, (Duration::ZERO, String::new()));
    }
}
