use super::*;

fn manifest(tool: &str) -> Result<Manifest, String> {
    load(&format!(
        "spin_manifest_version = 2\n[application]\nname = \"diary\"\n\
         [[trigger.http]]\nroute = \"/...\"\ncomponent = \"one\"\n\
         [component.one]\nsource = \"one.wasm\"\n[component.one.tool.mindflow]\n{tool}"
    ))
}

#[test]
fn capabilities_take_their_grants_and_the_rest_says_how_a_component_is_run() {
    let manifest = manifest("sql = { write = \"caller\" }\nmail = true\ninstances = { max = 3 }").unwrap();
    let one = &manifest.components["one"];
    assert!(one.grants.sql.contains_key("write") && one.grants.mail && !one.grants.embeddings);
    assert_eq!(one.tool.instances.max, 3);
}

#[test]
fn without_grants_a_component_has_none() {
    let manifest = manifest("").unwrap();
    let grants = &manifest.components["one"].grants;
    assert!(grants.sql.is_empty() && grants.blob.is_empty() && grants.events.is_empty() && !grants.mail);
}

#[test]
fn a_wrong_key_or_value_is_named_with_its_component() {
    for (tool, named) in [
        ("sqll = {}", "line 10: [component.one.tool.mindflow] unknown field `sqll`; there are publishes, sql"),
        ("sql = { write = \"all\" }", "line 10: [component.one.tool.mindflow] sql: unknown variant `all`"),
        ("mail = \"yes\"", "mail: "),
        ("instances = { maximum = 3 }", "instances: unknown field `maximum`"),
        (
            "calls = [\"two/\"]",
            "line 10: [component.one.tool.mindflow] calls: `two/` is neither SERVICE nor SERVICE/INTERFACE",
        ),
        ("calls = [\"two/a/b\"]", "calls: `two/a/b` is neither"),
        ("calls = [\"\"]", "calls: `` is neither"),
        ("variable = {}", "unknown field `variable`; there are publishes, sql"),
        ("variables = { a = 1 }", "variables: invalid type: integer `1`"),
        ("allowed_outbound_hosts = \"https://a\"", "allowed_outbound_hosts: invalid type: string"),
    ] {
        let error = manifest(tool).unwrap_err();
        assert!(error.contains("[component.one.tool.mindflow]") && error.contains(named), "{tool}: {error}");
    }
}

#[test]
fn a_call_is_of_a_whole_service_or_of_one_of_its_interfaces() {
    let manifest = manifest("calls = [\"one\", \"one/accounts\"]").unwrap();
    let [whole, one] = manifest.components["one"].tool.calls.as_slice() else { panic!("two calls") };
    for (call, service, interface, allowed) in [
        (whole, "one", "mindflow:one/accounts@0.1.0", true),
        (whole, "one", "mindflow:one/mails@0.1.0", true),
        (whole, "two", "mindflow:one/accounts@0.1.0", false),
        (one, "one", "mindflow:one/accounts@0.1.0", true),
        (one, "one", "mindflow:one/accounts", true),
        (one, "one", "mindflow:one/accounts-of-all@0.1.0", false),
        (one, "one", "mindflow:one/mails@0.1.0", false),
        (one, "two", "mindflow:two/accounts@0.1.0", false),
    ] {
        assert_eq!(call.allows(service, interface), allowed, "{call}: {interface} of {service}");
    }
}

fn load(text: &str) -> Result<Manifest, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, text).unwrap();
    Manifest::load(file.path()).map_err(|error| error.to_string())
}

#[test]
fn every_key_of_spin_is_accepted_and_what_only_spin_runs_is_left_to_it() {
    let manifest = load(
        r#"
        spin_manifest_version = 2
        [application]
        name = "diary"
        version = "1.0.0"
        description = "d"
        authors = ["a"]
        targets = ["spin-up:4.1"]
        [application.trigger.redis]
        address = "redis://127.0.0.1"
        [application.tool.other]
        a = 1
        [variables]
        given = { required = true, secret = true, description = "d" }
        known = { default = "d" }
        [[trigger.http]]
        id = "one"
        route = "/..."
        component = "one"
        executor = { type = "http" }
        components = { before = ["spins"] }
        dependencies = { middleware = [{ component = "spins" }, { path = "m.wasm", inherit_configuration = true }] }
        [[trigger.http]]
        route = { private = true }
        component = "one"
        [[trigger.http]]
        route = "/spins/:id"
        component = "spins"
        [[trigger.http]]
        route = "/inline"
        component = { source = "inline.wasm" }
        [[trigger.http]]
        route = "/robots.txt"
        static_response = { status_code = 200, headers = { a = "b" }, body = "" }
        [[trigger.redis]]
        channel = "c"
        component = "spins"
        [component.one]
        source = "composed.wasm"
        description = "d"
        variables = { a = "b" }
        environment = { A = "B" }
        files = ["assets/**", { source = "a", destination = "/" }]
        exclude_files = ["x"]
        allowed_http_hosts = []
        allowed_outbound_hosts = ["https://example.com"]
        key_value_stores = ["default"]
        sqlite_databases = ["default"]
        ai_models = ["m"]
        targets = ["spin-up:4.1"]
        build = { command = ["make", "make check"], workdir = "w", watch = ["src/**"] }
        tool.other = { a = 1 }
        tool.mindflow = { component = "raw.wasm" }
        dependencies_inherit_configuration = true
        [component.one.dependencies]
        "a:b/c" = { path = "c.wasm", export = "e" }
        "a:b/d@1.0.0" = ">= 1.0.0"
        "a:b/e" = { component = "spins", inherit_configuration = ["ai_models"] }
        [component.one.profile.debug]
        source = "debug.wasm"
        environment = { A = "C" }
        build = { command = "make debug" }
        dependencies = { "a:b/c" = { path = "d.wasm" } }
        [component.spins]
        source = { url = "https://example.com/s.wasm", digest = "sha256:00" }
        [component.package]
        source = { registry = "ttl.sh", package = "user:name", version = "1.0.0" }
        "#,
    )
    .unwrap();
    assert_eq!(manifest.components.keys().collect::<Vec<_>>(), ["one"]);
    assert!(manifest.components["one"].source.ends_with("raw.wasm"));
    assert_eq!(manifest.routes.components().collect::<Vec<_>>(), ["one"]);
    assert_eq!(manifest.routes.component("/spins/7"), Some("one"));
}

const HTTP: &str = "spin_manifest_version = 2\n[application]\nname = \"diary\"\n\
                    [[trigger.http]]\nroute = \"/...\"\ncomponent = \"one\"\n";
const SPINS: &str = "[component.one]\nsource = \"one.wasm\"\n\
                     variables = { one_dsn = \"{{ dsn }}\" }\nallowed_outbound_hosts = [\"https://spin.example\"]\n";

#[test]
fn variables_and_hosts_of_a_file_that_both_run_are_spins() {
    let one = &load(&format!("{HTTP}{SPINS}tool.mindflow = {{}}")).unwrap().components["one"];
    assert_eq!(one.templates().collect::<Vec<_>>(), ["{{ dsn }}", "https://spin.example"]);
    assert_eq!(one.hosts_table, "component.one");
}

#[test]
fn variables_and_hosts_of_a_file_that_only_this_host_runs_are_under_tool_mindflow() {
    let own = |tool: &str| {
        let manifest = load(&format!("{HTTP}{SPINS}[component.one.tool.mindflow]\n{tool}")).unwrap();
        manifest.components["one"].clone()
    };
    let given = own("component = \"raw.wasm\"\nvariables = { greeting = \"{{ hello }}\" }\n\
                     allowed_outbound_hosts = [\"https://ours.example\"]");
    assert_eq!(given.templates().collect::<Vec<_>>(), ["{{ hello }}", "https://ours.example"]);
    assert_eq!(given.hosts_table, "component.one.tool.mindflow");
    let none = own("component = \"raw.wasm\"");
    assert_eq!(none.templates().count(), 0, "what Spin gives a composition is not for one component of it");
    assert_eq!(none.hosts_table, "component.one.tool.mindflow");
    let other_hosts = own("allowed_outbound_hosts = []");
    assert_eq!(other_hosts.templates().collect::<Vec<_>>(), ["{{ dsn }}"]);
}

#[test]
fn a_component_of_ours_is_a_file_and_something_of_ours_serves_http() {
    let remote = format!("{HTTP}[component.one]\nsource = {{ url = \"u\", digest = \"d\" }}\ntool.mindflow = {{}}\n");
    assert!(load(&remote).unwrap_err().contains("needs `component = \"FILE\"`"));
    let spins = format!("{HTTP}[component.one]\nsource = \"one.wasm\"\n");
    let error = load(&spins).unwrap_err();
    assert!(error.contains("[[trigger.http]]") && error.contains("without tool.mindflow: one"), "{error}");
    let former =
        format!("{HTTP}[component.one]\nsource = \"s.wasm\"\ntool.mindflow = {{ source = \"former.wasm\" }}\n");
    assert!(load(&former).unwrap().components["one"].source.ends_with("former.wasm"));
}

#[test]
fn tokens_name_the_application_unless_the_manifest_says_otherwise() {
    let manifest = manifest("").unwrap();
    assert_eq!((&*manifest.tokens.issuer, &*manifest.tokens.audience), ("diary", "diary"));
}
