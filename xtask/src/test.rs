//! The one way to run the tests: everything they need is built and started
//! first, handed over in `MINDFLOW_*` variables, and gone afterwards, however
//! the run ends.

use crate::cargo::{cargo, from_xtask, succeed};
use crate::guests::{self, BuildArgs, Profile};
use crate::lint::{self, Lints, Pass};
use crate::toolchain::cache;
use crate::workspace::Workspace;
use crate::{chaos, lookup, wit};
use anyhow::{Context, Result};
use clap::Args;
use mindflow_servers::{Durability, TemporaryPostgres, TemporaryRedis, end_with_parent, sweep};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

/// The host's package, whose binary some tests start as a process of its own.
pub const HOST: &str = "mindflow";
/// The sentence model, which the host starts as a process of its own.
const EMBEDDER: &str = "mindflow-embedder";

#[derive(Args)]
pub struct TestArgs {
    /// How the guests are built
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// Lint what is built for the tests: everything that `cargo xtask lint` checks, for a fraction of its time
    #[arg(long)]
    lint: bool,
    /// Only build
    #[arg(long)]
    no_run: bool,
    /// What else to tell `cargo nextest run`, such as a filter
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "NEXTEST ARGS")]
    nextest: Vec<String>,
}

pub fn run(workspace: &Workspace, args: &TestArgs) -> Result<ExitCode> {
    wit::lay(workspace)?;
    let lints = args.lint.then(|| Lints::install(workspace)).transpose()?;
    if lints.is_some() {
        lint::format(workspace, false)?;
    }
    let guests = BuildArgs { tests: true, profile: args.profile, ..BuildArgs::default() };
    guests::build(workspace, &guests, lints.as_ref())?;
    build_native(workspace, lints.as_ref())?;
    if args.no_run {
        return Ok(ExitCode::SUCCESS);
    }
    let nextest = nextest()?;
    let postgres_bin = lookup::postgres_bin()?;
    let extended_bin = lookup::extended_postgres_bin()?;
    let redis_server = lookup::redis_server()?;

    // From here on, a signal ends the tests and then this function, in order.
    let mut signals = SignalsInfo::<WithOrigin>::new([SIGHUP, SIGINT, SIGTERM]).context("watch for signals")?;
    sweep();
    let postgres = postgres_of(&postgres_bin, &[]).context("PostgreSQL for the tests")?;
    let redis = TemporaryRedis::start_program(&redis_server, Durability::None).context("Redis for the tests")?;
    // TimescaleDB is not to report to its maker that it runs.
    let timescale = ["shared_preload_libraries=timescaledb", "timescaledb.telemetry_level=off"];
    let extended = postgres_of(&extended_bin, &timescale).context("PostgreSQL with extensions for the tests")?;
    println!("test: PostgreSQL is {}, Redis is {}", postgres_bin.display(), redis_server.display());

    if signals.pending().next().is_some() {
        return Ok(ExitCode::FAILURE);
    }

    let mut tests = from_xtask(Command::new(nextest), &workspace.root);
    tests.args(["nextest", "run"]);
    if let Some(lints) = &lints {
        lints.apply(&mut tests, Pass::Joined);
    }
    if !args.nextest.iter().any(|arg| arg == "-p" || arg.starts_with("--package")) {
        tests.args(native_selection(workspace));
    }
    tests
        .args(&args.nextest)
        .env("MINDFLOW_TEST_POSTGRES", dsn(&postgres)?)
        // What the tests store may be lost when the machine is.
        .env("MINDFLOW_TEST_NO_FSYNC", "1")
        .env("MINDFLOW_TEST_POSTGRES_EXTENDED", dsn(&extended)?)
        .env("MINDFLOW_TEST_REDIS", redis.url())
        .env("MINDFLOW_POSTGRES_BIN", &postgres_bin)
        .env("MINDFLOW_REDIS_SERVER", &redis_server)
        .env("MINDFLOW_BIN", workspace.target().join("debug").join(HOST))
        .env("MINDFLOW_COMPONENTS", workspace.components());
    end_with_parent(&mut tests, Signal::TERM);
    let code = watch(tests, "cargo nextest", signals)?;
    // Last and alone: what is asked for by name is not all tests.
    if code != ExitCode::SUCCESS || !args.nextest.is_empty() {
        return Ok(code);
    }
    chaos::short(workspace, &[])
}

/// One for the whole run, whose data may be lost when the machine is. Each test brings a host of its own with several pools
/// of a few connections each.
fn postgres_of(programs: &Path, settings: &[&str]) -> Result<TemporaryPostgres> {
    let fast = ["full_page_writes=off", "synchronous_commit=off", "max_connections=400"];
    Ok(TemporaryPostgres::start(|options| {
        options.binaries = Some(programs.to_owned());
        options.fsync = false;
        options.settings = fast.iter().chain(settings).map(ToString::to_string).collect();
    })?)
}

fn dsn(postgres: &TemporaryPostgres) -> Result<String> {
    postgres.dsn("postgres").context("PostgreSQL runs")
}

/// Runs a program to its end; a signal to this process ends it in order.
pub fn supervise(program: Command, name: &str) -> Result<ExitCode> {
    watch(program, name, SignalsInfo::new([SIGHUP, SIGINT, SIGTERM]).context("watch for signals")?)
}

fn watch(mut program: Command, name: &str, mut signals: SignalsInfo<WithOrigin>) -> Result<ExitCode> {
    let mut child = program.spawn().with_context(|| format!("start {name}"))?;
    let handle = signals.handle();
    let pid = Pid::from_child(&child);
    let forwarder = std::thread::spawn(move || forward(&mut signals, pid));
    let status = child.wait().with_context(|| format!("wait for {name}"));
    handle.close();
    let _ = forwarder.join();
    Ok(exit_code(status?))
}

/// Built in one go with the tests' own features, so that nothing is compiled twice.
fn build_native(workspace: &Workspace, lints: Option<&Lints>) -> Result<()> {
    let mut build = cargo(&workspace.root);
    build.args(["build", "--tests", "--bin", HOST, "--bin", EMBEDDER]).args(native_selection(workspace));
    if let Some(lints) = lints {
        // The rest of what is linted; the tests need no more than the programs above.
        build.args(["--bins", "--examples"]);
        lints.apply(build.arg("--keep-going"), Pass::Joined);
    }
    succeed(&mut build, "the build of the host and the tests")
}

/// Components have native unit tests of their own; test guests are nothing but guests.
pub fn native_selection(workspace: &Workspace) -> Vec<String> {
    let mut selection = vec!["--workspace".to_owned()];
    for guest in workspace.guests.iter().filter(|guest| guest.test) {
        selection.extend(["--exclude".to_owned(), guest.package.clone()]);
    }
    selection
}

/// A terminal's Ctrl-C reaches the tests by itself; what a process sent to us is passed on.
fn forward(signals: &mut SignalsInfo<WithOrigin>, tests: Pid) {
    for origin in signals.forever() {
        if origin.process.is_none() {
            continue;
        }
        let signal = match origin.signal {
            SIGINT => Signal::INT,
            SIGHUP => Signal::HUP,
            _ => Signal::TERM,
        };
        let _ = kill_process(tests, signal);
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// cargo-nextest where it is installed, else one of our own in the cache folder.
fn nextest() -> Result<PathBuf> {
    if let Some(installed) = lookup::on_path("cargo-nextest") {
        return Ok(installed);
    }
    let tools = cache()?.join("tools");
    let program = tools.join("bin/cargo-nextest");
    if !program.is_file() {
        println!("test: installing cargo-nextest into {}, once (some minutes)", tools.display());
        let mut install = Command::new("cargo");
        install.args(["install", "cargo-nextest", "--locked", "--root"]).arg(&tools).current_dir("/");
        succeed(&mut install, "cargo install cargo-nextest")?;
    }
    Ok(program)
}
