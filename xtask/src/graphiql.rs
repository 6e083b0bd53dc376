//! The script and the style of the GraphiQL page, which the gateway embeds: bundled before it is compiled.
//!
//! They need Node, which nothing else of the platform does. Without Node or its packages the gateway is still built, and
//! the page says what is missing.

use crate::cargo::succeed;
use crate::workspace::Workspace;
use crate::{lookup, npm, write};
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::process::Command;

/// The component that serves the page.
pub const COMPONENT: &str = "gateway";

const SOURCES: &str = "components/gateway/graphiql";
/// Where the gateway's build script looks. It does not depend on cargo's target folder.
const BUNDLE: &str = "target/graphiql";
const FILES: [&str; 2] = ["graphiql.js.gz", "graphiql.css.gz"];

pub fn bundle(workspace: &Workspace) -> Result<()> {
    let (sources, bundle) = (workspace.root.join(SOURCES), workspace.root.join(BUNDLE));
    let Some(program) = lookup::on_path("npm") else {
        println!("build: there is no npm here, so GraphiQL's bundle is left as it is; install Node 20 or newer for it");
        return Ok(());
    };
    // Concurrent builds share the packages. The lock is outside of the bundle's folder, which cargo watches.
    let lock = bundle.with_extension("lock");
    fs::create_dir_all(&bundle).with_context(|| format!("make {}", bundle.display()))?;
    let lock =
        File::options().create(true).append(true).open(&lock).with_context(|| format!("open {}", lock.display()))?;
    lock.lock().context("wait for another build of GraphiQL")?;

    if let Err(error) = npm::install(Command::new(program), &sources, "GraphiQL") {
        println!("build: {error:#}; GraphiQL's bundle is left as it is");
        return Ok(());
    }
    let made = tempfile::tempdir().context("make a folder for GraphiQL's bundle")?;
    let mut build = Command::new("node");
    build.arg("build.mjs").arg(made.path()).current_dir(&sources);
    succeed(&mut build, "the bundling of GraphiQL")?;
    for name in FILES {
        let bytes = fs::read(made.path().join(name)).with_context(|| format!("GraphiQL's bundle has no {name}"))?;
        if write::if_changed(&bundle.join(name), &bytes)? {
            println!("build: {name}, {} KiB", bytes.len().div_ceil(1024));
        }
    }
    Ok(())
}
