//! What a login has shown before it asks for a second factor: sealed by the host, so that nothing is kept of it. It is good for a few
//! minutes, and not after the password was changed. Used twice it needs two codes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mindflow_guest::{call::Error, failure::internal, sealing};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Time to find the device, and not to forget the browser.
pub const LIFETIME_S: u32 = 300;
/// What it is sealed for: no other sealed text opens as one.
const CONTEXT: &str = "login-challenge";
/// A sealed challenge has some 200.
const TEXT_BYTES_MAX: usize = 1_024;

/// A password that was right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    pub user_id: Uuid,
    pub password_version: i64,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub until: i64,
}

impl Challenge {
    pub fn new(user_id: Uuid, password_version: i64, now_us: i64) -> Self {
        Self { user_id, password_version, until: now_us.saturating_add(i64::from(LIFETIME_S) * 1_000_000) }
    }

    /// For the client.
    pub async fn seal(&self) -> Result<String, Error> {
        let text = serde_json::to_vec(self).map_err(internal)?;
        let sealed = sealing::seal(text, CONTEXT.to_owned()).await;
        sealed.map(|sealed| URL_SAFE_NO_PAD.encode(sealed)).map_err(|error| internal(format!("a challenge: {error:?}")))
    }

    /// `None` for a text that is none, and for one whose time is over.
    pub async fn open(text: &str, now_us: i64) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(Some(text.trim()).filter(|text| text.len() <= TEXT_BYTES_MAX)?).ok()?;
        let opened = sealing::open(sealed, CONTEXT.to_owned()).await.ok()?;
        Self::read(&opened, now_us)
    }

    fn read(opened: &[u8], now_us: i64) -> Option<Self> {
        serde_json::from_slice(opened).ok().filter(|challenge: &Self| now_us < challenge.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_good_for_five_minutes() {
        let challenge = Challenge::new(Uuid::from_u128(1), 3, 7);
        let text = serde_json::to_vec(&challenge).unwrap();
        assert_eq!(Challenge::read(&text, 300_000_006), Some(challenge));
        assert_eq!(Challenge::read(&text, 300_000_007), None);
        assert_eq!(Challenge::read(b"{}", 0), None);
    }
}
