//! The page for trying queries. It loads GraphiQL from its public address, so its policy names that and
//! nothing else; production switches the page off.

use crate::web::Response;
use http::StatusCode;

const PAGE: &str = include_str!("graphiql.html");

const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' https://unpkg.com; \
    style-src 'unsafe-inline' https://unpkg.com; font-src data: https://unpkg.com; img-src 'self' data:; \
    connect-src 'self' ws: wss:; worker-src blob:; frame-ancestors 'none'; base-uri 'none'";

pub fn page() -> Response {
    Response::text(StatusCode::OK, "text/html; charset=utf-8", PAGE)
        .header("content-security-policy", POLICY)
        .header("cache-control", "no-cache")
}
