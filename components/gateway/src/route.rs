//! Which path is whose, and with which methods.

use crate::failure::{Failure, Kind};
use http::Method;
use mindflow_guest::account_link::Link;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    Graphql,
    /// A file of the GraphiQL page, by its name.
    GraphiqlAsset(String),
    SchemaSdl,
    Register,
    Login,
    Refresh,
    Logout,
    Sessions,
    Session(String),
    Jwks,
    Journals,
    Journal(String),
    /// By the token of the link.
    Unsubscribe(String),
    /// The same, of a mail about an account.
    Link(Link, String),
}

impl Route {
    /// The methods of the path, as `Allow` says them.
    pub fn methods(&self) -> &'static str {
        match self {
            // Its own layer answers 405 in GraphQL's shape; this is for OPTIONS.
            Self::Graphql => "GET, HEAD, POST, OPTIONS",
            Self::SchemaSdl | Self::GraphiqlAsset(_) | Self::Jwks | Self::Sessions => "GET, HEAD, OPTIONS",
            Self::Register | Self::Login | Self::Refresh | Self::Logout => "POST, OPTIONS",
            Self::Session(_) => "DELETE, OPTIONS",
            Self::Journals | Self::Unsubscribe(_) | Self::Link(..) => "GET, HEAD, POST, OPTIONS",
            Self::Journal(_) => "GET, HEAD, PATCH, DELETE, OPTIONS",
        }
    }

    /// Whether anything in the query is a mistake. A page reads its own; GraphQL reads those of its specification and passes over
    /// others; files take what says to a cache that they are new; and mail programs add to links.
    pub fn takes_no_parameters(&self, method: &Method) -> bool {
        match self {
            Self::Graphql | Self::GraphiqlAsset(_) | Self::SchemaSdl | Self::Unsubscribe(_) | Self::Link(..) => false,
            Self::Journals => *method == Method::POST,
            Self::Register
            | Self::Login
            | Self::Refresh
            | Self::Logout
            | Self::Sessions
            | Self::Session(_)
            | Self::Jwks
            | Self::Journal(_) => true,
        }
    }

    fn of_path(path: &str) -> Option<Self> {
        let mut segments = path.strip_prefix('/')?.split('/');
        let found = match (segments.next()?, segments.next(), segments.next()) {
            ("graphql", None, None) => Self::Graphql,
            ("graphql", Some("assets"), Some(name)) if !name.is_empty() => Self::GraphiqlAsset(name.to_owned()),
            ("schema.graphql", None, None) => Self::SchemaSdl,
            ("auth", Some("register"), None) => Self::Register,
            ("auth", Some("login"), None) => Self::Login,
            ("auth", Some("refresh"), None) => Self::Refresh,
            ("auth", Some("logout"), None) => Self::Logout,
            ("auth", Some("sessions"), None) => Self::Sessions,
            ("auth", Some("sessions"), Some(id)) if !id.is_empty() => Self::Session(id.to_owned()),
            ("auth", Some(link), Some(token)) if !token.is_empty() => {
                Self::Link(Link::of_segment(link)?, token.to_owned())
            }
            (".well-known", Some("jwks.json"), None) => Self::Jwks,
            ("api", Some("journals"), None) => Self::Journals,
            ("api", Some("journals"), Some(id)) if !id.is_empty() => Self::Journal(id.to_owned()),
            ("notifications", Some("unsubscribe"), Some(token)) if !token.is_empty() => {
                Self::Unsubscribe(token.to_owned())
            }
            _ => return None,
        };
        segments.next().is_none().then_some(found)
    }
}

/// # Errors
/// 404 for an unknown path, 405 for a method that the path does not have.
pub fn find(method: &Method, path: &str) -> Result<Route, Failure> {
    let Some(route) = Route::of_path(path) else {
        return Err(Failure::new(Kind::NotFound, format!("There is nothing at {path}.")));
    };
    let methods = route.methods();
    let allowed = route == Route::Graphql || methods.split(", ").any(|allowed| allowed == method.as_str());
    if allowed {
        return Ok(route);
    }
    Err(Failure::new(Kind::MethodNotAllowed(methods), format!("{path} takes {methods}, not {method}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_the_public_api_is_found() {
        for (method, path, route) in [
            (Method::POST, "/graphql", Route::Graphql),
            (Method::GET, "/graphql/assets/7.js", Route::GraphiqlAsset("7.js".into())),
            (Method::GET, "/schema.graphql", Route::SchemaSdl),
            (Method::POST, "/auth/register", Route::Register),
            (Method::POST, "/auth/login", Route::Login),
            (Method::POST, "/auth/refresh", Route::Refresh),
            (Method::POST, "/auth/logout", Route::Logout),
            (Method::GET, "/auth/sessions", Route::Sessions),
            (Method::DELETE, "/auth/sessions/7", Route::Session("7".into())),
            (Method::GET, "/.well-known/jwks.json", Route::Jwks),
            (Method::POST, "/api/journals", Route::Journals),
            (Method::PATCH, "/api/journals/7", Route::Journal("7".into())),
            (Method::POST, "/notifications/unsubscribe/T-_7", Route::Unsubscribe("T-_7".into())),
            (Method::GET, "/auth/confirm-email/T-_7", Route::Link(Link::ConfirmEmail, "T-_7".into())),
            (Method::POST, "/auth/confirm-email-change/T", Route::Link(Link::ConfirmEmailChange, "T".into())),
            (Method::POST, "/auth/reset-password/T", Route::Link(Link::ResetPassword, "T".into())),
        ] {
            assert_eq!(find(&method, path), Ok(route));
        }
    }

    #[test]
    fn every_path_of_rest_refuses_parameters_that_it_does_not_take() {
        let takes_none = |method: &Method, path| find(method, path).unwrap().takes_no_parameters(method);
        for (method, path) in [
            (Method::POST, "/auth/register"),
            (Method::POST, "/auth/login"),
            (Method::POST, "/auth/refresh"),
            (Method::POST, "/auth/logout"),
            (Method::GET, "/auth/sessions"),
            (Method::DELETE, "/auth/sessions/7"),
            (Method::GET, "/.well-known/jwks.json"),
            (Method::POST, "/api/journals"),
            (Method::GET, "/api/journals/7"),
            (Method::PATCH, "/api/journals/7"),
            (Method::DELETE, "/api/journals/7"),
        ] {
            assert!(takes_none(&method, path), "{method} {path}");
        }
        for (method, path) in [
            (Method::GET, "/api/journals"),
            (Method::HEAD, "/api/journals"),
            (Method::GET, "/graphql"),
            (Method::POST, "/notifications/unsubscribe/T"),
            (Method::GET, "/auth/confirm-email/T"),
        ] {
            assert!(!takes_none(&method, path), "{method} {path}");
        }
    }

    #[test]
    fn an_unknown_path_is_404_and_a_wrong_method_405_with_the_right_ones() {
        for path in [
            "/",
            "/auth",
            "/api/journals/",
            "/api/journals/7/8",
            "/graphql/",
            "/graphql/assets/",
            "/auth/sessions/7/8",
            "/auth/nothing/7",
        ] {
            assert_eq!(find(&Method::GET, path).unwrap_err().kind, Kind::NotFound, "{path}");
        }
        assert_eq!(
            find(&Method::PUT, "/api/journals/7").unwrap_err().kind,
            Kind::MethodNotAllowed("GET, HEAD, PATCH, DELETE, OPTIONS")
        );
        assert_eq!(find(&Method::GET, "/auth/login").unwrap_err().kind, Kind::MethodNotAllowed("POST, OPTIONS"));
    }
}
