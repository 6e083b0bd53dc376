//! The lints that every commit passes: formatting, and clippy for the native
//! crates and, on their own target, for the guests.

use crate::cargo::{cargo, succeed};
use crate::test::EMBEDDER;
use crate::toolchain::{GuestToolchain, TARGET};
use crate::wit;
use crate::workspace::Workspace;
use anyhow::Result;
use clap::Args;
use std::process::Command;

#[derive(Args)]
pub struct LintArgs {
    /// Write what can be mended instead of only reporting it
    #[arg(long)]
    fix: bool,
}

pub fn run(workspace: &Workspace, args: &LintArgs) -> Result<()> {
    wit::lay(workspace)?;
    for manifest in ["Cargo.toml", EMBEDDER] {
        let mut fmt = cargo(&workspace.root);
        fmt.args(["fmt", "--all", "--manifest-path", manifest]);
        if !args.fix {
            fmt.arg("--check");
        }
        succeed(&mut fmt, "cargo fmt")?;
    }

    let mut native = clippy(workspace, args);
    native.args(["--workspace", "--all-targets"]);
    for guest in workspace.guests.iter().filter(|guest| guest.test) {
        native.args(["--exclude", &guest.package]);
    }
    deny_warnings(&mut native);
    succeed(&mut native, "clippy of the native crates")?;

    let mut embedder = clippy(workspace, args);
    embedder.args(["--all-targets", "--manifest-path", EMBEDDER, "--target-dir"]).arg(workspace.target());
    deny_warnings(&mut embedder);
    succeed(&mut embedder, "clippy of the embedder")?;

    if workspace.guests.is_empty() {
        return Ok(());
    }
    let toolchain = GuestToolchain::find()?;
    let mut guests = clippy(workspace, args);
    guests.args(["--target", TARGET, "--target-dir"]).arg(workspace.target().join(toolchain.target_folder()));
    for guest in &workspace.guests {
        guests.args(["--package", &guest.package]);
    }
    deny_warnings(&mut guests);
    toolchain.apply(&mut guests);
    succeed(&mut guests, "clippy of the guests")
}

fn clippy(workspace: &Workspace, args: &LintArgs) -> Command {
    let mut clippy = cargo(&workspace.root);
    clippy.arg("clippy");
    if args.fix {
        clippy.args(["--fix", "--allow-dirty", "--allow-staged"]);
    }
    clippy
}

fn deny_warnings(clippy: &mut Command) {
    clippy.args(["--", "-D", "warnings"]);
}
