//! What a run has shown, as a table, and where it is recorded.

use crate::Outcome;
use crate::honest::Figures;
use crate::watch::{MEMORY_MIB_MAX, Taken};
use anyhow::{Context, Result};
use mindflow_tests::{binary, root};
use std::fmt::Write;
use std::time::Duration;

const PAGE: &str = "docs/security.md";
const BEGIN: &str = "<!-- Between these marks `cargo xtask abuse --record` writes. -->";
const END: &str = "<!-- The end of what it writes. -->";

/// A line about one attack.
pub fn progress(outcome: &Outcome) -> String {
    let refused = [&outcome.before, &outcome.during, &outcome.after].map(|figures| figures.refused.len());
    format!(
        "abuse:   honest {} + {} + {} requests, {refused:?} refused; reads {} -> {} -> {} ms; {} MiB, {} descriptors; attackers: {}; {} faults{}",
        outcome.before.asked(),
        outcome.during.asked(),
        outcome.after.asked(),
        times(&outcome.before.reads),
        times(&outcome.during.reads),
        times(&outcome.after.reads),
        outcome.memory_mib,
        outcome.descriptors,
        answers(outcome),
        outcome.faults.len(),
        outcome.faults.iter().take(4).fold(String::new(), |all, fault| all + "\nabuse:     " + fault)
    )
}

/// The section of the page. `broken`: after how many failures a broken component's circuit was open.
pub fn write(outcomes: &[Outcome], broken: Option<u32>, start: Taken, seconds: u64) -> String {
    // Cargo's folders; a file of `--host` may lie anywhere.
    let build = if binary().ends_with("dist/mindflow") { "`dist`" } else { "another" };
    let mut text = format!(
        "By `cargo xtask abuse --seconds {seconds}`: {build} build, the configuration as it is shipped (embedded, with fsync), but for the model of\n\
         search by meaning, which would take a core, and webhooks that may lead to this machine. The clients are a debug build on the same machine;\n\
         the attackers have a thread of their own there.\n\
         Machine: {}. Sixteen honest users, each from an address of its own, ask once a second: of 20 requests 17 are\n\
         dashboards, the others a new entry, a picture and a login with its logout; each has a WebSocket and an event stream open. × 1: one attacker's address, with the\n\
         numbers of the row; × 10: ten addresses with these each. Times are p50 / p99 in ms: before, during and after.\n\n\
         | attack | | honest requests | refused | dashboards: before | during | after | others: before | during | after | memory MiB | descriptors | the attackers got |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n",
        std::env::var("MINDFLOW_MACHINE").unwrap_or_else(|_| "unknown".to_owned())
    );
    for outcome in outcomes {
        let phases = [&outcome.before, &outcome.during, &outcome.after];
        let of = |chosen: fn(&Figures) -> &Vec<Duration>| phases.map(|figures| times(chosen(figures))).join(" | ");
        let _ = writeln!(
            text,
            "| {} | × {} | {} | {} | {} | {} | {} | {} | {} |",
            outcome.attack.name(),
            outcome.times,
            phases.iter().map(|figures| figures.asked()).sum::<usize>(),
            phases.iter().map(|figures| figures.refused.len()).sum::<usize>(),
            of(|figures| &figures.reads),
            of(|figures| &figures.others),
            outcome.memory_mib,
            outcome.descriptors,
            answers(outcome)
        );
    }
    let _ = writeln!(
        text,
        "\nNo circuit was open, `/health/ready` said 200 all the time, no WebSocket or event stream of an honest user ended, and a newcomer who signed up during\n\
         each attack was welcomed by mail: else the run fails. It also fails where the host takes more than {MEMORY_MIB_MAX} MiB (the limit of\n\
         `deploy/kubernetes`) or more descriptors than the door allows; it began with {} MiB and {}.",
        start.memory_mib, start.descriptors
    );
    if let Some(failures) = broken {
        let _ = writeln!(
            text,
            "A `query` that traps by itself was left alone after {failures} failures, `/health/ready` said 503, and after it was\nswapped back it was ready."
        );
    }
    text
}

/// p50 and p99 in milliseconds.
fn times(latencies: &[Duration]) -> String {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let part = |hundredths: usize| {
        let last = sorted.len().saturating_sub(1);
        sorted.get((last * hundredths).div_ceil(100)).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    format!("{:.0} / {:.0}", part(50), part(99))
}

fn answers(outcome: &Outcome) -> String {
    let answers: Vec<String> = outcome.answers.iter().map(|(answer, count)| format!("{count} × {answer}")).collect();
    if answers.is_empty() { "nothing".to_owned() } else { answers.join(", ") }
}

/// Writes it into the page.
pub fn record(text: &str) -> Result<()> {
    let path = root().join(PAGE);
    let page = std::fs::read_to_string(&path).with_context(|| format!("read {PAGE}"))?;
    let (before, rest) = page.split_once(BEGIN).with_context(|| format!("{PAGE} has no line {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{PAGE} has no line {END}"))?;
    std::fs::write(&path, format!("{before}{BEGIN}\n\n{}\n{END}{after}", text.trim_end().to_owned() + "\n"))
        .with_context(|| format!("write {PAGE}"))
}
