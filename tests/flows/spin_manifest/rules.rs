//! What stock Spin demands of a manifest before it runs anything. Its own crates are not published, so these are the rules of
//! its sources, 4.1.0-pre0 at commit 94a8fc8a7804ec2519bb8d12df70ab77ad2e4f60; each names its file there.

use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// `AppManifest` in `crates/manifest/src/schema/v2.rs`.
const MANIFEST: &[&str] = &["spin_manifest_version", "application", "variables", "trigger", "component"];
/// `AppDetails` in the same file.
const APPLICATION: &[&str] = &["name", "version", "description", "authors", "targets", "trigger", "tool"];
/// `Component` in the same file.
const COMPONENT: &[&str] = &[
    "source",
    "description",
    "variables",
    "environment",
    "files",
    "exclude_files",
    "allowed_http_hosts",
    "allowed_outbound_hosts",
    "key_value_stores",
    "sqlite_databases",
    "ai_models",
    "targets",
    "build",
    "tool",
    "dependencies_inherit_configuration",
    "dependencies",
    "profile",
];
/// `Variable` in `crates/manifest/src/schema/common.rs`.
const VARIABLE: &[&str] = &["description", "required", "default", "secret"];
/// `ComponentBuildConfig` in the same file.
const BUILD: &[&str] = &["command", "workdir", "watch"];
/// `Trigger` in `v2.rs`, and `HttpTriggerConfig` in `crates/http/src/config.rs`.
const HTTP_TRIGGER: &[&str] =
    &["id", "component", "components", "dependencies", "static_response", "route", "executor"];

/// The rules that a manifest breaks, each with its place.
pub fn broken(manifest: &Table) -> Vec<String> {
    let mut broken = unknown("", manifest, MANIFEST);
    if manifest.get("spin_manifest_version").and_then(Value::as_integer) != Some(2) {
        broken.push("spin_manifest_version is not 2".to_owned());
    }
    broken.extend(unknown("application", table(manifest, "application"), APPLICATION));
    if !table(manifest, "application").contains_key("name") {
        broken.push("application has no name".to_owned());
    }
    let variables = table(manifest, "variables");
    for (name, variable) in variables {
        broken.extend(variable_broken(name, variable.as_table().unwrap_or(&Table::new())));
    }
    let components = table(manifest, "component");
    for (name, component) in components {
        broken.extend(component_broken(name, component.as_table().unwrap_or(&Table::new()), variables));
    }
    broken.extend(triggers_broken(table(manifest, "trigger"), components));
    broken
}

/// `[trigger]`: every trigger has something that answers, and a route of its own.
fn triggers_broken(triggers: &Table, components: &Table) -> Vec<String> {
    let mut broken = Vec::new();
    let http: Vec<&Table> =
        triggers.get("http").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table).collect();
    if http.is_empty() {
        // `src/commands/up.rs`
        broken.push("there is no trigger".to_owned());
    }
    let mut routes = BTreeSet::new();
    for trigger in http {
        broken.extend(unknown("trigger.http", trigger, HTTP_TRIGGER));
        // `crates/http/src/config.rs`; a name must be that of a component: `crates/app/src/lib.rs`.
        match (trigger.get("component"), trigger.get("static_response")) {
            (Some(Value::String(name)), None) if !components.contains_key(name) => {
                broken.push(format!("trigger.http: there is no component {name}"));
            }
            (Some(_), None) | (None, Some(_)) => {}
            _ => broken.push("trigger.http has neither or both of component and static_response".to_owned()),
        }
        // `HttpTriggerRouteConfig` in `crates/routes/src/lib.rs`
        match trigger.get("route") {
            Some(Value::String(route)) if !routes.insert(route) => {
                broken.push(format!("trigger.http: two have the route {route}"));
            }
            Some(Value::String(_)) => {}
            Some(Value::Table(private)) if private.keys().eq(["private"]) && private["private"].is_bool() => {}
            _ => broken.push("trigger.http: route is neither a path nor { private = true }".to_owned()),
        }
    }
    broken
}

/// `LowerSnakeId` in `crates/serde/src/id.rs`; `locked_variable` in `crates/loader/src/local.rs`.
fn variable_broken(name: &str, variable: &Table) -> Vec<String> {
    let mut broken = unknown(&format!("variables.{name}"), variable, VARIABLE);
    if !is_id(name, '_') {
        broken.push(format!("variables.{name}: words are of lower-case letters and digits, with one _ between"));
    }
    let required = variable.get("required").and_then(Value::as_bool).unwrap_or(false);
    if required == variable.contains_key("default") {
        broken.push(format!("variables.{name} must be required or have a default"));
    }
    broken
}

/// `load_component` in `crates/loader/src/local.rs`, `add_component_variables` in `crates/expressions/src/lib.rs`.
fn component_broken(name: &str, component: &Table, variables: &Table) -> Vec<String> {
    let place = format!("component.{name}");
    let mut broken = unknown(&place, component, COMPONENT);
    broken.extend(unknown(&format!("{place}.build"), table(component, "build"), BUILD));
    if !is_id(name, '-') {
        broken.push(format!("{place}: words are of letters and digits, with one - between"));
    }
    if !component.contains_key("source") {
        broken.push(format!("{place} has no source"));
    }
    if component.contains_key("build") && !table(component, "build").contains_key("command") {
        broken.push(format!("{place}.build has no command"));
    }
    for (key, template) in table(component, "variables") {
        if !is_id(key, '_') {
            broken.push(format!("{place}.variables: {key} is no name"));
        }
        match template.as_str().map(names) {
            Some(Ok(names)) => broken.extend(
                names
                    .iter()
                    .filter(|name| !variables.contains_key(**name))
                    .map(|name| format!("{place}.variables: {key} names {name}, which is not defined")),
            ),
            _ => broken.push(format!("{place}.variables: {key} is no template")),
        }
    }
    let defaults: BTreeMap<&str, &str> = variables
        .iter()
        .filter_map(|(name, variable)| Some((name.as_str(), variable.get("default")?.as_str()?)))
        .collect();
    for host in component.get("allowed_outbound_hosts").and_then(Value::as_array).into_iter().flatten() {
        let host = host.as_str().unwrap_or_default();
        if let Err(rule) = host_broken(host, &defaults) {
            broken.push(format!("{place}.allowed_outbound_hosts: {host:?} {rule}"));
        }
    }
    broken
}

/// `AllowedHostConfig::parse` and `PartialAllowedHostConfig` in `crates/outbound-networking-config/src/allowed_hosts.rs`: a
/// template is judged with the defaults, and may be empty as a whole.
fn host_broken(host: &str, defaults: &BTreeMap<&str, &str>) -> Result<(), &'static str> {
    let names = names(host)?;
    let mut filled = host.to_owned();
    for name in &names {
        let Some(default) = defaults.get(name) else { return Ok(()) };
        filled = filled.replace(&format!("{{{{ {name} }}}}"), default);
    }
    if !names.is_empty() && (filled.is_empty() || filled == "http://" || filled == "https://") {
        return Ok(());
    }
    let (scheme, rest) = filled.split_once("://").ok_or("has no scheme")?;
    if scheme != "*" && !scheme.chars().all(char::is_alphabetic) {
        return Err("has a scheme of other characters than letters");
    }
    let (host, port) = rest.rsplit_once(':').unwrap_or((rest, ""));
    let known = ["postgres", "mysql", "redis", "mqtt", "http", "https"].contains(&scheme);
    if !(port == "*" || port.parse::<u16>().is_ok() || (port.is_empty() && known)) {
        return Err("has no port, or one that is no number");
    }
    let host = host.strip_suffix('/').unwrap_or(host);
    let literal = host.strip_prefix("*.").unwrap_or(host);
    match literal {
        "" => Err("has no host"),
        "*" => Ok(()),
        _ if literal.contains(['/', '@', '?', '*']) => Err("has more than a scheme, a host and a port"),
        _ => Ok(()),
    }
}

/// The variables in a template: `crates/expressions/src/template.rs`.
fn names(template: &str) -> Result<Vec<&str>, &'static str> {
    template
        .split("{{")
        .skip(1)
        .map(|part| part.split_once("}}").map(|(name, _)| name.trim()).ok_or("has {{ without }}"))
        .collect()
}

/// `Id` in `crates/serde/src/id.rs`, without its words in capitals.
fn is_id(id: &str, between: char) -> bool {
    id.split(between).all(|word| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

fn unknown(place: &str, table: &Table, known: &[&str]) -> Vec<String> {
    table.keys().filter(|key| !known.contains(&key.as_str())).map(|key| format!("{place}: unknown key {key}")).collect()
}

/// The table of this name, empty where there is none.
fn table<'a>(of: &'a Table, name: &str) -> &'a Table {
    static NONE: std::sync::LazyLock<Table> = std::sync::LazyLock::new(Table::new);
    of.get(name).and_then(Value::as_table).unwrap_or(&NONE)
}
