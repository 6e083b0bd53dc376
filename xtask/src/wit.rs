//! Copies WASI's and Spin's WIT below `wit`, from the crates that ship them, so that bindings and packages cannot differ.
//! They are not part of the repository.

use crate::workspace::Workspace;
use crate::write;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Packages of one crate, and where they are laid.
struct Shipment {
    source: &'static str,
    folder: &'static str,
    /// Below the crate's `wit/deps`, and the name of the file here.
    files: &'static [(&'static str, &'static str)],
}

const SHIPMENTS: [Shipment; 2] = [
    // The crate whose bindings the guests use has WASI 0.3.
    Shipment {
        source: "wasip3",
        folder: "wit/deps",
        files: &[
            ("cli.wit", "cli.wit"),
            ("clocks.wit", "clocks.wit"),
            ("filesystem.wit", "filesystem.wit"),
            ("http.wit", "http.wit"),
            ("random.wit", "random.wit"),
            ("sockets.wit", "sockets.wit"),
        ],
    },
    Shipment {
        source: "spin-sdk",
        folder: "wit/spin/deps",
        files: &[
            ("spin-postgres@4.2.0/postgres.wit", "postgres.wit"),
            ("spin-redis@3.0.0/redis.wit", "redis.wit"),
            ("spin-variables@3.0.0/variables.wit", "variables.wit"),
        ],
    },
];

pub fn lay(workspace: &Workspace) -> Result<()> {
    SHIPMENTS.iter().try_for_each(|shipment| lay_one(workspace, shipment))
}

fn lay_one(workspace: &Workspace, shipment: &Shipment) -> Result<()> {
    let Shipment { source, folder, files } = shipment;
    let shipped = workspace.sources_of(source)?.join("wit/deps");
    let laid = workspace.root.join(folder);
    let mut changed = 0;
    for (from, file) in *files {
        let from = shipped.join(from);
        let bytes = fs::read(&from).with_context(|| format!("{source} does not ship {}", from.display()))?;
        changed += usize::from(write::if_changed(&laid.join(file), &bytes)?);
    }
    remove_strangers(&laid, files)?;
    if changed > 0 {
        println!("wit: laid {changed} packages of {source} into {folder}");
    }
    Ok(())
}

/// Removes what an older version left: it would be read as well.
fn remove_strangers(laid: &Path, files: &[(&str, &str)]) -> Result<()> {
    let ours: BTreeSet<&str> = files.iter().map(|(_, file)| *file).collect();
    for entry in fs::read_dir(laid).with_context(|| format!("read {}", laid.display()))? {
        let entry = entry.with_context(|| format!("read {}", laid.display()))?;
        if entry.file_name().to_str().is_some_and(|name| ours.contains(name)) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            bail!(
                "{} is a folder of somebody else's: its parent is written by `cargo xtask wit` alone",
                entry.path().display()
            );
        }
        fs::remove_file(entry.path()).with_context(|| format!("remove {}", entry.path().display()))?;
    }
    Ok(())
}
