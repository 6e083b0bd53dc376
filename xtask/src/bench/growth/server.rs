//! The PostgreSQL that is filled, its statements by `psql`, and the plans that it logs.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use mindflow_servers::{Authentication, Folder, Postgres, PostgresOptions};

use crate::lookup;

/// It is filled and thrown away, so a crash may lose its data. Otherwise as the embedded server, with the memory of a small one.
const SETTINGS: [&str; 9] = [
    "full_page_writes=off",
    "max_wal_size=2GB",
    "shared_buffers=1GB",
    "effective_cache_size=4GB",
    "max_connections=400",
    "shared_preload_libraries=auto_explain",
    "auto_explain.log_analyze=on",
    "auto_explain.log_format=json",
    // Statements inside functions, such as `delivery.publish`.
    "auto_explain.log_nested_statements=on",
];

pub struct Server {
    /// There until it is dropped.
    postgres: Option<Postgres>,
    psql: PathBuf,
    folder: Folder,
}

/// A transaction that has written and does not end; undone when dropped.
pub struct OpenTransaction(Child);

// === impl Server ===

impl Server {
    pub fn start() -> Result<Self> {
        let binaries = lookup::postgres_bin()?;
        let folder = Folder::new("growth").context("a folder for PostgreSQL")?;
        let mut options = PostgresOptions::new(folder.path().join("data"));
        options.binaries = Some(binaries.clone());
        options.fsync = false;
        options.authentication = Authentication::Trust;
        options.settings = SETTINGS.map(str::to_owned).to_vec();
        let postgres = Postgres::start(options).context("PostgreSQL for the benchmark")?;
        Ok(Self { postgres: Some(postgres), psql: binaries.join("psql"), folder })
    }

    pub fn dsn(&self, database: &str) -> String {
        self.postgres.as_ref().map(|postgres| postgres.dsn(database)).unwrap_or_default()
    }

    fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(&self.psql);
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"]).arg(self.dsn(database));
        command
    }

    /// Runs a script as the superuser: what it answers, values separated by `|`.
    pub fn run(&self, database: &str, variables: &[(&str, String)], script: &str) -> Result<String> {
        let mut command = self.psql(database);
        for (name, value) in variables {
            command.arg("-v").arg(format!("{name}={value}"));
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", self.psql.display()))?;
        child.stdin.take().context("psql has no standard input")?.write_all(script.as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "{database}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    /// A transaction of another database of the server that has written.
    pub fn open_transaction(&self, database: &str) -> Result<OpenTransaction> {
        self.run(database, &[], "CREATE TABLE IF NOT EXISTS written (n int);")?;
        let mut child =
            self.psql(database).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("start psql")?;
        let input = child.stdin.as_mut().context("psql has no standard input")?;
        input.write_all(b"BEGIN; INSERT INTO written VALUES (1); SELECT 'open';\n")?;
        input.flush()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("psql has no standard output")?).read_line(&mut line)?;
        ensure!(line.trim() == "open", "psql answered {line:?}");
        Ok(OpenTransaction(child))
    }

    /// What the server logs of the plans of all statements while `work` runs.
    pub fn explained<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, String)> {
        self.explain("0")?;
        let before = std::fs::metadata(self.log())?.len();
        let done = work()?;
        self.explain("-1")?;
        let log = std::fs::read(self.log())?;
        let since = log.get(usize::try_from(before)?..).unwrap_or_default();
        Ok((done, String::from_utf8_lossy(since).into_owned()))
    }

    /// Every session takes a new setting before its next statement.
    fn explain(&self, log_min_duration: &str) -> Result<()> {
        let set = format!(
            "ALTER SYSTEM SET auto_explain.log_min_duration = {log_min_duration};\nSELECT pg_reload_conf();\n\
             -- The server tells its sessions after it has read the file.\n\
             SELECT pg_sleep(0.2);"
        );
        self.run("postgres", &[], &set).map(drop)
    }

    fn log(&self) -> PathBuf {
        Path::new(self.folder.path()).join("data/postgres.log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Before its folder goes.
        if let Some(postgres) = self.postgres.take() {
            postgres.stop();
        }
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
