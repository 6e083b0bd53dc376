//! Pools of connections, one a role. A component's pool is made when the component first asks, logs in
//! as the component's own role, and bounds how many connections that component can hold. A connection whose statement waits for a
//! lock is held until the lock is free, so no one client may hold all of them: each connection has a place, of which a client has a part.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::{BuildError, Client, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::config::{self, ADMIN_POOL_MAX, CONNECT_TIMEOUT, ConfigError};
use super::roles;
use crate::clock;
use crate::database::sql::Error;
use crate::places::{Key, Place, Places, Share};

/// How long a statement may wait for a connection to become free. Longer than most transactions take,
/// shorter than a client's patience.
const POOL_WAIT: Duration = Duration::from_secs(3);
/// How long reads keep away from a replica that did not answer.
const REPLICA_REST: Duration = Duration::from_secs(5);

/// One server and database, and how to speak to it.
pub(crate) struct Endpoint {
    /// Where it was written, such as `databases.write.dsn`.
    key: String,
    settings: tokio_postgres::Config,
    tls: MakeRustlsConnect,
}

/// The pools of one endpoint.
pub(crate) struct Pools {
    endpoint: Endpoint,
    pool_max: usize,
    admin: Pool,
    components: Mutex<HashMap<String, ComponentPool>>,
}

/// The connections of one component.
#[derive(Clone)]
struct ComponentPool {
    connections: Pool,
    /// As many as there may be connections.
    places: Places,
    role: String,
    /// Set once a connection was seen to be logged in as `role`.
    login: Arc<OnceCell<()>>,
}

/// A component's connection with its place, until it is back in its pool or closed.
pub(crate) struct Connection {
    /// Dropped before the place, so that there is a connection for the next that has it.
    client: Client,
    place: Place,
}

/// A second server for reads, passed over for a while when it does not answer.
pub(crate) struct Replica {
    pools: Pools,
    resting_until: Mutex<Option<Instant>>,
}

// === impl Endpoint ===

impl Endpoint {
    pub(crate) fn new(key: &str, settings: tokio_postgres::Config, tls: MakeRustlsConnect) -> Self {
        Self { key: key.to_owned(), settings, tls }
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The same, if it logs in as `other` does.
    pub(crate) fn with_login_of(self, other: &Self) -> Result<Self, ConfigError> {
        let user = |endpoint: &Self| endpoint.settings.get_user().unwrap_or_default().to_owned();
        let (given, expected) = (user(&self), user(other));
        if given == expected { Ok(self) } else { Err(ConfigError::OtherLogin { key: self.key, given, expected }) }
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

    /// A connection logged in as the component's role, for work of the component that `asker` has caused.
    pub(crate) async fn component(&self, component: &str, asker: &Key) -> Result<Connection, Error> {
        let pool = self.component_pool(component)?;
        let place = match pool.places.try_take(asker) {
            Some(place) => place,
            None => tokio::time::timeout(POOL_WAIT, pool.places.take(asker)).await.map_err(|_| Error::PoolExhausted)?,
        };
        let client = pool.connections.get().await.map_err(|error| match Error::from(error) {
            // The administrator's own login works, or the database would not be open.
            Error::Unavailable(text) if text.ends_with("(28000)") || text.ends_with("(28P01)") => {
                Error::Unavailable(format!("{text}; run `mindflow migrate`"))
            }
            other => other,
        })?;
        pool.login.get_or_try_init(|| self.check_login(&client, &pool.role)).await?;
        Ok(Connection { client, place })
    }

    /// Whether all connections are taken that the component may have.
    pub(crate) fn is_exhausted(&self, component: &str) -> bool {
        self.component_pool(component).is_ok_and(|pool| pool.places.are_all_taken())
    }

    /// A pooler with a forced user would take the roles away that row-level security and grants rely on.
    async fn check_login(&self, client: &Client, role: &str) -> Result<(), Error> {
        let asked = client.query_one("SELECT session_user::text", &[]);
        let answer = tokio::time::timeout(CONNECT_TIMEOUT, asked).await.map_err(|_| Error::Timeout)?;
        let user: String = answer.and_then(|row| row.try_get(0)).map_err(Error::from)?;
        if user == role {
            return Ok(());
        }
        let (key, address) = (self.endpoint.key(), self.endpoint.address());
        Err(Error::Other(format!(
            "{key}: {address}: a login as `{role}` becomes `{user}`; take `user=` and `auth_type = any` out of the pooler's configuration"
        )))
    }

    /// Forgets the component's connections that are known to be closed.
    pub(crate) fn sweep(&self, component: &str) {
        if let Ok(pool) = self.component_pool(component) {
            pool.connections.retain(|client, _| !client.is_closed());
        }
    }

    fn component_pool(&self, component: &str) -> Result<ComponentPool, Error> {
        let mut components = self.components.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = components.get(component) {
            return Ok(pool.clone());
        }
        let role = roles::role_name(component).map_err(|error| Error::Other(error.to_string()))?;
        let mut settings = self.endpoint.settings.clone();
        settings.user(&role);
        if let Some(password) = self.endpoint.settings.get_password() {
            settings.password(roles::derived_password(password, component));
        }
        let connections =
            self.endpoint.pool(settings, self.pool_max).map_err(|error| Error::Other(error.to_string()))?;
        let places = Places::new(self.pool_max, Share::Third);
        let pool = ComponentPool { connections, places, role, login: Arc::default() };
        components.insert(component.to_owned(), pool.clone());
        Ok(pool)
    }

    pub(crate) fn close(&self) {
        self.admin.close();
        for pool in self.components.lock().unwrap_or_else(PoisonError::into_inner).values() {
            pool.connections.close();
        }
    }
}

// === impl Connection ===

impl Connection {
    /// Closes it, where dropping would give it back.
    pub(crate) fn close(self) {
        let Self { client, place } = self;
        drop(Object::take(client));
        drop(place);
    }
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
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
