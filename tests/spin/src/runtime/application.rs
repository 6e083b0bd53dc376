//! What Spin reads of a manifest: components, their variables and allowed hosts, and which of them answer HTTP.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// An application to be started.
#[derive(Clone, Default)]
pub struct Application {
    pub(super) components: BTreeMap<String, Component>,
    pub(super) routes: Vec<Route>,
    /// Components that the manifest has and the story does not start.
    pub(super) left_out: BTreeSet<String>,
}

/// One component, its templates filled in.
#[derive(Clone, Default)]
pub struct Component {
    pub source: PathBuf,
    pub variables: BTreeMap<String, String>,
    pub allowed_outbound_hosts: Vec<String>,
    pub environment: BTreeMap<String, String>,
}

/// A public path, and who answers there.
#[derive(Clone)]
pub(super) struct Route {
    /// Without its `/...`.
    path: String,
    wildcard: bool,
    pub component: String,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
    trigger: Triggers,
    component: BTreeMap<String, Table>,
}

#[derive(Deserialize)]
struct Variable {
    default: Option<String>,
}

#[derive(Deserialize)]
struct Triggers {
    http: Vec<Trigger>,
}

#[derive(Deserialize)]
struct Trigger {
    route: RouteConfig,
    component: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RouteConfig {
    Path(String),
    /// Only other components reach it.
    Private {
        private: bool,
    },
}

#[derive(Deserialize)]
struct Table {
    source: PathBuf,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

// === impl Application ===

impl Application {
    /// One component that answers everything.
    pub fn of(name: &str, component: Component) -> Self {
        let route = Route { path: String::new(), wildcard: true, component: name.to_owned() };
        Self { components: [(name.to_owned(), component)].into(), routes: vec![route], ..Self::default() }
    }

    /// A further component, which only other components reach.
    #[must_use]
    pub fn private(mut self, name: &str, component: Component) -> Self {
        self.components.insert(name.to_owned(), component);
        self
    }

    /// Of a manifest; `given` are the values of variables, as `SPIN_VARIABLE_NAME` has them.
    pub fn load(manifest: &Path, given: &BTreeMap<String, String>) -> Self {
        let text = std::fs::read_to_string(manifest).unwrap_or_else(|error| panic!("{}: {error}", manifest.display()));
        Self::parse(&text, manifest.parent().expect("a folder"), given)
    }

    /// Of a manifest's text. `folder` is what its paths are relative to.
    pub fn parse(text: &str, folder: &Path, given: &BTreeMap<String, String>) -> Self {
        let mut manifest: Manifest = toml::from_str(text).unwrap_or_else(|error| panic!("the manifest: {error}"));
        let value = |name: &str| {
            let declared = manifest.variables.get(name).unwrap_or_else(|| panic!("unknown variable \"{name}\""));
            let value = given.get(name).or(declared.default.as_ref());
            value.cloned().unwrap_or_else(|| panic!("no provider resolved required variable \"{name}\""))
        };
        let mut application = Self::default();
        for Trigger { route, component } in manifest.trigger.http {
            let table = manifest.component.remove(&component);
            if let Some(table) = table {
                let filled = |texts: BTreeMap<String, String>| {
                    texts.into_iter().map(|(name, text)| (name, fill(&text, &value))).collect()
                };
                let hosts = table.allowed_outbound_hosts.iter().map(|host| fill(host, &value));
                let loaded = Component {
                    source: folder.join(table.source),
                    variables: filled(table.variables),
                    // An address that is not configured allows nothing.
                    allowed_outbound_hosts: hosts.filter(|host| !host.is_empty()).collect(),
                    environment: table.environment,
                };
                application.components.insert(component.clone(), loaded);
            }
            assert!(application.components.contains_key(&component), "trigger of an unknown component `{component}`");
            match route {
                RouteConfig::Path(path) => application.routes.push(Route::new(&path, component)),
                RouteConfig::Private { private } => assert!(private, "a route is a path or {{ private = true }}"),
            }
        }
        application
    }

    /// The same with these components alone: others answer 503, as a process that is down.
    #[must_use]
    pub fn only(mut self, names: &[&str]) -> Self {
        let all = std::mem::take(&mut self.components);
        for (name, component) in all {
            match names.contains(&name.as_str()) {
                true => _ = self.components.insert(name, component),
                false => _ = self.left_out.insert(name),
            }
        }
        self
    }

    /// Whom Spin would have answer there: an exact path before wildcards, the longest of these first.
    pub(super) fn route(&self, path: &str) -> Option<&Route> {
        let matching = self.routes.iter().filter(|route| route.matches(path));
        matching.max_by_key(|route| (!route.wildcard, route.path.len()))
    }

    /// The component of that name, to be changed.
    pub fn component(&mut self, name: &str) -> &mut Component {
        self.components.get_mut(name).unwrap_or_else(|| panic!("no component `{name}` has a trigger"))
    }
}

// === impl Route ===

impl Route {
    fn new(route: &str, component: String) -> Self {
        match route.strip_suffix("/...").or_else(|| route.strip_suffix("/*")) {
            Some(path) => Self { path: path.to_owned(), wildcard: true, component },
            None => Self { path: route.to_owned(), wildcard: false, component },
        }
    }

    fn matches(&self, path: &str) -> bool {
        match path.strip_prefix(&self.path) {
            Some(rest) => rest.is_empty() || self.wildcard && rest.starts_with('/'),
            None => false,
        }
    }

    /// What of the path the wildcard stands for.
    pub fn rest<'a>(&self, path: &'a str) -> &'a str {
        if self.wildcard { path.strip_prefix(&self.path).unwrap_or(path) } else { "" }
    }
}

/// Replaces `{{ name }}`.
fn fill(template: &str, value: &impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or_else(|| panic!("unmatched '{{{{' in template"));
        filled.push_str(literal);
        filled.push_str(&value(name.trim()));
        rest = after;
    }
    filled + rest
}
