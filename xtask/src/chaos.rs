//! `cargo xtask chaos`: builds the platform with its failpoints and hands over to the program that kills it,
//! `tests/chaos`. It has a PostgreSQL and a Redis of its own, on disk and with fsync, because it stops them.

use crate::cargo::{cargo, from_xtask, succeed};
use crate::guests::{self, BuildArgs, Profile};
use crate::lookup;
use crate::signals::{Signals, run_to_end};
use crate::workspace::{HOST, Workspace};
use anyhow::Result;
use clap::Args;
use mindflow_servers::end_with_parent;
use rustix::process::Signal;
use std::process::{Command, ExitCode};

const PROGRAM: &str = "mindflow-chaos";

#[derive(Args)]
pub struct ChaosArgs {
    /// How the guests are built
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// --kills N, --seed S, --replicas R, --backend postgres|redis-streams|both, --record
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

pub fn run(workspace: &Workspace, args: &ChaosArgs) -> Result<ExitCode> {
    guests::build(workspace, &BuildArgs { tests: true, profile: args.profile, ..BuildArgs::default() }, None)?;
    let mut build = cargo(&workspace.root);
    // The features of the tests' own build, failpoints among them.
    build.args(["build", "--bin", HOST, "--bin", PROGRAM]).args(workspace.native_selection());
    succeed(&mut build, "the build of the host and of the chaos program")?;
    short(workspace, &args.arguments)
}

/// Runs what is built; without arguments a short run, as a part of the tests.
pub fn short(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    let built = workspace.target().join("debug");
    let mut chaos = from_xtask(Command::new(built.join(PROGRAM)), &workspace.root);
    chaos
        .args(arguments)
        .env_remove("MINDFLOW_TEST_NO_FSYNC")
        .env("MINDFLOW_POSTGRES_BIN", lookup::postgres_bin()?)
        .env("MINDFLOW_REDIS_SERVER", lookup::redis_server()?)
        .env("MINDFLOW_BIN", built.join(HOST))
        .env("MINDFLOW_COMPONENTS", workspace.components());
    end_with_parent(&mut chaos, Signal::TERM);
    run_to_end(chaos, "the chaos program", Signals::watch()?)
}
