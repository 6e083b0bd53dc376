//! The lints that every commit passes: formatting, Clippy and the warnings of the documentation, for the native
//! crates and, on their own target, for the guests; and the manifests of `deploy/`.

mod compiler;
pub mod deploy;

pub use compiler::{Lints, Pass, run_if_named};

use crate::cargo::{cargo, succeed};
use crate::toolchain::{GuestToolchain, TARGET};
use crate::wit;
use crate::workspace::Workspace;
use anyhow::Result;
use clap::Args;
use std::process::Command;

#[derive(Args)]
pub struct LintArgs {
    /// Write what can be corrected instead of only reporting it
    #[arg(long)]
    fix: bool,
}

pub fn run(workspace: &Workspace, args: &LintArgs) -> Result<()> {
    wit::lay(workspace)?;
    format(workspace, args.fix)?;
    deploy::check(&workspace.root)?;
    if args.fix {
        fix(workspace)?;
    }
    let lints = Lints::install(workspace)?;
    let mut native = cargo(&workspace.root);
    native.args(["check", "--all-targets"]).args(workspace.native_selection());
    lints.apply(native.arg("--keep-going"), Pass::Joined);
    succeed(&mut native, "the lint of the native crates")?;
    if workspace.guests.is_empty() {
        return Ok(());
    }
    let mut guests = on_guests(workspace, "check")?;
    lints.apply(guests.arg("--keep-going"), Pass::Joined);
    succeed(&mut guests, "the lint of the guests")
}

pub fn format(workspace: &Workspace, fix: bool) -> Result<()> {
    let mut fmt = cargo(&workspace.root);
    fmt.args(["fmt", "--all"]);
    if !fix {
        fmt.arg("--check");
    }
    succeed(&mut fmt, "cargo fmt")
}

fn fix(workspace: &Workspace) -> Result<()> {
    let mut native = cargo(&workspace.root);
    native.arg("clippy").args(workspace.native_selection()).arg("--all-targets");
    for mut clippy in [native, on_guests(workspace, "clippy")?] {
        succeed(clippy.args(["--fix", "--allow-dirty", "--allow-staged"]), "cargo clippy --fix")?;
    }
    Ok(())
}

fn on_guests(workspace: &Workspace, command: &str) -> Result<Command> {
    let toolchain = GuestToolchain::find()?;
    let mut guests = cargo(&workspace.root);
    guests.args([command, "--target", TARGET, "--target-dir"]).arg(workspace.target().join(toolchain.target_folder()));
    for guest in &workspace.guests {
        guests.args(["--package", &guest.package]);
    }
    toolchain.apply(&mut guests);
    Ok(guests)
}
