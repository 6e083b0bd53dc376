//! Runs the tests. Everything they need is built and started first, passed on in `MINDFLOW_*` variables, and stopped
//! afterwards, also after a failure or a signal.

use crate::cargo::{cargo, from_xtask, succeed};
use crate::guests::{self, BuildArgs, Profile};
use crate::lint::{self, Lints, Pass};
use crate::signals::{Signals, run_to_end};
use crate::toolchain::cache;
use crate::workspace::{HOST, Workspace};
use crate::{chaos, compose, graphiql, lookup, web, wit};
use anyhow::{Context, Result};
use clap::Args;
use mindflow_servers::{Durability, TemporaryPostgres, TemporaryRedis, TemporaryRedisCluster, end_with_parent, sweep};
use rustix::process::Signal;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;

/// The sentence model, which the host starts as a process of its own.
const EMBEDDER: &str = "mindflow-embedder";

#[derive(Args)]
pub struct TestArgs {
    /// How the guests are built; `guest`: as they are shipped
    #[arg(long, value_enum, default_value_t = Profile::GuestDev)]
    profile: Profile,
    /// Lint what is built for the tests: everything that `cargo xtask lint` checks, for a fraction of its time
    #[arg(long)]
    lint: bool,
    /// Also run the web client's stories in Chromium, which take seven minutes
    #[arg(long)]
    browser: bool,
    /// Only build
    #[arg(long)]
    no_run: bool,
    /// Further arguments of `cargo nextest run`, such as a filter
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "NEXTEST ARGS")]
    nextest: Vec<String>,
}

pub fn run(workspace: &Workspace, args: &TestArgs) -> Result<ExitCode> {
    wit::lay(workspace)?;
    let lints = args.lint.then(|| Lints::install(workspace)).transpose()?;
    if lints.is_some() {
        lint::format(workspace, false)?;
        lint::deploy::check(&workspace.root)?;
    }
    let guests = BuildArgs { adapters: true, tests: true, profile: args.profile, ..BuildArgs::default() };
    // Both embed them.
    graphiql::bundle(workspace)?;
    let client = web::Client::is_here(workspace).then(|| web::Client::of(workspace)).transpose()?;
    // Either alone leaves a core idle while it links, or bundles.
    thread::scope(|scope| {
        let guests = scope.spawn(|| {
            // The component `web` has its files.
            if let Some(client) = &client {
                client.build(workspace)?;
            }
            guests::build(workspace, &guests, lints.as_ref())?;
            compose::with_tests(workspace)?;
            match &client {
                Some(client) if lints.is_some() => client.lint(),
                _ => Ok(()),
            }
        });
        let native = build_native(workspace, lints.as_ref());
        guests.join().unwrap_or_else(|panic| resume_unwind(panic)).and(native)
    })?;
    if args.no_run {
        return Ok(ExitCode::SUCCESS);
    }
    let nextest = nextest()?;
    let postgres_bin = lookup::postgres_bin()?;
    let extended_bin = lookup::extended_postgres_bin()?;
    let redis_server = lookup::redis_server()?;
    let pgbouncer = lookup::pgbouncer()?;

    // From here on, a signal first ends the tests and then this function.
    let mut signals = Signals::watch()?;
    sweep();
    let postgres = postgres_of(&postgres_bin, &[]).context("PostgreSQL for the tests")?;
    let redis = TemporaryRedis::start_program(&redis_server, Durability::None).context("Redis for the tests")?;
    let cluster = TemporaryRedisCluster::start_program(&redis_server).context("a Redis Cluster for the tests")?;
    // TimescaleDB must not report to its maker that it runs.
    let timescale = ["shared_preload_libraries=timescaledb", "timescaledb.telemetry_level=off"];
    let extended = postgres_of(&extended_bin, &timescale).context("PostgreSQL with extensions for the tests")?;
    println!("test: PostgreSQL is {}, Redis is {}", postgres_bin.display(), redis_server.display());

    if signals.arrived() {
        return Ok(ExitCode::FAILURE);
    }

    let mut tests = from_xtask(Command::new(nextest), &workspace.root);
    tests.args(["nextest", "run"]);
    if let Some(lints) = &lints {
        lints.apply(&mut tests, Pass::Joined);
    }
    if !args.nextest.iter().any(|arg| arg == "-p" || arg.starts_with("--package")) {
        tests.args(workspace.native_selection());
    }
    tests
        .args(&args.nextest)
        .env("MINDFLOW_TEST_POSTGRES", dsn(&postgres)?)
        // A crash of the machine may lose what the tests store.
        .env("MINDFLOW_TEST_NO_FSYNC", "1")
        .env("MINDFLOW_TEST_POSTGRES_EXTENDED", dsn(&extended)?)
        .env("MINDFLOW_TEST_REDIS", redis.url())
        .env("MINDFLOW_TEST_REDIS_CLUSTER", cluster.url())
        .env("MINDFLOW_POSTGRES_BIN", &postgres_bin)
        .env("MINDFLOW_REDIS_SERVER", &redis_server)
        .env("MINDFLOW_PGBOUNCER", &pgbouncer)
        .env("MINDFLOW_BIN", workspace.target().join("debug").join(HOST))
        .env("MINDFLOW_COMPONENTS", workspace.components())
        .env("MINDFLOW_COMPOSITIONS", workspace.compositions());
    end_with_parent(&mut tests, Signal::TERM);
    let code = run_to_end(tests, "cargo nextest", signals)?;
    // Last and alone, and only when all tests were asked for.
    if code != ExitCode::SUCCESS || !args.nextest.is_empty() {
        return Ok(code);
    }
    if let Some(client) = &client {
        client.test(workspace, &postgres_bin, args.browser)?;
    }
    chaos::short(workspace, &[])
}

/// One for the whole run; a crash of the machine may lose its data. Each test starts a host with several pools of a few
/// connections each.
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

/// One build, with the features of the tests, so that nothing is compiled twice.
fn build_native(workspace: &Workspace, lints: Option<&Lints>) -> Result<()> {
    let mut build = cargo(&workspace.root);
    build.args(["build", "--tests", "--bin", HOST, "--bin", EMBEDDER]).args(workspace.native_selection());
    if let Some(lints) = lints {
        // The rest of what is linted; the tests need no more than the programs above.
        build.args(["--bins", "--examples"]);
        lints.apply(build.arg("--keep-going"), Pass::Joined);
    }
    succeed(&mut build, "the build of the host and the tests")
}

/// The installed cargo-nextest, else one in the cache folder.
fn nextest() -> Result<PathBuf> {
    if let Some(installed) = lookup::on_path("cargo-nextest") {
        return Ok(installed);
    }
    let tools = cache()?.join("tools");
    let program = tools.join("bin/cargo-nextest");
    if !program.is_file() {
        println!("test: installing cargo-nextest into {}, once (some minutes)", tools.display());
        let mut install = Command::new("cargo");
        // It waits for tests, mostly: optimised, it would take longer to build than it ever saves.
        install.args(["install", "cargo-nextest", "--locked", "--debug", "--root"]).arg(&tools).current_dir("/");
        install.env("CARGO_PROFILE_DEV_DEBUG", "0");
        succeed(&mut install, "cargo install cargo-nextest")?;
    }
    Ok(program)
}
