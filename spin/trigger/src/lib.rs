//! Spin's HTTP trigger as the clock of a component. Spin has no trigger for events in a log and none for times, so the component
//! is called at private paths: `POST /drain` delivers what waits for its subscriptions, `POST /schedules` runs what is due. Each
//! call ends; what it leaves, the next one does. Who calls: the adapter `platform` after a commit that published, and a clock
//! outside.
//!
//! `request` reads a call, `service` what the component is, `handlers` call the component, `work` does what is asked,
//! `background` joins what comes together, `answer` says what was done.

mod answer;
mod background;
mod bindings;
mod handlers;
mod journal;
mod request;
mod service;
mod work;

use wasip3::http::types::{ErrorCode, Request, Response};

struct Trigger;

impl wasip3::exports::http::handler::Guest for Trigger {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        answer::to(request::read(&request)).await
    }
}

wasip3::http::service::export!(Trigger);
