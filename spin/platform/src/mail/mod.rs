//! The capability `mail`, by an HTTP API: Mailgun's `messages.mime`, which takes a message as it is (RFC 5322), so that the
//! bytes are the ones that the host sends, with its Message-ID and headers.
//!
//! SMTP over `wasi:sockets` was the alternative. Spin resolves no names for sockets, so a server would have to be an address; and
//! the connection would need TLS inside the sandbox, for which there is no maintained cryptography that builds there. An HTTPS
//! request leaves names, certificates and `allowed_outbound_hosts` to Spin. Who has an SMTP server alone puts a relay with such
//! an API before it.
//!
//! Variables: `mail_url` (such as `https://api.mailgun.net/v3/DOMAIN/messages.mime`), `mail_password` (the API's key),
//! `mail_from`. `mail_url = "log:"` writes each message to standard error, for development, as the host's default writes it into
//! a folder.

mod form;

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use mindflow_platform::broken_rule::BrokenRule;
use mindflow_platform::mail::{self as rules, Mailbox};
use mindflow_spin_guest::variables;

use crate::bindings::exports::mindflow::platform::mail::{Error, Guest, Message};
use crate::{Platform, clock, grants};
use mindflow_spin_guest::http::exchange;

/// As the host waits for each step of SMTP.
const TIMEOUT: Duration = Duration::from_secs(15);
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// How much of a refusal is reported.
const REASON_CHARS_MAX: usize = 300;
/// Who sends when no variable says so. `.invalid` never resolves (RFC 6761): real mail needs a configured sender.
const FROM_DEFAULT: &str = "MindFlow <no-reply@mindflow.invalid>";

/// Where mail goes.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// To standard error.
    Log,
    Api {
        uri: Uri,
        key: String,
    },
}

impl Guest for Platform {
    async fn send(message: Message) -> Result<(), Error> {
        grants::service().mails().map_err(Error::AccessDenied)?;
        let way = way().await.map_err(unavailable)?;
        let from = from().await.map_err(unavailable)?;
        let Message { id, to, subject, text, html, headers } = message;
        let message = rules::Message { id, to, subject, text, html, headers };
        let to = message.recipient()?.to_string();
        let composed = message.compose(&from, clock::now_us())?.formatted();
        match way {
            Way::Log => {
                eprintln!("INFO mail\n{}", String::from_utf8_lossy(&composed));
                Ok(())
            }
            Way::Api { uri, key } => by_api(uri, &key, &to, &composed).await,
        }
    }
}

/// The sender, who is also the contact that push services are shown.
///
/// # Errors
/// The variable makes no sense, or cannot be read.
pub async fn from() -> Result<Mailbox, String> {
    let from = variables::get("mail_from").await?;
    rules::sender(from.as_deref().unwrap_or(FROM_DEFAULT)).map_err(|error| format!("the variable `mail_from`: {error}"))
}

async fn way() -> Result<Way, String> {
    Way::read(variables::get("mail_url").await?, variables::get("mail_password").await?)
}

async fn by_api(uri: Uri, key: &str, to: &str, composed: &[u8]) -> Result<(), Error> {
    let (content_type, body) = form::message(to, composed);
    let request = Request::post(uri)
        .header(header::CONTENT_TYPE, content_type)
        .header(header::AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(format!("api:{key}"))))
        .body(Bytes::from(body))
        .map_err(|_| unavailable("the request cannot be made".to_owned()))?;
    let answer =
        exchange(request, TIMEOUT, ANSWER_BYTES_MAX).await.map_err(|failure| unavailable(failure.to_string()))?;
    settle(answer.status, &answer.body)
}

/// What is wrong with the message will be wrong again; a key that is not taken is the operator's to mend, and all else passes.
fn settle(status: StatusCode, body: &[u8]) -> Result<(), Error> {
    let said = || String::from_utf8_lossy(body).chars().take(REASON_CHARS_MAX).collect::<String>();
    match status.as_u16() {
        200..300 => Ok(()),
        code @ (400 | 413 | 422) => {
            Err(Error::Rejected(format!("the mail server refused the message: it answers {code}: {}", said())))
        }
        code => Err(unavailable(format!("the service answers {code}: {}", said()))),
    }
}

fn unavailable(reason: String) -> Error {
    Error::Unavailable(format!("mail cannot be sent now: {reason}"))
}

impl Way {
    fn read(url: Option<String>, key: Option<String>) -> Result<Self, String> {
        let url = url.ok_or(
            "the variable `mail_url` is not set; write such as https://api.mailgun.net/v3/DOMAIN/messages.mime, or log: while \
             developing",
        )?;
        if url == "log:" {
            return Ok(Self::Log);
        }
        let uri = url.parse::<Uri>().ok().filter(|uri| uri.host().is_some());
        let uri =
            uri.ok_or("the variable `mail_url` is no address; write such as https://HOST/v3/DOMAIN/messages.mime")?;
        let key = key.unwrap_or_default();
        match uri.scheme_str() {
            Some("https") => Ok(Self::Api { uri, key }),
            Some("http") if key.is_empty() => Ok(Self::Api { uri, key }),
            Some("http") => {
                Err("`mail_password` would go out in the clear: `mail_url` must begin with https://".to_owned())
            }
            _ => Err("the variable `mail_url` must begin with https://; there is no SMTP on Spin".to_owned()),
        }
    }
}

impl From<BrokenRule> for Error {
    fn from(rule: BrokenRule) -> Self {
        Self::Invalid(rule.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, key: &str) -> Result<Way, String> {
        Way::read(Some(url.to_owned()), Some(key.to_owned()).filter(|key| !key.is_empty()))
    }

    #[test]
    fn a_key_goes_out_over_tls_alone() {
        assert!(read("https://api.example.org/v3/d/messages.mime", "hunter2").is_ok());
        assert!(read("http://127.0.0.1:8025/v3/d/messages.mime", "").is_ok());
        let error = read("http://127.0.0.1:8025/v3/d/messages.mime", "hunter2").unwrap_err();
        assert!(error.contains("mail_password") && !error.contains("hunter2"));
    }

    #[test]
    fn what_is_missing_or_not_on_spin_is_said() {
        assert_eq!(read("log:", ""), Ok(Way::Log));
        assert!(Way::read(None, None).unwrap_err().contains("`mail_url`"));
        assert!(read("smtp://mail.example.org:587", "").unwrap_err().contains("no SMTP"));
        assert!(read("nonsense", "").unwrap_err().contains("`mail_url`"));
    }

    #[test]
    fn only_what_is_wrong_with_the_message_is_given_up() {
        assert_eq!(settle(StatusCode::OK, b"{}"), Ok(()));
        for refused in [StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE] {
            assert!(matches!(settle(refused, b"to parameter is not valid"), Err(Error::Rejected(_))));
        }
        for passing in
            [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY]
        {
            assert!(matches!(settle(passing, b""), Err(Error::Unavailable(_))), "{passing}");
        }
    }
}
