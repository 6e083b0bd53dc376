//! The capability `mail`.

use crate::Platform;
use crate::bindings::exports::mindflow::platform::mail::{Error, Guest, Message};

impl Guest for Platform {
    async fn send(_message: Message) -> Result<(), Error> {
        Err(Error::Unavailable("to be written".to_owned()))
    }
}
