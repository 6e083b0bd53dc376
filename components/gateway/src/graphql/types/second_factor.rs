//! What a second factor is set up by. Each is shown once.

use crate::services::accounts;
use async_graphql::SimpleObject;

/// The secret that a device makes codes by. It is shown once.
#[derive(SimpleObject)]
pub struct TotpSecret {
    /// In base32, for who types it into an authenticator.
    secret: String,
    /// The same as `otpauth://totp/…`, to be shown as a QR code.
    uri: String,
}

impl From<accounts::TotpSecret> for TotpSecret {
    fn from(accounts::TotpSecret { secret, uri }: accounts::TotpSecret) -> Self {
        Self { secret, uri }
    }
}

/// Codes for a user who has lost the device. They are shown once.
#[derive(SimpleObject)]
pub struct RecoveryCodes {
    /// Ten. Each stands in for a code of the device once.
    pub recovery_codes: Vec<String>,
}
