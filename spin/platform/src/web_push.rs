//! The capability `web-push`, with the key that the host has as well: browsers subscribe to it. It is opened by a function of
//! the write database that only the role of this capability may call (`web_push_dsn`), and kept by the instance; a service
//! never sees it. The contact that push services are shown is the sender of mails, `mail_from`.

use std::sync::Arc;

use async_lock::Mutex;
use mindflow_platform::sql::Value;
use mindflow_platform::web_push::{self as rules, KEY, SealError, Sealer};
use mindflow_spin_guest::postgres::Connection;
use mindflow_spin_guest::variables;

use crate::bindings::exports::mindflow::platform::web_push::{Error, Guest, Sealed, Subscription};
use crate::{Platform, clock, grants, mail};

impl Guest for Platform {
    async fn public_key() -> Result<String, Error> {
        Ok(sealer().await?.public_key().to_owned())
    }

    async fn check(subscription: Subscription) -> Result<(), Error> {
        grants::service().pushes().map_err(Error::AccessDenied)?;
        Ok(rules::check(&subscription.into())?)
    }

    async fn seal(subscription: Subscription, plaintext: Vec<u8>) -> Result<Sealed, Error> {
        let rules::Sealed { authorization, body } =
            sealer().await?.seal(&subscription.into(), &plaintext, clock::now_us())?;
        Ok(Sealed { authorization, body })
    }
}

/// Opened once in an instance.
async fn sealer() -> Result<Arc<Sealer>, Error> {
    static SEALER: Mutex<Option<Arc<Sealer>>> = Mutex::new(None);
    grants::service().pushes().map_err(Error::AccessDenied)?;
    let mut sealer = SEALER.lock().await;
    if let Some(sealer) = &*sealer {
        return Ok(Arc::clone(sealer));
    }
    let opened = Arc::new(open().await.map_err(|reason| {
        eprintln!("ERROR web push: {reason}");
        // The interface has no case for a platform that is away: the caller tries again all the same.
        Error::AccessDenied("the key of web push cannot be opened now".to_owned())
    })?);
    *sealer = Some(Arc::clone(&opened));
    Ok(opened)
}

async fn open() -> Result<Sealer, String> {
    let dsn = variables::get("web_push_dsn").await?.ok_or("the variable `web_push_dsn` is not set")?;
    let contact = mail::from().await?.email.to_string();
    let made = rules::generate().map_err(|error| error.to_string())?;
    let connection = Connection::open(&dsn).await.map_err(|error| error.to_string())?;
    let rows = connection.query(KEY, &[Value::Bytes(made)]).await.map_err(|error| error.to_string())?;
    match rows.rows.into_iter().flatten().next() {
        Some(Value::Bytes(pkcs8)) => Sealer::new(&pkcs8, &contact).map_err(|error| error.to_string()),
        _ => Err("the write database has no key".to_owned()),
    }
}

impl From<Subscription> for rules::Subscription {
    fn from(subscription: Subscription) -> Self {
        let Subscription { endpoint, p256dh, auth } = subscription;
        Self { endpoint, p256dh, auth }
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        Self::Invalid(error.to_string())
    }
}
