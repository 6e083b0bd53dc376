//! Pools of connections, one a role. A component's pool is made when the component first asks, logs in
//! as the component's own role, and bounds how many connections that component can hold.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::{BuildError, Client, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio::time::Instant;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::config::{self, ADMIN_POOL_MAX, CONNECT_TIMEOUT};
use super::roles;
use crate::clock;
use crate::database::sql::Error;

/// How long a statement may wait for a connection to become free. Longer than most transactions take,
/// shorter than a client's patience.
const POOL_WAIT: Duration = Duration::from_secs(3);
/// How long reads keep away from a replica that did not answer.
const REPLICA_REST: Duration = Duration::from_secs(5);

/// One server and database, and how to speak to it.
pub(crate) struct Endpoint {
    settings: tokio_postgres::Config,
    tls: MakeRustlsConnect,
}

/// The pools of one endpoint.
pub(crate) struct Pools {
    endpoint: Endpoint,
    pool_max: usize,
    admin: Pool,
    components: Mutex<HashMap<String, Pool>>,
}

/// A second server for reads, passed over for a while when it does not answer.
pub(crate) struct Replica {
    pools: Pools,
    resting_until: Mutex<Option<Instant>>,
}

// === impl Endpoint ===

impl Endpoint {
    pub(crate) fn new(settings: tokio_postgres::Config, tls: MakeRustlsConnect) -> Self {
        Self { settings, tls }
    }

    pub(crate) fn settings(&self) -> &tokio_postgres::Config {
        &self.settings
    }

    pub(crate) fn tls(&self) -> MakeRustlsConnect {
        self.tls.clone()
    }

    pub(crate) fn address(&self) -> String {
        config::address(&self.settings)
    }

    fn pool(&self, settings: tokio_postgres::Config, max: usize) -> Result<Pool, BuildError> {
        let manager = Manager::from_config(
            settings,
            self.tls.clone(),
            // A closed connection is dropped when it is next asked for; one that broke without a word
            // fails its first statement, which is then tried once on a new one (`sql::transaction`).
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        Pool::builder(manager)
            .max_size(max)
            .wait_timeout(Some(POOL_WAIT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .recycle_timeout(Some(CONNECT_TIMEOUT))
            .runtime(Runtime::Tokio1)
            .build()
    }
}

// === impl Pools ===

impl Pools {
    pub(crate) fn new(endpoint: Endpoint, pool_max: usize) -> Result<Self, BuildError> {
        let admin = endpoint.pool(endpoint.settings.clone(), ADMIN_POOL_MAX)?;
        Ok(Self { endpoint, pool_max, admin, components: Mutex::default() })
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) async fn admin(&self) -> Result<Client, Error> {
        self.admin.get().await.map_err(Error::from)
    }

    /// A connection logged in as the component's role.
    pub(crate) async fn component(&self, component: &str) -> Result<Client, Error> {
        self.component_pool(component)?.get().await.map_err(|error| match Error::from(error) {
            // The administrator's own login works, or the database would not be open.
            Error::Unavailable(text) if text.ends_with("(28000)") || text.ends_with("(28P01)") => {
                Error::Unavailable(format!("{text}; run `mindflow migrate`"))
            }
            other => other,
        })
    }

    /// Forgets the component's connections that are known to be closed.
    pub(crate) fn sweep(&self, component: &str) {
        if let Ok(pool) = self.component_pool(component) {
            pool.retain(|client, _| !client.is_closed());
        }
    }

    fn component_pool(&self, component: &str) -> Result<Pool, Error> {
        let mut components = self.components.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = components.get(component) {
            return Ok(pool.clone());
        }
        let mut settings = self.endpoint.settings.clone();
        settings.user(roles::role_name(component).map_err(|error| Error::Other(error.to_string()))?);
        if let Some(password) = self.endpoint.settings.get_password() {
            settings.password(roles::derived_password(password, component));
        }
        let pool = self.endpoint.pool(settings, self.pool_max).map_err(|error| Error::Other(error.to_string()))?;
        components.insert(component.to_owned(), pool.clone());
        Ok(pool)
    }

    pub(crate) fn close(&self) {
        self.admin.close();
        for pool in self.components.lock().unwrap_or_else(PoisonError::into_inner).values() {
            pool.close();
        }
    }
}

// === impl Replica ===

impl Replica {
    pub(crate) fn new(endpoint: Endpoint, pool_max: usize) -> Result<Self, BuildError> {
        Ok(Self { pools: Pools::new(endpoint, pool_max)?, resting_until: Mutex::default() })
    }

    /// The replica's pools, unless it is being given a rest.
    pub(crate) fn awake(&self) -> Option<&Pools> {
        let resting = self.resting_until.lock().unwrap_or_else(PoisonError::into_inner);
        match *resting {
            Some(until) if clock::instant() < until => None,
            _ => Some(&self.pools),
        }
    }

    pub(crate) fn rest(&self) {
        *self.resting_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock::instant() + REPLICA_REST);
    }

    pub(crate) fn close(&self) {
        self.pools.close();
    }
}
