//! Signing and proving access tokens; the keys never enter a sandbox.

use super::{Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, Settings, State, Unbound};
use mindflow_backends::keys::{Keyring, PostgresKeys, VerifyError};
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

/// `[keys]`: the database that holds the signing keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct KeysSettings {
    pub database: String,
}

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
        Self { database: "write".into() }
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
        let user_id = proven.subject.parse().map_err(|_| Unproven::Denied("the token's `sub` is no UUID".into()))?;
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
        let keys = Arc::new(PostgresKeys::new(database));
        let keyring = Keyring::open(keys, opening.tokens.clone(), opening.clock.clone()).await;
        keyring.map(Self).map_err(OpenError::new)
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

impl From<VerifyError> for jwt_verifier::Error {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Malformed => Self::Malformed,
            VerifyError::BadSignature => Self::BadSignature,
            VerifyError::Expired => Self::Expired,
            VerifyError::NotAccepted(reason) => Self::NotAccepted(reason),
            VerifyError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}
