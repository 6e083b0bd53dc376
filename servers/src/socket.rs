//! What the programs that listen on a unix socket have in common: the first question to one, the wait for its answer, and
//! the end of its log.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::Child,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::child;

const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// They start in some 10 to 20 ms; a machine under load gets ample time.
pub(crate) const STARTED_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(5);

/// Why a program that was started does not serve.
pub(crate) enum Unanswered {
    Ended,
    Slow,
}

/// Waits until a program that was just started answers.
pub(crate) fn until_answered(child: &mut Child, answers: impl Fn() -> bool) -> Result<(), Unanswered> {
    let deadline = Instant::now() + STARTED_WITHIN;
    while !answers() {
        if child::has_ended(child) {
            return Err(Unanswered::Ended);
        }
        if Instant::now() >= deadline {
            return Err(Unanswered::Slow);
        }
        sleep(POLL);
    }
    Ok(())
}

/// Sends a question and reads an answer of `N` bytes.
pub(crate) fn ask<const N: usize>(socket: &Path, question: &[u8]) -> io::Result<[u8; N]> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.write_all(question)?;
    let mut answer = [0; N];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// The last lines of a log, for an error that says why.
pub(crate) fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.get(lines.len().saturating_sub(5)..).unwrap_or_default().join(" · ")
}
