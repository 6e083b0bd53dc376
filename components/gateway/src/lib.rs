//! The client-facing API of MindFlow: GraphQL, REST, WebSocket and server-sent events.
//!
//! This component decides how the platform speaks to its clients, and nothing else: the services decide what an
//! account, an entry or a quota is. This file only wires the exported interfaces to `app` and `socket`.

mod app;
mod change_feed;
mod device;
mod graphql;
mod memory;
mod names;
mod own_writes;
mod rate;
mod read_your_writes;
mod rest;
mod route;
mod settings;
mod socket;
mod viewer;
mod web;

mindflow_guest::bindings! {
    world: "mindflow:components/gateway" in "components/gateway.wit",
    uses: [
        "services/auth.wit",
        "services/command.wit",
        "services/query.wit",
        "services/media.wit",
        "services/analytics.wit",
        "services/notification.wit",
        "services/portability.wit",
        "services/search.wit",
        "services/logging.wit",
    ],
}

/// The services that the gateway calls.
mod services {
    pub use crate::bindings::mindflow::{
        analytics::figures,
        auth::{accounts, erasures},
        command::{devices, journal, templates},
        logging::audit,
        media::files,
        notification::{notices, reminders},
        portability::jobs,
        query::reads,
        search::finder,
    };
}

use mindflow_guest::web::failure;
use mindflow_guest::websocket::{Happening, Message, Performed, Reaction};
use wasip3::http::types::{ErrorCode, Request, Response};

struct Gateway;

impl wasip3::exports::http::handler::Guest for Gateway {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let incoming = web::wire::receive(request).await?;
        mindflow_guest::web::wire::send(app::respond(incoming).await)
    }
}

impl bindings::exports::mindflow::platform::websocket_handler::Guest for Gateway {
    async fn handle(state: Vec<u8>, happening: Happening) -> Reaction {
        socket::step(&state, happening)
    }

    async fn perform(state: Vec<u8>, work: Vec<u8>) -> Result<Performed, ()> {
        let performed = match memory::of_body(work.len()).await {
            Ok(_place) => socket::perform(&state, &work).await,
            Err(failure) => socket::refuse(&state, &failure),
        };
        performed.ok_or(())
    }

    async fn present(state: Vec<u8>, work: Vec<u8>, item: Vec<u8>, cursor: String) -> Result<Vec<Message>, ()> {
        let presented = match memory::of_body(work.len()).await {
            Ok(_place) => socket::present(&state, &work, &item, cursor).await,
            Err(failure) => socket::pass_over(&state, &work, &failure),
        };
        presented.ok_or(())
    }
}

impl bindings::exports::mindflow::platform::health::Guest for Gateway {
    /// Able to work means: the settings can be read and the schema builds.
    async fn check() -> Result<(), String> {
        graphql::schema();
        settings::load().await.ai_consent_assumed.clone().map(drop)
    }
}

wasip3::http::service::export!(Gateway);
bindings::export!(Gateway with_types_in bindings);
