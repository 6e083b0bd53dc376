//! Faults at random against the built platform, and the proof that they cost no event: writers write, hosts are
//! killed, servers are stopped; then a checker goes over what was promised. `cargo xtask chaos` starts this
//! program with what it needs in `MINDFLOW_*` variables; `docs/events.md` says what it proves.

mod certificate;
mod plan;
mod replica;
mod round;

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use mindflow_tests::{binary, root, stop_requested};
use round::Backend;
use std::process::{Command, ExitCode};

/// Below that, not every place and every fault comes.
const KILLS_MIN: u32 = 6;
const REPLICAS_MAX: usize = 8;

#[derive(Parser)]
#[command(
    name = "chaos",
    bin_name = "cargo xtask chaos",
    about = "Kills hosts and servers under load and checks every promise"
)]
struct Args {
    /// How many hosts are killed in all
    #[arg(long, default_value_t = 12)]
    kills: u32,
    /// What the faults are drawn from; drawn itself when left out
    #[arg(long)]
    seed: Option<u64>,
    /// Concurrent hosts
    #[arg(long, default_value_t = 2)]
    replicas: usize,
    #[arg(long, value_enum, default_value_t)]
    backend: Which,
    /// Write docs/delivery-certificate.md
    #[arg(long)]
    record: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Which {
    Postgres,
    RedisStreams,
    /// One after the other, half the kills each
    #[default]
    Both,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    // Dropped in the middle, a run ends its hosts and its servers.
    let outcome = tokio::select! {
        outcome = run(&args) => outcome,
        () = stop_requested() => Err(anyhow::anyhow!("stopped by a signal")),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<bool> {
    ensure!((1..=REPLICAS_MAX).contains(&args.replicas), "--replicas: 1 to {REPLICAS_MAX}");
    let backends = match args.backend {
        Which::Postgres => vec![Backend::Postgres],
        Which::RedisStreams => vec![Backend::RedisStreams],
        Which::Both => vec![Backend::Postgres, Backend::RedisStreams],
    };
    let rounds = u32::try_from(backends.len())?;
    ensure!(args.kills / rounds >= KILLS_MIN, "--kills: at least {KILLS_MIN} for each back end");
    has_failpoints()?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    println!("chaos: seed {seed}");
    let folder = tempfile::Builder::new().prefix("mf-chaos-").tempdir().context("a folder")?;
    let mut reports = Vec::new();
    for (number, backend) in backends.into_iter().enumerate() {
        let place = folder.path().join(backend.name());
        std::fs::create_dir_all(&place)?;
        // What the kills do not divide by, the first round has.
        let kills = args.kills / rounds + if number == 0 { args.kills % rounds } else { 0 };
        match round::run(backend, seed, kills, args.replicas, &place).await {
            // Laws about writes that were never made hold in any case.
            Ok(report) if report.ok <= report.failed => {
                anyhow::bail!(
                    "{}: {} writes acknowledged, {} refused: this proves nothing",
                    backend.name(),
                    report.ok,
                    report.failed
                )
            }
            Ok(report) => reports.push(report),
            Err(error) => return Err(error.context(format!("the logs are in {}", folder.keep().display()))),
        }
    }
    let command = format!("cargo xtask chaos --kills {} --replicas {} --seed {seed}", args.kills, args.replicas);
    let run = certificate::Run { command, seed, replicas: args.replicas, versions: versions(&reports)? };
    let page = certificate::write(&run, &reports);
    println!("\n{page}");
    let violations: Vec<_> = reports.iter().flat_map(|report| &report.violations).collect();
    if violations.is_empty() {
        if args.record {
            std::fs::write(root().join("docs/delivery-certificate.md"), page).context("write the certificate")?;
        }
        return Ok(true);
    }
    violations.iter().take(20).for_each(|violation| eprintln!("chaos: {:?}: {}", violation.law, violation.what));
    eprintln!("chaos: {} violations; history and logs are in {}", violations.len(), folder.keep().display());
    Ok(false)
}

/// A binary that cannot be armed would make every kill a random one, unnoticed.
fn has_failpoints() -> Result<()> {
    let path = binary();
    let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    let name = b"MINDFLOW_FAILPOINT";
    ensure!(
        bytes.windows(name.len()).any(|window| window == name),
        "{} has no failpoints: build it with `cargo build --workspace --bin mindflow`",
        path.display()
    );
    Ok(())
}

fn versions(reports: &[round::Report]) -> Result<Vec<(&'static str, String)>> {
    let redis = std::env::var("MINDFLOW_REDIS_SERVER").unwrap_or("redis-server".to_owned());
    let lock: toml::Table = std::fs::read_to_string(root().join("Cargo.lock"))?.parse()?;
    let packages = lock["package"].as_array().context("Cargo.lock has packages")?;
    let wasmtime = packages.iter().find(|package| package["name"].as_str() == Some("wasmtime"));
    Ok(vec![
        ("MindFlow", says("git", &["describe", "--always", "--dirty", "--tags"])?),
        ("PostgreSQL", reports.first().map(|report| report.postgres_version.clone()).unwrap_or_default()),
        ("Redis", says(&redis, &["--version"])?),
        ("rustc", says("rustc", &["--version"])?),
        ("Wasmtime", wasmtime.and_then(|package| package["version"].as_str()).unwrap_or_default().to_owned()),
    ])
}

fn says(program: &str, arguments: &[&str]) -> Result<String> {
    let output =
        Command::new(program).args(arguments).current_dir(root()).output().with_context(|| format!("run {program}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
