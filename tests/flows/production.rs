//! Goal: the configuration for production starts a host that shows neither GraphiQL nor its schema, and that believes only the
//! proxies that it was given. Method: the file itself, with the addresses that it has from the environment.

use mindflow_tests::{Http, Platform, root, send};
use reqwest::Method;
use serde_json::json;
use std::net::Ipv4Addr;
use toml::{Table, Value};

/// One that is trusted; the host's other clients here are at 127.0.0.1, which is as private as any.
const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 7);

/// The production file, with what the test's stores add to it.
fn production(stores: Table) -> Table {
    let text = std::fs::read_to_string(root().join("runtime-config/production.toml")).expect("production.toml");
    let mut file: Table = text.parse().expect("TOML");
    merge(&mut file, stores);
    file
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_of_the_production_configuration_has_no_graphiql_and_no_introspection_and_believes_its_proxies_alone() {
    let prepared = Platform::services()
        .env("MINDFLOW_EMBEDDINGS__BACKEND", "none")
        .env("MINDFLOW_HTTP__TRUSTED_PROXIES", &format!("[\"{PROXY}\"]"))
        .prepare()
        .await;
    let stores: Table = std::fs::read_to_string(prepared.path("config.toml")).unwrap().parse().unwrap();
    std::fs::write(prepared.path("config.toml"), production(stores).to_string()).unwrap();
    let mut platform = prepared;
    let migrated = platform.cli(&["migrate"]).await;
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    platform.start().await;

    let ada = platform.register().await;
    assert_eq!(ada.data("{ me { email } }", json!({})).await["me"]["email"], ada.email);
    let page = send(platform.http().request(Method::GET, "/graphql").header("accept", "text/html")).await;
    assert!(!page.header("content-type").starts_with("text/html"), "{}", page.text());
    platform.http().get("/graphql/assets/0123456789abcdef.js").await.expect_problem(404, "not-found");
    platform.http().get("/schema.graphql").await.expect_problem(404, "not-found");
    for query in ["{ __schema { types { name } } }", "{ __type(name: \"User\") { fields { name } } }"] {
        let answer = platform.http().graphql(query, json!({})).await.json();
        assert!(answer["data"].as_object().is_none_or(|data| data.values().all(|value| value.is_null())), "{answer}");
    }
    let hsts = async |http: &Http| {
        let request = http.request(Method::GET, "/health/live").header("x-forwarded-for", "203.0.113.9");
        send(request.header("x-forwarded-proto", "https")).await.header("strict-transport-security").to_owned()
    };
    assert_eq!(hsts(platform.http()).await, "");
    assert_eq!(hsts(&platform.http().coming_from(PROXY.into())).await, "max-age=31536000");
}

#[test]
fn the_production_overlays_set_what_the_production_configuration_sets() {
    let read =
        |path: &str| std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let file: Table = read("runtime-config/production.toml").parse().unwrap();
    let kubernetes = read("deploy/kubernetes/overlays/production/kustomization.yaml");
    assert!(
        !file["http"].as_table().unwrap().contains_key("trusted-proxies"),
        "who is trusted is the operator's to say"
    );
    assert!(kubernetes.contains("- MINDFLOW_HTTP__TRUSTED_PROXIES=["));
    assert!(kubernetes.contains("- MINDFLOW_CONFIG=/opt/mindflow/runtime-config/production.toml"));
    let spinkube = read("deploy/spinkube/overlays/production/kustomization.yaml");
    for (name, value) in file["variables"].as_table().unwrap() {
        assert!(spinkube.contains(&format!("value: {{ name: {name}, value: {value} }}")), "{name} = {value}");
        assert!(!kubernetes.contains(&format!("MINDFLOW_VARIABLE_{}", name.to_uppercase())), "{name} is set twice");
    }
}
