//! A folder for one server. It is removed when it is dropped; what a killed process left behind is removed by
//! [`sweep`]. A lock that the kernel releases tells the two apart.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use tempfile::TempDir;

/// Not TMPDIR, which may be deep: a unix socket's path is limited to 107 bytes.
const PARENT: &str = "/tmp";
const PREFIX: &str = "mindflow-test-";
const LOCK: &str = "lock";

/// A temporary folder that [`sweep`] leaves alone while this value lives.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    _lock: File,
}

impl Folder {
    /// # Errors
    /// The folder cannot be made or locked.
    pub fn new(name: &str) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(&format!("{PREFIX}{name}-")).tempdir_in(PARENT)?;
        let lock = File::create(folder.path().join(LOCK))?;
        lock.try_lock().map_err(io::Error::from)?;
        Ok(Self { folder, _lock: lock })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders of processes that were killed.
pub fn sweep() {
    let Ok(entries) = fs::read_dir(PARENT) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if ours && File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok()) {
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
