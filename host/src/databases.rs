//! The databases: opened and migrated before anything else, because capabilities, event delivery and schedules have
//! their tables in them.

use crate::manifest::{Manifest, RuntimeConfig};
use futures::future::join_all;
use mindflow_backends::{
    database::postgres::{
        self, Database, DatabaseConfig, migrate,
        server::{EmbeddedServer, ServerError, ServerOptions},
    },
    error::chain,
    stores::search_index,
};
use std::collections::BTreeMap;

/// Why the databases cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabasesError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Open(#[from] postgres::OpenError),
    #[error(transparent)]
    Migrate(#[from] migrate::MigrateError),
}

/// How far the start brings the databases' schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Up to date, by applying what is missing.
    Migrate,
    /// It must be up to date already.
    Require,
}

/// Whether a schema may be of a newer version than this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newer {
    Refuse,
    /// If everything that is newer only adds: while hosts are replaced, the old ones start on the schema of the new.
    Allow,
}

/// Every configured database, and the server that the host runs for embedded ones.
pub struct Databases {
    pub server: Option<EmbeddedServer>,
    pub databases: BTreeMap<String, Database>,
}

impl Databases {
    /// The data directory is there and closed to others: who claims it has seen to that (`data_dir::open`).
    pub async fn open(config: &RuntimeConfig) -> Result<Self, DatabasesError> {
        let binaries = config.capabilities.sql.values().find_map(|database| match database {
            DatabaseConfig::Embedded(embedded) => Some(embedded.binaries.clone()),
            DatabaseConfig::Postgres(_) => None,
        });
        let server = match binaries {
            Some(binaries) => {
                let options = ServerOptions { binaries, ..ServerOptions::new(&config.data_dir) };
                Some(EmbeddedServer::start(options).await?)
            }
            None => None,
        };
        let mut databases = BTreeMap::new();
        for (name, settings) in &config.capabilities.sql {
            let key = format!("databases.{name}");
            databases.insert(name.clone(), Database::open(name, &key, settings, server.as_ref()).await?);
        }
        Ok(Self { server, databases })
    }

    /// Brings each database that the manifest has migrations for to its newest schema, or checks that it is.
    /// Answers the names of the migrations applied.
    pub async fn prepare(
        &self,
        manifest: &Manifest,
        schema: Schema,
        newer: Newer,
    ) -> Result<Vec<String>, DatabasesError> {
        let mut applied = Vec::new();
        for (name, directory) in &manifest.migrations {
            let Some(database) = self.databases.get(name) else { continue };
            if newer == Newer::Allow {
                let migrations = migrate::newer(database, directory).await?;
                if !migrations.is_empty() {
                    tracing::warn!(
                        database = name,
                        migrations = migrations.join(", "),
                        "the schema is newer than this program; replace this host by the newer version"
                    );
                    continue;
                }
            }
            match schema {
                Schema::Migrate => {
                    let components = components_in(manifest, name);
                    let report = migrate::migrate(database, directory, &components).await?;
                    applied.extend(report.applied.into_iter().map(|file| format!("{name}/{file}")));
                }
                Schema::Require => migrate::require_current(database, directory).await?,
            }
        }
        Ok(applied)
    }

    /// Opens those that others run, for a look: nothing is made, and one that cannot be reached is a line of the answer.
    pub async fn open_external(config: &RuntimeConfig) -> (Self, Vec<String>) {
        let external = config.capabilities.sql.iter().filter(|(_, settings)| !settings.is_embedded());
        let opened = join_all(external.map(async |(name, settings)| {
            let key = format!("databases.{name}");
            let opened = Database::open(name, &key, settings, None).await;
            opened.map(|database| (name.clone(), database)).map_err(|error| (key, error))
        }))
        .await;
        let (mut databases, mut lines) = (BTreeMap::new(), Vec::new());
        for outcome in opened {
            match outcome {
                Ok((name, database)) => drop(databases.insert(name, database)),
                Err((key, error)) => lines.push(format!("{key}: what is open there is not known: {}", chain(&error))),
            }
        }
        (Self { server: None, databases }, lines)
    }

    /// What the roles of components keep because the login of a database may not take it from them: a line a database.
    pub async fn left_open(&self) -> Vec<String> {
        let known: Vec<&str> = self.databases.values().map(Database::name_on_server).collect();
        let mut lines = Vec::new();
        for (name, database) in &self.databases {
            match database.left_open(&known).await {
                Ok(left) if left.is_empty() => {}
                Ok(left) => lines.push(format!(
                    "databases.{name}: the roles of components keep {}; docs/security.md has the statements that take it from them",
                    left.join(", ")
                )),
                Err(error) => lines.push(format!("databases.{name}: what is open there is not known: {error}")),
            }
        }
        lines
    }

    /// Checks that each component reaches its databases as itself.
    pub async fn check_logins(&self, manifest: &Manifest) -> Result<(), DatabasesError> {
        for (name, database) in &self.databases {
            database.check_logins(&logins_in(manifest, name)).await?;
        }
        Ok(())
    }

    /// Closes the connections, then stops the server.
    pub async fn close(mut self) {
        for database in self.databases.values() {
            database.close();
        }
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }
}

/// The components that may use a database. Each has a role of its own there.
pub(crate) fn components_in(manifest: &Manifest, database: &str) -> Vec<String> {
    let users = manifest.components.values().filter(|entry| entry.grants.sql.contains_key(database));
    users.map(|entry| entry.name.clone()).collect()
}

/// The roles as which this host works in a database: its components', and that of the capability of search indexes.
fn logins_in(manifest: &Manifest, database: &str) -> Vec<String> {
    let searching = manifest.components.values().any(|entry| !entry.grants.search_index.is_empty());
    let capability = searching.then(|| search_index::POSTGRES_ROLE.to_owned());
    components_in(manifest, database).into_iter().chain(capability).collect()
}
