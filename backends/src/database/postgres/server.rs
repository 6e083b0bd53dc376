//! The private server of the embedded default, for callers on a runtime. `mindflow-servers` runs it.

use mindflow_servers::Postgres;
use tokio::sync::oneshot;

use super::config::socket_config;

pub use mindflow_servers::{PostgresError as ServerError, PostgresOptions as ServerOptions};

/// A running private server. Dropped, it stops if this process started it.
#[derive(Debug)]
pub struct EmbeddedServer(Postgres);

// === impl EmbeddedServer ===

impl EmbeddedServer {
    /// Starts the server, or connects to the one that already serves the data directory.
    ///
    /// # Errors
    /// No programs, a data directory of another version, or a server that does not start.
    pub async fn start(options: ServerOptions) -> Result<Self, ServerError> {
        let (ready, started) = oneshot::channel();
        Postgres::launch(options, move |outcome| drop(ready.send(outcome)))?;
        started.await.unwrap_or_else(|_| Err(ServerError::ended_early())).map(Self)
    }

    /// Settings for a superuser's connection to one of its databases.
    #[must_use]
    pub fn connection(&self, database: &str) -> tokio_postgres::Config {
        let (socket_dir, port) = self.0.socket();
        let mut config = socket_config(&socket_dir, port, mindflow_servers::SUPERUSER, database);
        if let Some(password) = self.0.password() {
            config.password(password);
        }
        config
    }

    /// Whether this process started the server; false when another process did.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.0.is_owned()
    }

    /// Stops the server if this process started it, and waits for its end for a bounded time.
    pub async fn stop(self) {
        let (done, stopped) = oneshot::channel();
        self.0.stop_then(move || {
            let _ = done.send(());
        });
        // An error says that there is nothing left to stop.
        let _ = stopped.await;
    }
}
