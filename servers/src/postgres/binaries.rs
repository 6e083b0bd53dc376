//! Where PostgreSQL's programs are. The private server runs what the machine has; nothing is downloaded here.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Environment variable that names the directory of `postgres` and `initdb`.
pub const BINARIES_ENV: &str = "MINDFLOW_POSTGRES_BIN";
/// Where Debian and its derivatives install each major version.
const DEBIAN_DIR: &str = "/usr/lib/postgresql";

/// A directory with `postgres` and `initdb`, and their version.
#[derive(Clone, Debug, PartialEq)]
pub struct Binaries {
    pub dir: PathBuf,
    /// Such as 15: a data directory belongs to one of these.
    pub major: u32,
}

/// Why there is no server to run.
#[derive(Debug, thiserror::Error)]
pub enum BinariesError {
    #[error(
        "no PostgreSQL found: looked in {tried}; install it (Debian: apt-get install postgresql), or set {BINARIES_ENV} to the directory of `postgres` and `initdb`"
    )]
    NotFound { tried: String },
    #[error("{named_by}: {dir} holds no `{missing}`")]
    Incomplete { named_by: String, dir: PathBuf, missing: &'static str },
    #[error("{program} --version: {reason}")]
    Version { program: PathBuf, reason: String },
}

/// Where the search looks; a test chooses.
#[derive(Clone, Debug, Default)]
struct SearchPaths {
    env: Option<PathBuf>,
    debian_dir: PathBuf,
    path: Vec<PathBuf>,
    cache: Option<PathBuf>,
}

// === impl Binaries ===

impl Binaries {
    /// Finds the programs: `configured`, the environment, Debian's, those on PATH, the cache folder.
    pub fn find(configured: Option<&Path>) -> Result<Self, BinariesError> {
        let dir = search(configured, &SearchPaths::of_this_process())?;
        let major = major_version(&dir.join("postgres"))?;
        Ok(Self { dir, major })
    }

    /// The path of one of the programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

// === impl SearchPaths ===

impl SearchPaths {
    fn of_this_process() -> Self {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = var("MINDFLOW_CACHE")
            .or_else(|| var("XDG_CACHE_HOME").map(|dir| dir.join("mindflow")))
            .or_else(|| var("HOME").map(|home| home.join(".cache/mindflow")));
        Self {
            env: var(BINARIES_ENV),
            debian_dir: PathBuf::from(DEBIAN_DIR),
            path: std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default(),
            cache: cache.map(|dir| dir.join("postgres")),
        }
    }
}

fn search(configured: Option<&Path>, paths: &SearchPaths) -> Result<PathBuf, BinariesError> {
    // A directory that was named is used or refused, never skipped.
    if let Some(dir) = configured {
        return complete("the configured `binaries`", dir);
    }
    if let Some(dir) = &paths.env {
        return complete(BINARIES_ENV, dir);
    }
    let versions = |parent: &Path| newest_first(parent).into_iter().map(|dir| dir.join("bin"));
    let found = versions(&paths.debian_dir)
        .chain(paths.path.iter().map(|dir| resolved(dir)))
        .chain(paths.cache.iter().flat_map(|cache| versions(cache)))
        .find(|dir| missing_from(dir).is_none());
    found.ok_or_else(|| {
        let mut tried =
            vec![BINARIES_ENV.to_owned(), format!("{}/*/bin", paths.debian_dir.display()), "PATH".to_owned()];
        tried.extend(paths.cache.as_ref().map(|cache| format!("{}/*/bin", cache.display())));
        BinariesError::NotFound { tried: tried.join(", ") }
    })
}

/// The directory in which a `postgres` on PATH really lies: a link in /usr/bin has no `initdb` next to it.
fn resolved(dir: &Path) -> PathBuf {
    let real = std::fs::canonicalize(dir.join("postgres")).ok();
    real.and_then(|file| file.parent().map(Path::to_owned)).unwrap_or_else(|| dir.to_owned())
}

fn complete(named_by: &str, dir: &Path) -> Result<PathBuf, BinariesError> {
    match missing_from(dir) {
        None => Ok(dir.to_owned()),
        Some(missing) => Err(BinariesError::Incomplete { named_by: named_by.to_owned(), dir: dir.to_owned(), missing }),
    }
}

fn missing_from(dir: &Path) -> Option<&'static str> {
    ["postgres", "initdb"].into_iter().find(|program| !dir.join(program).is_file())
}

/// Sub-folders named by a version, the highest first.
fn newest_first(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut dirs: Vec<(Vec<u32>, PathBuf)> = entries
        .flatten()
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name.split(['.', '-']).map_while(|part| part.parse().ok()).collect(), entry.path())
        })
        .collect();
    dirs.sort_by(|a, b| b.cmp(a));
    dirs.into_iter().map(|(_, dir)| dir).collect()
}

fn major_version(program: &Path) -> Result<u32, BinariesError> {
    let fail = |reason: String| BinariesError::Version { program: program.to_owned(), reason };
    let output = Command::new(program).arg("--version").output().map_err(|error| fail(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    parse_major(&text).ok_or_else(|| {
        let said =
            if text.trim().is_empty() { String::from_utf8_lossy(&output.stderr).into_owned() } else { text.clone() };
        fail(format!("answered `{}`", said.trim()))
    })
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` → 15.
fn parse_major(text: &str) -> Option<u32> {
    let version = text.split_once("(PostgreSQL) ")?.1;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs_in(dir: &Path) -> PathBuf {
        std::fs::create_dir_all(dir).unwrap();
        for name in ["postgres", "initdb"] {
            std::fs::write(dir.join(name), "").unwrap();
        }
        dir.to_owned()
    }

    #[test]
    fn the_highest_version_wins_and_the_cache_comes_last() {
        let root = tempfile::tempdir().unwrap();
        let debian_dir = root.path().join("debian");
        let cache = root.path().join("cache");
        let cached = programs_in(&cache.join("18.6/bin"));
        let paths = SearchPaths { debian_dir: debian_dir.clone(), cache: Some(cache), ..SearchPaths::default() };
        assert_eq!(search(None, &paths).unwrap(), cached);
        programs_in(&debian_dir.join("9.6/bin"));
        let newest = programs_in(&debian_dir.join("17/bin"));
        programs_in(&debian_dir.join("15/bin"));
        std::fs::create_dir_all(debian_dir.join("18/bin")).unwrap();
        assert_eq!(search(None, &paths).unwrap(), newest);
        let named = programs_in(&root.path().join("mine"));
        assert_eq!(search(Some(&named), &paths).unwrap(), named);
    }

    #[test]
    fn a_named_directory_without_the_programs_is_refused_by_what_named_it() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("postgres"), "").unwrap();
        let paths = SearchPaths { env: Some(root.path().to_owned()), ..SearchPaths::default() };
        let text = search(None, &paths).unwrap_err().to_string();
        assert!(text.starts_with("MINDFLOW_POSTGRES_BIN: ") && text.ends_with("holds no `initdb`"), "{text}");
    }

    #[test]
    fn finding_nothing_says_where_it_looked_and_what_to_do() {
        let text = search(None, &SearchPaths { debian_dir: "/nowhere".into(), ..SearchPaths::default() })
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("/nowhere/*/bin") && text.contains("apt-get install postgresql") && !text.contains('\n'),
            "{text}"
        );
    }

    #[test]
    fn the_major_version_is_read_from_what_postgres_prints() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-1)"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(parse_major("bash"), None);
    }
}
