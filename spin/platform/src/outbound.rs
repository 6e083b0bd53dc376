//! The capability `outbound`.

use crate::Platform;
use crate::bindings::exports::mindflow::platform::outbound::{Guest, Refusal};

impl Guest for Platform {
    async fn check(_url: String) -> Result<(), Refusal> {
        Err(Refusal::Unresolved("to be written".to_owned()))
    }
}
