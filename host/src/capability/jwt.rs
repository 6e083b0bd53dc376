//! Signing and proving access tokens; the keys never enter a sandbox.

use super::bindings::platform::{jwt_signer, jwt_verifier};
use crate::engine::State;
use mindflow_backends::keys::{Keyring, VerifyError};
use std::sync::Arc;
use wasmtime::component::{Accessor, HasSelf};

impl jwt_signer::Host for State {}
impl jwt_verifier::Host for State {}

const NO_KEYS: &str = "the platform has no signing keys";

fn keyring(accessor: &Accessor<State, HasSelf<State>>) -> Option<Arc<Keyring>> {
    accessor.with(|mut store| store.get().grants.keyring.clone())
}

impl jwt_signer::HostWithStore<State> for HasSelf<State> {
    async fn sign(accessor: &Accessor<State, Self>, claims: String) -> wasmtime::Result<Result<String, String>> {
        let Some(keyring) = keyring(accessor) else { return Ok(Err(NO_KEYS.into())) };
        Ok(keyring.sign(&claims).await.map_err(|error| error.to_string()))
    }
}

impl jwt_verifier::HostWithStore<State> for HasSelf<State> {
    async fn verify(
        accessor: &Accessor<State, Self>,
        token: String,
    ) -> wasmtime::Result<Result<String, jwt_verifier::Error>> {
        let Some(keyring) = keyring(accessor) else { return Ok(Err(jwt_verifier::Error::Unavailable(NO_KEYS.into()))) };
        Ok(keyring.verify(&token).await.map(|verified| verified.claims.clone()).map_err(Into::into))
    }

    async fn jwks(accessor: &Accessor<State, Self>) -> wasmtime::Result<Result<String, String>> {
        let Some(keyring) = keyring(accessor) else { return Ok(Err(NO_KEYS.into())) };
        Ok(Ok(keyring.jwks()))
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
