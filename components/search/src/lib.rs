//! The search service: keeps an index of entries by their events, and finds in it what a user asks for.
//!
//! This file only wires the component's exports. `keep` turns an event into a change of the index, `find` a
//! search box's text into an answer, and `sharing` asks which texts may go to a model outside; `entry`, `request`, `cursor`, `language` and `fuse` are pure.

mod cursor;
mod entry;
mod failure;
mod find;
mod fuse;
mod keep;
mod language;
mod request;
mod sharing;

mindflow_guest::bindings! {
    world: "mindflow:components/search" in "components/search.wit",
    uses: ["services/search.wit", "services/query.wit"],
}

use bindings::exports::mindflow::{
    platform::{batch_subscriber, subscriber as subscription},
    search::finder as service,
};
use mindflow_guest::{
    call::{CallContext, Error},
    erasing,
    events::{Delivery, Event, Failure},
};
use service::{Found, Hit, Mode};

/// The index, as the manifest names it.
const INDEX: &str = "entries";
/// As the manifest names the component.
const SERVICE: &str = "search";
/// The subscription that keeps what entries mean; the other one keeps their words.
const MEANING: &str = "search-meaning";

struct Search;

impl service::Guest for Search {
    async fn search(
        context: CallContext,
        query: String,
        mode: Mode,
        limit: u32,
        after: Option<String>,
    ) -> Result<Found, Error> {
        find::search(&context, &query, mode, limit, after.as_deref()).await
    }

    async fn related(context: CallContext, id: String, limit: u32) -> Result<Vec<Hit>, Error> {
        find::related(&context, &id, limit).await
    }
}

impl subscription::Guest for Search {
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        if let Some(erasure) = erasing::of(&event)? {
            return keep::erase(&event, &delivery, erasure).await;
        }
        if delivery.subscription == MEANING {
            keep::meaning(&event).await
        } else {
            keep::words(std::slice::from_ref(&event)).await
        }
    }
}

impl batch_subscriber::Guest for Search {
    /// A model takes its time for each text, so a batch of what entries mean would take too long.
    async fn handle_batch(subscription: String, events: Vec<Event>) -> Result<(), Failure> {
        if subscription == MEANING {
            return Err(Failure::Retry(("each text is embedded alone".into(), None)));
        }
        keep::words(&events).await
    }
}

bindings::export!(Search with_types_in bindings);
