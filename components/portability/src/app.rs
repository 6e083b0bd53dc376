//! One HTTP request from its head to its answer.

use crate::route::{self, Route};
use crate::services::accounts;
use crate::{download, link, upload};
use http::{HeaderMap, Method, StatusCode, request::Parts};
use mindflow_guest::call::Error;
use mindflow_guest::web::failure::{Failure, Kind};
use mindflow_guest::web::query::Query;
use mindflow_guest::web::{Presented, Response, correlation, cors, finish, problem, wire};
use mindflow_guest::{clock, config, id};
use uuid::Uuid;
use wasip3::http::types::Request;

pub async fn respond(head: &Parts, request: Request) -> Response {
    let origins = cors::origins(&config::text("cors_origins").await.unwrap_or_default());
    let correlation_id = correlation::of(&head.headers, || id::random().to_string());
    let answer = answer(head, wire::Incoming::new(request), &correlation_id).await;
    let response = answer.unwrap_or_else(|failure| problem::respond(&failure, &correlation_id));
    finish(response, &head.method, &head.headers, &origins, correlation_id)
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
        Route::Uploads => {
            let user_id = prove(&head.headers, correlation_id).await?;
            Query::only(head.uri.query(), &[])?;
            upload::begin(body, user_id).await
        }
        Route::Upload(upload_id) => {
            let user_id = prove(&head.headers, correlation_id).await?;
            Query::only(head.uri.query(), &[upload::OFFSET])?;
            upload::go_on(head, body, user_id, upload_id).await
        }
        Route::Export(job) => {
            Query::only(head.uri.query(), &link::PARAMETERS)?;
            let query = head.uri.query().unwrap_or_default();
            let user_id = if query.is_empty() {
                Some(prove(&head.headers, correlation_id).await?)
            } else if link::opens(link::key().await?, job, query, clock::now_us()) {
                None
            } else {
                let text = "This link is over, or never was one: ask for the export's address again.";
                return Err(Failure::new(Kind::Forbidden, text));
            };
            download::give(head, job, user_id, correlation_id).await
        }
    }
}

/// The user whom the request's token proves.
async fn prove(headers: &HeaderMap, correlation_id: &str) -> Result<Uuid, Error> {
    let presented = Presented::of(headers);
    if let Some(refusal) = presented.refusal() {
        return Err(Error::Unauthenticated(refusal.to_owned()));
    }
    let traceparent = correlation::traceparent(headers).map(str::to_owned);
    let proven = accounts::authenticate(presented.into_context(correlation_id.to_owned(), traceparent)).await?;
    id::parse(&proven.user_id).ok_or_else(|| Error::Internal("a user's id is not a UUID".to_owned()))
}
