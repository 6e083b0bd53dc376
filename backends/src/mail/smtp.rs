//! Mail by a server (RFC 5321), over connections that are kept for the next message.

use super::{Error, Mailer, Message, OpenError, Secret, SmtpConfig, Tls};
use crate::clock::Clock;
use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        self, PoolConfig,
        authentication::Credentials,
        client::{Tls as Protection, TlsParameters},
    },
};
use std::time::Duration;

/// A server allows a client few connections at once; so many messages take turns.
const CONNECTIONS_MAX: u32 = 4;
/// For each step of the conversation. RFC 5321 §4.5.3.2 grants minutes; a delivery comes again sooner.
const STEP_TIMEOUT: Duration = Duration::from_secs(15);
/// 530, 534, 535, 538: about our log-in (RFC 4954), which is for the operator to mend, not about the message.
const LOG_IN: [u16; 4] = [530, 534, 535, 538];

pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    clock: Clock,
}

impl Smtp {
    pub(super) fn open(config: &SmtpConfig, from: Mailbox, clock: Clock) -> Result<Self, OpenError> {
        let parameters = || {
            TlsParameters::new(config.host.clone())
                .map_err(|error| OpenError::Server { host: config.host.clone(), reason: error.to_string() })
        };
        let (protection, port) = match config.tls {
            Tls::Starttls => (Protection::Required(parameters()?), 587),
            Tls::Implicit => (Protection::Wrapper(parameters()?), 465),
            Tls::None => (Protection::None, 25),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port.unwrap_or(port))
            .tls(protection)
            .timeout(Some(STEP_TIMEOUT))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS_MAX));
        match (&config.username, &config.password) {
            (Some(_), Some(_)) if config.tls == Tls::None => return Err(OpenError::PasswordInTheClear),
            (Some(username), Some(Secret(password))) => {
                builder = builder.credentials(Credentials::new(username.clone(), password.clone()));
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
        self.transport.send(composed).await.map(drop).map_err(|error| classify(&error))
    }
}

fn classify(error: &smtp::Error) -> Error {
    let about_us = error.status().is_some_and(|code| LOG_IN.contains(&u16::from(code)));
    if error.is_permanent() && !about_us {
        Error::Rejected(error.to_string())
    } else {
        Error::Unavailable(error.to_string())
    }
}
