//! Where PostgreSQL, Redis and PgBouncer are. In this order: where the environment says,
//! where Debian installs them, on PATH, and where `scripts/test` unpacked them.

use crate::toolchain::cache;
use anyhow::{Context, Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Row-level security on views (`security_invoker`) came with 15.
const POSTGRES_MAJOR_MIN: u32 = 15;

/// The folder that holds `postgres` and `initdb`.
pub fn postgres_bin() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("MINDFLOW_POSTGRES_BIN").filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(folder);
        return match postgres_major(&folder) {
            Some(major) if major >= POSTGRES_MAJOR_MIN => Ok(folder),
            Some(major) => bail!(
                "MINDFLOW_POSTGRES_BIN={} is PostgreSQL {major}, older than {POSTGRES_MAJOR_MIN}",
                folder.display()
            ),
            None => bail!("MINDFLOW_POSTGRES_BIN={} holds no working postgres and initdb", folder.display()),
        };
    }
    let mut folders = versioned(Path::new("/usr/lib/postgresql"), "bin");
    folders.extend(on_path("initdb").and_then(|initdb| Some(initdb.canonicalize().ok()?.parent()?.to_owned())));
    for server in children(&cache()?.join("servers")) {
        folders.extend(versioned(&server.join("usr/lib/postgresql"), "bin"));
    }
    folders
        .into_iter()
        .find(|folder| postgres_major(folder).is_some_and(|major| major >= POSTGRES_MAJOR_MIN))
        .with_context(|| {
            format!(
                "no PostgreSQL {POSTGRES_MAJOR_MIN} or newer was found: run scripts/test, or set MINDFLOW_POSTGRES_BIN"
            )
        })
}

pub fn redis_server() -> Result<PathBuf> {
    if let Some(program) = env::var_os("MINDFLOW_REDIS_SERVER").filter(|program| !program.is_empty()) {
        let program = PathBuf::from(program);
        if !program.is_file() {
            bail!("MINDFLOW_REDIS_SERVER={} is no file", program.display());
        }
        return Ok(program);
    }
    on_path("redis-server")
        .or_else(|| {
            children(&cache().ok()?.join("servers"))
                .into_iter()
                .map(|server| server.join("usr/bin/redis-server"))
                .find(|file| file.is_file())
        })
        .context("no redis-server was found: run scripts/test, or set MINDFLOW_REDIS_SERVER")
}

/// The major version of Node that the web client is built with.
const NODE_MAJOR: u32 = 24;

/// The folder that holds a `node` of that version: on PATH, or where `scripts/up` and `scripts/test` installed it.
pub fn node_bin() -> Result<PathBuf> {
    let installed = children(&cache()?)
        .into_iter()
        .filter(|folder| folder.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"node-")));
    let installed =
        installed.flat_map(|folder| children(&folder.join("node_modules"))).map(|package| package.join("bin"));
    let on_path = on_path("node").and_then(|node| Some(node.parent()?.to_owned()));
    on_path
        .into_iter()
        .chain(installed)
        .find(|folder| node_major(folder) == Some(NODE_MAJOR))
        .with_context(|| format!("no Node {NODE_MAJOR} was found: run scripts/up or scripts/test, or put it on PATH"))
}

fn node_major(bin: &Path) -> Option<u32> {
    let output = Command::new(bin.join("node")).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// The PgBouncer that `scripts/test` unpacked. An installed one may be too old to keep prepared statements.
pub fn pgbouncer() -> Result<PathBuf> {
    let named = env::var_os("MINDFLOW_PGBOUNCER").filter(|program| !program.is_empty()).map(PathBuf::from);
    let found = || {
        let servers = children(&cache().ok()?.join("servers")).into_iter();
        servers.map(|server| server.join("usr/sbin/pgbouncer")).find(|file| file.is_file())
    };
    named
        .or_else(found)
        .filter(|program| program.is_file())
        .context("no PgBouncer was found: run scripts/test, or set MINDFLOW_PGBOUNCER")
}

/// The folder of a PostgreSQL that has TimescaleDB and pgvector.
pub fn extended_postgres_bin() -> Result<PathBuf> {
    let named = env::var_os("MINDFLOW_POSTGRES_EXTENDED_BIN").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let found = || {
        let servers = children(&cache().ok()?.join("servers")).into_iter();
        servers
            .filter(|server| {
                server.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"postgres-extended"))
            })
            .find_map(|server| versioned(&server.join("usr/lib/postgresql"), "bin").into_iter().next())
    };
    named
        .or_else(found)
        .filter(|folder| postgres_major(folder).is_some())
        .context("no PostgreSQL with TimescaleDB and pgvector was found: run scripts/test, or set MINDFLOW_POSTGRES_EXTENDED_BIN")
}

fn postgres_major(bin: &Path) -> Option<u32> {
    if !bin.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    major_of(&String::from_utf8(output.stdout).ok()?)
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is 15.
fn major_of(version: &str) -> Option<u32> {
    let number = version.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// `FOLDER/15/bin` and its like, the newest first.
fn versioned(folder: &Path, below: &str) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = children(folder)
        .into_iter()
        .filter_map(|child| Some((child.file_name()?.to_str()?.parse().ok()?, child.join(below))))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, path)| path).collect()
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = folder.read_dir() else {
        return Vec::new();
    };
    let hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| !hidden(path)).collect();
    paths.sort();
    paths
}

pub fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_major_version_is_read_from_what_postgres_says_of_itself() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major_of("no version at all"), None);
    }

    #[test]
    fn the_newest_installed_version_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["9", "15", "17", "common"] {
            std::fs::create_dir_all(folder.path().join(version)).unwrap();
        }
        let found: Vec<_> = versioned(folder.path(), "bin")
            .into_iter()
            .map(|path| path.strip_prefix(folder.path()).unwrap().to_owned())
            .collect();
        assert_eq!(found, ["17/bin", "15/bin", "9/bin"].map(PathBuf::from));
    }
}
