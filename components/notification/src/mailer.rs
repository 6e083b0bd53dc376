//! Mails on their way to the mail server, and the address of the platform that their links begin with.

use mindflow_guest::{config, event, events::Failure, mail};

/// How soon mail is tried again while the server is away.
const MAIL_DEFERRAL_MS: u32 = 5_000;
/// Where the platform is, unless `public_url` says otherwise.
const PUBLIC_URL: &str = "http://127.0.0.1:3000";

/// The platform's public address, without a slash at its end.
pub async fn home() -> String {
    let home = config::text("public_url").await.unwrap_or_else(|| PUBLIC_URL.to_owned());
    home.trim_end_matches('/').to_owned()
}

/// Hands a mail to the mail server.
pub async fn post(message: mail::Message) -> Result<(), Failure> {
    mail::send(message).await.map_err(|error| match error {
        mail::Error::Unavailable(reason) => Failure::Retry((reason, Some(MAIL_DEFERRAL_MS))),
        mail::Error::Invalid(reason) | mail::Error::Rejected(reason) => Failure::Reject(reason),
        mail::Error::AccessDenied(reason) => event::retry(reason),
    })
}
