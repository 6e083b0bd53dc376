//! What goes on in a data directory: a server that serves, one on its way up or down, or none. After a `kill -9` the
//! lock file stays behind, and its process id may belong to another process by now.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use super::data_dir::SUPERUSER;

/// How long one question to the server may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// SQLSTATE `cannot_connect_now`: the server is starting or stopping.
const NOT_NOW: &[u8] = b"C57P03\0";
/// `AuthenticationOk`; any other number asks for something.
const AUTHENTICATED: [u8; 4] = [0; 4];

/// The lines of `postmaster.pid` that matter here.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LockFile {
    pub(super) pid: i32,
    pub(super) port: u16,
    pub(super) socket_dir: PathBuf,
}

/// The state of a data directory.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    /// A server answers there.
    Serving(LockFile),
    /// Processes of a server are there and do not answer: it starts, stops, or has just been killed.
    Busy,
    /// No process uses the directory.
    Free,
}

/// How a server answers a superuser who brings no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Welcome {
    LetIn,
    PasswordAsked,
    /// With another error than the next.
    Refused,
    /// It starts or stops.
    NotNow,
}

// === impl LockFile ===

impl LockFile {
    pub(super) fn read(data_dir: &Path) -> Option<Self> {
        // The path of the data directory in it may be no UTF-8.
        Self::parse(&String::from_utf8_lossy(&std::fs::read(data_dir.join("postmaster.pid")).ok()?))
    }

    /// Lines: pid, data directory, start time, port, socket directory, …
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        let port = lines.nth(2)?.trim().parse().ok()?;
        let socket_dir = lines.next()?.trim();
        (!socket_dir.is_empty()).then(|| Self { pid, port, socket_dir: PathBuf::from(socket_dir) })
    }

    /// Whether its process runs and works in `data_dir`, as every process of a server does.
    pub(super) fn is_alive(&self, data_dir: &Path) -> bool {
        works_in(&PathBuf::from(format!("/proc/{}", self.pid)), data_dir)
    }
}

/// Looks at the data directory, and removes a stale lock file.
pub(super) fn state_of(data_dir: &Path) -> io::Result<State> {
    if let Some(lock) = LockFile::read(data_dir)
        && lock.is_alive(data_dir)
    {
        return Ok(match answers(&lock.socket_dir, lock.port) {
            true => State::Serving(lock),
            false => State::Busy,
        });
    }
    if any_process_works_in(data_dir)? {
        // Orphans of a killed server; they notice within moments.
        return Ok(State::Busy);
    }
    match std::fs::remove_file(data_dir.join("postmaster.pid")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(State::Free),
    }
}

/// Whether a server on this socket takes statements.
pub(super) fn answers(socket_dir: &Path, port: u16) -> bool {
    welcome(socket_dir, port).is_ok_and(|welcome| welcome != Welcome::NotNow)
}

/// Opens a connection and takes the server's first message.
pub(super) fn welcome(socket_dir: &Path, port: u16) -> io::Result<Welcome> {
    let mut stream = UnixStream::connect(socket_dir.join(format!(".s.PGSQL.{port}")))?;
    stream.set_read_timeout(Some(PROBE_TIMEOUT))?;
    stream.set_write_timeout(Some(PROBE_TIMEOUT))?;
    stream.write_all(&startup_message())?;
    let (mut kind, mut length) = ([0], [0; 4]);
    stream.read_exact(&mut kind)?;
    stream.read_exact(&mut length)?;
    let mut body = Vec::new();
    // The length counts itself. A first message has some hundred bytes.
    let length = u64::from(u32::from_be_bytes(length)).saturating_sub(4).min(4_096);
    Read::by_ref(&mut stream).take(length).read_to_end(&mut body)?;
    let welcome = match kind {
        [b'E'] if body.windows(NOT_NOW.len()).any(|field| field == NOT_NOW) => Welcome::NotNow,
        // An error such as "too many connections" comes from a server that serves.
        [b'E'] => Welcome::Refused,
        [b'R'] if body != AUTHENTICATED => Welcome::PasswordAsked,
        _ => Welcome::LetIn,
    };
    if welcome == Welcome::LetIn {
        // `Terminate`, so that the server logs no broken connection. In the middle of a login it would log this.
        let _ = stream.write_all(b"X\0\0\0\x04");
    }
    Ok(welcome)
}

/// Version 3.0 of the protocol, as the superuser in the database that is always there.
fn startup_message() -> Vec<u8> {
    let mut body = 196_608_u32.to_be_bytes().to_vec();
    for text in ["user", SUPERUSER, "database", "postgres"] {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [length.to_be_bytes().as_slice(), &body].concat()
}

fn any_process_works_in(data_dir: &Path) -> io::Result<bool> {
    let processes = std::fs::read_dir("/proc")?;
    Ok(processes.flatten().any(|entry| {
        let is_process = entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit());
        is_process && works_in(&entry.path(), data_dir)
    }))
}

fn works_in(process: &Path, data_dir: &Path) -> bool {
    let is_postgres = std::fs::read_to_string(process.join("comm")).is_ok_and(|name| name.starts_with("postgres"));
    is_postgres && std::fs::read_link(process.join("cwd")).is_ok_and(|dir| dir == data_dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_lock_file_is_read_by_its_lines() {
        let text = "4711\n/data/postgres\n1700000000\n5432\n/run/x\n\n  5432001   0\nready   \n";
        let lock = LockFile::parse(text).unwrap();
        assert_eq!(lock, LockFile { pid: 4711, port: 5432, socket_dir: "/run/x".into() });
        assert_eq!(LockFile::parse("4711\n/data\n"), None);
        assert_eq!(LockFile::parse(""), None);
    }

    #[test]
    fn another_programs_process_does_not_hold_the_directory() {
        let lock = LockFile { pid: i32::try_from(std::process::id()).unwrap(), port: 1, socket_dir: "/x".into() };
        assert!(!lock.is_alive(&std::env::current_dir().unwrap()));
    }

    #[test]
    fn a_stale_lock_file_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("postmaster.pid"), format!("{}\n/x\n1\n5432\n/x\n", std::process::id()))
            .unwrap();
        assert_eq!(state_of(dir.path()).unwrap(), State::Free);
        assert!(!dir.path().join("postmaster.pid").exists());
    }

    #[test]
    fn a_server_that_starts_or_stops_does_not_answer_yet_and_a_full_one_does() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!answers(dir.path(), 5432));
        let listener = UnixListener::bind(dir.path().join(".s.PGSQL.5432")).unwrap();
        let serving = std::thread::spawn(move || {
            for fields in ["SFATAL\0C57P03\0Mstarting\0\0", "SFATAL\0C53300\0Mtoo many\0\0"] {
                let (mut client, _) = listener.accept().unwrap();
                // As a server does: closing with unread bytes would reset the connection.
                client.read_exact(&mut vec![0; startup_message().len()]).unwrap();
                let length = u32::try_from(fields.len() + 4).unwrap();
                client.write_all(&[b"E", length.to_be_bytes().as_slice(), fields.as_bytes()].concat()).unwrap();
            }
        });
        assert!(!answers(dir.path(), 5432));
        assert!(answers(dir.path(), 5432));
        serving.join().unwrap();
    }
}
