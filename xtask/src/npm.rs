//! Packages of npm, installed as their lock file says, for what Node bundles.

use crate::cargo::succeed;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What the packages were installed from.
const STAMP: &str = "node_modules/.installed";

/// Installs the packages of a folder, only when its lock file has changed since the last time. `npm` is the command, `of` whose packages
/// they are.
pub fn install(mut npm: Command, sources: &Path, of: &str) -> Result<()> {
    let wanted =
        fs::read(sources.join("package-lock.json")).with_context(|| format!("{of} has no package-lock.json"))?;
    let stamp = sources.join(STAMP);
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("build: installing the packages of {of}");
    // None of these packages needs an install script.
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(sources);
    succeed(&mut npm, "npm ci")?;
    fs::write(&stamp, wanted).with_context(|| format!("write {}", stamp.display()))
}
