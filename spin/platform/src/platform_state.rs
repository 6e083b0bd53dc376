//! What runs on the platform: Spin tells components nothing of each other, and has no host that counts calls. A service that may look
//! hears so.

use crate::bindings::exports::mindflow::platform::platform_state::{Error, Guest, Snapshot, Subscription};
use crate::{Platform, grants};

const ABSENT: &str = "Spin does not say what runs; ask a host of the same stores";

impl Guest for Platform {
    async fn running() -> Result<Snapshot, Error> {
        Err(refusal())
    }

    async fn subscriptions() -> Result<Vec<Subscription>, Error> {
        Err(refusal())
    }

    async fn changes() -> Result<String, Error> {
        Err(refusal())
    }
}

fn refusal() -> Error {
    match grants::service().looks() {
        Ok(()) => Error::Unavailable(ABSENT.to_owned()),
        Err(refusal) => Error::AccessDenied(refusal),
    }
}
