//! Does with Spin's own interfaces what a test says: the body of a request is a list of steps as JSON, the answer a list of what
//! each came to. So a test can show a trap of Spin without a component of its own for it.

mod postgres;
mod redis;
mod step;

// Generated code is not held to the rules of this repository.
#[allow(clippy::all, clippy::restriction)]
mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../wit/spin/deps/postgres.wit",
            "../../../wit/spin/deps/redis.wit",
            "../../../wit/spin/deps/variables.wit",
        ],
        inline: "
            package mindflow:test-guests;

            world spin-probe {
                import spin:postgres/postgres@4.2.0;
                import spin:redis/redis@3.0.0;
                import spin:variables/variables@3.0.0;
            }
        ",
        world: "mindflow:test-guests/spin-probe",
        generate_all,
    });
}

use http::StatusCode;
use mindflow_guest::web::{Body, Response, wire};
use wasip3::http::types::{ErrorCode, Request, Response as WasiResponse};

struct Probe;

impl wasip3::exports::http::handler::Guest for Probe {
    async fn handle(request: Request) -> Result<WasiResponse, ErrorCode> {
        let mut incoming = wire::Incoming::new(request);
        let mut body = Vec::new();
        while let Some(piece) = incoming.next().await {
            body.extend(piece);
        }
        incoming.end().await?;
        let (status, text) = match serde_json::from_slice(&body) {
            Ok(steps) => (StatusCode::OK, step::run(steps).await.to_string()),
            Err(error) => (StatusCode::BAD_REQUEST, error.to_string()),
        };
        wire::send(Response { status, headers: http::HeaderMap::new(), body: Body::Bytes(text.into_bytes()) })
    }
}

wasip3::http::service::export!(Probe);
