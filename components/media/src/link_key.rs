//! The key that signs links.

use crate::DATABASE;
use mindflow_guest::{
    call::Error,
    sql::{self, Identity},
};
use std::sync::OnceLock;

/// The key never changes, so that links stay valid.
const KEY: &str = "SELECT key FROM media.url_key";

/// The key, read once per instance.
pub async fn load() -> Result<&'static [u8], Error> {
    static LOADED: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(key) = LOADED.get() {
        return Ok(key);
    }
    let rows = sql::query(DATABASE, Identity::Service, KEY, Vec::new()).await?;
    let row = rows.first().ok_or_else(|| Error::Internal("there is no key for links".into()))?;
    let key = row.get("key")?;
    Ok(LOADED.get_or_init(|| key))
}
