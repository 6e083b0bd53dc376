//! Cargo, started from a program that cargo itself started.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// What `cargo run` sets for xtask. Build scripts watch some of these, and would run again whenever a plain cargo and one
/// from here alternate.
const OF_XTASK: [&str; 7] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_CRATE_",
    "CARGO_BIN_",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_TMPDIR",
    "OUT_DIR",
];

pub fn cargo(root: &Path) -> Command {
    from_xtask(Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())), root)
}

/// Any program that starts cargo itself.
pub fn from_xtask(mut command: Command, root: &Path) -> Command {
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| OF_XTASK.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs to the end. The program's own output says what failed.
pub fn succeed(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("start {what}"))?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}
