//! The capability `web-push`.

use crate::Platform;
use crate::bindings::exports::mindflow::platform::web_push::{Error, Guest, Sealed, Subscription};

impl Guest for Platform {
    async fn public_key() -> Result<String, Error> {
        Err(Error::AccessDenied("to be written".to_owned()))
    }

    async fn check(_subscription: Subscription) -> Result<(), Error> {
        Err(Error::AccessDenied("to be written".to_owned()))
    }

    async fn seal(_subscription: Subscription, _plaintext: Vec<u8>) -> Result<Sealed, Error> {
        Err(Error::AccessDenied("to be written".to_owned()))
    }
}
