//! What `spin.toml` says about the services, as far as a composition follows from it.

use super::world;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Spin's key for where a component may connect to.
const HOSTS: &str = "allowed_outbound_hosts";

/// The application as the manifest has it.
pub struct Application {
    pub services: BTreeMap<String, Service>,
    /// Components with a public route that are no services: adapters as they are built.
    pub adapters: BTreeSet<String>,
    /// What every access token must say.
    tokens: Value,
}

/// A component that has a table `tool.mindflow`.
pub struct Service {
    pub file: PathBuf,
    /// What it may import of other services.
    calls: Vec<Call>,
    /// It has a route that clients can reach.
    pub served: bool,
    /// The manifest lets it send HTTP requests.
    pub outbound: bool,
    /// Each of them carries a user's text: it sends them by the capability `disclosure` alone.
    pub disclosed: bool,
    /// The table of the manifest that says so.
    pub hosts_table: String,
    pub schedules: bool,
    pub subscriptions: Vec<Subscription>,
    /// What it may ask `config` for.
    variables: Vec<String>,
    /// Its table, names of subscriptions filled in.
    grants: Value,
}

/// `SERVICE`, all interfaces that it exports, or `SERVICE/INTERFACE`, that one. As the host reads it, in
/// `host/src/manifest/spin/calls.rs`.
struct Call {
    service: String,
    interface: Option<String>,
}

pub struct Subscription {
    pub events: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    application: ApplicationTable,
    #[serde(default)]
    trigger: Triggers,
    #[serde(default)]
    component: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
struct ApplicationTable {
    name: String,
    #[serde(default)]
    tool: Tool,
}

#[derive(Default, Deserialize)]
struct Tool {
    mindflow: Option<toml::Table>,
}

#[derive(Default, Deserialize)]
struct Triggers {
    #[serde(default)]
    http: Vec<HttpTrigger>,
}

#[derive(Deserialize)]
struct HttpTrigger {
    /// A path, or a table such as `{ private = true }`.
    route: toml::Value,
    /// A name, or a component that is defined here.
    component: toml::Value,
}

#[derive(Deserialize)]
struct Component {
    source: toml::Value,
    #[serde(default)]
    variables: toml::Table,
    #[serde(default)]
    allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    tool: Tool,
}

// === impl Application ===

impl Application {
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        let root = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, root).with_context(|| path.display().to_string())
    }

    /// Component files are found relative to `root`.
    pub fn parse(text: &str, root: &Path) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        let served: BTreeSet<&str> = file.trigger.http.iter().filter_map(HttpTrigger::served).collect();
        let mut services = BTreeMap::new();
        for (name, component) in &file.component {
            let Some(table) = &component.tool.mindflow else { continue };
            let service = Service::of(name, component, table, root, served.contains(name.as_str()))
                .with_context(|| format!("[component.{name}]"))?;
            services.insert(name.clone(), service);
        }
        let adapters = served.iter().filter(|name| !services.contains_key(**name)).map(ToString::to_string).collect();
        Ok(Self { services, adapters, tokens: tokens(&file.application)? })
    }

    pub fn service(&self, name: &str) -> Result<&Service> {
        self.services.get(name).with_context(|| format!("spin.toml has no component `{name}` with tool.mindflow"))
    }

    /// A service and all that it calls, directly or through others.
    pub fn with_callees<'a>(&'a self, name: &'a str) -> Result<BTreeSet<&'a str>> {
        let mut found = BTreeSet::from([name]);
        let mut open = vec![name];
        while let Some(caller) = open.pop() {
            for callee in self.service(caller)?.callees() {
                self.service(callee).with_context(|| format!("[component.{caller}.tool.mindflow] calls"))?;
                if found.insert(callee) {
                    open.push(callee);
                }
            }
        }
        Ok(found)
    }

    /// What the adapters know of the service that they work for.
    pub fn manifest(&self, name: &str, exports: &[&str]) -> Result<String> {
        Ok(json!({
            "component": name,
            "grants": self.service(name)?.grants,
            "variables": self.service(name)?.variables,
            "tokens": self.tokens,
            "bells": self.bells(),
            "exports": exports,
        })
        .to_string())
    }

    /// Event type → the compositions that are to be rung for it.
    fn bells(&self) -> BTreeMap<&str, BTreeSet<String>> {
        let mut bells: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (name, service) in &self.services {
            let events = service.subscriptions.iter().flat_map(|subscription| &subscription.events);
            for event in events {
                bells.entry(event).or_default().insert(service.background_name(name));
            }
        }
        bells
    }
}

// === impl HttpTrigger ===

impl HttpTrigger {
    /// The component that it gives a public route.
    fn served(&self) -> Option<&str> {
        self.route.as_str().and_then(|_| self.component.as_str())
    }
}

// === impl Service ===

impl Service {
    fn of(name: &str, component: &Component, table: &toml::Table, root: &Path, served: bool) -> Result<Self> {
        let mut grants = table.clone();
        // As the host reads the table, in `host/src/manifest/spin/component.rs`.
        let own_file = [grants.remove("component"), grants.remove("source")].into_iter().flatten().next();
        let same_file = own_file.is_none();
        let file = own_file.as_ref().unwrap_or(&component.source).as_str();
        let file = root.join(file.context("tool.mindflow needs `component = \"FILE\"`")?);
        // Templates of the host; on Spin they are those of the composition, and connection strings are among these.
        let own = grants.remove("variables");
        let inner = same_file.then_some(&component.variables);
        let variables = own.as_ref().and_then(toml::Value::as_table).or(inner);
        let variables = variables.into_iter().flat_map(|table| table.keys().cloned()).collect();
        let hosts_table = if same_file && !grants.contains_key(HOSTS) { "" } else { ".tool.mindflow" };
        let hosts_table = format!("component.{name}{hosts_table}");
        if same_file && !component.allowed_outbound_hosts.is_empty() {
            grants.entry(HOSTS).or_insert_with(|| component.allowed_outbound_hosts.clone().into());
        }
        let hosts = grants.get(HOSTS).and_then(toml::Value::as_array);
        let outbound = hosts.is_some_and(|hosts| !hosts.is_empty());
        let disclosed = grants.get("outbound").and_then(|grant| grant.get("disclosed"));
        let disclosed = disclosed.is_some_and(|disclosed| disclosed.as_bool() != Some(false));
        let subscriptions = match grants.get_mut("subscriptions") {
            Some(entries) => subscriptions(name, entries).context("tool.mindflow: subscriptions")?,
            None => Vec::new(),
        };
        let calls = match grants.get("calls") {
            Some(calls) => Vec::<String>::deserialize(calls.clone()).context("tool.mindflow: calls")?,
            None => Vec::new(),
        };
        let calls = calls.iter().map(|entry| Call::read(entry)).collect();
        Ok(Self {
            file,
            calls,
            served,
            outbound,
            disclosed,
            hosts_table,
            variables,
            schedules: grants.contains_key("schedules"),
            subscriptions,
            grants: serde_json::to_value(&grants)?,
        })
    }

    /// The services that it calls, as often as it names them.
    pub fn callees(&self) -> impl Iterator<Item = &str> {
        self.calls.iter().map(|call| call.service.as_str())
    }

    /// Whether it may import this interface from the service.
    pub fn may_call(&self, service: &str, interface: &str) -> bool {
        self.calls.iter().any(|call| call.allows(service, interface))
    }

    /// It has something to do that no client asks for.
    /// The name of the composition that does what no client asks for. What clients reach is a file of its own, so that they cannot
    /// start such work.
    pub fn background_name(&self, name: &str) -> String {
        if self.served { format!("{name}-background") } else { name.to_owned() }
    }

    pub fn works_in_background(&self) -> bool {
        self.schedules || !self.subscriptions.is_empty()
    }
}

// === impl Call ===

impl Call {
    fn read(entry: &str) -> Self {
        match entry.split_once('/') {
            Some((service, interface)) => Self { service: service.to_owned(), interface: Some(interface.to_owned()) },
            None => Self { service: entry.to_owned(), interface: None },
        }
    }

    fn allows(&self, service: &str, interface: &str) -> bool {
        self.service == service
            && self.interface.as_deref().is_none_or(|granted| Some(granted) == world::short(interface))
    }
}

/// Gives a subscription without a name that of the component, as the host does.
fn subscriptions(component: &str, entries: &mut toml::Value) -> Result<Vec<Subscription>> {
    let entries = entries.as_array_mut().context("they are no list of tables")?;
    entries
        .iter_mut()
        .map(|entry| {
            let entry = entry.as_table_mut().context("one is no table")?;
            entry.entry("name").or_insert_with(|| component.into());
            let events = entry.get("events").context("one has no `events`")?;
            Ok(Subscription { events: Vec::deserialize(events.clone()).context("events")? })
        })
        .collect()
}

/// With what the host takes where the manifest says nothing.
fn tokens(application: &ApplicationTable) -> Result<Value> {
    let given = application.tool.mindflow.as_ref().and_then(|table| table.get("tokens"));
    let mut tokens = match given {
        Some(tokens) => serde_json::to_value(tokens)?,
        None => json!({}),
    };
    let Some(table) = tokens.as_object_mut() else { bail!("[application.tool.mindflow] tokens is no table") };
    for key in ["issuer", "audience"] {
        table.entry(key).or_insert_with(|| application.name.clone().into());
    }
    table.entry("lifetime-s").or_insert_with(|| 900.into());
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(components: &str) -> Application {
        let head = "[application]\nname = \"diary\"\n[[trigger.http]]\nroute = \"/...\"\ncomponent = \"gateway\"\n\
                    [[trigger.http]]\nroute = { private = true }\ncomponent = \"query\"\n";
        Application::parse(&format!("{head}{components}"), Path::new("/app")).unwrap()
    }

    const THREE: &str = r#"
        [component.gateway]
        source = "target/spin/gateway.wasm"
        variables = { gateway_graphiql = "{{ graphiql }}", gateway_write_dsn = "{{ dsn }}" }
        [component.gateway.tool.mindflow]
        component = "target/components/gateway.wasm"
        calls = ["query"]
        jwt = ["verify"]
        variables = { graphiql = "{{ graphiql }}" }
        [component.query]
        source = "query.wasm"
        variables = { pause = "{{ pause }}" }
        [[component.query.tool.mindflow.subscriptions]]
        events = ["Written", "Erased"]
        [[component.query.tool.mindflow.subscriptions]]
        name = "slow"
        events = ["Written"]
        [component.spins-own]
        source = { url = "https://example.org", digest = "sha256:00" }
    "#;

    #[test]
    fn what_only_spin_runs_is_no_service_and_files_are_those_of_the_services() {
        let application = application(THREE);
        let files: Vec<_> = application.services.iter().map(|(name, service)| (&**name, &*service.file)).collect();
        assert_eq!(
            files,
            [("gateway", Path::new("/app/target/components/gateway.wasm")), ("query", Path::new("/app/query.wasm"))]
        );
        assert!(application.services["gateway"].served && !application.services["query"].served);
    }

    #[test]
    fn a_manifest_says_who_what_is_granted_and_whom_to_ring() {
        let application = application(THREE);
        let manifest: Value = serde_json::from_str(&application.manifest("query", &["subscriber"]).unwrap()).unwrap();
        assert_eq!(
            manifest,
            json!({
                "component": "query",
                "grants": {"subscriptions": [
                    {"name": "query", "events": ["Written", "Erased"]},
                    {"name": "slow", "events": ["Written"]},
                ]},
                "tokens": {"issuer": "diary", "audience": "diary", "lifetime-s": 900},
                "bells": {"Written": ["query"], "Erased": ["query"]},
                "exports": ["subscriber"],
                "variables": ["pause"],
            })
        );
        let gateway: Value = serde_json::from_str(&application.manifest("gateway", &[]).unwrap()).unwrap();
        assert_eq!(gateway["grants"], json!({"calls": ["query"], "jwt": ["verify"]}));
        assert_eq!(gateway["variables"], json!(["graphiql"]), "and not what Spin gives the composition");
    }

    #[test]
    fn a_service_comes_with_all_that_it_calls() {
        let application = application(THREE);
        assert_eq!(application.with_callees("gateway").unwrap(), BTreeSet::from(["gateway", "query"]));
        assert_eq!(application.with_callees("query").unwrap(), BTreeSet::from(["query"]));
    }

    #[test]
    fn an_error_names_the_table() {
        let text = "[application]\nname = \"a\"\n[component.one]\nsource = { url = \"u\" }\ntool.mindflow = {}\n";
        let error = format!("{:#}", Application::parse(text, Path::new("")).err().unwrap());
        assert_eq!(error, "[component.one]: tool.mindflow needs `component = \"FILE\"`");
        let lost = application("[component.gateway]\nsource = \"g\"\ntool.mindflow = { calls = [\"lost\"] }\n");
        let error = format!("{:#}", lost.with_callees("gateway").unwrap_err());
        assert!(error.contains("component.gateway") && error.contains("`lost`"), "{error}");
    }
}
