//! Compiled components on disk, shared by all data directories and hosts of a machine.
//!
//! Compiling takes seconds for each component, loading a few milliseconds. Code in the cache is executed
//! without further checks by Wasmtime, so the folder must not be writable by other users, and a file's name
//! carries the checksum of its content: a file that a crash or a full disk damaged is not executed.

use aws_lc_rs::digest::{SHA256, digest};
use mindflow_backends::clock::Clock;
use std::{
    env,
    ffi::OsString,
    fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};
use tempfile::TempDir;

const EXTENSION: &str = "cwasm";
/// Code that no host has loaded for so long is removed.
const UNUSED_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Above this, the least recently loaded code is removed: some 20 versions of all components.
const SIZE_MAX_BYTES: u64 = 1 << 30;
/// A file's modification time is when it was last loaded, to this precision.
const LOADED_PRECISION: Duration = Duration::from_secs(60 * 60);
/// A file that a crashed host was writing. Writing one takes less than a second.
const UNFINISHED_MAX: Duration = Duration::from_secs(60 * 60);
const GROUP_OR_OTHERS_WRITE: u32 = 0o022;
const MODE_BITS: u32 = 0o7777;

/// The folder of compiled components.
#[derive(Clone, Debug)]
pub struct CompiledCache {
    folder: PathBuf,
    clock: Clock,
    /// Removes the folder with the last of the values.
    _temporary: Option<Arc<TempDir>>,
}

/// A file of the cache. While the value lives, no host removes the file.
#[derive(Clone, Debug)]
pub(super) struct CachedCode {
    path: PathBuf,
    /// Holds a shared lock.
    _in_use: Arc<File>,
}

/// Why there is no cache to use.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error(
        "cannot make the folder {} for compiled components; choose another one with `compiled-cache` in the runtime configuration",
        folder.display()
    )]
    Folder {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "{} can be written by other users (mode {mode:04o}), who could run code in this host; run `chmod go-w {}`, or choose another folder with `compiled-cache` in the runtime configuration",
        folder.display(), folder.display()
    )]
    Writable { folder: PathBuf, mode: u32 },
    #[error(
        "{} belongs to another user (uid {owner}), who could run code in this host; choose another folder with `compiled-cache` in the runtime configuration",
        folder.display()
    )]
    Owner { folder: PathBuf, owner: u32 },
}

// === impl CompiledCache ===

impl CompiledCache {
    /// Opens the configured folder. Without one: `compiled` in the user's cache folder, or in the data
    /// directory when the user has no cache folder, or in a temporary folder when there is no data directory either.
    ///
    /// # Errors
    /// The folder cannot be made, or other users could change code in it.
    pub fn open(configured: Option<&Path>, data_dir: &Path) -> Result<Self, CacheError> {
        match configured {
            Some(folder) => Self::at(folder.to_owned(), Clock::system()),
            None => Self::of_user(user_cache(|name| env::var_os(name)), data_dir),
        }
    }

    fn of_user(cache: Option<PathBuf>, data_dir: &Path) -> Result<Self, CacheError> {
        match cache.map(|cache| Self::at(cache.join("compiled"), Clock::system())) {
            Some(Err(CacheError::Folder { folder, source })) => {
                tracing::info!(folder = %folder.display(), %source, "compiled components are kept in the data directory");
            }
            Some(opened) => return opened,
            None => {}
        }
        // A command that only looks makes no data directory.
        if data_dir.exists() { Self::at(data_dir.join("compiled"), Clock::system()) } else { Self::temporary() }
    }

    fn temporary() -> Result<Self, CacheError> {
        let own = Permissions::from_mode(0o700);
        let made = tempfile::Builder::new().prefix("mindflow-compiled-").permissions(own).tempdir();
        let folder = made.map_err(|source| CacheError::Folder { folder: env::temp_dir(), source })?;
        let cache = Self::at(folder.path().to_owned(), Clock::system())?;
        Ok(Self { _temporary: Some(Arc::new(folder)), ..cache })
    }

    fn at(folder: PathBuf, clock: Clock) -> Result<Self, CacheError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder).and_then(|()| fs::metadata(&folder));
        let metadata = made.map_err(|source| CacheError::Folder { folder: folder.clone(), source })?;
        if !trusted_owner(&metadata) {
            return Err(CacheError::Owner { folder, owner: metadata.uid() });
        }
        if metadata.mode() & GROUP_OR_OTHERS_WRITE != 0 {
            return Err(CacheError::Writable { folder, mode: metadata.mode() & MODE_BITS });
        }
        Ok(Self { folder, clock, _temporary: None })
    }

    /// The whole and unchanged code that was stored under the key.
    pub(super) fn find(&self, key: &str) -> Option<CachedCode> {
        self.files(EXTENSION).into_iter().filter(|path| stem(path).starts_with(key)).find_map(|path| {
            let checked = self.checked(&path);
            checked
                .inspect_err(|error| {
                    tracing::warn!(file = %path.display(), "compiled code is not usable, compiling again: {error}");
                    let _ = fs::remove_file(&path);
                })
                .ok()
        })
    }

    fn checked(&self, path: &Path) -> io::Result<CachedCode> {
        let file = File::open(path)?;
        file.lock_shared()?;
        let metadata = file.metadata()?;
        if !trusted_owner(&metadata) || metadata.mode() & GROUP_OR_OTHERS_WRITE != 0 {
            return Err(io::Error::other("other users can write to it"));
        }
        if !stem(path).ends_with(&checksum(&fs::read(path)?)) {
            return Err(io::Error::other("it is damaged"));
        }
        let now = self.now();
        if metadata.modified().is_ok_and(|loaded| loaded + LOADED_PRECISION < now) {
            // Of a folder that is read only, nothing is removed either.
            let _ = file.set_modified(now);
        }
        Ok(CachedCode { path: path.to_owned(), _in_use: Arc::new(file) })
    }

    /// Waits until no other host compiles the same component; the turn ends with the value. Without locks on
    /// this file system, both compile.
    pub(super) fn turn(&self, key: &str) -> Option<File> {
        let path = self.folder.join(key).with_extension("lock");
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path).ok()?;
        file.lock().ok()?;
        Some(file)
    }

    /// Stores code in one step: other hosts see all of it or nothing.
    pub(super) fn store(&self, key: &str, code: &[u8]) -> io::Result<CachedCode> {
        static FILES: AtomicU32 = AtomicU32::new(0);
        let path = self.folder.join(format!("{key}-{}.{EXTENSION}", checksum(code)));
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.folder.join(format!("{key}.{}-{number}.tmp", std::process::id()));
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
            file.write_all(code)?;
            // Whatever the process's umask takes away, the owner reads it again.
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            fs::rename(&unfinished, &path)
        };
        write().inspect_err(|_| {
            let _ = fs::remove_file(&unfinished);
        })?;
        let file = File::open(&path)?;
        file.lock_shared()?;
        Ok(CachedCode { path, _in_use: Arc::new(file) })
    }

    /// Removes code that no host uses and that was not loaded for long, and the least recently loaded when
    /// there is too much.
    pub fn prune(&self) {
        self.prune_to(SIZE_MAX_BYTES);
    }

    fn prune_to(&self, size_max_bytes: u64) {
        let now = self.now();
        let age = |metadata: &Metadata| {
            metadata.modified().ok().and_then(|modified| now.duration_since(modified).ok()).unwrap_or_default()
        };
        let of_extension = |extension| {
            self.files(extension)
                .into_iter()
                .filter_map(|path| fs::metadata(&path).ok().map(|metadata| (path, metadata)))
        };
        let mut code: Vec<_> =
            of_extension(EXTENSION).map(|(path, metadata)| (age(&metadata), metadata.len(), path)).collect();
        code.sort_by_key(|(age, ..)| std::cmp::Reverse(*age));
        let mut size_bytes: u64 = code.iter().map(|(_, len, _)| len).sum();
        for (age, len, path) in code {
            if (age > UNUSED_MAX || size_bytes > size_max_bytes) && remove_unused(&path) {
                size_bytes -= len;
            }
        }
        for (extension, age_max) in [("tmp", UNFINISHED_MAX), ("lock", UNUSED_MAX)] {
            for (path, _) in of_extension(extension).filter(|(_, metadata)| age(metadata) > age_max) {
                remove_unused(&path);
            }
        }
    }

    fn files(&self, extension: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|found| found == extension))
            .collect()
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_micros(self.clock.now_us().unsigned_abs())
    }
}

// === impl CachedCode ===

impl CachedCode {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// `mindflow` in the user's cache folder, as `scripts/` have it, by these variables.
fn user_cache(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let var = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    var("MINDFLOW_CACHE")
        .or_else(|| var("XDG_CACHE_HOME").map(|cache| cache.join("mindflow")))
        .or_else(|| var("HOME").map(|home| home.join(".cache/mindflow")))
        .filter(|cache| cache.is_absolute())
}

/// This user, or root, who can change everything anyway.
fn trusted_owner(metadata: &Metadata) -> bool {
    metadata.uid() == nix::unistd::geteuid().as_raw() || metadata.uid() == 0
}

/// Whether the file was removed: not while a host holds a lock on it.
fn remove_unused(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_ok() && fs::remove_file(path).is_ok())
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}

/// Half a SHA-256: it detects damage; who may write here is a matter of permissions.
fn checksum(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes).as_ref().get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

    /// A cache, and what moves its clock. The clock starts at the machine's time, which new files have.
    fn cache(folder: &Path) -> (CompiledCache, impl Fn(i64)) {
        let (clock, handle) = Clock::manual(Clock::system().now_us());
        let cache = CompiledCache::at(folder.join("compiled"), clock).unwrap();
        (cache, move |days| handle.advance_us(days * DAY_US))
    }

    fn names(cache: &CompiledCache, extension: &str) -> usize {
        cache.files(extension).len()
    }

    #[test]
    fn code_is_found_by_its_key_by_every_host_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (one, _) = cache(folder.path());
        let (other, _) = cache(folder.path());
        assert!(one.find("key").is_none());
        one.store("key", b"code").unwrap();
        assert_eq!(fs::read(other.find("key").unwrap().path()).unwrap(), b"code");
        assert!(other.find("other").is_none());
        assert_eq!(names(&one, "tmp"), 0);
    }

    #[test]
    fn the_folder_and_its_files_are_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, _) = cache(folder.path());
        let code = cache.store("key", b"code").unwrap();
        assert_eq!(fs::metadata(&cache.folder).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(code.path()).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_refused_with_the_command_that_repairs_it() {
        let folder = tempfile::tempdir().unwrap();
        let shared = folder.path().join("shared");
        fs::create_dir(&shared).unwrap();
        for mode in [0o777, 0o770, 0o1777] {
            fs::set_permissions(&shared, fs::Permissions::from_mode(mode)).unwrap();
            let refused = CompiledCache::open(Some(&shared), folder.path()).unwrap_err().to_string();
            assert!(refused.contains(&format!("`chmod go-w {}`", shared.display())), "{refused}");
            assert!(refused.contains(&format!("{mode:04o}")), "{refused}");
            assert_eq!(refused.lines().count(), 1);
        }
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(CompiledCache::open(Some(&shared), folder.path()).is_ok());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        let refused = CompiledCache::open(Some(&file.join("compiled")), folder.path()).unwrap_err().to_string();
        assert!(refused.contains("file/compiled") && refused.contains("compiled-cache"), "{refused}");
    }

    fn variables(set: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<OsString> {
        move |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn a_user_without_a_home_has_the_cache_in_the_data_directory_and_without_one_in_a_temporary_folder() {
        assert_eq!(user_cache(variables(&[])), None);
        assert_eq!(user_cache(variables(&[("HOME", ""), ("XDG_CACHE_HOME", "")])), None);
        assert_eq!(user_cache(variables(&[("HOME", "a")])), None, "it would depend on where the program is started");
        assert_eq!(user_cache(variables(&[("HOME", "/a")])), Some("/a/.cache/mindflow".into()));
        assert_eq!(user_cache(variables(&[("HOME", "/a"), ("XDG_CACHE_HOME", "/b")])), Some("/b/mindflow".into()));

        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        let cache = CompiledCache::of_user(None, &data_dir).unwrap();
        cache.store("key", b"code").unwrap();
        assert!(cache.folder.exists() && !data_dir.exists());
        assert_eq!(fs::metadata(&cache.folder).unwrap().mode() & 0o777, 0o700);
        let temporary = cache.folder.clone();
        drop(cache);
        assert!(!temporary.exists());

        fs::create_dir(&data_dir).unwrap();
        assert_eq!(CompiledCache::of_user(None, &data_dir).unwrap().folder, data_dir.join("compiled"));
        // Where nothing can be made, as in the home of a user that has none.
        fs::write(folder.path().join("file"), "").unwrap();
        let nowhere = Some(folder.path().join("file"));
        assert_eq!(CompiledCache::of_user(nowhere, &data_dir).unwrap().folder, data_dir.join("compiled"));
    }

    #[test]
    fn damaged_code_is_not_found_and_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, _) = cache(folder.path());
        for damaged in [&b""[..], b"cod", b"c0de", b"code\0"] {
            let path = cache.store("key", b"code").unwrap().path().to_owned();
            fs::write(&path, damaged).unwrap();
            assert!(cache.find("key").is_none());
            assert!(!path.exists());
        }
        cache.store("key", b"code").unwrap();
        assert!(cache.find("key").is_some());
    }

    #[test]
    fn code_that_others_can_write_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, _) = cache(folder.path());
        let code = cache.store("key", b"code").unwrap();
        fs::set_permissions(code.path(), fs::Permissions::from_mode(0o620)).unwrap();
        assert!(cache.find("key").is_none());
    }

    #[test]
    fn code_that_is_not_loaded_for_a_month_is_removed_unless_a_host_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, pass_days) = cache(folder.path());
        cache.store("unused", b"code").unwrap();
        cache.store("loaded", b"code").unwrap();
        let in_use = cache.store("in-use", b"code").unwrap();
        drop(cache.turn("unused"));
        pass_days(29);
        drop(cache.find("loaded").unwrap());
        cache.prune();
        assert_eq!((names(&cache, EXTENSION), names(&cache, "lock")), (3, 1));
        pass_days(2);
        cache.prune();
        assert!(cache.find("unused").is_none() && cache.find("loaded").is_some() && cache.find("in-use").is_some());
        assert_eq!(names(&cache, "lock"), 0);
        drop(in_use);
        pass_days(31);
        cache.prune();
        assert_eq!(names(&cache, EXTENSION), 0);
    }

    #[test]
    fn above_the_size_limit_the_least_recently_loaded_code_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, pass_days) = cache(folder.path());
        for key in ["first", "second", "third"] {
            cache.store(key, &[0; 100]).unwrap();
        }
        let in_use = cache.find("first").unwrap();
        pass_days(1);
        drop(cache.find("third").unwrap());
        cache.prune_to(200);
        assert!(cache.find("first").is_some() && cache.find("second").is_none() && cache.find("third").is_some());
        drop(in_use);
    }

    #[test]
    fn what_a_crashed_host_was_writing_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, pass_days) = cache(folder.path());
        fs::write(cache.folder.join("key.1-0.tmp"), b"co").unwrap();
        cache.prune();
        assert_eq!(names(&cache, "tmp"), 1);
        pass_days(1);
        cache.prune();
        assert_eq!(names(&cache, "tmp"), 0);
    }

    #[test]
    fn of_two_hosts_that_compile_the_same_component_one_waits() {
        let folder = tempfile::tempdir().unwrap();
        let (one, _) = cache(folder.path());
        let (other, _) = cache(folder.path());
        let turn = one.turn("key").unwrap();
        let waiting = std::thread::spawn(move || {
            let _turn = other.turn("key").unwrap();
            other.find("key").is_some()
        });
        one.store("key", b"code").unwrap();
        drop(turn);
        assert!(waiting.join().unwrap());
    }
}
