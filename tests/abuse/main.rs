//! Honest users and attackers, one kind of attack after another, each for some seconds: with the numbers that once stopped the
//! platform, and with ten times these. It asserts what comes of it, never how fast. `cargo xtask abuse` starts this program with what
//! it needs in `MINDFLOW_*` variables; `docs/security.md` has what it prints.

mod apart;
mod attacks;
mod broken;
mod honest;
mod page;
mod watch;

use anyhow::{Context, Result, anyhow};
use apart::Apart;
use attacks::{Attack, Ground, Tally};
use clap::Parser;
use futures::FutureExt;
use honest::{Figures, Honest};
use mindflow_tests::receiver::Receiver;
use mindflow_tests::{Platform, binary, stop_requested};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Duration;
use watch::Watch;

/// How many times the numbers that once stopped the platform are used.
const TIMES: [usize; 2] = [1, 10];

#[derive(Parser)]
#[command(
    name = "abuse",
    bin_name = "cargo xtask abuse",
    about = "Has honest users work during attacks, and checks that they are served as without them"
)]
struct Args {
    /// This attack alone; may be given several times
    #[arg(long, value_enum, value_name = "ATTACK")]
    only: Vec<Attack>,
    /// How long each attack goes on; a third of it before, without one, and a third after. Longer, and honest users would write
    /// more entries than a free user may
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(3..=50))]
    seconds: u64,
    /// Write the table into docs/security.md
    #[arg(long, conflicts_with = "only")]
    record: bool,
}

/// What came of one attack.
pub struct Outcome {
    pub attack: Attack,
    pub times: usize,
    pub before: Figures,
    pub during: Figures,
    pub after: Figures,
    /// The host's highest resident memory and number of descriptors.
    pub memory_mib: u64,
    pub descriptors: u64,
    /// What the attackers were answered, the most frequent first.
    pub answers: Vec<(String, u64)>,
    /// What must not be.
    pub faults: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    // Dropped in the middle, a run ends its host.
    let outcome = tokio::select! {
        outcome = run(&args) => outcome,
        () = stop_requested() => Err(anyhow!("stopped by a signal")),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("abuse: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<bool> {
    raise_descriptors()?;
    let attacks = if args.only.is_empty() { Attack::ALL.to_vec() } else { args.only.clone() };
    let receiver = Receiver::start().await;
    receiver.fall_silent();
    eprintln!("abuse: {} starts", binary().display());
    // The one change of what is shipped: a webhook may lead to this machine.
    let allow = format!("[outbound]\nallow-private = [\"{}\"]", receiver.address);
    let mut platform = Platform::shipped().config(&allow).start().await;
    let start = watch::now(platform.pid())?;
    eprintln!("abuse: ready with {} MiB and {} descriptors", start.memory_mib, start.descriptors);

    let (mut outcomes, mut faults) = (Vec::new(), Vec::new());
    for attack in attacks.iter().filter(|attack| **attack != Attack::BrokenComponent) {
        for times in TIMES {
            let one = one(&platform, *attack, times, args.seconds, receiver.url("/silent"));
            match unwound(one).await.flatten() {
                Ok(outcome) => {
                    eprintln!("{}", page::progress(&outcome));
                    outcomes.push(outcome);
                }
                Err(error) => {
                    eprintln!("abuse:   {error:#}");
                    faults.push(format!("{} × {times}: {error:#}", attack.name()));
                }
            }
        }
    }
    faults.extend(outcomes.iter().flat_map(|outcome| outcome.faults.clone()));
    let broken = if attacks.contains(&Attack::BrokenComponent) {
        eprintln!("abuse: {}", Attack::BrokenComponent.name());
        let opened = unwound(broken::opens_its_circuit(&platform)).await.flatten();
        faults.extend(opened.as_ref().err().map(ToString::to_string));
        opened.ok()
    } else {
        None
    };
    let text = page::write(&outcomes, broken, start, args.seconds);
    println!("{text}");
    unwound(platform.stop()).await.context("the host does not stop in order")?;
    if faults.is_empty() {
        if args.record {
            page::record(&text)?;
        }
        return Ok(true);
    }
    faults.iter().for_each(|fault| eprintln!("abuse: {fault}"));
    Ok(false)
}

/// One attack, with honest users of its own.
async fn one(platform: &Platform, attack: Attack, times: usize, seconds: u64, receiver: String) -> Result<Outcome> {
    let (during, around) = (Duration::from_secs(seconds), Duration::from_secs(seconds.div_ceil(3)));
    let block = attack.number() * 2 + u8::from(times > 1);
    eprintln!("abuse: {} × {times}", attack.name());
    let tally = Tally::default();
    let ground = Ground { http: platform.http().clone(), block, times, tally: tally.clone(), receiver };
    let attackers = attacks::prepare(attack, &ground).await?;
    let mut honest = Honest::begin(platform.http(), platform.data_dir().join("mail"), block).await;
    let watch = Watch::begin(platform);

    tokio::time::sleep(around).await;
    let before = honest.figures();
    let attackers = Apart::begin(attackers)?;
    honest.newcomer();
    tokio::time::sleep(during).await;
    drop(attackers);
    let during = honest.figures();
    tokio::time::sleep(around).await;
    let (after, mut faults) = honest.end().await;
    let seen = watch.end(platform).await;
    faults.extend(seen.faults);
    for (phase, figures) in [("before", &before), ("during", &during), ("after", &after)] {
        faults.extend(figures.refused.iter().map(|refused| format!("{phase}: {refused}")));
        if figures.asked() == 0 {
            faults.push(format!("{phase}: honest users were answered nothing"));
        }
    }
    faults.extend(watch::bounds(seen.peak, times));
    let faults = faults.into_iter().map(|fault| format!("{} × {times}: {fault}", attack.name())).collect();
    let (memory_mib, descriptors) = (seen.peak.memory_mib, seen.peak.descriptors);
    Ok(Outcome { attack, times, before, during, after, memory_mib, descriptors, answers: tally.counted(), faults })
}

/// What the platform and its clients say by a panic is an error here: unwinding through the platform would print its whole log.
async fn unwound<T>(work: impl Future<Output = T>) -> Result<T> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| anyhow!("it ended by a panic, whose message is above"))
}

/// As many as this process may have: each attacker's connection is one.
fn raise_descriptors() -> Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).context("raise the limit of descriptors")
}
