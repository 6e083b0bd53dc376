//! Exports and imports of a user's journal. Both are jobs in the database: a call writes one down, and a schedule runs what is there, one
//! short stretch after the other, so that no user's large journal holds up another's small one. After each stretch a job's place is
//! written down with what the stretch has made, in one transaction; a host that is killed loses the stretch alone.
//!
//! This file only wires the component's exports. `jobs` answers the service's calls, `run` takes stretches in turn, `exporting` and
//! `importing` are what they do; `erasure` removes what there is of a user, or of an entry, that goes. `app` speaks HTTP to clients: archives in and out, which pass through no other component. The formats
//! are in the crate `mindflow-formats`.

mod app;
mod download;
mod erasure;
mod exporting;
mod failure;
mod files;
mod format;
mod importing;
mod jobs;
mod link;
mod ranges;
mod report;
mod route;
mod run;
mod settings;
mod store;
mod upkeep;
mod upload;

mindflow_guest::bindings! {
    world: "mindflow:components/portability" in "components/portability.wit",
    uses: ["services/auth.wit", "services/command.wit", "services/media.wit", "services/portability.wit"],
}

/// The services that this one calls.
mod services {
    pub use crate::bindings::mindflow::{auth::accounts, command::imports, command::journal, media::intake};
}

use bindings::exports::mindflow::{
    platform::{health, schedule_handler, subscriber as subscription},
    portability::jobs as service,
};
use mindflow_guest::{
    call::{CallContext, Error},
    erasing,
    events::{Delivery, Event, Failure},
    sql,
    web::wire,
};
use service::{ExportFormat, ExportJob, ImportJob, NewImport};
use wasip3::http::types::{ErrorCode, Request, Response};

/// The write database, as the manifest names it.
const DATABASE: &str = "write";

struct Portability;

impl wasip3::exports::http::handler::Guest for Portability {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let head = wire::head(&request)?;
        wire::send(app::respond(&head, request).await)
    }
}

impl service::Guest for Portability {
    async fn request_export(context: CallContext, format: ExportFormat) -> Result<ExportJob, Error> {
        jobs::request_export(&context, format).await
    }

    async fn exports(context: CallContext) -> Result<Vec<ExportJob>, Error> {
        jobs::exports(&context).await
    }

    async fn cancel_export(context: CallContext, id: String) -> Result<(), Error> {
        jobs::cancel(&context, &id, store::Kind::Export).await
    }

    async fn begin_import(context: CallContext, input: NewImport) -> Result<ImportJob, Error> {
        jobs::begin_import(&context, input).await
    }

    async fn imports(context: CallContext) -> Result<Vec<ImportJob>, Error> {
        jobs::imports(&context).await
    }

    async fn cancel_import(context: CallContext, id: String) -> Result<(), Error> {
        jobs::cancel(&context, &id, store::Kind::Import).await
    }
}

impl subscription::Guest for Portability {
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        match erasing::of(&event)? {
            Some(erasure) => erasure::erase(&event, &delivery, erasure).await,
            None => Ok(()),
        }
    }
}

impl schedule_handler::Guest for Portability {
    async fn run(occurrence: schedule_handler::Occurrence) -> Result<(), String> {
        let done = match occurrence.schedule.as_str() {
            run::SCHEDULE => run::all().await,
            _ => upkeep::forget().await,
        };
        done.map_err(|error| format!("{}: {error:?}", occurrence.schedule))
    }
}

impl health::Guest for Portability {
    /// Able to work: its settings can be read, its tables and its files can be reached.
    async fn check() -> Result<(), String> {
        sql::query(DATABASE, sql::Identity::Service, "SELECT id FROM portability.jobs LIMIT 0", Vec::new())
            .await
            .map_err(|error| format!("write database: {error:?}"))?;
        settings::load().await.map_err(|error| format!("{error:?}"))?;
        files::check().await
    }
}

wasip3::http::service::export!(Portability);
bindings::export!(Portability with_types_in bindings);
