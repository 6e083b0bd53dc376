//! Events that a subscription gave up on, for an administrator's eyes.

use crate::bindings::exports::mindflow::platform::dead_letters::{DeadLetter, Error, Guest};

fn away<T>() -> Result<T, Error> {
    Err(Error::Unavailable("dead letters are not served on Spin yet".into()))
}

impl Guest for crate::Platform {
    async fn page(_: Option<String>, _: u32, _: Option<String>) -> Result<Vec<DeadLetter>, Error> {
        away()
    }

    async fn retry(_: String) -> Result<bool, Error> {
        away()
    }

    async fn discard(_: String) -> Result<bool, Error> {
        away()
    }
}
