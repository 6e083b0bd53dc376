//! `[component.NAME]`, as far as it is for this host: the file that it runs, what the component may use and how it is run.

use super::{
    calls::{Call, ScheduleEntry, SubscriptionEntry, WebSocketRoute},
    keys::{Component, Source},
};
use crate::{capability::Grants, engine::Instances};
use serde::Deserialize;
use serde_aux::serde_introspection::serde_introspect;
use serde_path_to_error::Segment;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// What `[component.NAME.tool.mindflow]` says besides the grants of capabilities.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ComponentTool {
    /// The component file, where it is not Spin's `source`.
    #[serde(alias = "source")]
    component: Option<PathBuf>,
    /// As Spin's key of this name, for this host.
    variables: Option<BTreeMap<String, String>>,
    /// As Spin's key of this name, for this host.
    #[serde(rename = "allowed_outbound_hosts")]
    allowed_outbound_hosts: Option<Vec<String>>,
    /// What it may import of other components.
    pub calls: Vec<Call>,
    pub instances: Instances,
    pub subscriptions: Vec<SubscriptionEntry>,
    pub schedules: Vec<ScheduleEntry>,
    pub websocket: Option<WebSocketRoute>,
    /// Whether it refuses a request itself whose body is larger than the host takes, by its `Content-Length` and before it does
    /// anything else: as its clients understand, in place of a problem of the host's.
    pub refuses_bodies: bool,
}

/// One component of the application.
#[derive(Debug, Clone)]
pub struct ComponentEntry {
    pub name: String,
    /// The component file, absolute.
    pub source: PathBuf,
    /// Hosts that it may reach, templates not yet filled in.
    pub allowed_outbound_hosts: Vec<String>,
    /// The table of the manifest that [`Self::allowed_outbound_hosts`] belongs into.
    pub hosts_table: String,
    /// Templates of its variables.
    pub variables: BTreeMap<String, String>,
    /// What it may use.
    pub grants: Grants,
    /// How it is run.
    pub tool: ComponentTool,
}

impl ComponentEntry {
    /// The names of its subscriptions.
    pub fn subscription_names(&self) -> BTreeSet<String> {
        self.tool.subscriptions.iter().map(|entry| entry.name(&self.name).to_owned()).collect()
    }

    /// The templates that are filled in for it.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.variables.values().chain(&self.allowed_outbound_hosts).map(String::as_str)
    }

    /// What is said of the component `name`, whose files are found relative to `root`.
    pub(super) fn read(name: String, entry: Component, root: &Path) -> Result<Self, KeyError> {
        let entries = entry.tool.mindflow.unwrap_or_default();
        let starts: BTreeMap<String, usize> =
            entries.keys().map(|key| (key.get_ref().clone(), key.span().start)).collect();
        let mut table: toml::Table = entries.into_iter().map(|(key, value)| (key.into_inner(), value)).collect();
        let own = format!("component.{name}.tool.mindflow");
        let wrong = |key: Option<&str>, reason: &str| KeyError {
            start: key.and_then(|key| starts.get(key).copied()),
            rule: format!("[{own}] {reason}"),
        };
        let keys: Vec<&str> = Grants::keys().chain(serde_introspect::<ComponentTool>().iter().copied()).collect();
        if let Some(unknown) = table.keys().find(|key| !keys.contains(&key.as_str())) {
            return Err(wrong(Some(unknown), &format!("unknown field `{unknown}`; there are {}", keys.join(", "))));
        }
        let grants = Grants::take(&mut table).map_err(|error| wrong(Some(error.key), &error.to_string()))?;
        let tool = serde_path_to_error::deserialize::<_, ComponentTool>(toml::Value::Table(table));
        let mut tool = tool.map_err(|error| match error.path().iter().next() {
            Some(Segment::Map { key }) => wrong(Some(key), &format!("{key}: {}", error.inner().message())),
            _ => wrong(None, error.inner().message()),
        })?;
        // Where Spin runs another file, what it gives is for that file: several components may be inside.
        let same_file = tool.component.is_none();
        let source = match (tool.component.take(), entry.source) {
            (Some(file), _) | (None, Source::File(file)) => root.join(file),
            (None, Source::Remote(_)) => return Err(wrong(None, "needs `component = \"FILE\"`: `source` is no file")),
        };
        let (variables, hosts) = (tool.variables.take(), tool.allowed_outbound_hosts.take());
        let hosts_table = if hosts.is_none() && same_file { format!("component.{name}") } else { own };
        Ok(Self {
            source,
            variables: variables.unwrap_or_else(|| if same_file { entry.variables } else { BTreeMap::new() }),
            allowed_outbound_hosts: hosts
                .unwrap_or_else(|| if same_file { entry.allowed_outbound_hosts } else { Vec::new() }),
            hosts_table,
            grants,
            tool,
            name,
        })
    }
}

/// A key of a component's table that cannot be used.
pub(super) struct KeyError {
    /// Where the key is in the manifest.
    pub(super) start: Option<usize>,
    pub(super) rule: String,
}
