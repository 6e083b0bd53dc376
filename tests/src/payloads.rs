//! What the log has, past every service: payloads are kept sealed, and a test that must know what they say has the keys.

use anyhow::{Context, Result};
use mindflow_backends::data_keys::{self, Config, DataKeys, Opened};
use mindflow_backends::delivery::{COLUMNS, Event};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

/// The keys in the database of `dsn`, under the master key that hosts have by `MINDFLOW_SEALING__KEY`.
pub async fn keys(dsn: &str, master: &str) -> Result<Arc<DataKeys>> {
    let config: Config = serde_json::from_value(json!({ "dsn": dsn })).context("[data-keys]")?;
    let master = mindflow_backends::data_keys::Keys::new(master, []).context("the master key")?;
    let (keys, _) = data_keys::open(&config, Path::new("/nowhere"), &master).await.context("open the keys")?;
    Ok(keys)
}

/// An event as the log has it.
pub struct Kept {
    pub position: i64,
    /// The component that published it.
    pub component: String,
    /// With its payload as it is kept.
    pub event: Event,
    /// What it says; none: its key is gone.
    pub payload: Option<Value>,
}

/// The events of the log, under the alias `a`, that `condition` chooses, in their order.
pub async fn of(log: &Client, keys: &DataKeys, condition: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Kept>> {
    let statement = format!(
        "SELECT a.position, a.source_component, {COLUMNS} FROM delivery.archive a WHERE {condition} ORDER BY a.position"
    );
    let rows = log.query(&statement, params).await.context("read the log")?;
    let events = rows.iter().map(Event::from_row).collect::<Result<Vec<_>, _>>()?;
    let opened = keys.open(&events.iter().collect::<Vec<_>>()).await?;
    let kept = rows.iter().zip(events).zip(opened).map(|((row, event), opened)| {
        let payload = match opened? {
            Opened::Event(event) => Some(Value::Object(event.payload)),
            Opened::Erased => None,
        };
        Ok(Kept { position: row.get("position"), component: row.get("source_component"), event, payload })
    });
    kept.collect()
}
