//! The audit trail, for the component that fills it and shows it to administrators.

use crate::bindings::exports::mindflow::platform::{
    audit_reader::{self as reader, Audited},
    audit_writer as writer,
};
use crate::bindings::mindflow::platform::events::Event;

const AWAY: &str = "the audit trail is not served on Spin yet";

impl writer::Guest for crate::Platform {
    async fn append(_: Event) -> Result<u64, writer::Error> {
        Err(writer::Error::Unavailable(AWAY.into()))
    }

    async fn append_batch(_: Vec<Event>) -> Result<(), writer::Error> {
        Err(writer::Error::Unavailable(AWAY.into()))
    }
}

impl reader::Guest for crate::Platform {
    async fn page(_: reader::Filter, _: u32, _: Option<u64>) -> Result<Vec<Audited>, reader::Error> {
        Err(reader::Error::Unavailable(AWAY.into()))
    }
}
