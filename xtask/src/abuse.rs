//! `cargo xtask abuse`: builds the platform as it is shipped and hands over to the program with attackers and honest users,
//! `tests/abuse`. It takes half an hour, so it is no part of the tests; `tests/flows/abuse` has the same attackers in short.

use crate::bench;
use crate::cargo::{cargo, from_xtask, succeed};
use crate::guests::{self, BuildArgs};
use crate::lookup;
use crate::signals::{Signals, run_to_end};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use clap::Args;
use mindflow_servers::end_with_parent;
use rustix::process::Signal;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

const PROGRAM: &str = "mindflow-abuse";

#[derive(Args)]
pub struct AbuseArgs {
    /// The host to attack, with the components that are built, instead of both as they are shipped
    #[arg(long, value_name = "FILE")]
    host: Option<PathBuf>,
    /// This attack alone; may be given several times
    #[arg(long, value_name = "ATTACK")]
    only: Vec<String>,
    /// How long each attack goes on
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(3..=50))]
    seconds: u64,
    /// Write the table into docs/security.md
    #[arg(long, conflicts_with = "only")]
    record: bool,
}

pub fn run(workspace: &Workspace, args: &AbuseArgs) -> Result<ExitCode> {
    let host = match &args.host {
        Some(host) => host.canonicalize().with_context(|| format!("--host {}", host.display()))?,
        None => {
            guests::build(workspace, &BuildArgs { tests: true, ..BuildArgs::default() }, None)?;
            bench::build_host(workspace)?
        }
    };
    let mut build = cargo(&workspace.root);
    // With a test, so that libraries have the features of the tests' own build: what `cargo xtask test` has built is not built once more.
    build.args(["build", "--bin", PROGRAM, "--test", "flows"]).args(workspace.native_selection());
    succeed(&mut build, "the build of the attackers")?;
    let mut abuse = from_xtask(Command::new(workspace.target().join("debug").join(PROGRAM)), &workspace.root);
    abuse
        .args(["--seconds", &args.seconds.to_string()])
        .args(args.only.iter().flat_map(|attack| ["--only", attack.as_str()]))
        .args(args.record.then_some("--record"))
        .env_remove("MINDFLOW_TEST_NO_FSYNC")
        .env("MINDFLOW_POSTGRES_BIN", lookup::postgres_bin()?)
        .env("MINDFLOW_BIN", host)
        .env("MINDFLOW_COMPONENTS", workspace.components())
        .env("MINDFLOW_MACHINE", bench::machine());
    end_with_parent(&mut abuse, Signal::TERM);
    run_to_end(abuse, "the attackers", Signals::watch()?)
}
