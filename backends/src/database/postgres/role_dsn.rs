//! A database as one component logs in to it, for a program elsewhere that does so: the adapters on Spin.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::config::{ConfigError, PostgresConfig, parse_dsn};
use super::roles::{derived_password, role_name};

/// What a URL may have as it is (RFC 3986, `unreserved`) stays readable.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// See the module.
#[derive(Debug, PartialEq, Eq)]
pub struct RoleDsn {
    /// `postgres://HOST:PORT`
    pub origin: String,
    /// `postgres://ROLE:PASSWORD@HOST:PORT/DATABASE?sslmode=…`
    pub dsn: String,
}

impl PostgresConfig {
    /// Of a component, or of a capability that works as a role of its own. `key` is the table that this was written in. It leads to
    /// the server itself where there is a pooler: the adapters' connections begin with settings of the session, which poolers
    /// in transaction mode do not take.
    ///
    /// # Errors
    /// It is no connection string, or leads to no TCP port.
    pub fn role_dsn(&self, key: &str, component: &str) -> Result<RoleDsn, ConfigError> {
        let login = parse_dsn(&format!("{key}.dsn"), &self.dsn)?;
        let (key, config) = match &self.direct_dsn {
            Some(dsn) => {
                let key = format!("{key}.direct-dsn");
                let config = parse_dsn(&key, dsn)?;
                (key, config)
            }
            None => (format!("{key}.dsn"), login.clone()),
        };
        let role =
            role_name(component).map_err(|error| ConfigError::Dsn { key: key.clone(), reason: error.to_string() })?;
        let password = login.get_password().map(|password| derived_password(password, component));
        dsn_of(key, &config, &role, password)
    }
}

/// A connection string as a URL, with its own login. `key` is where it was written.
///
/// # Errors
/// It is no connection string, or leads to no TCP port.
pub fn login_dsn(key: &str, dsn: &str) -> Result<RoleDsn, ConfigError> {
    let config = parse_dsn(key, dsn)?;
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let user = encoded(config.get_user().unwrap_or_default());
    let password = config.get_password().map(|password| percent_encode(password, ENCODED).to_string());
    dsn_of(key.to_owned(), &config, &user, password)
}

fn dsn_of(key: String, config: &Config, user: &str, password: Option<String>) -> Result<RoleDsn, ConfigError> {
    let host = match (config.get_hosts().first(), config.get_hostaddrs().first()) {
        (Some(Host::Tcp(name)), _) => name.clone(),
        (None, Some(address)) => address.to_string(),
        _ => return Err(ConfigError::Incomplete { key, part: "host that is reached by TCP" }),
    };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let address = format!("{host}:{}", config.get_ports().first().copied().unwrap_or(5432));
    let ssl_mode = match config.get_ssl_mode() {
        SslMode::Disable => "disable",
        SslMode::Require => "require",
        _ => "prefer",
    };
    let database = utf8_percent_encode(config.get_dbname().unwrap_or_default(), ENCODED);
    let password = password.map(|password| format!(":{password}")).unwrap_or_default();
    Ok(RoleDsn {
        dsn: format!("postgres://{user}{password}@{address}/{database}?sslmode={ssl_mode}"),
        origin: format!("postgres://{address}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role_dsn(dsn: &str) -> Result<RoleDsn, String> {
        let config: PostgresConfig = serde_json::from_value(serde_json::json!({ "dsn": dsn })).unwrap();
        config.role_dsn("databases.write", "audit-log").map_err(|error| error.to_string())
    }

    #[test]
    fn a_role_has_a_password_that_follows_from_the_login_s() {
        let password = derived_password(b"secret", "audit-log");
        let expected = RoleDsn {
            origin: "postgres://db.internal:6000".into(),
            dsn: format!("postgres://mindflow_audit-log:{password}@db.internal:6000/a_%20b?sslmode=require"),
        };
        assert_eq!(role_dsn("postgres://admin:secret@db.internal:6000/a_%20b?sslmode=verify-full"), Ok(expected));
        let expected = RoleDsn {
            origin: "postgres://[::1]:5432".into(),
            dsn: "postgres://mindflow_audit-log@[::1]:5432/write?sslmode=prefer".into(),
        };
        assert_eq!(role_dsn("hostaddr=::1 user=admin dbname=write"), Ok(expected));
    }

    #[test]
    fn a_login_of_its_own_is_kept_as_it_is() {
        let login =
            |dsn: &str| login_dsn("data-keys.dsn", dsn).map(|login| login.dsn).map_err(|error| error.to_string());
        let dsn = "postgres://keeper:s%3Acret@db.internal:5432/keys?sslmode=prefer";
        assert_eq!(login("postgres://keeper:s%3Acret@db.internal/keys").as_deref(), Ok(dsn));
        assert!(login("host=/run/postgresql user=a dbname=keys").unwrap_err().starts_with("data-keys.dsn: "));
    }

    #[test]
    fn it_leads_past_a_pooler() {
        let config =
            serde_json::json!({ "dsn": "postgres://a:s@pooler:6432/write", "direct-dsn": "postgres://a:s@db/write" });
        let config: PostgresConfig = serde_json::from_value(config).unwrap();
        let password = derived_password(b"s", "auth");
        let dsn = format!("postgres://mindflow_auth:{password}@db:5432/write?sslmode=prefer");
        assert_eq!(
            config.role_dsn("databases.write", "auth").unwrap(),
            RoleDsn { origin: "postgres://db:5432".into(), dsn }
        );
        let config = PostgresConfig { direct_dsn: Some("host=/run/postgresql user=a dbname=write".into()), ..config };
        let refused = config.role_dsn("databases.write", "auth").unwrap_err().to_string();
        assert_eq!(refused, "databases.write.direct-dsn: names no host that is reached by TCP");
    }

    #[test]
    fn a_socket_is_refused_and_nothing_of_the_string_is_shown() {
        let refused = role_dsn("host=/run/postgresql user=admin password=secret dbname=write");
        assert_eq!(refused, Err("databases.write.dsn: names no host that is reached by TCP".into()));
    }
}
