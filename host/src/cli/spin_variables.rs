//! `mindflow spin-variables`: what the variables of `spin.toml` are on Spin, for the stores of a runtime configuration. Each
//! component logs in with the role and the password that the host would use.

use super::{AppLocation, CliError, output};
use crate::manifest::{Manifest, RuntimeConfig, Variables};
use mindflow_backends::{
    data_keys::SECTION as DATA_KEYS,
    database::postgres::{DatabaseConfig, login_dsn, roles},
    rate_limits::Changes,
    secret::Secret,
    stores::{key_value, search_index},
};
use std::collections::BTreeMap;

type Values = BTreeMap<String, String>;

pub fn print(location: &AppLocation, json: bool) -> Result<(), CliError> {
    let (manifest, config) = location.manifest_and_config()?;
    let values = values(&manifest, &config)?;
    if json {
        return output::line(serde_json::to_string_pretty(&values).map_err(|error| CliError::Answer(error.into()))?);
    }
    for (name, value) in values {
        let value = value.replace('\'', r"'\''");
        output::line(format_args!("SPIN_VARIABLE_{}='{value}'", name.to_uppercase()))?;
    }
    Ok(())
}

/// Those that the manifest defines and whose default is another.
fn values(manifest: &Manifest, config: &RuntimeConfig) -> Result<Values, CliError> {
    let mut values = Variables::resolve(manifest, config)?.into_values();
    values.extend(databases(manifest, config)?);
    values.extend(redis(config)?);
    values.extend(rate_limits(manifest, config)?);
    let secret = config.capabilities.jwt.wrapping_secret.as_ref();
    let secret = secret.ok_or_else(|| {
        CliError::Argument(
            "[keys] has no wrapping-secret, with which Spin opens the keys that tokens are signed with; set it in the configuration or by MINDFLOW_KEYS__WRAPPING_SECRET, before `mindflow migrate`"
                .to_owned(),
        )
    })?;
    values.insert("jwt_wrapping_secret".to_owned(), secret.reveal().to_owned());
    values.extend(sealing(config)?);
    values.extend(data_keys(config)?);
    values.retain(|name, value| {
        manifest.variables.get(name).is_some_and(|variable| variable.default.as_deref().unwrap_or_default() != *value)
    });
    Ok(values)
}

/// `COMPONENT_DATABASE_dsn` and `CAPABILITY_dsn`, and where they lead.
fn databases(manifest: &Manifest, config: &RuntimeConfig) -> Result<Values, CliError> {
    let mut values = Values::new();
    let mut add = |variable: String, database: &str, component: &str| {
        let key = format!("databases.{database}");
        let role_dsn = match config.capabilities.sql.get(database) {
            Some(DatabaseConfig::Postgres(settings)) => settings.role_dsn(&key, component).map_err(wrong)?,
            Some(DatabaseConfig::Embedded(_)) => {
                return Err(wrong(format!(
                    "[{key}] is embedded, and Spin reaches a PostgreSQL by TCP alone; use backend = \"postgres\""
                )));
            }
            None => return Err(wrong(format!("there is no [{key}]"))),
        };
        values.insert(variable, role_dsn.dsn);
        values.insert(format!("{database}_origin"), role_dsn.origin);
        Ok(())
    };
    for entry in manifest.components.values() {
        for database in entry.grants.sql.keys() {
            add(format!("{}_{database}_dsn", underscored(&entry.name)), database, &entry.name)?;
        }
    }
    let index = config.capabilities.search_index.values().find_map(|index| match index {
        search_index::Config::Postgres(settings) => Some(settings.database.clone()),
        search_index::Config::OpenSearch(_) => None,
    });
    let index = index.unwrap_or_else(|| search_index::PostgresConfig::default().database);
    for capability in roles::CAPABILITIES {
        let database = match capability {
            "search-index" => &index,
            "keys" | "web-push" => &config.capabilities.jwt.database,
            _ => &config.events.database,
        };
        add(format!("{}_dsn", underscored(capability)), database, capability)?;
    }
    Ok(values)
}

fn redis(config: &RuntimeConfig) -> Result<Values, CliError> {
    let found = config.capabilities.key_value.values().find_map(|bucket| match bucket {
        key_value::Config::Redis { url, prefix } => Some((url.reveal()?, prefix.clone())),
        _ => None,
    });
    let ((url, origin), prefix) =
        found.ok_or_else(|| wrong("no [key-value.…] is on a single Redis that is reached by TCP, which Spin needs"))?;
    let values = [("redis_url", url), ("redis_origin", origin), ("redis_prefix", prefix)];
    Ok(values.map(|(name, value)| (name.to_owned(), value)).into())
}

/// What the configuration changes of the manifest's limits.
fn rate_limits(manifest: &Manifest, config: &RuntimeConfig) -> Result<Values, CliError> {
    let changes = config.capabilities.rate_limits.changes();
    changes.apply(manifest.components.values().map(|entry| &entry.grants.rate_limits)).map_err(wrong)?;
    if changes == Changes::default() {
        return Ok(Values::new());
    }
    let text = serde_json::to_string(&changes).map_err(|error| CliError::Answer(error.into()))?;
    Ok(Values::from([("rate_limits".to_owned(), text)]))
}

/// The keys that secrets of services are sealed with. A key that a host has made for itself is in its data directory, where other hosts
/// do not have it, so it is not printed.
fn sealing(config: &RuntimeConfig) -> Result<Values, CliError> {
    let settings = &config.capabilities.sealing;
    let key = settings.key.as_ref().ok_or_else(|| {
        wrong("[sealing] has no key, with which Spin seals and opens secrets of services; set it in the configuration or by MINDFLOW_SEALING__KEY, to what sealing.key of the data directory has if a host has run without it")
    })?;
    let former: Vec<&str> = settings.former_keys.iter().map(Secret::reveal).collect();
    Ok(Values::from([
        ("sealing_key".to_owned(), key.reveal().to_owned()),
        ("sealing_former_keys".to_owned(), former.join(",")),
    ]))
}

/// The database of the keys of payloads, by its own login: it has nothing else.
fn data_keys(config: &RuntimeConfig) -> Result<Values, CliError> {
    let dsn = config.capabilities.erasure.dsn.as_ref().ok_or_else(|| {
        wrong("[data-keys] has no dsn, by which Spin reaches the keys under which payloads of events are kept; set it in the configuration or by MINDFLOW_DATA_KEYS__DSN, before the first event")
    })?;
    let login = login_dsn(&format!("{DATA_KEYS}.dsn"), dsn.reveal()).map_err(wrong)?;
    Ok(Values::from([("data_keys_dsn".to_owned(), login.dsn), ("data_keys_origin".to_owned(), login.origin)]))
}

fn underscored(name: &str) -> String {
    name.replace('-', "_")
}

fn wrong(reason: impl ToString) -> CliError {
    CliError::Argument(reason.to_string())
}
