//! What the dependencies are: their licences, where they come from, and which may not be among them. `cargo deny` compares them
//! with deny.toml. It is no part of what a commit must pass, because building it takes longer than the tests of a small change.

use crate::cargo::{cargo, succeed};
use crate::{lookup, workspace::Workspace};
use anyhow::{Result, ensure};
use clap::Args;

const PROGRAM: &str = "cargo-deny";
const CHECKS: [&str; 3] = ["bans", "licenses", "sources"];

#[derive(Args)]
pub struct AuditArgs {
    /// Also look for known faults, in the database of advisories at github.com
    #[arg(long)]
    advisories: bool,
}

pub fn run(workspace: &Workspace, args: &AuditArgs) -> Result<()> {
    ensure!(
        lookup::on_path(PROGRAM).is_some(),
        "{PROGRAM} is not installed; run `cargo install {PROGRAM} --locked`, which takes some minutes"
    );
    let mut deny = cargo(&workspace.root);
    deny.args(["deny", "--workspace", "check"]).args(CHECKS);
    if args.advisories {
        deny.arg("advisories");
    }
    succeed(&mut deny, "cargo deny")
}
