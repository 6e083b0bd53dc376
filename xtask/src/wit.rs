//! Copies WASI's WIT into `wit/deps`, from the crate whose bindings the guests use, so that the two cannot differ. It is
//! not part of the repository.

use crate::workspace::Workspace;
use crate::write;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fs;

/// The crate whose `wit/deps` holds WASI 0.3.
const SOURCE: &str = "wasip3";
const PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "http", "random", "sockets"];

pub fn lay(workspace: &Workspace) -> Result<()> {
    let shipped = workspace.sources_of(SOURCE)?.join("wit/deps");
    let laid = workspace.root.join("wit/deps");
    let mut changed = 0;
    for package in PACKAGES {
        let file = format!("{package}.wit");
        let from = shipped.join(&file);
        let bytes = fs::read(&from).with_context(|| format!("{SOURCE} does not ship {}", from.display()))?;
        changed += usize::from(write::if_changed(&laid.join(file), &bytes)?);
    }
    remove_strangers(&laid)?;
    if changed > 0 {
        println!("wit: laid {changed} of WASI's packages into wit/deps");
    }
    Ok(())
}

/// Removes what an older version left in `wit/deps`: it would be read as well.
fn remove_strangers(laid: &std::path::Path) -> Result<()> {
    let ours: BTreeSet<String> = PACKAGES.iter().map(|package| format!("{package}.wit")).collect();
    for entry in fs::read_dir(laid).with_context(|| format!("read {}", laid.display()))? {
        let entry = entry.with_context(|| format!("read {}", laid.display()))?;
        if entry.file_name().to_str().is_some_and(|name| ours.contains(name)) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            bail!(
                "{} is a folder of somebody else's: wit/deps is written by `cargo xtask wit` alone",
                entry.path().display()
            );
        }
        fs::remove_file(entry.path()).with_context(|| format!("remove {}", entry.path().display()))?;
    }
    Ok(())
}
