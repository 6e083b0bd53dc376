//! Goal: stock Spin loads `spin.toml` as it is, and gives each composition what its services need and nothing else.
//! Method: the file against Spin's own rules, and against what the tables of this host say of the services inside.

mod given;
mod rules;

use given::Application;
use mindflow_tests::root;
use rules::broken;
use std::collections::BTreeSet;
use toml::{Table, Value};

/// The adapter that a clock outside calls.
const RELAY: &str = "relay";

fn text() -> String {
    std::fs::read_to_string(root().join("spin.toml")).expect("spin.toml")
}

fn manifest() -> Table {
    text().parse().expect("spin.toml is TOML")
}

#[test]
fn the_manifest_breaks_no_rule_of_spin() {
    assert_eq!(broken(&manifest()), Vec::<String>::new());
}

#[test]
fn a_manifest_that_spin_would_refuse_is_noticed() {
    for (right, wrong, rule) in [
        ("spin_manifest_version = 2", "spin_manifest_version = 3", "spin_manifest_version is not 2"),
        ("[application]", "[application]\ntitle = \"M\"", "application: unknown key title"),
        ("[component.auth]", "[component.auth]\nsources = \"x\"", "component.auth: unknown key sources"),
        ("watch = [", "watches = [", "component.gateway.build: unknown key watches"),
        ("component = \"gateway\"", "component = \"gate\"", "trigger.http: there is no component gate"),
        ("route = { private = true }", "route = { hidden = true }", "route is neither a path nor"),
        ("route = \"/media/...\"", "route = \"/...\"", "two have the route /..."),
        ("introspection = { default = \"true\" }", "introspection = {}", "must be required or have a default"),
        ("keys_dsn = { required", "keys_dsn = { default = \"\", required", "variables.keys_dsn must be required or"),
        ("\"{{ public_url }}\"", "\"{{ public_uri }}\"", "names public_uri, which is not defined"),
        ("[component.ai]", "[component.a_i]", "component.a_i: words are"),
        ("default = \"redis://127.0.0.1:6379\", desc", "default = \"redis://127.0.0.1:6379/1\", desc", "no number"),
        ("\"http://ai.spin.internal\"", "\"http://u:p@ai.spin.internal:1\"", "has more than a scheme"),
        ("\"http://ai.spin.internal\"", "\"ai.spin.internal\"", "has no scheme"),
        ("\"http://ai.spin.internal\"", "\"tcp://ai.spin.internal\"", "has no port"),
    ] {
        let text = text();
        assert!(text.contains(right), "{right}");
        let broken = broken(&text.replacen(right, wrong, 1).parse().expect("TOML"));
        assert!(broken.iter().any(|line| line.contains(rule)), "{wrong}: {broken:?}");
    }
}

#[test]
fn what_has_a_trigger_is_composed_and_built_and_the_host_runs_what_is_inside() {
    let manifest = manifest();
    let application = Application::of(&manifest);
    for (name, component) in &application.components {
        let source = component["source"].as_str().expect("a file");
        let runs = application.tool(name).and_then(|tool| tool.get("component")).and_then(Value::as_str);
        if application.triggered(name) {
            assert_eq!(source, format!("target/spin/{name}.wasm"));
            assert!(
                component["build"]["command"].to_string().contains(&format!("compose --component {name}\"")),
                "{name}"
            );
            assert!(component["build"]["watch"].as_array().is_some_and(|globs| !globs.is_empty()), "{name}");
            let file = format!("target/components/{name}.wasm");
            let of_spin_alone = name.ends_with("-background") || *name == RELAY;
            assert!(runs == Some(&*file) || of_spin_alone, "{name}: {runs:?}");
        } else {
            assert_eq!((source, runs), (&*format!("target/components/{name}.wasm"), None));
            assert!(!component.contains_key("allowed_outbound_hosts"), "{name}: Spin gives it nothing");
        }
    }
}

/// The interfaces that a service exports to others, by its world.
fn interfaces(service: &str) -> Vec<String> {
    let file = root().join(format!("wit/components/{service}.wit"));
    let world = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let exports = world.lines().filter_map(|line| line.trim().strip_prefix("export mindflow:"));
    let exports = exports.filter(|export| !export.starts_with("platform/"));
    exports.filter_map(|export| Some(export.split_once('/')?.1.split('@').next()?.to_owned())).collect()
}

#[test]
fn who_calls_a_service_of_several_interfaces_names_those_that_it_may_use() {
    let manifest = manifest();
    let application = Application::of(&manifest);
    let calls = application.components.keys().filter_map(|name| application.tool(name)?.get("calls")?.as_array());
    let calls: BTreeSet<&str> = calls.flatten().filter_map(Value::as_str).collect();
    assert!(calls.contains("auth/account-mails") && calls.contains("query/leaving"), "{calls:?}");
    for call in calls {
        match call.split_once('/') {
            Some((service, interface)) => assert!(interfaces(service).iter().any(|known| known == interface), "{call}"),
            None => assert!(interfaces(call).len() == 1, "{call} has more than one interface: name those"),
        }
    }
}

/// The folder of a package, and those of the packages of this repository that it is built from.
fn sources(folder: &str, found: &mut BTreeSet<String>) {
    let read = |file: &str| -> Table {
        let text = std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        text.parse().expect("TOML")
    };
    if !found.insert(folder.to_owned()) {
        return;
    }
    let workspace = read("Cargo.toml");
    let package = read(&format!("{folder}/Cargo.toml"));
    let dependencies = package.get("dependencies").and_then(Value::as_table).into_iter().flat_map(Table::keys);
    for path in dependencies.filter_map(|name| workspace["workspace"]["dependencies"].get(name)?.get("path")?.as_str())
    {
        sources(path, found);
    }
}

#[test]
fn the_sources_of_every_service_and_of_all_that_is_built_with_it_are_watched() {
    let manifest = manifest();
    let application = Application::of(&manifest);
    let watched: BTreeSet<&str> = application
        .components
        .values()
        .filter_map(|component| component.get("build")?.get("watch")?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut built = BTreeSet::new();
    let services = application.components.keys().filter(|name| application.tool(name).is_some());
    services.for_each(|name| sources(&format!("components/{name}"), &mut built));
    ["platform", "trigger", RELAY].iter().for_each(|adapter| sources(&format!("spin/{adapter}"), &mut built));
    assert!(built.contains("guest") && built.contains("platform"), "{built:?}");
    for folder in built {
        let adapter = folder.starts_with("spin/") && watched.contains("spin/*/src/**/*");
        assert!(adapter || watched.contains(&*format!("{folder}/src/**/*")), "{folder}");
    }
}

#[test]
fn a_composition_is_given_what_its_services_need_and_nothing_else() {
    let manifest = manifest();
    let application = Application::of(&manifest);
    for name in application.components.keys().filter(|name| application.triggered(name) && **name != RELAY) {
        assert_eq!(application.variables(name), application.needed_variables(name), "variables of {name}");
        assert_eq!(application.hosts(name), application.needed_hosts(name), "hosts of {name}");
    }
}

/// `CONNECTION_POOL_CACHE_CAPACITY` in `crates/factor-outbound-pg/src/client.rs`: pools of a component, one for each connection string.
const POOLS_MAX: usize = 16;

#[test]
fn a_composition_has_no_more_logins_than_spin_keeps_pools_for() {
    let manifest = manifest();
    let application = Application::of(&manifest);
    for name in application.components.keys().filter(|name| application.triggered(name)) {
        let logins = application.variables(name).into_keys().filter(|variable| variable.ends_with("_dsn")).count();
        assert!(
            logins <= POOLS_MAX,
            "{name} has {logins}: with more than {POOLS_MAX}, each closes the pool of another"
        );
    }
}

#[test]
fn the_relay_rings_every_component_with_a_private_route_and_reaches_nothing_else() {
    let manifest = manifest();
    let application = Application::of(&manifest);
    let variables = application.variables(RELAY);
    let rung: BTreeSet<&str> = variables["components"].split(' ').collect();
    assert_eq!(rung, application.private().collect());
    assert_eq!(application.hosts(RELAY), rung.iter().map(|name| format!("http://{name}.spin.internal")).collect());
}

#[test]
fn every_variable_is_used_and_what_opens_a_door_is_secret() {
    let manifest = manifest();
    let application = Application::of(&manifest);
    let used = application.used_variables();
    let variables = manifest["variables"].as_table().expect("variables");
    for (name, variable) in variables {
        assert!(used.contains(name.as_str()), "{name} is used nowhere");
        let opens = [
            "_dsn",
            "_secret",
            "_secret_access_key",
            "_api_key",
            "_password",
            "_token",
            "redis_url",
            "sealing_key",
            "sealing_former_keys",
        ];
        let secret = variable.get("secret").and_then(Value::as_bool).unwrap_or(false);
        assert_eq!(secret, opens.iter().any(|end| name.ends_with(end)), "{name}");
    }
}
