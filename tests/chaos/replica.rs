//! One of the hosts: the built binary as a child, killed and started again on the same stores.

use crate::plan::Kill;
use crate::round::ERASURE_SETTLE_S;
use anyhow::{Context, Result, bail};
use mindflow_tests::laws::writer::Addresses;
use mindflow_tests::{LIMITS_FACTOR, NO_LIMITS, binary, compiled_cache};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

const READY_WITHIN: Duration = Duration::from_secs(60);
/// While Postgres is away, a host does not start.
const START_AGAIN: Duration = Duration::from_millis(300);
/// An armed host that does not come to its place (nothing to relay, say) is killed where it is.
const PLACE_WITHIN: Duration = Duration::from_secs(6);
const SIGKILL: i32 = 9;

/// How hosts ended, counted.
#[derive(Debug, Default, Clone)]
pub struct Kills {
    pub at_random: u32,
    /// Armed, and killed at random because the place was not reached in time.
    pub place_not_reached: u32,
    pub at_place: BTreeMap<&'static str, u32>,
}

pub struct Replica {
    index: usize,
    folder: PathBuf,
    addresses: Addresses,
    child: Option<Child>,
}

impl Kills {
    pub fn add(&mut self, other: &Self) {
        self.at_random += other.at_random;
        self.place_not_reached += other.place_not_reached;
        for (place, times) in &other.at_place {
            *self.at_place.entry(place).or_insert(0) += times;
        }
    }

    pub fn total(&self) -> u32 {
        self.at_random + self.place_not_reached + self.at_place.values().sum::<u32>()
    }
}

/// `mindflow` on a round's stores, with the data directory of one replica.
pub fn mindflow(folder: &Path, replica: usize) -> Command {
    let data = folder.join(format!("data-{replica}"));
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MINDFLOW_") || name == "ANTHROPIC_API_KEY") {
        command.env_remove(name);
    }
    let settle = ERASURE_SETTLE_S.to_string();
    for (name, value) in [
        ("BCRYPT_COST", "4"),
        ("ALLOW_WEAK_BCRYPT", "true"),
        ("ACCOUNT_DELETION_GRACE_DAYS", "0"),
        ("ERASURE_SETTLE_SECONDS", settle.as_str()),
    ] {
        command.env(format!("MINDFLOW_VARIABLE_{name}"), value);
    }
    // One address registers and writes without a pause.
    command.env(LIMITS_FACTOR, NO_LIMITS);
    command.env("MINDFLOW_COMPILED_CACHE", compiled_cache());
    command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command.arg("--manifest").arg(folder.join("spin.toml")).arg("--config").arg(folder.join("config.toml"));
    command.arg("--data-dir").arg(data);
    command
}

impl Replica {
    pub fn new(index: usize, folder: &Path, addresses: Addresses) -> Self {
        Self { index, folder: folder.to_owned(), addresses, child: None }
    }

    /// Ends it once for each kill of the plan, and leaves it running.
    pub async fn suffer(&mut self, kills: &[Kill], progress: impl Fn(&str)) -> Result<Kills> {
        let mut counted = Kills::default();
        self.end().await?;
        for kill in kills {
            let dead_already = self.start(Some(kill)).await?;
            match kill {
                Kill::AtRandom(life) => {
                    sleep(*life).await;
                    self.end().await?;
                    counted.at_random += 1;
                }
                Kill::AtPlace { place, .. } => {
                    if dead_already || self.ended_by_itself().await? {
                        *counted.at_place.entry(place).or_insert(0) += 1;
                    } else {
                        self.end().await?;
                        counted.place_not_reached += 1;
                    }
                }
            }
            progress(&format!("replica {}: {kill:?}", self.index));
        }
        self.start(None).await?;
        Ok(counted)
    }

    /// Starts it and waits until it is ready. True: it came to its place before that.
    pub async fn start(&mut self, kill: Option<&Kill>) -> Result<bool> {
        let began = Instant::now();
        loop {
            let mut command = mindflow(&self.folder, self.index);
            command.args(["up", "--listen", "127.0.0.1:0"]);
            if let Some(Kill::AtPlace { place, pass }) = kill {
                command.env("MINDFLOW_FAILPOINT", format!("{place}:{pass}"));
            }
            let log = std::fs::File::options().create(true).append(true).open(self.log())?;
            let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().context("start the host")?;
            let mut lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
            let ready = timeout(READY_WITHIN, async {
                while let Some(line) = lines.next_line().await? {
                    if let Some(address) = line.strip_prefix("ready ") {
                        return Ok::<_, std::io::Error>(Some(address.trim().to_owned()));
                    }
                }
                Ok(None)
            });
            if let Some(address) = ready.await.context("the host is not ready in time")?? {
                self.moved(Some(address));
                self.child = Some(child);
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(false);
            }
            let status = child.wait().await?;
            if killed(status) && matches!(kill, Some(Kill::AtPlace { .. })) {
                return Ok(true);
            }
            if began.elapsed() > READY_WITHIN {
                bail!("replica {} does not start ({status}): {}", self.index, self.log().display());
            }
            sleep(START_AGAIN).await;
        }
    }

    pub fn log(&self) -> PathBuf {
        self.folder.join(format!("log-{}", self.index))
    }

    async fn ended_by_itself(&mut self) -> Result<bool> {
        let child = self.child.as_mut().context("it runs")?;
        let Ok(status) = timeout(PLACE_WITHIN, child.wait()).await else { return Ok(false) };
        self.moved(None);
        self.child = None;
        let status = status?;
        if !killed(status) {
            bail!("replica {} ended without being killed ({status}): {}", self.index, self.log().display());
        }
        Ok(true)
    }

    /// `kill -9`.
    pub async fn end(&mut self) -> Result<()> {
        self.moved(None);
        if let Some(mut child) = self.child.take() {
            child.kill().await.context("kill the host")?;
        }
        Ok(())
    }

    fn moved(&self, address: Option<String>) {
        self.addresses.write().expect("no panic while held")[self.index] = address;
    }
}

fn killed(status: ExitStatus) -> bool {
    status.signal() == Some(SIGKILL)
}
