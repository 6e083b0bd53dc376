//! The web client: its files as its build made them, and nothing else. It serves them at every path that no other component takes. A swap of
//! this component is the roll-out of a client.
//!
//! This file only wires the component's exports. `client` has the files, `asked` reads what is wanted, `serve` decides what a path answers, `policy` what pages may
//! load; `unbuilt` is what there is before the client is built. All of them are pure.

mod asked;
mod client;
mod policy;
mod serve;
mod unbuilt;

mindflow_guest::bindings! {
    world: "mindflow:components/web" in "components/web.wit",
}

use http::request::Parts;
use mindflow_guest::{
    config, id,
    web::{Response as Answer, correlation, finish, problem, wire},
};
use std::sync::OnceLock;
use wasip3::http::types::{ErrorCode, Request, Response};

struct Web;

impl wasip3::exports::http::handler::Guest for Web {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        wire::send(respond(&wire::head(&request)?).await)
    }
}

impl bindings::exports::mindflow::platform::health::Guest for Web {
    /// What it has is in it.
    async fn check() -> Result<(), String> {
        Ok(())
    }
}

async fn respond(head: &Parts) -> Answer {
    let correlation_id = correlation::of(&head.headers, || id::random().to_string());
    let answer = serve::answer(client::CLIENT.as_ref(), head, policy().await);
    let answer = answer.unwrap_or_else(|failure| problem::respond(&failure, &correlation_id));
    finish(answer, &head.method, &head.headers, &[], correlation_id)
}

/// Made once an instance.
async fn policy() -> &'static str {
    static POLICY: OnceLock<String> = OnceLock::new();
    if let Some(policy) = POLICY.get() {
        return policy;
    }
    let cdn = config::text("media_cdn_url").await;
    let built = client::CLIENT.as_ref().map_or("", |client| client.policy);
    POLICY.get_or_init(|| policy::of(built, cdn.as_deref()))
}

wasip3::http::service::export!(Web);
bindings::export!(Web with_types_in bindings);
