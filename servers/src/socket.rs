//! What the programs that listen on a unix socket have in common: the first question to one, and the end of its log.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

const ANSWER_WITHIN: Duration = Duration::from_secs(1);

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
