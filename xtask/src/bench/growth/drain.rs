//! Events that wait: how fast they are delivered, and what a transaction that stays open costs them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::requests::delivered;
use super::server::Server;
use crate::bench::host::Host;

const BACKLOG: &str = include_str!("backlog.sql");
const DELIVERED_WITHIN: Duration = Duration::from_secs(900);
const POLL: Duration = Duration::from_millis(50);

pub struct Drained {
    what: &'static str,
    events: u64,
    elapsed: Duration,
}

/// A tenth of the events, all of them, and all of them with a transaction open in another database of the server.
pub fn run(server: &Server, host: &Host, user: &str, events: u64) -> Result<Vec<Drained>> {
    // Instances, prepared statements, buffers.
    drain(server, host, user, "", events / 40)?;
    let mut drained = vec![drain(server, host, user, "", events / 10)?, drain(server, host, user, "", events)?];
    server.run("postgres", &[], "CREATE DATABASE other;")?;
    let open = server.open_transaction("other")?;
    drained.push(drain(server, host, user, ", with a transaction open in another database", events)?);
    drop(open);
    Ok(drained)
}

/// All subscriptions that take them, from the commit of the events to the last delivery.
fn drain(server: &Server, host: &Host, user: &str, what: &'static str, events: u64) -> Result<Drained> {
    println!("bench: {events} events{what}");
    let names = "SELECT name FROM delivery.subscription WHERE 'JournalEntryCreated' = ANY (event_types);";
    let names: Vec<String> = server.run("write", &[], names)?.lines().map(str::to_owned).collect();
    let before = delivered(host)?;
    server.run("write", &[("events", events.to_string()), ("user", user.to_owned())], BACKLOG)?;
    let committed = Instant::now();
    loop {
        let now = delivered(host)?;
        let since = |name: &String| {
            let of = |counts: &BTreeMap<String, u64>| counts.get(name).copied().unwrap_or_default();
            of(&now).saturating_sub(of(&before))
        };
        if names.iter().all(|name| since(name) >= events) {
            return Ok(Drained { what, events, elapsed: committed.elapsed() });
        }
        ensure!(committed.elapsed() < DELIVERED_WITHIN, "{events} events were not delivered in {DELIVERED_WITHIN:?}");
        std::thread::sleep(POLL);
    }
}

pub fn markdown(drained: &[Drained]) -> String {
    let mut text = String::from(
        "\n### With what waits\n\nEvents `JournalEntryCreated` that one transaction published, from its commit until every subscription that takes them has\n\
         delivered them, among all these entries.\n\n| waiting events | seconds | events/s |\n| --- | ---: | ---: |\n",
    );
    for Drained { what, events, elapsed } in drained {
        let seconds = elapsed.as_secs_f64();
        let _ = writeln!(text, "| {events}{what} | {seconds:.1} | {:.0} |", *events as f64 / seconds);
    }
    text
}
