//! Which path is what, and with which methods.

use http::Method;
use mindflow_guest::web::failure::{Failure, Kind};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Uploads,
    /// One that is gone on with.
    Upload(Uuid),
    Export(Uuid),
}

impl Route {
    /// As `Allow` says them.
    pub fn methods(self) -> &'static str {
        match self {
            Self::Uploads => "POST, OPTIONS",
            Self::Upload(_) => "PATCH, OPTIONS",
            Self::Export(_) => "GET, HEAD, OPTIONS",
        }
    }

    fn of_path(path: &str) -> Option<Self> {
        let path = path.strip_prefix("/portability/")?;
        match path.split_once('/') {
            None if path == "uploads" => Some(Self::Uploads),
            Some(("uploads", id)) => mindflow_guest::id::parse(id).map(Self::Upload),
            Some(("exports", id)) => mindflow_guest::id::parse(id).map(Self::Export),
            _ => None,
        }
    }
}

/// # Errors
/// 404 for an unknown path, 405 for a method that the path does not have.
pub fn find(method: &Method, path: &str) -> Result<Route, Failure> {
    let route =
        Route::of_path(path).ok_or_else(|| Failure::new(Kind::NotFound, "There is no such upload or export."))?;
    let methods = route.methods();
    if methods.split(", ").any(|allowed| allowed == method.as_str()) {
        return Ok(route);
    }
    Err(Failure::new(Kind::MethodNotAllowed(methods), format!("{path} takes {methods}, not {method}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_come_in_pieces_and_go_whole() {
        let id = Uuid::from_u128(1);
        assert_eq!(find(&Method::POST, "/portability/uploads"), Ok(Route::Uploads));
        assert_eq!(find(&Method::PATCH, &format!("/portability/uploads/{id}")), Ok(Route::Upload(id)));
        assert_eq!(find(&Method::GET, &format!("/portability/exports/{id}")), Ok(Route::Export(id)));
        for path in ["/portability", "/portability/exports/7", "/portability/uploads/1", "/portability/../x"] {
            assert_eq!(find(&Method::GET, path).unwrap_err().kind, Kind::NotFound, "{path}");
        }
        let wrong = find(&Method::GET, "/portability/uploads").unwrap_err();
        assert_eq!(wrong.kind, Kind::MethodNotAllowed("POST, OPTIONS"));
    }
}
