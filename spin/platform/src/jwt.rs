//! The capabilities `jwt-signer` and `jwt-verifier`.

use crate::Platform;
use crate::bindings::exports::mindflow::platform::{jwt_signer, jwt_verifier};

impl jwt_signer::Guest for Platform {
    async fn sign(_claims: String) -> Result<String, String> {
        Err("to be written".to_owned())
    }
}

impl jwt_verifier::Guest for Platform {
    async fn verify(_token: String) -> Result<String, jwt_verifier::Error> {
        Err(jwt_verifier::Error::Unavailable("to be written".to_owned()))
    }

    async fn jwks() -> Result<String, String> {
        Err("to be written".to_owned())
    }
}

/// Why a token does not prove a caller.
pub enum Unproven {
    Denied(String),
    Unavailable(String),
}

/// The caller that an access token proves, and the roles that it carries.
pub async fn prove(_token: &str) -> Result<(uuid::Uuid, Vec<String>), Unproven> {
    Err(Unproven::Unavailable("to be written".to_owned()))
}
