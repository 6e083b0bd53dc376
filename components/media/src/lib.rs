//! The media service: what users upload, taken in and served. It speaks HTTP to clients itself, so that no file goes
//! through another component, and holds none whole: contents go from the request to the container and back in pieces.
//!
//! This file only wires the component's exports. `app` answers a request; `upload` takes a file in and has the codec
//! make it fit to be shown; `serve` gives one out. `lookup` tells other components of files, and `orphans` removes what
//! nobody needs. `link` lets who has no token in for a while.
//! `form`, `kind`, `file_name`, `link`, `route` and `serve::plan` are pure.

mod app;
mod bindings;
mod caller;
mod file_name;
mod files;
mod form;
mod kind;
mod link;
mod lookup;
mod orphans;
mod route;
mod serve;
mod settings;
mod shown;
mod store;
mod upload;

use bindings::exports::mindflow::{
    media::files as service,
    platform::{health, schedule_handler},
};
use mindflow_guest::{
    call::{CallContext, Error},
    clock, sql,
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

    async fn hold(context: CallContext, ids: Vec<String>) -> Result<Vec<bool>, Error> {
        lookup::hold(&context, &ids).await
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
        files::check().await
    }
}

wasip3::http::service::export!(Media);
bindings::export!(Media with_types_in bindings);
