//! Mail by a server (RFC 5321), over connections that are kept for the next message.

use super::{Error, Mailer, Message, OpenError, SmtpConfig, Tls};
use crate::clock::Clock;
use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        self, PoolConfig,
        authentication::Credentials,
        client::{Certificate, Tls as Protection, TlsParameters},
    },
};
use std::{error::Error as _, time::Duration};

/// A server allows a client few concurrent connections, so messages take turns.
const CONNECTIONS_MAX: u32 = 4;
/// For each step of the conversation. RFC 5321 §4.5.3.2 grants minutes; a delivery comes again sooner.
const STEP_TIMEOUT: Duration = Duration::from_secs(15);
/// 530, 534, 535, 538: about our log-in (RFC 4954), which the operator has to fix; they are not about the message.
const LOG_IN: [u16; 4] = [530, 534, 535, 538];

pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    clock: Clock,
}

impl Smtp {
    pub(super) fn open(config: &SmtpConfig, from: Mailbox, clock: Clock) -> Result<Self, OpenError> {
        let (protection, port) = match config.tls {
            Tls::Starttls => (Protection::Required(parameters(config)?), 587),
            Tls::Implicit => (Protection::Wrapper(parameters(config)?), 465),
            Tls::None => (Protection::None, 25),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port.unwrap_or(port))
            .tls(protection)
            .timeout(Some(STEP_TIMEOUT))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS_MAX));
        match (&config.username, &config.password) {
            (Some(_), Some(_)) if config.tls == Tls::None => return Err(OpenError::PasswordInTheClear),
            (Some(username), Some(password)) => {
                builder = builder.credentials(Credentials::new(username.clone(), password.reveal().to_owned()));
            }
            (None, None) => {}
            _ => return Err(OpenError::HalfCredentials),
        }
        Ok(Self { transport: builder.build(), from, clock })
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, message: &Message) -> Result<(), Error> {
        let composed = message.compose(&self.from, self.clock.now_us())?;
        let sent = self.transport.send(composed).await;
        sent.map(drop).map_err(|error| classify(&error, message))
    }
}

/// The server's name is checked against its certificate.
fn parameters(config: &SmtpConfig) -> Result<TlsParameters, OpenError> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.ca_file {
        let wrong = |reason: String| OpenError::Authorities { path: path.clone(), reason };
        let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let authorities = pem::parse_many(&text).map_err(|error| wrong(error.to_string()))?;
        if authorities.is_empty() {
            return Err(wrong("has no certificate in PEM".to_owned()));
        }
        for authority in authorities {
            let certificate = Certificate::from_der(authority.into_contents());
            builder = builder.add_root_certificate(certificate.map_err(|error| wrong(error.to_string()))?);
        }
    }
    builder.build().map_err(|error| OpenError::Server { host: config.host.clone(), reason: error.to_string() })
}

/// Whether the message can be sent later. Where it cannot be sent by this server at all, waiting does not help.
fn classify(error: &smtp::Error, message: &Message) -> Error {
    let about_us = error.status().is_some_and(|code| LOG_IN.contains(&u16::from(code)));
    if error.is_permanent() && !about_us {
        return Error::Rejected(described(error));
    }
    // The library refuses it itself, and has no code for that.
    if error.is_client() && !message.to.is_ascii() && error.to_string().contains("non-ascii") {
        let text = "it takes no addresses with letters beyond ASCII before the @ (SMTPUTF8, RFC 6531)";
        return Error::Rejected(format!("{text}: {error}"));
    }
    Error::Unavailable(described(error))
}

/// What the server says is between quotation marks, which logs leave out: many a server repeats the recipient's address.
fn described(error: &smtp::Error) -> String {
    match (error.status(), error.source()) {
        (Some(code), Some(said)) => format!("the server answers {code} {:?}", said.to_string()),
        _ => error.to_string(),
    }
}
