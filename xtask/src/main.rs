//! The command runner of the repository. Everything that developers and CI do beyond plain cargo is a command here;
//! `scripts/` prepare the machine and call it.

mod abuse;
mod audit;
mod bench;
mod cargo;
mod chaos;
mod compose;
mod graphiql;
mod guests;
mod lint;
mod lookup;
mod npm;
mod plugin;
mod signals;
mod spin_up;
mod test;
mod toolchain;
mod web;
mod wit;
mod workspace;
mod write;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", about = "MindFlow's command runner")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lay WASI's and Spin's WIT, from the crates that ship it, into wit/deps and wit/spin/deps
    Wit,
    /// Build the guests into target/components
    Build(guests::BuildArgs),
    /// Build the web client into web/dist, from which the component `web` is built
    Web(web::WebArgs),
    /// Compose the components into the files that Spin runs, target/spin/NAME.wasm
    Compose(compose::ComposeArgs),
    /// Run the composed application by the command `spin`, on a private PostgreSQL and Redis (scripts/spin-up builds before)
    SpinUp(spin_up::SpinUpArgs),
    /// Make the plugin `mindflow` of the command `spin`
    Plugin(plugin::PluginArgs),
    /// Run all tests against a private PostgreSQL and a private Redis
    Test(test::TestArgs),
    /// Measure the built platform: the figures of docs/performance.md
    Bench(bench::BenchArgs),
    /// Kill hosts and servers under load, and check that no event is lost or applied twice
    Chaos(chaos::ChaosArgs),
    /// Attack the built platform while honest users work, who must not notice: the figures of docs/security.md
    Abuse(abuse::AbuseArgs),
    /// Check the dependencies' licences and sources, by cargo-deny and deny.toml
    Audit(audit::AuditArgs),
    /// Check the formatting, Clippy and the documentation, for the host and for the guests
    Lint(lint::LintArgs),
}

fn main() -> ExitCode {
    match lint::run_if_named().unwrap_or_else(|| run(Cli::parse().command)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let workspace = workspace::Workspace::load()?;
    match command {
        Command::Wit => wit::lay(&workspace).map(|()| ExitCode::SUCCESS),
        Command::Build(args) => guests::build(&workspace, &args, None).map(|()| ExitCode::SUCCESS),
        Command::Web(args) => web::run(&workspace, &args).map(|()| ExitCode::SUCCESS),
        Command::Compose(args) => compose::run(&workspace, &args).map(|()| ExitCode::SUCCESS),
        Command::SpinUp(args) => spin_up::run(&workspace, &args),
        Command::Plugin(args) => plugin::make(&workspace, &args).map(|()| ExitCode::SUCCESS),
        Command::Test(args) => test::run(&workspace, &args),
        Command::Bench(args) => bench::run(&workspace, &args).map(|()| ExitCode::SUCCESS),
        Command::Chaos(args) => chaos::run(&workspace, &args),
        Command::Abuse(args) => abuse::run(&workspace, &args),
        Command::Audit(args) => audit::run(&workspace, &args).map(|()| ExitCode::SUCCESS),
        Command::Lint(args) => lint::run(&workspace, &args).map(|()| ExitCode::SUCCESS),
    }
}
