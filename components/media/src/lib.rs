//! The media service: uploads and downloads. It speaks HTTP to clients itself, so that no file passes through another
//! component, and it never holds a whole file: contents are streamed between the request and the container.
//!
//! This file only wires the component's exports. `app` answers a request; `upload` stores a file and has the codec make
//! its renditions, within the user's `quota`; `serve` sends one, `remove` deletes one. `lookup` answers other components, `intake` takes
//! what imports bring, `orphans` removes files that no entry has, and `erasure` those of a user or of an entry that go.
//! `link` signs addresses that open a file without a token for a while.
//! `form`, `kind`, `sound`, `file_name`, `link`, `route` and `serve::plan` are pure.

mod app;
mod caller;
mod erasure;
mod file_name;
mod files;
mod form;
mod intake;
mod kind;
mod link;
mod link_key;
mod lookup;
mod orphans;
mod quota;
mod rate;
mod remove;
mod route;
mod serve;
mod settings;
mod sound;
mod store;
mod upload;
mod view;

mindflow_guest::bindings! {
    world: "mindflow:components/media" in "components/media.wit",
    uses: ["services/auth.wit", "services/media-codec.wit", "services/media.wit"],
}

/// The services that this one calls.
mod services {
    pub use crate::bindings::mindflow::{auth::accounts, media_codec::images};
}

use bindings::exports::mindflow::{
    media::{files as service, intake as taking},
    platform::{health, schedule_handler, subscriber as subscription},
};
use mindflow_guest::{
    call::{CallContext, Error},
    clock, erasing, event,
    events::{Delivery, Event, Failure},
    sql,
    web::wire,
};
use wasip3::http::types::{ErrorCode, Request, Response};

/// The write database, as the manifest names it.
const DATABASE: &str = "write";

struct Media;

impl wasip3::exports::http::handler::Guest for Media {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let head = wire::head(&request)?;
        wire::send(app::respond(&head, request).await)
    }
}

impl service::Guest for Media {
    async fn by_id(context: CallContext, ids: Vec<String>) -> Result<Vec<Option<service::File>>, Error> {
        lookup::by_id(&context, &ids).await
    }

    async fn page(
        context: CallContext,
        kind: Option<service::Kind>,
        page: service::PageRequest,
    ) -> Result<service::FilePage, Error> {
        lookup::page(&context, kind, &page).await
    }

    async fn hold(context: CallContext, ids: Vec<String>) -> Result<Vec<bool>, Error> {
        lookup::hold(&context, &ids).await
    }

    async fn remove(context: CallContext, id: String) -> Result<(), Error> {
        lookup::remove(&context, &id).await
    }

    async fn media_usage(context: CallContext) -> Result<service::Usage, Error> {
        lookup::usage(&context).await
    }
}

impl subscription::Guest for Media {
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        match event::payload(&event, &erasing::KINDS)? {
            Some(payload) => erasure::erase(&event, &delivery, &payload).await,
            None => Ok(()),
        }
    }
}

impl taking::Guest for Media {
    async fn adopt(
        context: CallContext,
        job: String,
        id: String,
        file_name: String,
        bytes: u64,
    ) -> Result<bool, Error> {
        intake::adopt(&context, &job, &id, &file_name, bytes).await
    }

    async fn hold(_context: CallContext, job: String, ids: Vec<String>) -> Result<Vec<bool>, Error> {
        intake::hold(&job, &ids).await
    }
}

impl schedule_handler::Guest for Media {
    async fn run(occurrence: schedule_handler::Occurrence) -> Result<(), String> {
        let now_us = clock::now_us();
        let done = match occurrence.schedule.as_str() {
            orphans::SWEEP => orphans::sweep(now_us).await,
            _ => orphans::collect(now_us).await,
        };
        done.map_err(|error| format!("{}: {error:?}", occurrence.schedule))
    }
}

impl health::Guest for Media {
    /// Able to work: its settings can be read, its tables and its files can be reached.
    async fn check() -> Result<(), String> {
        sql::query(DATABASE, sql::Identity::Service, "SELECT id FROM media.files LIMIT 0", Vec::new())
            .await
            .map_err(|error| format!("write database: {error:?}"))?;
        orphans::kept_hours().await.map_err(|error| format!("{error:?}"))?;
        quota::bytes_max().await.map_err(|error| format!("{error:?}"))?;
        files::check().await
    }
}

wasip3::http::service::export!(Media);
bindings::export!(Media with_types_in bindings);
