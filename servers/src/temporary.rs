//! A PostgreSQL whose data is removed with it.

use crate::{Authentication, Folder, Postgres, PostgresError, PostgresOptions, identity::Identity};

/// A private server of one test, one run or one benchmark. It asks for no password.
#[derive(Debug)]
pub struct TemporaryPostgres {
    options: PostgresOptions,
    server: Option<Postgres>,
    // Dropped after the server.
    _folder: Folder,
}

// === impl TemporaryPostgres ===

impl TemporaryPostgres {
    /// `change` may change what it is started with, except for where its data is.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn start(change: impl FnOnce(&mut PostgresOptions)) -> Result<Self, PostgresError> {
        let folder = Folder::new("postgres").map_err(PostgresError::Folder)?;
        let data_dir = folder.path().join("data");
        // It is on the way to the cluster of a server that runs as another user; the cluster itself stays closed.
        Identity::choose(&data_dir).let_through(folder.path()).map_err(PostgresError::Folder)?;
        let mut options = PostgresOptions::new(data_dir);
        options.authentication = Authentication::Trust;
        change(&mut options);
        let mut server = Self { options, server: None, _folder: folder };
        server.run()?;
        Ok(server)
    }

    /// Starts it, on the data that there is, unless it runs.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn run(&mut self) -> Result<(), PostgresError> {
        if self.server.is_none() {
            self.server = Some(Postgres::start(self.options.clone())?);
        }
        Ok(())
    }

    /// Ends it as a crash would.
    pub fn crash(&mut self) {
        if let Some(server) = self.server.take() {
            server.crash();
        }
    }

    /// A superuser's connection string; `None` after a crash.
    #[must_use]
    pub fn dsn(&self, database: &str) -> Option<String> {
        self.server.as_ref().map(|server| server.dsn(database))
    }
}

impl Drop for TemporaryPostgres {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}
