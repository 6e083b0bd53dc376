//! The logging service: every event goes into the audit trail, and administrators may look at it.
//!
//! This file only wires the component's exports. `request` checks what is asked, `reading` answers it, and
//! `mindflow_events::redaction` decides which parts of an event an administrator may see. The trail itself is the host's:
//! this component can add to it and read it, and has no way to change what is there.

mod reading;
mod request;

mindflow_guest::bindings! {
    world: "mindflow:components/logging" in "components/logging.wit",
    uses: ["services/logging.wit"],
}

use bindings::exports::mindflow::{
    logging::audit as service,
    platform::{batch_subscriber, health, subscriber as subscription},
};
use mindflow_guest::{
    audit_reader, audit_writer,
    call::{CallContext, Error},
    events::{Delivery, Event, Failure},
    failure::DEFERRAL_MS,
};
use service::{Filter, Page, PageRequest};

struct Logging;

impl service::Guest for Logging {
    async fn audit_log(context: CallContext, filter: Filter, page: PageRequest) -> Result<Page, Error> {
        reading::audit_log(&context, filter, page).await
    }
}

impl subscription::Guest for Logging {
    /// The trail recognises events that it has, so a redelivery changes nothing. While its store is unavailable, events
    /// are deferred, which counts as no failed attempt.
    async fn handle(event: Event, _: Delivery) -> Result<(), Failure> {
        audit_writer::append(event).await.map(drop).map_err(failure)
    }
}

impl batch_subscriber::Guest for Logging {
    async fn handle_batch(_: String, events: Vec<Event>) -> Result<(), Failure> {
        audit_writer::append_batch(events).await.map_err(failure)
    }
}

fn failure(error: audit_writer::Error) -> Failure {
    match error {
        audit_writer::Error::Unavailable(reason) => Failure::Retry((reason, Some(DEFERRAL_MS))),
        audit_writer::Error::Invalid(reason) => Failure::Reject(reason),
    }
}

impl health::Guest for Logging {
    /// Able to work: the trail answers.
    async fn check() -> Result<(), String> {
        let all = audit_reader::Filter { user_id: None, event_type: None, since: None, until: None };
        audit_reader::page(all, 1, None).await.map(drop).map_err(|error| format!("audit trail: {error:?}"))
    }
}

bindings::export!(Logging with_types_in bindings);
