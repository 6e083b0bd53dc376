//! The folder of migrations: what is in it must be numbered, unique and of a sane size.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;

use super::MigrateError;

/// Largest migration file. They are written by hand; more is a dump by mistake.
pub(super) const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A migration as it lies on disk.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) version: i32,
    pub(super) name: String,
    pub(super) sql: String,
    /// SHA-256 of the text, in hexadecimal.
    pub(super) checksum: String,
}

/// All migrations of the folder, by number.
pub(super) fn read_dir(dir: &Path) -> Result<Vec<File>, MigrateError> {
    let read_error = |path: &Path| {
        let path = path.to_owned();
        move |source| MigrateError::Read { path, source }
    };
    let mut files: BTreeMap<i32, File> = BTreeMap::new();
    for entry in std::fs::read_dir(dir).map_err(read_error(dir))? {
        let path = entry.map_err(read_error(dir))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // Editors leave hidden files behind; anything else in the folder is meant to be a migration.
        if name.starts_with('.') {
            continue;
        }
        let Some(version) = version_of(&name) else {
            return Err(MigrateError::FileName { path });
        };
        if std::fs::metadata(&path).map_err(read_error(&path))?.len() > FILE_BYTES_MAX {
            return Err(MigrateError::TooLarge { path });
        }
        let sql = std::fs::read_to_string(&path).map_err(read_error(&path))?;
        let checksum = hex::encode(digest::digest(&digest::SHA256, sql.as_bytes()));
        if let Some(other) = files.get(&version) {
            return Err(MigrateError::Duplicate { path, version, other: other.name.clone() });
        }
        files.insert(version, File { path, version, name, sql, checksum });
    }
    Ok(files.into_values().collect())
}

/// The number of `NNNN_verb_noun.sql`.
fn version_of(file_name: &str) -> Option<i32> {
    let (number, rest) = file_name.strip_suffix(".sql")?.split_once('_')?;
    let words: Vec<&str> = rest.split('_').collect();
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if number.len() != 4 || !number.bytes().all(|b| b.is_ascii_digit()) || words.len() < 2 || !words.iter().all(is_word)
    {
        return None;
    }
    number.parse().ok().filter(|version| *version > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_file_names_are_migrations() {
        assert_eq!(version_of("0012_add_sessions.sql"), Some(12));
        for name in [
            "12_add_sessions.sql",
            "0012_add.sql",
            "0012-add-x.sql",
            "0012_Add_x.sql",
            "0000_a_b.sql",
            "0012_a_b.txt",
            "README.md",
        ] {
            assert_eq!(version_of(name), None, "{name}");
        }
    }
}
