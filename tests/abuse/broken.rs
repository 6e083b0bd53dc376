//! The other side: a component that fails by itself is left alone after five failures of any callers, and is back when it is
//! mended.

use crate::honest::at;
use crate::watch;
use anyhow::{Context, Result, bail, ensure};
use mindflow_tests::{Account, Platform, components};
use serde_json::json;
use std::path::Path;

const COMPONENT: &str = "query";
/// The guest of `tests/guests` in its place, which traps when it is asked for this.
const GUEST: &str = "test/broken-query.wasm";
const TRAPS: &str = "{ me { id } }";
/// After as many failures of its own the circuit is open.
const FAILURES_MAX: u32 = 5;
/// A block of addresses that no attack uses.
const BLOCK: u8 = 250;

/// After how many failures the circuit was open.
pub async fn opens_its_circuit(platform: &Platform) -> Result<u32> {
    let user = Account::register(&at(platform.http(), 1, BLOCK, 0)).await;
    swap(platform, &components().join(GUEST)).await?;
    let mut failures = 0;
    while state(platform).await? != "open" {
        ensure!(failures < FAILURES_MAX, "the circuit is not open after {failures} failures of `{COMPONENT}`");
        let answer = user.graphql(TRAPS, json!({})).await;
        let answer = answer.text();
        ensure!(answer.contains("UNAVAILABLE"), "a broken `{COMPONENT}` answered {answer}");
        failures += 1;
    }
    ensure!(!watch::is_ready(platform).await, "the host says that it is ready with an open circuit");
    swap(platform, &components().join(COMPONENT).with_extension("wasm")).await?;
    ensure!(watch::is_ready(platform).await, "the host is not ready with a component that was mended");
    user.data(TRAPS, json!({})).await;
    Ok(failures)
}

async fn swap(platform: &Platform, file: &Path) -> Result<()> {
    let output = platform.cli(&["swap", COMPONENT, &file.display().to_string()]).await;
    if output.code != Some(0) {
        bail!("swap {COMPONENT}: {}", output.stderr);
    }
    Ok(())
}

async fn state(platform: &Platform) -> Result<String> {
    let states = watch::states(platform).await;
    states.into_iter().find_map(|(name, state)| (name == COMPONENT).then_some(state)).context("no such component")
}
