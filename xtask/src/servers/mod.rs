//! The real back ends that the tests run against, private to one run: in a
//! folder of their own that goes with them, on ports that were free, and never
//! outliving the process that started them.

mod child;
mod folder;
mod postgres;
mod redis;

pub use child::end_with_parent;
pub use folder::sweep;
pub use postgres::Postgres;
pub use redis::Redis;

use anyhow::{Context, Result};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

/// A port can be taken between finding it free and listening on it.
const START_ATTEMPTS_MAX: u32 = 5;
/// A server that is not ready by then will not be; a slow machine needs about a second.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// An orderly stop takes milliseconds, as nothing is to be kept.
const STOP_WITHIN: Duration = Duration::from_secs(20);

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr().context("find a free port")?.port())
}

fn with_a_free_port<T>(start: impl Fn(u16) -> Result<T>) -> Result<T> {
    let mut attempt = 1;
    loop {
        match start(free_port()?) {
            Ok(started) => return Ok(started),
            Err(error) if attempt >= START_ATTEMPTS_MAX => return Err(error),
            Err(error) => eprintln!("servers: {error:#}; trying another port"),
        }
        attempt += 1;
    }
}

/// The last lines of a log, for an error that says why.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = lines.len().saturating_sub(5);
    lines.get(from..).unwrap_or_default().join("\n")
}
