//! One back end under fire: stores of its own, replicas, writers, faults; then quiet, then the check.

use crate::plan::{Plan, ServerFault};
use crate::replica::{Kills, Replica, mindflow};
use anyhow::{Context, Result, bail};
use mindflow_test_support::{PrivatePostgres, PrivateRedis};
use mindflow_tests::laws::checker::{self, Unknown, Violation};
use mindflow_tests::laws::history::{History, Outcome, Write};
use mindflow_tests::laws::writer::{Addresses, Writer};
use mindflow_tests::laws::{COUNTER, evidence};
use mindflow_tests::{absolute_manifest, components, payloads, root};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Enough that each host has several concurrent requests; more would only wait for two cores.
const WRITERS: u64 = 4;
/// What who leaves writes before.
const WRITES_BEFORE_LEAVING: usize = 12;
/// A call under way ends sooner: hosts that last so long are stopped, and what they had begun with them.
pub const ERASURE_SETTLE_S: u32 = 5;
/// A lease is 10 s, and what was leased by a host that died may have died with the next as well.
const QUIET_WITHIN: Duration = Duration::from_secs(120);
const QUIET_POLL: Duration = Duration::from_millis(500);
/// After all is well, until every lease that a dead host may have had would have come back as a second delivery.
const LATE_DELIVERIES: Duration = Duration::from_secs(12);

/// The manifest's databases, and what they are called on the round's server.
const DATABASES: [(&str, &str); 3] = [("write", "chaoswrite"), ("read", "chaosread"), ("analytics", "chaosanalytics")];

/// What begins an erasure.
const ERASURES: [&str; 2] = ["AccountErased", "JournalEntryPurged"];

/// The database of the keys under which payloads are kept, and what these are sealed with.
const KEYS: &str = "chaoskeys";
const SEALED_WITH: &str = "what seals the data keys of a round";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Postgres,
    RedisStreams,
}

/// What a round has shown.
pub struct Report {
    pub backend: Backend,
    pub kills: Kills,
    pub postgres_stops: u32,
    pub redis_kills: u32,
    pub redis_flushes: u32,
    pub ok: usize,
    pub failed: usize,
    pub unknown: Unknown,
    pub archived: usize,
    /// Entries and accounts.
    pub erased: usize,
    pub applied: i64,
    pub violations: Vec<Violation>,
    pub postgres_version: String,
    pub duration: Duration,
}

struct Servers {
    postgres: PrivatePostgres,
    redis: PrivateRedis,
}

impl Backend {
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::RedisStreams => "redis-streams",
        }
    }
}

/// Runs a round in `folder`, which keeps the hosts' logs.
pub async fn run(backend: Backend, seed: u64, kills: u32, replicas: usize, folder: &Path) -> Result<Report> {
    let began = Instant::now();
    let progress =
        |what: &str| println!("chaos: {:>13} {:>6.1} s  {what}", backend.name(), began.elapsed().as_secs_f64());
    let mut servers = Servers {
        postgres: PrivatePostgres::start(&["chaoswrite", "chaosread", "chaosanalytics", KEYS]).await,
        redis: PrivateRedis::start(),
    };
    let (write_dsn, read_dsn) = (servers.postgres.dsn("chaoswrite"), servers.postgres.dsn("chaosread"));
    let keys_dsn = servers.postgres.dsn(KEYS);
    lay_out(folder, &servers, backend)?;
    let plan = Plan::draw(seed, kills, replicas, backend == Backend::RedisStreams);

    let addresses = Addresses::new(std::sync::RwLock::new(vec![None; replicas]));
    let mut hosts: Vec<_> = (0..replicas).map(|index| Replica::new(index, folder, addresses.clone())).collect();
    for host in &mut hosts {
        host.start(None).await?;
    }
    progress(&format!(
        "{replicas} replicas are up; {kills} kills and {} faults of servers to come",
        plan.servers.len()
    ));
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let name = format!("writer{number}");
        let grant = async |email: &str| grant_premium(folder, email).await;
        let writer = Writer::register(name, seed.wrapping_add(number + 1), addresses.clone(), grant).await?;
        writers.push(tokio::spawn(writer.purging().run(stop.clone())));
    }
    let grant = async |_: &str| Ok(());
    let leaver = Writer::register("leaver".to_owned(), seed, addresses.clone(), grant).await?;
    let leaver = tokio::spawn(leaver.leave(WRITES_BEFORE_LEAVING));

    let suffering = hosts.iter_mut().zip(&plan.kills).map(|(host, kills)| host.suffer(kills, progress));
    let (counted, ()) = tokio::try_join!(futures::future::try_join_all(suffering), async {
        servers.suffer(&plan, progress).await;
        Ok(())
    })?;
    let mut all = Kills::default();
    counted.iter().for_each(|kills| all.add(kills));
    stop.store(true, Ordering::Relaxed);
    let mut writes = Vec::new();
    for writer in writers {
        writes.extend(writer.await.context("a writer")?);
    }
    writes.push(leaver.await.context("who leaves")?);
    progress(&format!("{} kills are over, {} writes; waiting for quiet", all.total(), writes.len()));

    let (history, violations, postgres_version) = settle(folder, &write_dsn, &read_dsn, &keys_dsn, &writes).await?;
    progress(&format!("{} violations", violations.len()));
    for host in &mut hosts {
        host.end().await?;
    }
    let count = |outcome| history.writes.iter().filter(|write| write.outcome == outcome).count();
    let faults = |fault| u32::try_from(plan.servers.iter().filter(|(_, of)| *of == fault).count()).unwrap_or(u32::MAX);
    if !violations.is_empty() {
        keep(folder, &history, &violations)?;
    }
    Ok(Report {
        backend,
        kills: all,
        postgres_stops: faults(ServerFault::PostgresImmediate),
        redis_kills: faults(ServerFault::RedisKill),
        redis_flushes: faults(ServerFault::RedisFlush),
        ok: count(Outcome::Ok),
        failed: count(Outcome::Failed),
        unknown: checker::unknown(&history),
        archived: history.archive.len(),
        erased: history.archive.iter().filter(|event| ERASURES.contains(&event.event_type.as_str())).count(),
        applied: history.counted.values().sum(),
        violations,
        postgres_version,
        duration: began.elapsed(),
    })
}

impl Servers {
    async fn suffer(&mut self, plan: &Plan, progress: impl Fn(&str)) {
        for (pause, fault) in &plan.servers {
            sleep(*pause).await;
            match fault {
                ServerFault::PostgresImmediate => {
                    self.postgres.crash().await;
                    self.postgres.run().await;
                }
                ServerFault::RedisKill => {
                    self.redis.kill();
                    self.redis.run();
                }
                ServerFault::RedisFlush => self.redis.flush(),
            }
            progress(&format!("{fault:?}"));
        }
    }
}

/// Waits until no law is broken, then until late deliveries would have come, and checks for good. What is still
/// broken when the time is up is the verdict.
async fn settle(
    folder: &Path,
    write_dsn: &str,
    read_dsn: &str,
    keys_dsn: &str,
    writes: &[Write],
) -> Result<(History, Vec<Violation>, String)> {
    let (write, read) = (evidence::connect(write_dsn).await?, evidence::connect(read_dsn).await?);
    let keys = payloads::keys(keys_dsn, SEALED_WITH).await?;
    let wanted = evidence::wanted(&write, "counter").await?;
    let version: String = write.query_one("SHOW server_version", &[]).await?.get(0);
    let look = || async {
        let mut history = evidence::gather(&write, &read, &keys).await?;
        history.writes = writes.to_vec();
        history.dead = dead_letters(folder).await?;
        let violations = checker::check(&history, &wanted);
        Ok::<_, anyhow::Error>((history, violations))
    };
    let began = Instant::now();
    while !look().await?.1.is_empty() && began.elapsed() < QUIET_WITHIN {
        sleep(QUIET_POLL).await;
    }
    sleep(LATE_DELIVERIES).await;
    let (history, violations) = look().await?;
    if !violations.is_empty() {
        std::fs::write(folder.join("backlog.txt"), evidence::backlog(&write).await?)?;
    }
    Ok((history, violations, version))
}

async fn grant_premium(folder: &Path, email: &str) -> Result<()> {
    let granted = mindflow(folder, 0).args(["users", "grant", email, "premium"]).output().await?;
    if !granted.status.success() {
        bail!("users grant: {}", String::from_utf8_lossy(&granted.stderr));
    }
    Ok(())
}

async fn dead_letters(folder: &Path) -> Result<i64> {
    let output = mindflow(folder, 0).args(["dead-letters", "list", "--json"]).output().await?;
    if !output.status.success() {
        bail!("dead-letters list: {}", String::from_utf8_lossy(&output.stderr));
    }
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).context("what dead-letters list printed")?;
    Ok(i64::try_from(list.as_array().context("a list of dead letters")?.len())?)
}

/// The application of the repository and the counter, on this round's stores.
fn lay_out(folder: &Path, servers: &Servers, backend: Backend) -> Result<()> {
    let migrations = folder.join("migrations-read");
    std::fs::create_dir_all(&migrations)?;
    for file in std::fs::read_dir(root().join("migrations/read"))? {
        let file = file?;
        std::fs::copy(file.path(), migrations.join(file.file_name()))?;
    }
    std::fs::write(migrations.join("9000_create_counter.sql"), COUNTER)?;
    let manifest = absolute_manifest()
        .replace(&format!("{}/migrations/read", root().display()), &migrations.display().to_string())
        .replace("lifetime-s = 900", "lifetime-s = 3600")
        .replace("name = \"erase\"\ncron = \"* * * * *\"", "name = \"erase\"\ncron = \"* * * * * *\"");
    std::fs::write(folder.join("spin.toml"), format!("{manifest}\n{}", counter()?))?;

    let mut config = String::new();
    let redis = servers.redis.url();
    for (name, database) in DATABASES {
        let dsn = servers.postgres.dsn(database);
        let _ = writeln!(config, "[databases.{name}]\nbackend = \"postgres\"\ndsn = {dsn:?}\npool-max = 4\n");
    }
    let _ =
        writeln!(config, "[data-keys]\ndsn = {:?}\n\n[sealing]\nkey = {SEALED_WITH:?}\n", servers.postgres.dsn(KEYS));
    for table in ["key-value.sessions", "key-value.auth-limits", "key-value.cache", "realtime"] {
        let _ = writeln!(config, "[{table}]\nbackend = \"redis\"\nurl = {redis:?}\nprefix = \"chaos:\"\n");
    }
    let _ = writeln!(config, "[rate-limits]\nbucket = \"auth-limits\"\n");
    let _ = writeln!(config, "[search-index.entries]\nbackend = \"postgres\"\n");
    if backend == Backend::RedisStreams {
        let _ = writeln!(config, "[events]\nbackend = \"redis-streams\"\nurl = {redis:?}\nprefix = \"chaos:\"\n");
    }
    std::fs::write(folder.join("config.toml"), config).context("write config.toml")
}

/// The counter's tables of the manifest: subscribed to what query is subscribed to.
fn counter() -> Result<String> {
    let manifest: toml::Table = std::fs::read_to_string(root().join("spin.toml"))?.parse()?;
    let subscriptions = &manifest["component"]["query"]["tool"]["mindflow"]["subscriptions"];
    let events = subscriptions[0]["events"].to_string();
    let source: PathBuf = components().join("test/counter.wasm");
    Ok(format!(
        "[component.counter]\nsource = {source:?}\n\n[component.counter.tool.mindflow]\nsql = {{ read = \"service\" }}\n\n\
         [[component.counter.tool.mindflow.subscriptions]]\nevents = {events}\nconcurrency = 8\n"
    ))
}

/// What the search for the cause needs.
fn keep(folder: &Path, history: &History, violations: &[Violation]) -> Result<()> {
    let lines: Vec<_> = violations.iter().map(|violation| format!("{violation:?}\n")).collect();
    std::fs::write(folder.join("violations.txt"), lines.concat())?;
    std::fs::write(folder.join("history.txt"), format!("{history:#?}\n"))?;
    Ok(())
}
