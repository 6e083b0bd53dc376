//! The superuser's password, and the files in which it is kept and lent.

use std::{
    fmt,
    io::{self, Write},
    path::Path,
};

use tempfile::NamedTempFile;

use super::PostgresError;
use crate::{identity::Identity, secret};

/// What is half made carries this prefix until it is whole.
pub(super) const UNFINISHED: &str = "postgres.new-";

/// Of the superuser, in hexadecimal.
#[derive(Clone)]
pub(super) struct Password(String);

/// With mode 0600. What a killed process leaves behind in the data directory is removed at the next start.
pub(super) fn unfinished(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)
}

// === impl Password ===

impl Password {
    pub(super) fn random() -> Result<Self, PostgresError> {
        secret::random().map(Self).map_err(PostgresError::Random)
    }

    /// As it was read from its file.
    pub(super) fn kept(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// In a file that the programs can read, while the value lives.
    pub(super) fn lend(&self, folder: &Path, identity: Identity) -> io::Result<NamedTempFile> {
        let mut file = unfinished(folder)?;
        writeln!(file, "{}", self.0)?;
        identity.own(file.path())?;
        Ok(file)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}
