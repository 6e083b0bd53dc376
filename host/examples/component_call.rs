//! What a call from one component into another costs, without what the callee does: the query service is
//! asked for reads without a credential, which it refuses immediately. Run by `cargo xtask bench`.
//!
//! Arguments: MANIFEST CONFIG DATA_DIR. Prints `{"warm_us":…,"fresh_us":…}`: CPU-bound means of one call
//! into a kept instance and into a new one.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]

use anyhow::{Context, bail};
use mindflow::{
    application::Application,
    manifest::{Manifest, RuntimeConfig},
    platform::{Platform, Role},
};
use std::{
    path::{Path, PathBuf},
    time::Instant,
};
use wasmtime::component::Val;

const WARM_CALLS: u32 = 20_000;
const FRESH_CALLS: u32 = 2_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [manifest, config, data_dir] = arguments.as_slice() else { bail!("arguments: MANIFEST CONFIG DATA_DIR") };
    let warm_us = measure(manifest, config, data_dir, None, WARM_CALLS).await?;
    let fresh_us = measure(manifest, config, data_dir, Some(1), FRESH_CALLS).await?;
    println!("{{\"warm_us\":{warm_us:.1},\"fresh_us\":{fresh_us:.1}}}");
    Ok(())
}

/// Mean microseconds of a call; `uses_max` 1 makes a new instance for each.
async fn measure(
    manifest: &Path,
    config: &Path,
    data_dir: &Path,
    uses_max: Option<u32>,
    calls: u32,
) -> anyhow::Result<f64> {
    let mut manifest = Manifest::load(manifest)?;
    let query = manifest.components.get_mut("query").context("the manifest has no component `query`")?;
    query.tool.instances.uses_max = uses_max.unwrap_or(query.tool.instances.uses_max);
    let mut config = RuntimeConfig::load(config, Some(&manifest))?;
    config.data_dir.clone_from(&data_dir.to_owned());
    let application = Application::load(manifest, config)?;
    let platform = Platform::start(application, Role::Operator).await?;
    let provider = platform.providers.get("query").context("no provider")?;
    let call = async || {
        provider.call("mindflow:query/reads@0.1.0#read-own", vec![anonymous(), Val::List(Vec::new())], 1, None).await
    };
    for _ in 0..calls / 10 {
        call().await?;
    }
    let started = Instant::now();
    for _ in 0..calls {
        call().await?;
    }
    let mean = started.elapsed().as_secs_f64() * 1e6 / f64::from(calls);
    platform.stop().await;
    Ok(mean)
}

fn anonymous() -> Val {
    Val::Record(vec![
        ("credential".into(), Val::Variant("anonymous".into(), None)),
        ("correlation-id".into(), Val::String("bench".into())),
        ("traceparent".into(), Val::Option(None)),
        ("deadline-ms".into(), Val::Option(None)),
    ])
}
