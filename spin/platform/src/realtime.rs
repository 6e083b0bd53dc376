//! The capability `realtime`.

use crate::Platform;
use crate::bindings::exports::mindflow::platform::realtime::{Error, Guest, GuestSubscription, Item, Subscription};

fn later<T>() -> Result<T, Error> {
    Err(Error::Unavailable("to be written".to_owned()))
}

impl Guest for Platform {
    type Subscription = Subscribed;

    async fn publish(_topic: String, _data: Vec<u8>) -> Result<(), Error> {
        later()
    }

    async fn subscribe(_topic: String, _after: Option<String>) -> Result<Subscription, Error> {
        later()
    }
}

/// A subscription.
pub struct Subscribed;

impl GuestSubscription for Subscribed {
    async fn next(&self) -> Result<Item, Error> {
        later()
    }
}
