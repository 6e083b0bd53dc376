//! The keys of Spin's manifest, version 2, as `crates/manifest/src/schema/v2.rs` and `common.rs` of Spin 4.1 (commit 94a8fc8)
//! have them. All are accepted, so that a key which is in none of the two programs is a mistake and is named. Keys of
//! triggers are open there as well, since each kind of trigger has its own.

use super::application::ApplicationTools;
use serde::{Deserialize, de::IgnoredAny};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) spin_manifest_version: u32,
    pub(super) application: Application,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Variable>,
    #[serde(default)]
    pub(super) trigger: Triggers,
    #[serde(default)]
    pub(super) component: BTreeMap<String, Component>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read so that Spin's own keys are not refused")]
pub(super) struct Application {
    pub(super) name: String,
    version: Option<String>,
    description: Option<String>,
    authors: Option<IgnoredAny>,
    targets: Option<IgnoredAny>,
    trigger: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) tool: ApplicationTools,
}

/// A variable of the application.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    pub default: Option<String>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub secret: bool,
    pub description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read so that Spin's own keys are not refused")]
pub(super) struct Component {
    pub(super) source: Source,
    description: Option<String>,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, String>,
    environment: Option<IgnoredAny>,
    files: Option<IgnoredAny>,
    exclude_files: Option<IgnoredAny>,
    allowed_http_hosts: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) allowed_outbound_hosts: Vec<String>,
    key_value_stores: Option<IgnoredAny>,
    sqlite_databases: Option<IgnoredAny>,
    ai_models: Option<IgnoredAny>,
    targets: Option<IgnoredAny>,
    build: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) tool: ComponentTools,
    dependencies_inherit_configuration: Option<IgnoredAny>,
    dependencies: Option<IgnoredAny>,
    profile: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ComponentTools {
    /// Read in two steps: capabilities take their grants out of it, the rest is
    /// [`ComponentTool`](super::component::ComponentTool). Without it, the component is Spin's alone.
    pub(super) mindflow: Option<BTreeMap<toml::Spanned<String>, toml::Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Source {
    File(PathBuf),
    /// From a registry or an address.
    Remote(IgnoredAny),
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Triggers {
    #[serde(default)]
    http: Vec<HttpTrigger>,
    #[serde(flatten)]
    _others: BTreeMap<String, IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct HttpTrigger {
    route: HttpRoute,
    /// None: Spin gives a `static_response`.
    component: Option<HttpComponent>,
    #[serde(flatten)]
    _settings: BTreeMap<String, IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum HttpRoute {
    Path(String),
    /// `{ private = true }`: components reach it by Spin's service chaining alone.
    Private(IgnoredAny),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum HttpComponent {
    Name(String),
    Inline(IgnoredAny),
}

impl Triggers {
    /// Routes and the components that serve them, without those that only Spin serves.
    pub(super) fn routes(self, only_spins: &BTreeSet<String>) -> impl Iterator<Item = (String, String)> {
        self.http.into_iter().filter_map(|trigger| match (trigger.route, trigger.component?) {
            (HttpRoute::Path(route), HttpComponent::Name(name)) if !only_spins.contains(&name) => Some((route, name)),
            _ => None,
        })
    }
}
