//! How much a client may do in a time: which limit a request takes from, and whose part. A user whose session is proven has a
//! part of their own, so that no neighbour at the same address can use it up. What proves no session counts by its address.

use crate::failure::Failure;
use crate::graphql::scope::Scope;
use crate::route::Route;
use crate::viewer::Viewer;
use http::Method;
use mindflow_guest::call::{Error, ReachedLimit};
use mindflow_guest::rate_limits::{self, Holder};

/// Two limits of the manifest: that of a proven user, and that of an address.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    proven: &'static str,
    unproven: &'static str,
}

pub const LOGIN: Limit = Limit { proven: "login", unproven: "login" };
pub const REGISTER: Limit = Limit { proven: "register", unproven: "register" };
/// Mails about accounts that are asked for, and links of such mails that are no good.
const ACCOUNT_MAILS: Limit = Limit { proven: "account-mails", unproven: "account-mails" };
/// In the points of [`crate::graphql::cost`].
const POINTS: Limit = Limit { proven: "points", unproven: "points-anonymous" };
/// Queries that are stored by their hashes.
const PERSISTED_QUERIES: Limit = Limit { proven: "persisted-queries", unproven: "persisted-queries" };
/// Refresh tokens that are no good. Good ones have the limit `refresh` of the auth service.
const REFUSED_TOKENS: &str = "refused-tokens";
/// Of entries, and of other mutations.
const WRITTEN_BYTES: &str = "written-bytes";
const WEBHOOK_CHANGES: &str = "webhook-changes";

/// Of an operation that is refused before it runs: it was parsed, with up to 10,000 words.
const REFUSED_POINTS: u64 = 100;
/// What REST costs, as the same in GraphQL: a page of a hundred entries, one entry, a write, the list of sessions.
const PAGE_POINTS: u64 = 2_500;
const ENTRY_POINTS: u64 = 150;
const WRITE_POINTS: u64 = crate::graphql::cost::prices::MUTATION;
const SESSIONS_POINTS: u64 = 150;
/// Of the schema, and of a file of GraphiQL: some 50 KB and more.
const FILE_POINTS: u64 = 250;
/// Of the public keys, which others fetch before they verify a token.
const KEYS_POINTS: u64 = 50;

/// Takes from the caller's part. Answers what is left.
///
/// # Errors
/// `RateLimited`
pub async fn take(viewer: &Viewer, limit: Limit, cost: u64) -> Result<ReachedLimit, Failure> {
    let (name, holder) = part(viewer, limit).await;
    Ok(rate_limits::take(name, holder, cost).await?)
}

async fn part(viewer: &Viewer, limit: Limit) -> (&'static str, Holder) {
    match viewer.user_id().await {
        Some(id) => (limit.proven, Holder::Named(id)),
        None => (limit.unproven, address(viewer)),
    }
}

/// For a password that an operation sends, as for one of a login.
///
/// # Errors
/// `RateLimited`
pub async fn of_guess(viewer: &Viewer) -> Result<(), Error> {
    of_account(viewer, LOGIN).await
}

/// For a mail about an account that is asked for.
///
/// # Errors
/// `RateLimited`
pub async fn of_account_mail(viewer: &Viewer) -> Result<(), Error> {
    of_account(viewer, ACCOUNT_MAILS).await
}

/// What the link of such a mail did. One that is no good counts as a mail.
///
/// # Errors
/// That of the outcome, or `RateLimited`.
pub async fn of_link(viewer: &Viewer, outcome: Result<(), Error>) -> Result<(), Error> {
    if matches!(outcome, Err(Error::NotFound(_))) {
        of_account_mail(viewer).await?;
    }
    outcome
}

async fn of_account(viewer: &Viewer, limit: Limit) -> Result<(), Error> {
    let (name, holder) = part(viewer, limit).await;
    rate_limits::take(name, holder, 1).await.map(drop)
}

fn address(viewer: &Viewer) -> Holder {
    Holder::Client(viewer.correlation_id().to_owned())
}

/// For the operations of a request, before they run, and for others of it that do not.
///
/// # Errors
/// `RateLimited`: none may run.
pub async fn of_operations(scope: &Scope, refused: usize) -> Result<ReachedLimit, Failure> {
    let cost = scope.cost();
    let standing = take(&scope.viewer, POINTS, cost.points.saturating_add(refused_points(refused))).await?;
    of_written(&scope.viewer, cost.written_bytes).await?;
    if cost.webhook_changes > 0
        && let Some(id) = scope.viewer.user_id().await
    {
        return Ok(rate_limits::take(WEBHOOK_CHANGES, Holder::Named(id), cost.webhook_changes).await?);
    }
    Ok(standing)
}

/// For what a user writes. Without a session nothing is written.
async fn of_written(viewer: &Viewer, bytes: u64) -> Result<(), Failure> {
    if bytes > 0
        && let Some(id) = viewer.user_id().await
    {
        rate_limits::take(WRITTEN_BYTES, Holder::Named(id), bytes).await?;
    }
    Ok(())
}

/// For so many operations that do not run.
///
/// # Errors
/// `RateLimited`
pub async fn of_refused(viewer: &Viewer, operations: usize) -> Result<ReachedLimit, Failure> {
    take(viewer, POINTS, refused_points(operations)).await
}

fn refused_points(operations: usize) -> u64 {
    (operations as u64).saturating_mul(REFUSED_POINTS)
}

/// For a query that is stored for a day.
///
/// # Errors
/// `RateLimited`
pub async fn of_persisted_query(viewer: &Viewer) -> Result<(), Failure> {
    take(viewer, PERSISTED_QUERIES, 1).await.map(drop)
}

/// For a refresh token that was refused.
///
/// # Errors
/// `RateLimited`
pub async fn of_refused_token(viewer: &Viewer) -> Result<(), Failure> {
    rate_limits::take(REFUSED_TOKENS, address(viewer), 1).await?;
    Ok(())
}

/// For a path whose price is known before its request is read; `None` for others.
///
/// # Errors
/// `RateLimited`
pub async fn of_route(
    viewer: &Viewer,
    route: &Route,
    method: &Method,
    body_bytes: usize,
) -> Result<Option<ReachedLimit>, Failure> {
    let Some(points) = points(route, method) else { return Ok(None) };
    let standing = take(viewer, POINTS, points).await?;
    if matches!(route, Route::Journals | Route::Journal(_)) {
        of_written(viewer, body_bytes as u64).await?;
    }
    Ok(Some(standing))
}

fn points(route: &Route, method: &Method) -> Option<u64> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match route {
        Route::Journals if reads => Some(PAGE_POINTS),
        Route::Journal(_) if reads => Some(ENTRY_POINTS),
        Route::Journals | Route::Journal(_) => Some(WRITE_POINTS),
        Route::Sessions | Route::Session(_) => Some(SESSIONS_POINTS),
        Route::Unsubscribe(_) | Route::Link(..) if !reads => Some(ENTRY_POINTS),
        Route::SchemaSdl | Route::GraphiqlAsset(_) if reads => Some(FILE_POINTS),
        Route::Jwks if reads => Some(KEYS_POINTS),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rest_reads_and_writes_has_the_prices_of_graphql_and_other_paths_have_limits_of_their_own_or_none() {
        let journal = || Route::Journal("1".into());
        assert_eq!(points(&Route::Journals, &Method::GET), Some(PAGE_POINTS));
        assert_eq!(points(&journal(), &Method::HEAD), Some(ENTRY_POINTS));
        for method in [Method::PATCH, Method::DELETE] {
            assert_eq!(points(&journal(), &method), Some(1_000));
        }
        for route in [Route::Graphql, Route::Login, Route::Refresh, Route::Jwks, Route::SchemaSdl] {
            assert_eq!(points(&route, &Method::POST), None);
        }
        assert_eq!(points(&Route::SchemaSdl, &Method::GET), Some(FILE_POINTS));
        assert_eq!(points(&Route::Jwks, &Method::HEAD), Some(KEYS_POINTS));
    }
}
