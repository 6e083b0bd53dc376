//! One HTTP request from its head to its answer: everything that all paths have in common.

use crate::caller::{Caller, Reader};
use crate::link::Link;
use crate::rate;
use crate::route::{self, Route};
use crate::settings;
use crate::{remove, serve, upload};
use http::{Method, StatusCode, request::Parts};
use mindflow_guest::web::failure::Failure;
use mindflow_guest::web::query::Query;
use mindflow_guest::web::{Response, correlation, cors, finish, problem, wire};
use wasip3::http::types::Request;

pub async fn respond(head: &Parts, request: Request) -> Response {
    let settings = settings::load().await;
    let correlation_id = correlation::of(&head.headers, || mindflow_guest::id::random().to_string());
    let answer = answer(head, wire::Incoming::new(request), &correlation_id).await;
    let response = answer.unwrap_or_else(|failure| problem::respond(&failure, &correlation_id));
    finish(response, &head.method, &head.headers, &settings.cors_origins, correlation_id)
}

async fn answer(head: &Parts, body: wire::Incoming, correlation_id: &str) -> Result<Response, Failure> {
    let route = route::find(&head.method, head.uri.path())?;
    if cors::is_preflight(&head.method, &head.headers) {
        return Ok(cors::preflight());
    }
    if head.method == Method::OPTIONS {
        return Ok(Response::new(StatusCode::NO_CONTENT).header("allow", route.methods()));
    }
    match route {
        Route::Files => {
            let caller = Caller::prove(&head.headers, correlation_id).await?;
            Query::only(head.uri.query(), &[])?;
            let standing = rate::take(&head.headers, &caller).await?;
            Ok(upload::take(head, body, &caller).await?.standing(&standing))
        }
        Route::File { id, .. } if head.method == Method::DELETE => {
            let caller = Caller::prove(&head.headers, correlation_id).await?;
            Query::only(head.uri.query(), &[])?;
            remove::file(id, &caller).await
        }
        Route::Stable { id } => {
            let caller = Caller::prove(&head.headers, correlation_id).await?;
            Query::only(head.uri.query(), &[])?;
            serve::redirect(id, caller).await
        }
        Route::File { id, rendition } => {
            let reader = Reader::prove(head, id, correlation_id).await?;
            Query::only(head.uri.query(), &Link::PARAMETERS)?;
            serve::give(head, id, rendition, &reader, correlation_id).await
        }
    }
}
