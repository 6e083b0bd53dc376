//! Signing and proving access tokens; the keys never enter a sandbox.

use super::{Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, Settings, State, Unbound};
use mindflow_backends::keys::{Keyring, PostgresKeys, VerifyError, Wrapping, WrappingError};
use mindflow_backends::secret::Secret;
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!(
    "
    import mindflow:platform/jwt-signer@0.1.0;
    import mindflow:platform/jwt-verifier@0.1.0;
"
);

use bindings::mindflow::platform::{jwt_signer, jwt_verifier};

/// The signing keys of the platform.
pub struct Tokens(Arc<Keyring>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grant {
    Sign,
    Verify,
}

/// `[keys]`: the database that holds the signing keys, and the secret for those that adapters on Spin share.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct KeysSettings {
    pub database: String,
    /// At least 32 characters, the same as the variable `jwt_wrapping_secret` of the application on Spin. Without it, nothing
    /// there can sign.
    pub wrapping_secret: Option<Secret>,
}

/// The setting cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("wrapping-secret of [keys]")]
struct SecretError(#[from] WrappingError);

/// Proves tokens: for the functions here, and for other capabilities that act for a caller.
#[derive(Clone)]
pub struct Access(Arc<Keyring>);

/// Why a token proves no identity.
pub enum Unproven {
    Denied(String),
    Unavailable(String),
}

impl Default for KeysSettings {
    fn default() -> Self {
        Self { database: "write".into(), wrapping_secret: None }
    }
}

impl Tokens {
    pub(crate) fn keyring(&self) -> &Keyring {
        &self.0
    }
}

impl Access {
    /// Who an access token speaks for: its subject, and the roles that it carries.
    pub async fn prove(&self, token: &str) -> Result<(Uuid, Vec<String>), Unproven> {
        let proven = self.0.verify(token).await.map_err(|error| match error {
            VerifyError::Unavailable(reason) => Unproven::Unavailable(reason),
            refused => Unproven::Denied(refused.to_string()),
        })?;
        let user_id = proven.user_id().map_err(Unproven::Denied)?;
        Ok((user_id, proven.roles.clone()))
    }
}

impl Capability for Tokens {
    const GRANT: Option<&'static str> = Some("jwt");
    const SETTINGS: Option<&'static str> = Some("keys");
    type Grant = Vec<Grant>;
    type Settings = KeysSettings;
    type Access = Access;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        jwt_signer::add_to_linker::<_, Own>(linker, |state| state)?;
        jwt_verifier::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = |grant| grantee.grants.jwt.contains(&grant);
        match interface {
            "mindflow:platform/jwt-signer" => Some(Requirement::tool(granted(Grant::Sign), r#"jwt = ["sign"]"#)),
            "mindflow:platform/jwt-verifier" => Some(Requirement::tool(granted(Grant::Verify), r#"jwt = ["verify"]"#)),
            _ => None,
        }
    }

    fn check_settings(settings: &Settings) -> Result<(), Unbound> {
        settings.require_database(Some(&settings.jwt.database), "[keys]")
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let database = opening.database(&opening.settings.jwt.database, "[keys]")?;
        let secret = opening.settings.jwt.wrapping_secret.as_ref();
        let wrapping = secret.map(|secret| Wrapping::new(secret.reveal()).map_err(SecretError)).transpose();
        let keys = Arc::new(PostgresKeys::new(database, wrapping.map_err(OpenError::new)?));
        let keyring = Keyring::open(keys, opening.tokens.clone(), opening.clock.clone()).await;
        keyring.map(Self).map_err(OpenError::new)
    }

    async fn prepare(opening: &Opening<'_>) -> Result<(), OpenError> {
        Self::open(opening).await.map(drop)
    }

    fn access(&self, _: &Grantee<'_>) -> Access {
        Access(Arc::clone(&self.0))
    }

    async fn shadow(live: &Access, _: &Scratch<'_>) -> Result<Access, OpenError> {
        Ok(live.clone())
    }
}

impl jwt_signer::Host for State {}
impl jwt_verifier::Host for State {}

fn keyring(accessor: &Accessor<State, HasSelf<State>>) -> Arc<Keyring> {
    accessor.with(|mut store| Arc::clone(&store.get().access.jwt.0))
}

impl jwt_signer::HostWithStore<State> for HasSelf<State> {
    async fn sign(accessor: &Accessor<State, Self>, claims: String) -> wasmtime::Result<Result<String, String>> {
        Ok(keyring(accessor).sign(&claims).await.map_err(|error| error.to_string()))
    }

    async fn attest(accessor: &Accessor<State, Self>, statement: String) -> wasmtime::Result<Result<String, String>> {
        Ok(keyring(accessor).attest(&statement).await.map_err(|error| error.to_string()))
    }
}

impl jwt_verifier::HostWithStore<State> for HasSelf<State> {
    async fn verify(
        accessor: &Accessor<State, Self>,
        token: String,
    ) -> wasmtime::Result<Result<String, jwt_verifier::Error>> {
        Ok(keyring(accessor).verify(&token).await.map(|verified| verified.claims.clone()).map_err(Into::into))
    }

    async fn jwks(accessor: &Accessor<State, Self>) -> wasmtime::Result<Result<String, String>> {
        Ok(Ok(keyring(accessor).jwks()))
    }
}

mindflow_platform::verify_error!(jwt_verifier::Error);
