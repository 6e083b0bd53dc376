//! Which path is what, and with which methods.

use http::Method;
use mindflow_guest::web::failure::{Failure, Kind};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Files,
    File {
        id: Uuid,
        rendition: Rendition,
    },
    /// An address of a file that never changes.
    Stable {
        id: Uuid,
    },
}

/// One of the files that an upload is kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rendition {
    Original,
    Display,
    Thumb,
}

// === impl Rendition ===

impl Rendition {
    pub const ALL: [Self; 3] = [Self::Original, Self::Display, Self::Thumb];

    /// In the database and in the container.
    pub fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Display => "display",
            Self::Thumb => "thumb",
        }
    }
}

// === impl Route ===

impl Route {
    /// As `Allow` says them.
    pub fn methods(self) -> &'static str {
        match self {
            Self::Files => "POST, OPTIONS",
            Self::File { rendition: Rendition::Original, .. } => "GET, HEAD, DELETE, OPTIONS",
            Self::File { .. } | Self::Stable { .. } => "GET, HEAD, OPTIONS",
        }
    }

    fn of_path(path: &str) -> Option<Self> {
        let mut segments = path.strip_prefix("/media")?.split('/').skip(1);
        let found = match (segments.next(), segments.next()) {
            (None | Some(""), None) => Self::Files,
            (Some(id), Some("stable")) => Self::Stable { id: mindflow_guest::id::parse(id)? },
            (Some(id), variant) => {
                let rendition = match variant {
                    None => Rendition::Original,
                    Some("display") => Rendition::Display,
                    Some("thumb") => Rendition::Thumb,
                    Some(_) => return None,
                };
                Self::File { id: mindflow_guest::id::parse(id)?, rendition }
            }
            _ => return None,
        };
        segments.next().is_none().then_some(found)
    }
}

/// # Errors
/// 404 for an unknown path, 405 for a method that the path does not have.
pub fn find(method: &Method, path: &str) -> Result<Route, Failure> {
    let route = Route::of_path(path).ok_or_else(|| Failure::new(Kind::NotFound, "There is no such file."))?;
    let methods = route.methods();
    if methods.split(", ").any(|allowed| allowed == method.as_str()) {
        return Ok(route);
    }
    Err(Failure::new(Kind::MethodNotAllowed(methods), format!("{path} takes {methods}, not {method}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190f3b2-7c1d-7a45-9d1e-0123456789ab";

    #[test]
    fn a_file_has_an_original_and_two_variants() {
        let id = ID.parse().unwrap();
        assert_eq!(find(&Method::POST, "/media"), Ok(Route::Files));
        for (path, rendition) in
            [("", Rendition::Original), ("/display", Rendition::Display), ("/thumb", Rendition::Thumb)]
        {
            assert_eq!(find(&Method::GET, &format!("/media/{ID}{path}")), Ok(Route::File { id, rendition }));
        }
    }

    #[test]
    fn a_file_has_an_address_that_never_changes() {
        let id = ID.parse().unwrap();
        assert_eq!(find(&Method::GET, &format!("/media/{ID}/stable")), Ok(Route::Stable { id }));
        assert!(find(&Method::DELETE, &format!("/media/{ID}/stable")).is_err());
    }

    #[test]
    fn other_paths_are_404_and_other_methods_405() {
        for path in ["/media/7", "/media/../x", &format!("/media/{ID}/original"), &format!("/media/{ID}/thumb/1")] {
            assert_eq!(find(&Method::GET, path).unwrap_err().kind, Kind::NotFound, "{path}");
        }
        assert_eq!(find(&Method::GET, "/media").unwrap_err().kind, Kind::MethodNotAllowed("POST, OPTIONS"));
        let put = find(&Method::PUT, &format!("/media/{ID}")).unwrap_err();
        assert_eq!(put.kind, Kind::MethodNotAllowed("GET, HEAD, DELETE, OPTIONS"));
        let delete = find(&Method::DELETE, &format!("/media/{ID}/thumb")).unwrap_err();
        assert_eq!(delete.kind, Kind::MethodNotAllowed("GET, HEAD, OPTIONS"));
    }
}
