//! A folder for one server of one run. It goes when it is dropped; what a killed
//! run left behind goes when the next one starts. A lock that the kernel releases
//! tells the two apart.

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::path::Path;
use tempfile::TempDir;

/// Not TMPDIR, which may be deep: a unix socket's path is limited to 107 bytes.
const ABOVE: &str = "/tmp";
const PREFIX: &str = "mindflow-test-";
const LOCK: &str = "lock";

pub struct Folder {
    folder: TempDir,
    _lock: File,
}

impl Folder {
    pub fn new(name: &str) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{name}-"))
            .tempdir_in(ABOVE)
            .with_context(|| format!("make a folder for {name}"))?;
        let lock = File::create(folder.path().join(LOCK)).with_context(|| format!("lock {name}'s folder"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).with_context(|| format!("lock {name}'s folder"))?;
        Ok(Self { folder, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

pub fn sweep() {
    let Ok(entries) = fs::read_dir(ABOVE) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if !ours {
            continue;
        }
        let Ok(lock) = File::open(entry.path().join(LOCK)) else {
            continue;
        };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_use_survives_the_sweep_and_an_abandoned_one_does_not() {
        let used = Folder::new("sweep").unwrap();
        let abandoned = Folder::new("sweep").unwrap();
        let left = abandoned.folder.path().to_owned();
        std::mem::forget(abandoned.folder);
        drop(abandoned._lock);
        sweep();
        assert!(used.path().exists());
        assert!(!left.exists());
    }
}
