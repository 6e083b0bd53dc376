//! `[events.alarm]`: the webhook that receives an alarm for each dead letter.
//!
//! ```toml
//! [events.alarm]
//! webhook = "https://alerts.example.org/mindflow"
//! secret = "at least sixteen characters"       # better by MINDFLOW_EVENTS__ALARM__SECRET
//! ```

use http::Uri;
use serde::Deserialize;
use std::fmt;

/// Shorter ones can be guessed from one signed alarm.
const SECRET_CHARS_MIN: usize = 16;

/// Where alarms go.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AlarmSettings {
    pub webhook: WebhookUrl,
    /// With it, each alarm is signed.
    pub secret: Option<Secret>,
}

/// An address to post to. Its path may be a secret of the receiver's, so that only its origin is ever shown.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct WebhookUrl(Uri);

/// A key that is never shown.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(String);

/// Why an alarm could not be sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlarmError {
    #[error("events.alarm.webhook must be an http:// or https:// address with a host and without a user")]
    Webhook,
    #[error("events.alarm.secret must have at least {SECRET_CHARS_MIN} characters")]
    Secret,
}

// === impl WebhookUrl ===

impl WebhookUrl {
    pub fn uri(&self) -> &Uri {
        &self.0
    }
}

impl TryFrom<String> for WebhookUrl {
    type Error = AlarmError;

    fn try_from(text: String) -> Result<Self, AlarmError> {
        let uri: Uri = text.parse().map_err(|_| AlarmError::Webhook)?;
        let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        let host = uri.host().is_some_and(|host| !host.is_empty());
        let user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if scheme && host && !user { Ok(Self(uri)) } else { Err(AlarmError::Webhook) }
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        write!(f, "{}://{authority}", self.0.scheme_str().unwrap_or_default())
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}/…")
    }
}

// === impl Secret ===

impl Secret {
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl TryFrom<String> for Secret {
    type Error = AlarmError;

    fn try_from(text: String) -> Result<Self, AlarmError> {
        if text.chars().count() >= SECRET_CHARS_MIN { Ok(Self(text)) } else { Err(AlarmError::Secret) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<String, AlarmError> {
        WebhookUrl::try_from(text.to_owned()).map(|url| format!("{url:?}"))
    }

    #[test]
    fn an_address_that_nothing_can_be_posted_to_is_refused() {
        for wrong in ["", "alerts.example.org", "ftp://example.org/", "/hook", "https://ann:secret@example.org/"] {
            assert_eq!(url(wrong), Err(AlarmError::Webhook), "{wrong}");
        }
    }

    #[test]
    fn neither_the_path_of_the_address_nor_the_secret_is_ever_shown() {
        assert_eq!(url("https://example.org:8443/T0/hidden?key=1"), Ok("https://example.org:8443/…".to_owned()));
        let secret = Secret::try_from("sixteen letters!".to_owned()).unwrap();
        assert_eq!(format!("{secret:?}"), "…");
        assert!(matches!(Secret::try_from("short".to_owned()), Err(AlarmError::Secret)));
    }
}
