//! Writes files only when their bytes change, so that neither cargo nor a watching host takes an unchanged file for a new
//! one. A file changes in one step: a reader never sees half of it.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Whether the file had to be written.
pub fn if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    with_mode(path, bytes, 0o644)
}

/// The same for a program.
pub fn program_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    with_mode(path, bytes, 0o755)
}

fn with_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<bool> {
    if fs::read(path).is_ok_and(|current| current == bytes) {
        return Ok(false);
    }
    let folder = path.parent().with_context(|| format!("{} has no folder", path.display()))?;
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let mut staging =
        tempfile::NamedTempFile::new_in(folder).with_context(|| format!("write into {}", folder.display()))?;
    std::io::Write::write_all(&mut staging, bytes).with_context(|| format!("write {}", path.display()))?;
    fs::set_permissions(staging.path(), std::os::unix::fs::PermissionsExt::from_mode(mode))
        .with_context(|| format!("make {} readable", path.display()))?;
    staging.persist(path).with_context(|| format!("write {}", path.display()))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_file_is_left_alone_and_a_changed_one_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/file");
        assert!(if_changed(&file, b"one").unwrap());
        assert!(!if_changed(&file, b"one").unwrap());
        assert!(if_changed(&file, b"two").unwrap());
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }
}
