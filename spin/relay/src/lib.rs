//! The one door through which a clock outside of Spin reaches the components that deliver events and run schedules: their own
//! routes are private. `POST` with the token rings all of them and answers with what each did. `mindflow relay` calls it.

mod admission;
mod ring;

use futures::future::join_all;
use mindflow_spin_guest::{json, variables};
use serde_json::{Map, Value, json};
use wasip3::http::types::{ErrorCode, Method, Request, Response};

/// What callers must show.
const TOKEN: &str = "token";
/// The names of the components to ring, with spaces between.
const COMPONENTS: &str = "components";

struct Relay;

impl wasip3::exports::http::handler::Guest for Relay {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let is_post = matches!(request.get_method(), Method::Post);
        let shown = request.get_headers().get("authorization");
        let (token, components) = match (variables::get(TOKEN).await, variables::get(COMPONENTS).await) {
            (Ok(token), Ok(components)) => (token, components.unwrap_or_default()),
            (Err(reason), _) | (_, Err(reason)) => {
                eprintln!("ERROR {reason}");
                return json::answer(503, &json!({ "error": reason }));
            }
        };
        match admission::check(is_post, shown.first().map(Vec::as_slice), token.as_deref()) {
            Err(refusal) => json::answer(refusal.status(), &json!({ "error": refusal.to_string() })),
            Ok(()) => ring_all(&components).await,
        }
    }
}

async fn ring_all(components: &str) -> Result<Response, ErrorCode> {
    let rung = join_all(components.split_whitespace().map(async |component| (component, ring::ring(component).await)));
    let (mut all_well, mut answers) = (true, Map::new());
    for (component, rung) in rung.await {
        all_well &= rung.is_ok();
        answers.insert(component.to_owned(), rung.unwrap_or_else(|reason| json!({ "error": reason })));
    }
    json::answer(if all_well { 200 } else { 502 }, &Value::Object(answers))
}

wasip3::http::service::export!(Relay);
