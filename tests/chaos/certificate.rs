//! What a run has shown, as a page.

use crate::plan::PLACES;
use crate::round::Report;
use mindflow_tests::laws::checker::{LAWS, Violation};
use std::fmt::{Display, Write};

/// What was run, and with what.
pub struct Run {
    pub command: String,
    pub seed: u64,
    pub replicas: usize,
    /// Name and version.
    pub versions: Vec<(&'static str, String)>,
}

pub fn write(run: &Run, rounds: &[Report]) -> String {
    let holds = rounds.iter().all(|round| round.violations.is_empty());
    let mut page = String::from("# Delivery certificate\n\n");
    let _ = writeln!(
        page,
        "Made by `{}` (seed {}, {} replicas). The same seed gives the same faults; what happens between",
        run.command, run.seed, run.replicas
    );
    page.push_str("them differs from run to run. PostgreSQL with fsync, Redis with an append-only file, hosts in a debug build.\n\n");
    let _ = writeln!(page, "**{}**\n", if holds { "Every law holds." } else { "VIOLATED." });
    table(&mut page, "what happened", rounds, &happened(rounds));
    let laws: Vec<Row> = LAWS
        .iter()
        .map(|(law, text)| {
            let broken = |violations: &[Violation]| violations.iter().filter(|violation| violation.law == *law).count();
            row(text, rounds, |round| broken(&round.violations))
        })
        .collect();
    table(&mut page, "the laws: each must be 0", rounds, &laws);
    page.push_str("| with | version |\n| --- | --- |\n");
    for (name, version) in &run.versions {
        let _ = writeln!(page, "| {name} | {version} |");
    }
    page
}

type Row = (String, Vec<String>);

fn row<T: Display>(name: &str, rounds: &[Report], of: impl Fn(&Report) -> T) -> Row {
    (name.to_owned(), rounds.iter().map(|round| of(round).to_string()).collect())
}

fn happened(rounds: &[Report]) -> Vec<Row> {
    let mut rows = vec![
        row("writes asked for", rounds, |r| r.ok + r.failed + r.unknown.written + r.unknown.not_written),
        row("… acknowledged", rounds, |r| r.ok),
        row("… refused or never sent", rounds, |r| r.failed),
        row("… unknown to the client, and written", rounds, |r| r.unknown.written),
        row("… unknown to the client, and not written", rounds, |r| r.unknown.not_written),
        row("events archived", rounds, |r| r.archived),
        row("entries and accounts erased", rounds, |r| r.erased),
        row("events applied by the counter", rounds, |r| r.applied),
        row("hosts killed (`kill -9`)", rounds, |r| r.kills.total()),
        row("… at random", rounds, |r| r.kills.at_random),
        row("… at random, armed for a place not reached in time", rounds, |r| r.kills.place_not_reached),
    ];
    for place in PLACES {
        rows.push(row(&format!("… at `{place}`"), rounds, |r| r.kills.at_place.get(place).copied().unwrap_or(0)));
    }
    rows.push(row("PostgreSQL stopped (immediate)", rounds, |r| r.postgres_stops));
    rows.push(row("Redis killed", rounds, |r| r.redis_kills));
    rows.push(row("Redis flushed", rounds, |r| r.redis_flushes));
    rows.push(row("duration", rounds, |r| format!("{:.0} s", r.duration.as_secs_f64())));
    rows
}

fn table(page: &mut String, title: &str, rounds: &[Report], rows: &[Row]) {
    let _ = writeln!(
        page,
        "| {title} |{} |",
        rounds.iter().map(|round| format!(" {}", round.backend.name())).collect::<Vec<_>>().join(" |")
    );
    let _ = writeln!(page, "| --- |{}", " ---: |".repeat(rounds.len()));
    for (name, values) in rows {
        let _ = writeln!(page, "| {name} | {} |", values.join(" | "));
    }
    page.push('\n');
}
