//! The capabilities `jwt-signer` and `jwt-verifier`, and the proof of callers for all others. Keys are those of the host, read
//! by functions that the capability's own role may call (`keys_dsn`); private ones come wrapped, and only a service that may
//! sign opens one, with `jwt_wrapping_secret`. What is known is kept by the instance.

mod keyring;
mod rsa_key;
mod store;

use mindflow_platform::jwt::VerifyError;
use uuid::Uuid;

use crate::bindings::exports::mindflow::platform::{jwt_signer, jwt_verifier};
use crate::{Platform, grants};
use keyring::keyring;

impl jwt_signer::Guest for Platform {
    async fn sign(claims: String) -> Result<String, String> {
        grants::service().signs()?;
        keyring().sign(&claims).await.map_err(|error| error.to_string())
    }

    async fn attest(statement: String) -> Result<String, String> {
        grants::service().signs()?;
        keyring().attest(&statement).await.map_err(|error| error.to_string())
    }
}

impl jwt_verifier::Guest for Platform {
    async fn verify(token: String) -> Result<String, jwt_verifier::Error> {
        grants::service().verifies().map_err(jwt_verifier::Error::Unavailable)?;
        Ok(keyring().verify(&token).await?.claims.clone())
    }

    async fn jwks() -> Result<String, String> {
        grants::service().verifies()?;
        keyring().jwks().await
    }
}

/// Why a token does not prove a caller.
pub enum Unproven {
    Denied(String),
    Unavailable(String),
}

/// The caller that an access token proves, and the roles that it carries.
pub async fn prove(token: &str) -> Result<(Uuid, Vec<String>), Unproven> {
    let proven = keyring().verify(token).await.map_err(|error| match error {
        VerifyError::Unavailable(reason) => Unproven::Unavailable(reason),
        refused => Unproven::Denied(refused.to_string()),
    })?;
    Ok((proven.user_id().map_err(Unproven::Denied)?, proven.roles.clone()))
}

mindflow_platform::verify_error!(jwt_verifier::Error);
