//! Goal: a component has what the manifest grants and nothing else. Method: manifests with one line missing,
//! which must not start; and a component that asks for more than it was given while it runs.

use crate::trouble_kit::{assert_says, grants, guest, manifest, outlaw_tables, refusal, start_refused, with_tables};
use mindflow_tests::{Builder, Platform};
use std::io::{Read, Write};

/// The event by which `auth` says that a user has become an administrator, published by another.
const FORGED: &str =
    "SELECT delivery.publish(gen_random_uuid(), 'UserUpdated', '1.0', now(), 1, 'user', 'c', NULL, NULL, NULL, '{}')";

/// The refusal of the repository's manifest without one key of a component's grants.
async fn refused_without(component: &'static str, key: &'static str) -> String {
    let change = manifest(move |table| {
        assert!(grants(table, component).remove(key).is_some(), "{component} has no {key}");
    });
    start_refused(&Platform::services().env("RUST_LOG", "off").manifest(change).prepare().await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_does_not_start_without_a_grant_for_each_of_its_imports() {
    for (component, key, interface, line) in [
        ("command", "sql", "mindflow:platform/sql@", "`sql = { DATABASE = \"caller\" }`"),
        ("auth", "key-value", "mindflow:platform/key-value@", "`key-value = [\"BUCKET\"]`"),
        (
            "auth",
            "rate-limits",
            "mindflow:platform/rate-limits@",
            "`rate-limits = { LIMIT = { quota = 60, window-s = 60 } }`",
        ),
        ("query", "realtime", "mindflow:platform/realtime@", "`realtime = { publish = [\"TOPIC\"] }`"),
        ("notification", "mail", "mindflow:platform/mail@", "`mail = true`"),
        ("search", "search-index", "mindflow:platform/search-index@", "`search-index = [\"INDEX\"]`"),
        ("search", "embeddings", "mindflow:platform/embeddings@", "`embeddings = true`"),
        ("notification", "web-push", "mindflow:platform/web-push@", "`web-push = true`"),
        ("notification", "sealing", "mindflow:platform/sealing@", "`sealing = true`"),
        ("auth", "erasure", "mindflow:platform/erasure@", "`erasure = true`"),
        ("logging", "audit-log", "mindflow:platform/audit-writer@", "`audit-log = [\"append\"]`"),
        ("media-codec", "blob", "mindflow:platform/blob@", "`blob = [\"CONTAINER\"]`"),
        ("ai", "outbound", "mindflow:platform/disclosure-sender@", "`outbound = { disclosed = true }`"),
        ("gateway", "disclosure-ledger", "mindflow:platform/disclosure-reader@", "`disclosure-ledger = true`"),
        ("gateway", "platform-state", "mindflow:platform/platform-state@", "`platform-state = true`"),
        ("command", "jwt", "mindflow:platform/jwt-verifier@", "`jwt = [\"verify\"]`"),
    ] {
        let line_to_add = format!("add {line} under [component.{component}.tool.mindflow] in ");
        let refusal = refused_without(component, key).await;
        assert_says(&refusal, &[&format!("component `{component}` imports {interface}"), &line_to_add, "spin.toml"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_may_verify_tokens_may_not_sign_them() {
    let change = manifest(|table| {
        grants(table, "auth").insert("jwt".to_owned(), toml::Value::Array(vec!["verify".into()]));
    });
    let platform = Platform::services().env("RUST_LOG", "off").manifest(change).prepare().await;
    assert_says(
        &start_refused(&platform).await,
        &["`auth` imports mindflow:platform/jwt-signer@", "add `jwt = [\"sign\"]`"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_may_read_the_audit_trail_may_not_add_to_it() {
    let change = manifest(|table| {
        grants(table, "logging").insert("audit-log".to_owned(), toml::Value::Array(vec!["read".into()]));
    });
    let platform = Platform::services().env("RUST_LOG", "off").manifest(change).prepare().await;
    assert_says(
        &start_refused(&platform).await,
        &["`logging` imports mindflow:platform/audit-writer@", "add `audit-log = [\"append\"]`"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_does_not_start_when_it_calls_one_that_it_may_not_call() {
    let refusal = refused_without("gateway", "calls").await;
    assert_says(
        &refusal,
        &[
            "component `gateway` imports mindflow:",
            ", which the manifest does not grant; add `calls = [\"",
            "under [component.gateway.tool.mindflow] in ",
        ],
    );
}

/// The repository's manifest with what a component may call.
fn calling(component: &'static str, calls: &'static [&'static str]) -> Builder {
    let calls: Vec<toml::Value> = calls.iter().map(|&call| call.into()).collect();
    let change = manifest(move |table| {
        grants(table, component).insert("calls".to_owned(), calls.into());
    });
    Platform::services().env("RUST_LOG", "off").manifest(change)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_does_not_start_when_it_imports_another_interface_than_it_may_of_a_service() {
    for (component, calls, interface, line) in [
        // Who proves tokens gets none of links in mails, and who sends these opens no sessions.
        ("media", &["auth/account-mails", "media-codec"][..], "mindflow:auth/accounts@", "auth/accounts"),
        ("notification", &["auth/accounts"], "mindflow:auth/account-mails@", "auth/account-mails"),
        ("search", &["query/reads"], "mindflow:query/leaving@", "query/leaving"),
    ] {
        let refusal = start_refused(&calling(component, calls).prepare().await).await;
        let line = format!("add `calls = [\"{line}\"]` under [component.{component}.tool.mindflow] in ");
        assert_says(&refusal, &[&format!("component `{component}` imports {interface}"), &line, "spin.toml"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interface_that_a_service_does_not_export_is_named_with_those_that_it_does() {
    let misspelt = calling("notification", &["auth/account-mail"]).prepare().await;
    let says = ["[component.notification.tool.mindflow] calls `auth/account-mail`", "accounts", "account-mails"];
    assert_says(&start_refused(&misspelt).await, &says);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_does_not_start_with_outbound_http_and_no_allowed_hosts() {
    let change = manifest(|table| {
        grants(table, "ai").remove("allowed_outbound_hosts");
    });
    let platform = Platform::services().env("RUST_LOG", "off").manifest(change).prepare().await;
    let refusal = start_refused(&platform).await;
    assert_says(
        &refusal,
        &[
            "component `ai` imports mindflow:platform/disclosure-sender@",
            "add `allowed_outbound_hosts = [\"https://HOST\"]` under [component.ai.tool.mindflow]",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_the_configuration_does_not_bind_stops_the_start() {
    for (key, value, table) in [
        ("sql", "{ attic = \"caller\" }", "databases.attic"),
        ("key-value", "[\"pantry\"]", "key-value.pantry"),
        ("search-index", "[\"library\"]", "search-index.library"),
    ] {
        let change = manifest(move |tables| {
            let parsed: toml::Table = format!("x = {value}").parse().expect("a value");
            grants(tables, "command").insert(key.to_owned(), parsed["x"].clone());
        });
        let platform = Platform::services().env("RUST_LOG", "off").manifest(change).prepare().await;
        assert_says(&start_refused(&platform).await, &["config.toml has no ", table, "component `command`", "add it"]);
    }
}

/// With a component that asks for anything, and was granted little.
fn greedy(allowed_port: u16) -> Builder {
    let tables = format!(
        r#"
[application.tool.mindflow.commands.greedy]
component = "greedy"
about = "Ask for something"
usage = ["greedy WORDS"]

[component.greedy]
source = {:?}
allowed_outbound_hosts = ["http://127.0.0.1:{allowed_port}"]

[component.greedy.tool.mindflow]
sql = {{ write = "service", read = "caller" }}
key-value = ["cache"]
sealing = true
blob = ["crumbs"]
publishes = ["GreedyTook"]
realtime = {{ publish = ["crumbs:*"] }}
rate-limits = {{ crumbs = {{ quota = 5, window-s = 60 }} }}
"#,
        guest("greedy")
    );
    Platform::services().manifest(with_tables(tables + &outlaw_tables(allowed_port)))
}

/// A server that answers every request with 204.
fn server() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_component_gets_what_was_granted_and_is_denied_the_rest() {
    let (allowed, other) = (server(), server());
    let platform = greedy(allowed).start().await;
    let (allowed, other) = (format!("127.0.0.1:{allowed}"), format!("127.0.0.1:{other}"));
    let run = async |arguments: Vec<&str>| {
        let output = platform.cli(&arguments).await;
        assert_eq!(output.code, Some(0), "{arguments:?}: {output:?}");
        output.stdout.trim().to_owned()
    };
    let ask = async |words: &[&str]| run([&["greedy"], words].concat()).await;
    for granted in [
        &["sql", "write", "service"][..],
        &["bucket", "cache"],
        &["container", "crumbs"],
        &["publish", "write", "GreedyTook"],
        &["topic", "crumbs:x"],
        &["seal", "crumbs:x"],
        &["limit", "crumbs", "a-user"],
        &["http", &allowed],
    ] {
        assert_eq!(ask(granted).await, "granted", "{granted:?}");
    }
    for (denied, reason) in [
        (&["sql", "read", "service"][..], "AccessDenied"),
        (&["sql", "read", "no.real.token"], "AccessDenied"),
        (&["sql", "analytics", "service"], "AccessDenied"),
        (&["statement", "write", "SELECT * FROM auth.users"], "42501"),
        (&["statement", "write", "SELECT * FROM command.journals"], "42501"),
        (&["statement", "write", "SELECT * FROM mindflow.signing_keys"], "42501"),
        (&["statement", "write", "CREATE TABLE public.loot (x int)"], "AccessDenied"),
        (&["change", "write", "SELECT 1 INTO public.loot"], "42501"),
        (&["change", "write", "SELECT 1 INTO TEMPORARY loot"], "42501"),
        (&["change", "write", "INSERT INTO delivery.archive DEFAULT VALUES"], "42501"),
        (
            &[
                "change",
                "write",
                "INSERT INTO delivery.publisher VALUES ('mindflow_greedy', 'UserUpdated', 'auth', 'auth')",
            ],
            "42501",
        ),
        (&["change", "write", FORGED], "42501"),
        (&["change", "write", "UPDATE delivery.cursor SET ordinal = 0"], "42501"),
        (&["change", "write", "DELETE FROM delivery.queue"], "42501"),
        (&["change", "write", "DELETE FROM audit.records"], "42501"),
        (&["change", "write", "SELECT pg_try_advisory_xact_lock(7883954000182931319)"], "AccessDenied"),
        (&["change", "write", "SELECT lo_create(0)"], "AccessDenied"),
        (&["limit", "login", "a-user"], "limit `login` is not granted to `greedy`"),
        (&["limit", "crumbs", "unknown-client"], "RateLimited"),
        (&["bucket", "sessions"], "AccessDenied"),
        (&["bucket", "nowhere"], "AccessDenied"),
        (&["container", "cellar"], "AccessDenied"),
        (&["publish", "write", "UserRegistered"], "AccessDenied"),
        (&["topic", "user:x"], "AccessDenied"),
        (&["listen", "crumbs:x"], "AccessDenied"),
        (&["http", &other], "HttpRequestDenied"),
        (&["http", "localhost:1"], "HttpRequestDenied"),
        (&["variable", "bcrypt_cost"], "none"),
        (&["environment"], "none"),
    ] {
        let got = ask(denied).await;
        assert!(got.starts_with("refused: ") && got.contains(reason), "{denied:?}: {got}");
    }
    // What another component has sealed stays closed, also in its row and for its context.
    let ada = platform.register().await;
    let webhook = "mutation { createWebhook(url: \"https://hooks.example.org/\", events: [\"TagCreated\"]) { id } }";
    let id = ada.data(webhook, serde_json::json!({})).await["createWebhook"]["id"].as_str().unwrap().to_owned();
    let database = platform.write_database().await;
    let sealed = "SELECT encode(sealed_secret, 'hex') FROM notification.webhooks";
    let sealed: String = database.query_one(sealed, &[]).await.unwrap().get(0);
    let got = ask(&["unseal", &sealed, &format!("webhook:{id}")]).await;
    assert!(got.starts_with("refused: ") && got.contains("Damaged"), "{got}");
    for reached in [["outlaw", "file", "/etc/passwd"], ["outlaw", "socket", &allowed]] {
        let got = run(reached.to_vec()).await;
        assert!(got.starts_with("refused: "), "{reached:?}: {got}");
    }
    assert!(
        platform.log().contains("add it to allowed_outbound_hosts of [component.greedy]"),
        "the log says how to allow it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_mistake_is_one_line_and_code_1() {
    let platform = greedy(1).start().await;
    assert_says(&refusal(&platform, &["greedy", "the", "moon"]).await, &["greedy does not know"]);
    assert_says(
        &refusal(&platform, &["users", "grant", "unknown@example.org", "premium"]).await,
        &["unknown@example.org"],
    );
    let ada = platform.register().await;
    let line = refusal(&platform, &["users", "grant", &ada.email, "emperor"]).await;
    assert_says(&line, &["emperor", "user", "premium", "admin"]);
    assert_says(&refusal(&platform, &["users", "crown", &ada.email]).await, &["usage: users list"]);
}
