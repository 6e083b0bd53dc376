//! What is applied, compared with what the folder has. A host that is replaced meets a schema that its successor has already
//! brought further; whether it can work with it is decided here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::MigrateError;
use super::files::File;

/// The verb of migrations that take away what hosts without them still use. All others only add, so that such hosts go on
/// working: `0120_contract_sessions.sql` comes in a later release than the one that no longer needs what it removes.
const CONTRACT: &str = "contract";

/// What the database has applied: number → name and checksum.
pub(super) type Applied = BTreeMap<i32, (String, String)>;

/// The difference between a database and a folder.
pub(super) struct Comparison {
    /// Still to be applied, in order.
    pub(super) pending: Vec<File>,
    /// Applied, and not in the folder: names, in order.
    pub(super) unknown: Vec<String>,
    /// The first file that was changed after it was applied.
    changed: Option<PathBuf>,
}

// === impl Comparison ===

impl Comparison {
    pub(super) fn of(files: Vec<File>, applied: &Applied) -> Self {
        let unknown = applied
            .iter()
            .filter(|(version, _)| !files.iter().any(|file| file.version == **version))
            .map(|(_, (name, _))| name.clone())
            .collect();
        let (mut pending, mut changed) = (Vec::new(), None);
        for file in files {
            match applied.get(&file.version) {
                None => pending.push(file),
                Some((_, checksum)) if *checksum == file.checksum => {}
                Some(_) => {
                    changed.get_or_insert(file.path);
                }
            }
        }
        Self { pending, unknown, changed }
    }

    /// What is to be applied, of a database that has nothing else.
    pub(super) fn pending(self, database: &str, dir: &Path) -> Result<Vec<File>, MigrateError> {
        // A program of another version may have the other files changed as well.
        if !self.unknown.is_empty() {
            return Err(MigrateError::DatabaseNewer {
                database: database.to_owned(),
                names: self.unknown.join(", "),
                dir: dir.to_owned(),
            });
        }
        self.unchanged(database)?;
        Ok(self.pending)
    }

    /// The migrations that only a newer program knows, if one without them can work with the schema.
    pub(super) fn tolerated(self, database: &str) -> Result<Vec<String>, MigrateError> {
        self.unchanged(database)?;
        if let Some(name) = self.unknown.iter().find(|name| is_contraction(name)) {
            return Err(MigrateError::Contracted { database: database.to_owned(), name: name.clone() });
        }
        if !self.unknown.is_empty() && !self.pending.is_empty() {
            return Err(MigrateError::Diverged {
                database: database.to_owned(),
                names: self.unknown.join(", "),
                pending: self.pending.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", "),
            });
        }
        Ok(self.unknown)
    }

    fn unchanged(&self, database: &str) -> Result<(), MigrateError> {
        match &self.changed {
            Some(path) => Err(MigrateError::Changed { path: path.clone(), database: database.to_owned() }),
            None => Ok(()),
        }
    }
}

fn is_contraction(name: &str) -> bool {
    name.split('_').nth(1) == Some(CONTRACT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: i32, verb: &str) -> File {
        let name = format!("{version:04}_{verb}_things.sql");
        File { path: name.clone().into(), version, name, sql: String::new(), checksum: version.to_string() }
    }

    fn compared(files: &[(i32, &str)], applied: &[(i32, &str)]) -> Comparison {
        let applied = applied.iter().map(|(version, verb)| {
            let File { name, checksum, .. } = file(*version, verb);
            (*version, (name, checksum))
        });
        let files = files.iter().map(|(version, verb)| file(*version, verb)).collect();
        Comparison::of(files, &applied.collect())
    }

    #[test]
    fn a_schema_that_only_grew_is_tolerated() {
        let newer = compared(&[(1, "create")], &[(1, "create"), (2, "add")]);
        assert_eq!(newer.tolerated("write").unwrap(), ["0002_add_things.sql"]);
        let current = compared(&[(1, "create")], &[(1, "create")]);
        assert!(current.tolerated("write").unwrap().is_empty());
    }

    #[test]
    fn a_contraction_is_not_tolerated() {
        let newer = compared(&[(1, "create")], &[(1, "create"), (2, "add"), (3, "contract")]);
        let error = newer.tolerated("write").unwrap_err().to_string();
        assert!(error.contains("0003_contract_things.sql") && error.contains("write"), "{error}");
    }

    #[test]
    fn a_schema_of_another_line_of_versions_is_not_tolerated() {
        let diverged = compared(&[(1, "create"), (3, "add")], &[(1, "create"), (2, "add")]);
        let error = diverged.tolerated("write").unwrap_err().to_string();
        assert!(error.contains("0002_add_things.sql") && error.contains("0003_add_things.sql"), "{error}");
    }

    #[test]
    fn a_host_behind_its_schema_may_apply_nothing() {
        let newer = compared(&[(1, "create")], &[(1, "create"), (2, "add")]);
        assert!(newer.pending("write", Path::new("m")).is_err());
    }
}
