//! The lint fails for what a cluster would refuse, or would take and not do.

use super::*;
use serde_json::json;
use std::sync::LazyLock;

static TOOLS: LazyLock<Tools> = LazyLock::new(|| Tools::install(root()).unwrap());
static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas::open(TOOLS.schemas(VERSIONS[1])).unwrap());

/// One thing that goes wrong.
type Change<'a> = &'a dyn Fn(&mut Rendered);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn production() -> Rendered {
    let deployment = root().join(DEPLOYMENTS[0]);
    Rendered::of(&TOOLS, &root().join(STORES), &deployment, &deployment.join("overlays/production")).unwrap()
}

fn of<'a>(rendered: &'a mut Rendered, kind: &str, name: &str) -> &'a mut Value {
    let found = rendered.objects.iter_mut().find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

fn spin_app(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut app = json!({
        "apiVersion": "core.spinkube.dev/v1alpha1", "kind": "SpinApp", "metadata": { "name": "mindflow" },
        "spec": {
            "image": "registry.example.org/mindflow:1", "executor": "containerd-shim-spin", "enableAutoscaling": true,
            "variables": [{ "name": "redis_url", "valueFrom": { "secretKeyRef": { "name": "mindflow", "key": "redis-url" } } }],
        },
    });
    change(&mut app);
    SCHEMAS.faults(&app).unwrap()
}

#[test]
fn the_manifests_of_this_repository_are_in_order() {
    check(root()).unwrap();
}

#[test]
fn a_field_that_kubernetes_does_not_know_is_named() {
    let mut rendered = production();
    let deployment = of(&mut rendered, "Deployment", "mindflow");
    deployment["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = json!({});
    deployment["spec"]["replicas"] = json!("two");
    let faults = SCHEMAS.faults(deployment).unwrap();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults.iter().any(|fault| fault.contains(".spec.template.spec.containers[0].readinesProbe")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.contains(".spec.replicas") && fault.contains("\"two\"")), "{faults:?}");
}

#[test]
fn a_field_that_is_required_is_named() {
    let mut rendered = production();
    let autoscaler = of(&mut rendered, "HorizontalPodAutoscaler", "mindflow");
    autoscaler["spec"].as_object_mut().unwrap().remove("maxReplicas");
    let faults = SCHEMAS.faults(autoscaler).unwrap();
    assert!(faults.iter().any(|fault| fault.contains("lacks \"maxReplicas\"")), "{faults:?}");
}

#[test]
fn a_field_of_a_spin_app_is_compared_with_the_table_of_its_kind() {
    assert_eq!(spin_app(|_| {}), [""; 0]);
    let wrong = spin_app(|app| app["spec"]["autoscaling"] = true.into());
    assert!(wrong[0].contains(".spec.autoscaling: there is no such field"), "{wrong:?}");
    let missing = spin_app(|app| drop(app["spec"].as_object_mut().unwrap().remove("executor")));
    assert!(missing[0].contains("lacks \"executor\""), "{missing:?}");
    let deep = spin_app(|app| app["spec"]["variables"][0]["valueFrom"]["secretRef"] = json!({ "name": "mindflow" }));
    assert!(deep[0].contains(".spec.variables[0].valueFrom.secretRef"), "{deep:?}");
}

#[test]
fn an_application_on_spin_has_the_variables_of_its_manifest() {
    let manifest = "[variables]\na = { required = true, secret = true }\nb = { default = \"\" }\n";
    let variables = spin::Variables::parse(manifest).unwrap();
    let faults = |given: Value| {
        let spec = json!({ "enableAutoscaling": true, "variables": given });
        variables.faults(&[json!({ "kind": "SpinApp", "metadata": { "name": "mindflow" }, "spec": spec })]).join("\n")
    };
    let secret = json!({ "name": "a", "valueFrom": { "secretKeyRef": { "name": "s", "key": "a" } } });
    assert_eq!(faults(json!([secret, { "name": "b", "value": "x" }])), "");
    assert!(faults(json!([])).contains("lacks the variable `a`"));
    assert!(faults(json!([secret, { "name": "c", "value": "x" }])).contains("spin.toml has no variable `c`"));
    assert!(faults(json!([{ "name": "a", "value": "hush" }])).contains("`a` is secret"));
}

#[test]
fn a_kind_without_a_schema_is_not_passed_over() {
    let faults = SCHEMAS.faults(&json!({ "apiVersion": "example.org/v1", "kind": "Deployment" })).unwrap();
    assert_eq!(faults, ["there is no schema of Deployment in example.org/v1"]);
}

#[test]
fn what_no_schema_knows_is_held_to_rules() {
    let faults = |change: Change| {
        let mut rendered = production();
        change(&mut rendered);
        rules::faults(&rendered).join("\n")
    };
    let container = |rendered: &mut Rendered, field: &str, value: Value| {
        of(rendered, "Deployment", "mindflow")["spec"]["template"]["spec"]["containers"][0][field] = value;
    };
    assert_eq!(faults(&|_| {}), "");
    let cases: [(&str, Change); 6] = [
        ("needs an image with a tag", &|rendered| container(rendered, "image", json!("mindflow:latest"))),
        ("readOnlyRootFilesystem", &|rendered| container(rendered, "securityContext", json!({}))),
        ("there is no ConfigMap", &|rendered| {
            container(rendered, "envFrom", json!([{ "configMapRef": { "name": "elsewhere" } }]));
        }),
        ("no example of a secret has \"dsn\"", &|rendered| {
            let source = json!({ "secretKeyRef": { "name": "mindflow", "key": "dsn" } });
            container(rendered, "env", json!([{ "name": "X", "valueFrom": source }]));
        }),
        ("fits no pod", &|rendered| {
            of(rendered, "Service", "mindflow")["spec"]["selector"] = json!({ "app.kubernetes.io/name": "mindflo" });
        }),
        ("and this is an example", &|rendered| {
            rendered.secrets[1]["stringData"]["write-dsn"] = "postgres://a:b@c/d".into()
        }),
    ];
    for (part, change) in cases {
        let faults = faults(change);
        assert!(faults.contains(part), "{part}: {faults}");
    }
}
