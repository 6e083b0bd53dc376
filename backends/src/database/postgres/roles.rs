//! A LOGIN role for each component, and one for each capability that works in a database. The migration runner makes them
//! before the migrations that grant to them; several runners, or several databases of one server, may do so at the same moment.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::catalogue::{describe, retried};
use super::walls;

/// Capabilities with a role of their own, named as components' are, to which migrations grant its own tables and nothing else.
/// The host uses that of the search index, and works as the administrator for the others; on Spin, where there is no
/// administrator, each capability logs in as its role.
pub const CAPABILITIES: [&str; 7] =
    ["audit-log", "dead-letters", "delivery", "disclosure-ledger", "keys", "search-index", "web-push"];

/// Longest name of a component; with the prefix it stays under PostgreSQL's 63 bytes for a name.
const COMPONENT_NAME_MAX: usize = 48;
/// Rounds of PBKDF2, as PostgreSQL's own default. Component passwords have 256 bits and need none.
const SCRAM_ITERATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4_095);
const SCRAM_SALT_BYTES: usize = 16;

/// Why a component's role cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    #[error("component name `{0}`: use lower-case letters, digits, `-` and `_`, at most {COMPONENT_NAME_MAX} of them")]
    Name(String),
    #[error(
        "component name `{0}`: the platform's own capability has a role of this name in the database; choose another"
    )]
    Reserved(String),
    #[error(
        "role `{role}` exists and may bypass row-level security; run: ALTER ROLE \"{role}\" NOSUPERUSER NOBYPASSRLS"
    )]
    TooPowerful { role: String },
    #[error("role `{role}` cannot be made: {reason}")]
    Create { role: String, reason: String },
    #[error("role `{role}` cannot be given access to the database: {reason}")]
    Grant { role: String, reason: String },
}

/// The role of a component: `mindflow_NAME`.
pub fn role_name(component: &str) -> Result<String, RoleError> {
    let well_formed =
        component.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
    if component.is_empty() || component.len() > COMPONENT_NAME_MAX || !well_formed {
        return Err(RoleError::Name(component.to_owned()));
    }
    Ok(format!("mindflow_{component}"))
}

/// A component's password, derived from the DSN's so that there is one secret to keep and none to store.
pub fn derived_password(dsn_password: &[u8], component: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, dsn_password);
    hex::encode(hmac::sign(&key, format!("mindflow role {component}").as_bytes()))
}

/// What the server keeps of a component's password: a secret for SCRAM-SHA-256 (RFC 7677), in PostgreSQL's form. Its salt
/// follows from the DSN's password and is the same each time: a pooler has a copy of the secret, and logs in by it.
fn scram_secret(dsn_password: &[u8], component: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, dsn_password);
    let salt = hmac::sign(&key, format!("mindflow salt {component}").as_bytes());
    let salt = salt.as_ref().get(..SCRAM_SALT_BYTES).unwrap_or_default();
    scram_of(derived_password(dsn_password, component).as_bytes(), salt)
}

fn scram_of(password: &[u8], salt: &[u8]) -> String {
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, SCRAM_ITERATIONS, salt, password, &mut salted);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let stored = digest::digest(&digest::SHA256, hmac::sign(&key, b"Client Key").as_ref());
    let server = hmac::sign(&key, b"Server Key");
    let [salt, stored, server] = [salt, stored.as_ref(), server.as_ref()].map(|bytes| BASE64_STANDARD.encode(bytes));
    format!("SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt}${stored}:{server}")
}

/// Makes the roles of `components` and of [`CAPABILITIES`], and lets them, and only them, into this database.
pub async fn ensure(admin: &Client, dsn_password: Option<&[u8]>, components: &[String]) -> Result<(), RoleError> {
    if let Some(name) = components.iter().find(|name| CAPABILITIES.contains(&name.as_str())) {
        return Err(RoleError::Reserved(name.clone()));
    }
    walls::close(admin).await;
    let kept = Kept::read(admin).await;
    let components: BTreeSet<&str> = components.iter().map(String::as_str).chain(CAPABILITIES).collect();
    for component in components {
        let role = role_name(component)?;
        let secret = dsn_password.map(|password| scram_secret(password, component));
        create(admin, &role).await?;
        login(admin, &role, secret.as_deref(), kept).await?;
        let grant = format!(
            "DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), '{role}'); END $$"
        );
        retried(admin, &grant)
            .await
            .map_err(|error| RoleError::Grant { role: role.clone(), reason: describe(&error) })?;
    }
    Ok(())
}

async fn create(admin: &Client, role: &str) -> Result<(), RoleError> {
    let fail = |error: tokio_postgres::Error| RoleError::Create { role: role.to_owned(), reason: describe(&error) };
    let sql = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = $1";
    if let Some(row) = admin.query_opt(sql, &[&role]).await.map_err(fail)? {
        return if row.get::<_, bool>(0) { Err(RoleError::TooPowerful { role: role.to_owned() }) } else { Ok(()) };
    }
    match retried(admin, &format!("CREATE ROLE \"{role}\" LOGIN NOINHERIT")).await {
        Err(error) if already_there(&error) => Ok(()),
        other => other.map_err(fail),
    }
}

async fn login(admin: &Client, role: &str, secret: Option<&str>, kept: Kept) -> Result<(), RoleError> {
    if let Some(secret) = secret
        && kept.is(admin, role, secret).await
    {
        return Ok(());
    }
    // The secret is in base64 and the role's name was checked: neither can end its quotes.
    let sql = match secret {
        Some(secret) => format!("ALTER ROLE \"{role}\" LOGIN PASSWORD '{secret}'"),
        None => {
            let sql = "SELECT rolcanlogin FROM pg_roles WHERE rolname = $1";
            let row = admin.query_opt(sql, &[&role]).await;
            if let Ok(Some(row)) = row
                && row.get::<_, bool>(0)
            {
                return Ok(());
            }
            format!("ALTER ROLE \"{role}\" LOGIN")
        }
    };
    retried(admin, &sql).await.map_err(|error| RoleError::Create { role: role.to_owned(), reason: describe(&error) })
}

/// Whether the administrator may see what the server keeps of passwords. What is already so need not be written at each start.
#[derive(Clone, Copy)]
enum Kept {
    Readable,
    Hidden,
}

impl Kept {
    async fn read(admin: &Client) -> Self {
        let sql = "SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')";
        match admin.query_one(sql, &[]).await.and_then(|row| row.try_get(0)) {
            Ok(true) => Self::Readable,
            Ok(false) | Err(_) => Self::Hidden,
        }
    }

    /// Whether the role logs in by this secret.
    async fn is(self, admin: &Client, role: &str, secret: &str) -> bool {
        let Self::Readable = self else { return false };
        let sql = "SELECT FROM pg_catalog.pg_authid WHERE rolname = $1 AND rolcanlogin AND rolpassword = $2";
        matches!(admin.query_opt(sql, &[&role, &secret]).await, Ok(Some(_)))
    }
}

/// The race of two `CREATE`s shows as either of these.
pub(crate) fn already_there(error: &tokio_postgres::Error) -> bool {
    matches!(
        error.code(),
        Some(&SqlState::DUPLICATE_OBJECT | &SqlState::DUPLICATE_DATABASE | &SqlState::UNIQUE_VIOLATION)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_after_its_component_and_odd_names_are_refused() {
        assert_eq!(role_name("command").unwrap(), "mindflow_command");
        for name in ["", "Auth", "a\"b", "a b", &"x".repeat(49)] {
            assert!(matches!(role_name(name), Err(RoleError::Name(_))), "{name}");
        }
    }

    #[test]
    fn a_secret_is_what_postgresql_makes_of_the_password() {
        // The example of RFC 7677.
        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        assert_eq!(
            scram_of(b"pencil", &salt),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==\
             $WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    #[test]
    fn each_component_has_a_secret_of_its_own_that_stays_the_same() {
        let auth = scram_secret(b"secret", "auth");
        assert_eq!(auth, scram_secret(b"secret", "auth"));
        assert_ne!(auth, scram_secret(b"secret", "command"));
        assert_ne!(auth, scram_secret(b"other", "auth"));
    }

    #[test]
    fn each_component_has_a_password_of_its_own() {
        let auth = derived_password(b"secret", "auth");
        assert_eq!(auth.len(), 64);
        assert_ne!(auth, derived_password(b"secret", "command"));
        assert_ne!(auth, derived_password(b"other", "auth"));
    }
}
