//! Room on the disk of the data directory. Without it PostgreSQL, the key-value store and uploads fail by each write.

use nix::{errno::Errno, sys::statvfs::statvfs};
use std::path::{Path, PathBuf};

/// As much as one file of PostgreSQL's log takes (`wal_segment_size`): with less, its next write may find no room.
const FREE_BYTES_MIN: u64 = 16 << 20;

/// Why nothing further fits on a disk.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    #[error("{}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: Errno,
    },
    #[error("{}: the disk is full ({free_kib} KiB are free); free some space", path.display())]
    Full { path: PathBuf, free_kib: u64 },
    #[error("{}: no further file fits on the disk (it has no free inode); remove some files", path.display())]
    NoInode { path: PathBuf },
}

/// Whether the file system of a directory has room.
///
/// # Errors
/// It has too little.
pub fn check(directory: &Path) -> Result<(), DiskError> {
    let path = || directory.to_owned();
    let found = statvfs(directory).map_err(|source| DiskError::Unreadable { path: path(), source })?;
    let free = found.blocks_available().saturating_mul(found.fragment_size());
    if free < FREE_BYTES_MIN {
        return Err(DiskError::Full { path: path(), free_kib: free >> 10 });
    }
    // A file system that has no such table says that it has 0 of 0.
    if found.files() > 0 && found.files_available() == 0 {
        return Err(DiskError::NoInode { path: path() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_on_a_disk_with_room_is_in_order_and_one_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(check(folder.path()), Ok(()));
        let missing = folder.path().join("missing");
        let error = check(&missing).unwrap_err().to_string();
        assert!(error.starts_with(&missing.display().to_string()), "{error}");
    }
}
