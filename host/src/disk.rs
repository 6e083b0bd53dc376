//! Room on the disk of the data directory. Without it PostgreSQL, the key-value store and uploads fail by each write.

use nix::sys::statvfs::statvfs;
use std::{io, path::Path};

/// As much as one file of PostgreSQL's log takes (`wal_segment_size`): with less, its next write may find no room.
const FREE_BYTES_MIN: u64 = 16 << 20;

/// Whether the file system of a directory has room.
///
/// # Errors
/// It has too little, in words for an operator.
pub fn check(directory: &Path) -> Result<(), String> {
    let shown = directory.display();
    let found = statvfs(directory).map_err(|error| format!("{shown}: {}", io::Error::from(error)))?;
    let free = found.blocks_available().saturating_mul(found.fragment_size());
    if free < FREE_BYTES_MIN {
        return Err(format!("{shown}: the disk is full ({} KiB are free); free some space", free >> 10));
    }
    // A file system that has no such table says that it has 0 of 0.
    if found.files() > 0 && found.files_available() == 0 {
        return Err(format!("{shown}: no further file fits on the disk (it has no free inode); remove some files"));
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
        let error = check(&missing).unwrap_err();
        assert!(error.starts_with(&missing.display().to_string()), "{error}");
    }
}
