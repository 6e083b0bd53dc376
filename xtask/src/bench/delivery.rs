//! Delivery of events alone, without the host: the example of the back ends' crate, once for each back end and
//! number of replicas, each time on a PostgreSQL of its own.

use crate::cargo::{cargo, succeed};
use crate::lookup;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use mindflow_servers::{Durability, TemporaryRedis};
use serde::Deserialize;
use std::fmt::Write;
use std::process::Command;

const BACK_ENDS: [(&str, &str); 2] = [("postgres", "PostgreSQL"), ("redis-streams", "Redis Streams")];
const REPLICAS: [usize; 3] = [1, 2, 4];
/// What marks the section in the page.
pub const HEADING: &str = "## Delivery of events";

/// What the example prints.
#[derive(Deserialize)]
struct Figures {
    events_per_s: f64,
    deliveries_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    paced_per_s: u32,
    /// CPU time an event, of all replicas and of PostgreSQL.
    replicas_us: f64,
    postgres_us: f64,
}

/// The section of the page.
pub fn run(workspace: &Workspace) -> Result<String> {
    let postgres_bin = lookup::postgres_bin()?;
    let redis_server = lookup::redis_server()?;
    let mut build = cargo(&workspace.root);
    build.args(["build", "--release", "-p", "mindflow-backends", "--example", "delivery"]);
    succeed(&mut build, "the release build of the delivery example")?;

    let redis = TemporaryRedis::start_program(&redis_server, Durability::None).context("Redis for the benchmark")?;
    let mut rows = String::new();
    let mut paced_per_s = 0;
    for (back_end, name) in BACK_ENDS {
        for replicas in REPLICAS {
            println!("bench: delivery on {name}, replicas: {replicas}");
            let output = Command::new(workspace.target().join("release/examples/delivery"))
                .args([back_end, &replicas.to_string()])
                .env("MINDFLOW_BENCH_REDIS", redis.url())
                .env("MINDFLOW_POSTGRES_BIN", &postgres_bin)
                // A PostgreSQL of its own, which waits for its disk.
                .env_remove("MINDFLOW_TEST_POSTGRES")
                .env_remove("MINDFLOW_TEST_NO_FSYNC")
                .output()
                .context("run the delivery example")?;
            anyhow::ensure!(output.status.success(), "delivery: {}", String::from_utf8_lossy(&output.stderr));
            let figures: Figures = serde_json::from_slice(&output.stdout).context("read what delivery printed")?;
            let Figures { events_per_s, deliveries_per_s, p50_ms, p99_ms, replicas_us, postgres_us, .. } = figures;
            paced_per_s = figures.paced_per_s;
            let _ = writeln!(
                rows,
                "| {name} | {replicas} | {events_per_s:.0} | {deliveries_per_s:.0} | {replicas_us:.0} | {postgres_us:.0} | {p50_ms:.1} | {p99_ms:.1} |"
            );
        }
    }
    Ok(format!(
        "{HEADING}\n\nBy `cargo xtask bench --only delivery`: 5 subscriptions whose handlers do no work, replicas with\n\
         pools of their own in one process, 8 producers, PostgreSQL with `fsync`, Redis in memory, all on the same machine\n\
         ({}). Throughput: 20,000 events, published as fast as they can be. Latency, from the commit to the\n\
         handler: {paced_per_s} events a second, each in a transaction of its own. CPU time is that of throughput, the producers'\n\
         included, of all replicas together and of PostgreSQL.\n\n\
         | queues on | replicas | events/s archived | deliveries/s | CPU µs an event, replicas | PostgreSQL | p50 ms | p99 ms |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n{rows}",
        super::report::machine()
    ))
}
