//! One HTTP request from its head to its answer: everything that all paths have in common.

use crate::failure::Failure;
use crate::route::{self, Route};
use crate::settings::{self, Settings};
use crate::viewer::Viewer;
use crate::web::{Request, Response, correlation, cors, encoding, problem, wire::Incoming};
use crate::{graphql, rate, rest};
use http::{Method, StatusCode};
use mindflow_guest::{
    id,
    web::{finish, query::Query},
};

pub async fn respond(Incoming { parts, body, place }: Incoming) -> Response {
    let settings = settings::load().await;
    let correlation_id = correlation::of(&parts.headers, || id::random().to_string());
    let (body, broken) = match body {
        Ok(body) => (body, Ok(())),
        Err(failure) => (Vec::new(), Err(failure)),
    };
    let request = Request::from_parts(parts, body);
    let response = answer(&request, broken, settings, &correlation_id)
        .await
        .unwrap_or_else(|failure| problem::respond(&failure, &correlation_id));
    drop(place);
    let response = encoding::encode(response, request.method(), request.headers(), request.uri().path());
    finish(response, request.method(), request.headers(), &settings.cors_origins, correlation_id)
}

/// `body` is how its reading failed.
async fn answer(
    request: &Request,
    body: Result<(), Failure>,
    settings: &'static Settings,
    correlation_id: &str,
) -> Result<Response, Failure> {
    let route = route::find(request.method(), request.uri().path())?;
    if let Err(failure) = body {
        return match route {
            Route::Graphql => Ok(graphql::http::refused(request, &failure, correlation_id)),
            _ => Err(failure),
        };
    }
    if cors::is_preflight(request.method(), request.headers()) {
        return Ok(cors::preflight());
    }
    if request.method() == Method::OPTIONS {
        return Ok(Response::new(StatusCode::NO_CONTENT).header("allow", route.methods()));
    }
    let viewer = Viewer::of_request(request.headers(), correlation_id);
    let standing = rate::of_route(&viewer, &route, request.method(), request.body().len()).await?;
    let response = dispatch(route, request, &viewer, settings).await?;
    Ok(match standing {
        Some(standing) => response.standing(&standing),
        None => response,
    })
}

async fn dispatch(
    route: Route,
    request: &Request,
    viewer: &Viewer,
    settings: &'static Settings,
) -> Result<Response, Failure> {
    if route.takes_no_parameters(request.method()) {
        Query::only(request.uri().query(), &[])?;
    }
    match route {
        Route::Graphql => Ok(graphql::http::respond(request, viewer, settings).await),
        Route::GraphiqlAsset(name) => graphql::http::graphiql_asset(&name, request.headers(), settings),
        Route::SchemaSdl => graphql::http::sdl(settings),
        Route::Register => rest::account::register(request, viewer).await,
        Route::Login => rest::account::login(request, viewer).await,
        Route::Refresh => rest::account::refresh(request, viewer, &settings.cors_origins).await,
        Route::Logout => rest::account::logout(request, viewer, &settings.cors_origins).await,
        Route::Sessions => rest::account::sessions(viewer).await,
        Route::Session(id) => rest::account::revoke_session(viewer, id).await,
        Route::Jwks => rest::account::jwks().await,
        Route::Unsubscribe(token) if request.method() == Method::POST => {
            rest::unsubscribe::unsubscribe(viewer, token).await
        }
        Route::Unsubscribe(_) => Ok(rest::unsubscribe::page()),
        Route::Link(link, token) => rest::links::respond(link, request, viewer, token).await,
        Route::Journals if request.method() == Method::POST => rest::journals::create(request, viewer).await,
        Route::Journals => rest::journals::page(request, viewer).await,
        Route::Journal(id) => match *request.method() {
            Method::PATCH => rest::journals::update(request, viewer, id).await,
            Method::DELETE => rest::journals::delete(request, viewer, id).await,
            _ => rest::journals::entry(request, viewer, id).await,
        },
    }
}
