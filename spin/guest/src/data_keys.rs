//! The keys under which payloads of events are kept, in the database that the hosts have for them: one statement a call, on a
//! connection of Spin's pool. Variables: `data_keys_dsn`, and for the master key `sealing_key` and `sealing_former_keys`.

use std::sync::Arc;

use async_lock::Mutex;
use async_trait::async_trait;
use mindflow_platform::data_keys::postgres::{self as statements, ADD, DESTROY, EXCHANGE, FIND};
use mindflow_platform::data_keys::{DataKeys, Exchange, Exchanged, KeyError, KeyStore, StoredNode, Wanted};
use mindflow_platform::sealing::Keys;
use mindflow_platform::sql::Value;
use send_wrapper::SendWrapper;
use uuid::Uuid;

use crate::postgres::Connection;
use crate::variables;

const DSN: &str = "data_keys_dsn";
const KEY: &str = "sealing_key";

struct Database {
    dsn: String,
}

/// Made once in an instance. It has no key: each call asks the database.
///
/// # Errors
/// A variable is missing, or is no key.
pub async fn open() -> Result<Arc<DataKeys>, KeyError> {
    static OPEN: Mutex<Option<Arc<DataKeys>>> = Mutex::new(None);
    let mut open = OPEN.lock().await;
    if let Some(keys) = &*open {
        return Ok(Arc::clone(keys));
    }
    let dsn = required(DSN).await?;
    let key = required(KEY).await?;
    let former = variables::get("sealing_former_keys").await.map_err(KeyError)?.unwrap_or_default();
    let former = former.split(',').filter(|key| !key.trim().is_empty());
    let master = Keys::new(&key, former);
    let keys = master.and_then(|master| DataKeys::new(Arc::new(Database { dsn }), &master));
    let keys = Arc::new(keys.map_err(|error| KeyError(format!("the variable `{KEY}`: {error}")))?);
    *open = Some(Arc::clone(&keys));
    Ok(keys)
}

async fn required(name: &str) -> Result<String, KeyError> {
    let value = variables::get(name).await.map_err(KeyError)?;
    value.ok_or_else(|| KeyError(format!("the variable `{name}` is not set")))
}

// === impl Database ===

impl Database {
    async fn ask(&self, statement: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, KeyError> {
        let asked = async {
            let connection = Connection::open(&self.dsn).await?;
            connection.query(statement, params).await
        };
        asked
            .await
            .map(|answer| answer.rows)
            .map_err(|error: mindflow_platform::sql::Error| KeyError(error.to_string()))
    }
}

// An instance has one thread, and what is polled there stays there.

#[async_trait]
impl KeyStore for Database {
    async fn find(&self, wanted: &[Wanted]) -> Result<Vec<Option<StoredNode>>, KeyError> {
        let params = statements::find_params(wanted);
        statements::found(wanted, SendWrapper::new(self.ask(FIND, &params)).await?)
    }

    async fn add(&self, roots: Vec<StoredNode>) -> Result<(), KeyError> {
        let params = statements::add_params(&roots);
        SendWrapper::new(self.ask(ADD, &params)).await.map(drop)
    }

    async fn exchange(&self, exchange: Exchange) -> Result<Exchanged, KeyError> {
        let params = statements::exchange_params(exchange);
        statements::exchanged(SendWrapper::new(self.ask(EXCHANGE, &params)).await?)
    }

    async fn destroy_user(&self, user_id: Uuid) -> Result<bool, KeyError> {
        let params = statements::destroy_params(user_id);
        statements::destroyed(SendWrapper::new(self.ask(DESTROY, &params)).await?)
    }

    /// Nothing is remembered here, but hosts may work with the same keys.
    async fn forgotten(&self) -> Result<(), KeyError> {
        SendWrapper::new(self.ask(&statements::wait(), &[])).await.map(drop)
    }

    fn randomise(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
        getrandom::fill(bytes).map_err(|error| KeyError(format!("there is no randomness: {error}")))
    }
}
