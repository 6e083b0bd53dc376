//! The PostgreSQL and the Redis of the application, on ports of the loopback interface: Spin connects by TCP alone.

use super::secrets::Secrets;
use crate::lookup;
use anyhow::{Context, Result, bail};
use mindflow_servers::{Postgres, PostgresOptions, SUPERUSER, end_with_parent};
use rustix::process::Signal;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

const DATABASES: [&str; 3] = ["write", "read", "analytics"];
/// Of the keys under which payloads of events are kept.
const KEYS: &str = "keys";
const REDIS_ASKED_EVERY: Duration = Duration::from_millis(20);
/// It starts within 20 s.
const REDIS_ASKED_MAX: u32 = 1_000;

/// Running, until it is dropped.
pub struct Stores {
    postgres: Option<Postgres>,
    postgres_port: u16,
    /// Of the superuser; the passwords of the components' roles follow from it.
    postgres_password: String,
    redis: Child,
    redis_port: u16,
}

impl Stores {
    pub fn start(data: &Path, secrets: &Secrets) -> Result<Self> {
        let binaries = lookup::postgres_bin()?;
        let options = PostgresOptions {
            binaries: Some(binaries.clone()),
            port: Some(free_port()?),
            ..PostgresOptions::new(data)
        };
        let postgres = Postgres::start(options)?;
        if !postgres.is_owned() {
            bail!("{} is in use by another process; stop it, or choose another --data-dir", data.display());
        }
        let (_, postgres_port) = postgres.socket();
        let password = postgres.password().context("PostgreSQL has no password")?;
        make_databases(&binaries.join("psql"), &postgres, &password)?;
        let redis_port = free_port()?;
        let redis = start_redis(&data.join("redis"), redis_port, secrets)?;
        Ok(Self { postgres: Some(postgres), postgres_port, postgres_password: password, redis, redis_port })
    }

    /// What the host's configuration is to be, as variables of its environment.
    pub fn settings(&self, secrets: &Secrets) -> Vec<(String, String)> {
        let (postgres, redis) = (self.postgres_port, self.redis_port);
        let dsn = |name: &str| {
            let (password, database) = (&self.postgres_password, database(name));
            format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{postgres}/{database}?sslmode=disable")
        };
        let databases = DATABASES.map(|name| (format!("MINDFLOW_DATABASES__{}__DSN", name.to_uppercase()), dsn(name)));
        let url = format!("redis://:{}@127.0.0.1:{redis}/0", secrets.redis);
        let buckets = ["KEY_VALUE__SESSIONS", "KEY_VALUE__AUTH_LIMITS", "KEY_VALUE__CACHE", "REALTIME"];
        let others = [
            ("MINDFLOW_KEYS__WRAPPING_SECRET".to_owned(), secrets.wrapping.clone()),
            ("MINDFLOW_DATA_KEYS__DSN".to_owned(), dsn(KEYS)),
            ("MINDFLOW_SEALING__KEY".to_owned(), secrets.sealing.clone()),
            ("MINDFLOW_VARIABLE_RELAY_TOKEN".to_owned(), secrets.relay.clone()),
        ];
        let buckets = buckets.map(|table| (format!("MINDFLOW_{table}__URL"), url.clone()));
        databases.into_iter().chain(buckets).chain(others).collect()
    }
}

impl Drop for Stores {
    fn drop(&mut self) {
        let _ = self.redis.kill();
        let _ = self.redis.wait();
        if let Some(postgres) = self.postgres.take() {
            postgres.stop();
        }
    }
}

fn database(name: &str) -> String {
    format!("mindflow_{name}")
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr().context("find a free port")?.port())
}

/// Those that are not there yet.
fn make_databases(psql: &Path, postgres: &Postgres, password: &str) -> Result<()> {
    let mut script = String::new();
    for name in DATABASES.into_iter().chain([KEYS]).map(database) {
        script += &format!(
            "SELECT 'CREATE DATABASE {name}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec\n"
        );
    }
    let mut psql = Command::new(psql);
    psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", &postgres.dsn("postgres")]);
    psql.env("PGPASSWORD", password);
    let mut child = psql.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().context("start psql")?;
    let written = child.stdin.take().map(|mut input| input.write_all(script.as_bytes()));
    let output = child.wait_with_output().context("run psql")?;
    if !output.status.success() {
        bail!("PostgreSQL cannot be prepared: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    written.transpose().context("write to psql").map(drop)
}

/// Its configuration is not on the command line, which others can read.
fn start_redis(data: &Path, port: u16, secrets: &Secrets) -> Result<Child> {
    fs::create_dir_all(data).with_context(|| format!("make {}", data.display()))?;
    let program = lookup::redis_server()?;
    let mut command = Command::new(&program);
    command.arg("-").current_dir(data).stdin(Stdio::piped()).stdout(Stdio::null());
    end_with_parent(&mut command, Signal::TERM);
    let mut child = command.spawn().with_context(|| format!("start {}", program.display()))?;
    let config = format!(
        "bind 127.0.0.1\nport {port}\nrequirepass {}\nappendonly yes\nsave \"\"\nlogfile redis.log\n",
        secrets.redis
    );
    if let Some(mut input) = child.stdin.take() {
        input.write_all(config.as_bytes()).context("configure Redis")?;
    }
    let mut asked = 0;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        asked += 1;
        if let Ok(Some(status)) = child.try_wait() {
            bail!("Redis ended with {status}; see {}", data.join("redis.log").display());
        }
        if asked > REDIS_ASKED_MAX {
            bail!("Redis does not answer on port {port}; see {}", data.join("redis.log").display());
        }
        sleep(REDIS_ASKED_EVERY);
    }
    Ok(child)
}
