//! Which component serves which HTTP path, by Spin's rules: a route is a path, or a path with a trailing
//! `/...`, which stands for the path itself and everything under it. The longest route that fits wins.

use super::RuleError;

/// Components by route, the longest first.
#[derive(Debug, Clone)]
pub struct Routes(Vec<Route>);

#[derive(Debug, Clone)]
struct Route {
    /// Without a trailing slash.
    path: String,
    /// Whether it stands for everything under the path too.
    wildcard: bool,
    component: String,
}

impl Routes {
    /// Takes routes with their components.
    ///
    /// # Errors
    /// A sentence that names the route and the rule.
    pub fn new(routes: impl IntoIterator<Item = (String, String)>) -> Result<Self, RuleError> {
        let mut known: Vec<Route> = Vec::new();
        for (route, component) in routes {
            let (path, wildcard) = parse(&route)?;
            if known.iter().any(|other| other.path == path && other.wildcard == wildcard) {
                return Err(format!("route `{route}` is there twice; each [[trigger.http]] needs another route").into());
            }
            known.push(Route { path: path.to_owned(), wildcard, component });
        }
        if known.is_empty() {
            return Err("needs a [[trigger.http]] with a route and the component that serves it".into());
        }
        // An exact route comes before the wildcard of the same path.
        known.sort_by_key(|route| std::cmp::Reverse((route.path.len(), !route.wildcard)));
        Ok(Self(known))
    }

    /// The component that serves a path.
    pub fn component(&self, path: &str) -> Option<&str> {
        self.0.iter().find(|route| route.fits(path)).map(|route| route.component.as_str())
    }

    /// Every component that serves a route.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|route| route.component.as_str())
    }
}

impl Route {
    fn fits(&self, path: &str) -> bool {
        match path.strip_prefix(self.path.as_str()) {
            Some("" | "/") => true,
            Some(rest) => self.wildcard && rest.starts_with('/'),
            None => false,
        }
    }
}

fn parse(route: &str) -> Result<(&str, bool), RuleError> {
    let (path, wildcard) = route.strip_suffix("/...").map_or((route, false), |path| (path, true));
    if !route.starts_with('/') {
        return Err(format!("route `{route}` must begin with a slash").into());
    }
    if path.contains("...") || path.split('/').any(|segment| segment.starts_with(':')) {
        return Err(format!("route `{route}` must be a path, or a path that ends in `/...`").into());
    }
    Ok((path.strip_suffix('/').unwrap_or(path), wildcard))
}

#[cfg(test)]
mod tests {
    use super::{Routes, RuleError};

    fn routes(routes: &[(&str, &str)]) -> Result<Routes, RuleError> {
        Routes::new(routes.iter().map(|(route, component)| ((*route).to_owned(), (*component).to_owned())))
    }

    #[test]
    fn the_longest_route_serves_a_path() {
        let routes = routes(&[("/...", "all"), ("/files/...", "files"), ("/files/list", "list")]).unwrap();
        for (path, component) in [
            ("/", "all"),
            ("/filesystem", "all"),
            ("/files", "files"),
            ("/files/", "files"),
            ("/files/7/small", "files"),
            ("/files/list", "list"),
            ("/files/list/more", "files"),
        ] {
            assert_eq!(routes.component(path), Some(component), "{path}");
        }
    }

    #[test]
    fn without_a_wildcard_only_the_path_itself_is_served() {
        let routes = routes(&[("/one", "one")]).unwrap();
        assert_eq!(routes.component("/one"), Some("one"));
        assert_eq!(routes.component("/one/two"), None);
        assert_eq!(routes.component("/"), None);
    }

    #[test]
    fn a_route_that_cannot_be_served_is_named() {
        for (route, rule) in [("files", "begin with a slash"), ("/a/.../b", "ends in"), ("/user/:id", "ends in")] {
            let error = routes(&[(route, "one")]).unwrap_err().to_string();
            assert!(error.contains(route) && error.contains(rule), "{error}");
        }
        assert!(routes(&[("/a", "one"), ("/a/", "two")]).unwrap_err().to_string().contains("twice"));
        assert!(routes(&[]).unwrap_err().to_string().contains("[[trigger.http]]"));
    }
}
