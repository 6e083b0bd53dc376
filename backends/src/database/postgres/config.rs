//! What a deployment says about one database, and the connection settings that follow from it. Errors
//! name the configuration key and never show the DSN, because a DSN carries a password.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connections a component role may hold in one database. Eight such pools with 16 each and the
/// administrator's [`ADMIN_POOL_MAX`] in three databases stay under the embedded server's 200.
pub const POOL_MAX_DEFAULT: usize = 16;
/// Connections of the platform itself (relay, queue, keys, migrations) in one database.
pub const ADMIN_POOL_MAX: usize = 8;
/// How long one attempt to connect may take; longer means that the server is away.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
pub use mindflow_platform::sql::STATEMENT_TIMEOUT_MS_DEFAULT;

/// One database, as a runtime configuration names it.
///
/// ```toml
/// [databases.write]
/// backend = "postgres"
/// dsn = "postgresql://mindflow@db.internal/write?sslmode=require"
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "backend", rename_all = "kebab-case")]
pub enum DatabaseConfig {
    /// A database of the private server under the data directory.
    Embedded(EmbeddedConfig),
    /// A database of a server that is run elsewhere.
    Postgres(PostgresConfig),
}

/// `backend = "embedded"`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct EmbeddedConfig {
    /// Directory with `postgres` and `initdb`; found by itself when absent.
    pub binaries: Option<PathBuf>,
    /// Connections per component role, default [`POOL_MAX_DEFAULT`].
    pub pool_max: Option<usize>,
    /// Default [`STATEMENT_TIMEOUT_MS_DEFAULT`].
    pub statement_timeout_ms: Option<u32>,
}

/// `backend = "postgres"`.
#[derive(Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PostgresConfig {
    /// URL or key=value form. `sslmode` is `disable`, `prefer` (default), `require` or `verify-full`;
    /// a certificate is checked wherever TLS is spoken.
    pub dsn: String,
    /// The server itself, where `dsn` leads to a pooler in transaction mode: notifications, migrations and scratch
    /// databases need sessions of their own. The same login as that of `dsn`, which it is when absent.
    pub direct_dsn: Option<String>,
    /// Where reads that tolerate the replica's lag go, while it answers.
    pub replica_dsn: Option<String>,
    /// Connections per component role, default [`POOL_MAX_DEFAULT`].
    pub pool_max: Option<usize>,
    /// PEM with the authorities to trust besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// Default [`STATEMENT_TIMEOUT_MS_DEFAULT`].
    pub statement_timeout_ms: Option<u32>,
}

/// Why a database's configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{key}: not a PostgreSQL connection string: {reason}")]
    Dsn { key: String, reason: String },
    #[error("{key}: names no {part}")]
    Incomplete { key: String, part: &'static str },
    #[error("{key}: logs in as `{given}`; it must be the login of `dsn`, `{expected}`")]
    OtherLogin { key: String, given: String, expected: String },
    #[error("{key}: {path}: {reason}")]
    CaFile { key: String, path: PathBuf, reason: String },
    #[error("{key}: must be between 1 and {max}, not {given}")]
    OutOfRange { key: String, max: usize, given: usize },
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// Upper bound of `pool-max`: a PostgreSQL with more connections than this wants a pooler before it.
pub const POOL_MAX_LIMIT: usize = 200;

// === impl DatabaseConfig ===

impl DatabaseConfig {
    /// Whether the private server has to run for it.
    pub fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded(_))
    }

    pub(crate) fn pool_max(&self, key: &str) -> Result<usize, ConfigError> {
        let given = match self {
            Self::Embedded(config) => config.pool_max,
            Self::Postgres(config) => config.pool_max,
        }
        .unwrap_or(POOL_MAX_DEFAULT);
        if (1..=POOL_MAX_LIMIT).contains(&given) {
            Ok(given)
        } else {
            Err(ConfigError::OutOfRange { key: format!("{key}.pool-max"), max: POOL_MAX_LIMIT, given })
        }
    }

    pub(crate) fn statement_timeout_ms(&self) -> u32 {
        match self {
            Self::Embedded(config) => config.statement_timeout_ms,
            Self::Postgres(config) => config.statement_timeout_ms,
        }
        .unwrap_or(STATEMENT_TIMEOUT_MS_DEFAULT)
        .max(1)
    }
}

impl std::fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("dsn", &"(hidden)")
            .field("direct_dsn", &self.direct_dsn.as_ref().map(|_| "(hidden)"))
            .field("replica_dsn", &self.replica_dsn.as_ref().map(|_| "(hidden)"))
            .field("pool_max", &self.pool_max)
            .field("ca_file", &self.ca_file)
            .field("statement_timeout_ms", &self.statement_timeout_ms)
            .finish()
    }
}

/// Parses a DSN; `key` is where it was written, such as `databases.write.dsn`.
pub(crate) fn parse_dsn(key: &str, dsn: &str) -> Result<tokio_postgres::Config, ConfigError> {
    // The client verifies certificates whenever it speaks TLS, which is what these two ask for.
    let dsn = dsn.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    let mut config: tokio_postgres::Config = dsn.trim().parse().map_err(|error: tokio_postgres::Error| {
        ConfigError::Dsn { key: key.to_owned(), reason: describe_parse_error(&error) }
    })?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(ConfigError::Incomplete { key: key.to_owned(), part: "host" });
    }
    if config.get_user().is_none() {
        return Err(ConfigError::Incomplete { key: key.to_owned(), part: "user" });
    }
    if config.get_dbname().is_none() {
        return Err(ConfigError::Incomplete { key: key.to_owned(), part: "database" });
    }
    config.connect_timeout(CONNECT_TIMEOUT);
    config.application_name("mindflow");
    Ok(config)
}

/// The parser's own words quote parts of the string, so only those known to be harmless are repeated.
fn describe_parse_error(error: &tokio_postgres::Error) -> String {
    let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    for known in ["unknown option", "missing key", "invalid value for option", "invalid connection string"] {
        if text.contains(known) {
            return match text.split('`').nth(1) {
                Some(option) if is_option_name(option) => format!("{known} `{option}`"),
                _ => known.to_owned(),
            };
        }
    }
    "expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=… or host=… user=… dbname=…".to_owned()
}

fn is_option_name(text: &str) -> bool {
    const OPTIONS: &[&str] = &[
        "sslmode",
        "port",
        "connect_timeout",
        "keepalives",
        "keepalives_idle",
        "target_session_attrs",
        "channel_binding",
        "sslnegotiation",
        "sslrootcert",
        "hostaddr",
        "load_balance_hosts",
        "tcp_user_timeout",
    ];
    OPTIONS.contains(&text)
}

/// Where a configuration leads, without its password: `HOST:PORT/DATABASE`.
pub(crate) fn address(config: &tokio_postgres::Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => config.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("{host}:{port}/{}", config.get_dbname().unwrap_or_default())
}

/// A TLS connector that trusts the public authorities and those of `ca_file`.
pub(crate) fn tls_connector(key: &str, ca_file: Option<&PathBuf>) -> Result<MakeRustlsConnect, ConfigError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = ca_file {
        let fail = |reason: String| ConfigError::CaFile { key: format!("{key}.ca-file"), path: path.clone(), reason };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| fail(error.to_string()))?;
        let mut count = 0_usize;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| fail(error.to_string()))?;
            roots.add(certificate).map_err(|error| fail(error.to_string()))?;
            count += 1;
        }
        if count == 0 {
            return Err(fail("holds no certificate in PEM".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Settings for a database of a server on a unix socket.
pub(crate) fn socket_config(
    socket_dir: &std::path::Path,
    port: u16,
    user: &str,
    database: &str,
) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config
        .host_path(socket_dir)
        .port(port)
        .user(user)
        .dbname(database)
        .ssl_mode(SslMode::Disable)
        .connect_timeout(CONNECT_TIMEOUT)
        .application_name("mindflow");
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_dsn_is_reported_by_its_key_without_its_password() {
        for dsn in
            ["postgresql://mindflow:hunter2@db:notaport/x", "hunter2", "host=x password=hunter2 sslmode=sometimes"]
        {
            let text = parse_dsn("databases.write.dsn", dsn).unwrap_err().to_string();
            assert!(text.starts_with("databases.write.dsn: "), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn a_dsn_must_name_host_user_and_database() {
        for (dsn, part) in [("user=a dbname=b", "host"), ("host=h dbname=b", "user"), ("host=h user=a", "database")] {
            assert_eq!(parse_dsn("k", dsn).unwrap_err().to_string(), format!("k: names no {part}"));
        }
    }

    #[test]
    fn verify_full_is_understood_and_the_address_hides_the_password() {
        let config = parse_dsn("k", "postgresql://a:secret@db.internal:6000/write?sslmode=verify-full").unwrap();
        assert_eq!(config.get_ssl_mode(), SslMode::Require);
        assert_eq!(address(&config), "db.internal:6000/write");
    }

    #[test]
    fn unknown_keys_of_a_database_are_refused() {
        let error = serde_json::from_str::<DatabaseConfig>(r#"{"backend":"embedded","dsn":"x"}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `dsn`"), "{error}");
        let config: DatabaseConfig = serde_json::from_str(r#"{"backend":"postgres","dsn":"x","pool-max":3}"#).unwrap();
        assert_eq!(config.pool_max("k").unwrap(), 3);
        assert!(!format!("{config:?}").contains("\"x\""));
    }
}
