//! The key that a host makes for itself where the configuration has none: a file of the data directory, for its user alone. It is
//! not in the database, so that a copy of the database opens nothing.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// In the data directory.
pub(super) const NAME: &str = "sealing.key";

/// 256 bits, in hexadecimal.
const BYTES: usize = 32;
const MODE: u32 = 0o600;
const GROUP_AND_OTHERS: u32 = 0o077;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyFileError {
    #[error("the key of [sealing] cannot be read from {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the key of [sealing] cannot be written to {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("other users can read the key of [sealing] in {} (mode {mode:04o}); run `chmod 600 {}`", path.display(), path.display())]
    Open { path: PathBuf, mode: u32 },
    #[error("the file {} is empty; bring it back from a backup, or remove it: what was sealed with its key is lost then", path.display())]
    Empty { path: PathBuf },
    #[error("there is no randomness for the key of [sealing]")]
    Random,
}

/// The key of the data directory, made if there is none.
pub(super) fn open(data_dir: &Path) -> Result<String, KeyFileError> {
    let path = data_dir.join(NAME);
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    make(&path)?;
    tracing::info!(file = %path.display(), "made the key that secrets are sealed with; back it up with the databases");
    read(&path)?.ok_or(KeyFileError::Empty { path })
}

fn read(path: &Path) -> Result<Option<String>, KeyFileError> {
    let failed = |source| KeyFileError::Read { path: path.to_owned(), source };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mode = fs::metadata(path).map_err(failed)?.mode() & 0o777;
    if mode & GROUP_AND_OTHERS != 0 {
        return Err(KeyFileError::Open { path: path.to_owned(), mode });
    }
    match text.trim() {
        "" => Err(KeyFileError::Empty { path: path.to_owned() }),
        key => Ok(Some(key.to_owned())),
    }
}

/// Whole or not at all; the first of two that make it at the same moment counts.
fn make(path: &Path) -> Result<(), KeyFileError> {
    let failed = |source| KeyFileError::Write { path: path.to_owned(), source };
    let mut key = [0; BYTES];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| KeyFileError::Random)?;
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(&new).map_err(failed)?;
    file.write_all(hex::encode(key).as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    let linked = match fs::hard_link(&new, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    };
    fs::remove_file(&new).map_err(failed)?;
    linked.map_err(failed)?;
    let folder = path.parent().map_or(Ok(()), |folder| fs::File::open(folder).and_then(|folder| folder.sync_all()));
    folder.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_for_its_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let key = open(folder.path()).unwrap();
        assert_eq!(key.len(), 2 * BYTES);
        assert_eq!(open(folder.path()).unwrap(), key);
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [NAME]);
        assert_eq!(fs::metadata(folder.path().join(NAME)).unwrap().mode() & 0o777, MODE);
        // Another that makes one at the same moment changes nothing.
        make(&folder.path().join(NAME)).unwrap();
        assert_eq!(open(folder.path()).unwrap(), key);
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_empty_is_refused_with_the_mend() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        open(folder.path()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let line = open(folder.path()).unwrap_err().to_string();
        assert!(line.contains(&format!("chmod 600 {}", path.display())), "{line}");
        fs::set_permissions(&path, fs::Permissions::from_mode(MODE)).unwrap();
        fs::write(&path, "\n").unwrap();
        assert!(matches!(open(folder.path()), Err(KeyFileError::Empty { .. })));
    }
}
