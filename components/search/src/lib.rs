//! The search service: keeps an index of entries by their events, and finds in it what a user asks for.
//!
//! This file only wires the component's exports. `keep` turns an event into a change of the index, `find` a
//! search box's text into an answer; `entry`, `request` and `language` are pure.

mod bindings;
mod entry;
mod failure;
mod find;
mod keep;
mod language;
mod request;

use bindings::exports::mindflow::{platform::subscriber as subscription, search::finder as service};
use mindflow_guest::{
    call::{CallContext, Error},
    events::{Delivery, Event, Failure},
};
use service::{Found, Mode};

/// The index, as the manifest names it.
const INDEX: &str = "entries";

struct Search;

impl service::Guest for Search {
    async fn search(context: CallContext, query: String, mode: Mode, limit: u32) -> Result<Found, Error> {
        find::search(&context, &query, mode, limit).await
    }
}

impl subscription::Guest for Search {
    async fn handle(event: Event, _: Delivery) -> Result<(), Failure> {
        keep::handle(&event).await
    }
}

bindings::export!(Search with_types_in bindings);
