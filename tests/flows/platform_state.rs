//! Goal: only administrators see what runs and what flows, and only components with the grant can ask for it. Method: GraphQL, once and
//! live, while users write and a component is swapped; manifests with and without the grant.

use crate::trouble_kit::{assert_says, component, grants, manifest, start_refused, swap};
use mindflow_tests::{Account, Platform, eventually};
use serde_json::{Value, json};

const PLATFORM: &str = "{ platform { at startedAt
    components { name state generation since digest instances memoryBytes callsNow callsMax calls failures
        latency { p50Ms p95Ms p99Ms } publishes callees }
    subscriptions { name component events waiting inFlight deadLetters parked lagMs }
    flows { eventType producers subscription delivered failed } } }";
const CHANGES: &str =
    "subscription { platformChanged { at components { name generation } subscriptions { name waiting } } }";

fn named<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    let found = list.as_array().expect("a list").iter().find(|item| item[key] == name);
    found.unwrap_or_else(|| panic!("no {name} in {list}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_components_subscriptions_and_the_flow_of_events_and_a_user_does_not() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let admin = platform.register_as("admin").await;
    assert_eq!(platform.http().graphql(PLATFORM, json!({})).await.error_code(), "UNAUTHENTICATED");
    assert_eq!(ada.graphql(PLATFORM, json!({})).await.error_code(), "FORBIDDEN");

    ada.write(json!({ "title": "t", "content": "c" })).await;
    let flowed = |data: &Value| {
        let is_it = |flow: &&Value| flow["eventType"] == "JournalEntryCreated" && flow["subscription"] == "query";
        let flows = data["platform"]["flows"].as_array().expect("flows").iter();
        let waits = data["platform"]["subscriptions"].as_array().expect("subscriptions").iter();
        flows.filter(is_it).any(|flow| flow["delivered"] == 1 && flow["producers"] == json!(["command"]))
            && waits
                .filter(|waits| waits["name"] == "query")
                .all(|waits| waits["waiting"] == 0 && waits["lagMs"].is_null())
    };
    let seen = admin.eventually(PLATFORM, json!({}), flowed).await["platform"].clone();
    let gateway = named(&seen["components"], "name", "gateway");
    assert_eq!((&gateway["state"], &gateway["generation"]), (&json!("READY"), &json!(1)));
    for figure in ["instances", "memoryBytes", "callsNow", "calls"] {
        assert!(gateway[figure].as_u64().is_some_and(|number| number > 0), "{figure}: {gateway}");
    }
    let latency = &gateway["latency"];
    let part = |name: &str| latency[name].as_f64().expect("a latency");
    assert!(0.0 < part("p50Ms") && part("p50Ms") <= part("p95Ms") && part("p95Ms") <= part("p99Ms"), "{latency}");
    assert!(gateway["callees"].as_array().expect("callees").contains(&json!("auth")), "{gateway}");
    let publishes = named(&seen["components"], "name", "command")["publishes"].clone();
    assert!(publishes.as_array().expect("types").contains(&json!("JournalEntryCreated")), "{publishes}");
    let mail = named(&seen["subscriptions"], "name", "notification-mail");
    assert_eq!((&mail["component"], &mail["deadLetters"]), (&json!("notification"), &json!(0)));
    // Nothing of what users write, or of who they are.
    assert!(!seen.to_string().contains(&ada.id) && !seen.to_string().contains(&ada.email));

    swap(&platform, "query", &component("query")).await;
    let swapped = |data: &Value| named(&data["platform"]["components"], "name", "query")["generation"] == 2;
    let after = admin.eventually(PLATFORM, json!({}), swapped).await["platform"].clone();
    let since =
        |seen: &Value| named(&seen["components"], "name", "query")["since"].as_str().expect("a time").to_owned();
    assert!(since(&after) > since(&seen), "{after}");
}

async fn begun(admin: &Account) -> (mindflow_tests::GraphqlSocket, String) {
    let mut socket = admin.socket().await;
    let id = socket.subscribe(CHANGES, json!({})).await;
    (socket, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_is_sent_what_runs_about_once_a_second_until_the_session_ends() {
    let platform = Platform::services().start().await;
    let (ada, admin) = (platform.register().await, platform.register_as("admin").await);
    let (mut of_a_user, id) = begun(&ada).await;
    let refused = of_a_user.message().await;
    assert_eq!((&refused["type"], &refused["id"]), (&json!("next"), &json!(id)), "{refused}");
    assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");

    let (mut socket, id) = begun(&admin).await;
    let first = socket.next(&id).await["platformChanged"].clone();
    let second = socket.next(&id).await["platformChanged"].clone();
    let at = |seen: &Value| seen["at"].as_str().expect("a time").to_owned();
    assert!(at(&second) > at(&first), "{first} {second}");
    named(&first["subscriptions"], "name", "query");

    let mut events = admin.sse(CHANGES, json!({})).await;
    let (name, shown) = events.next().await.expect("an event");
    assert_eq!(name, "next");
    named(&shown["data"]["platformChanged"]["components"], "name", "gateway");

    swap(&platform, "query", &component("query")).await;
    eventually("the swap is sent", async || {
        let seen = socket.next(&id).await["platformChanged"].clone();
        (named(&seen["components"], "name", "query")["generation"] == 2).then_some(())
    })
    .await;
    // It hears the end of its session as every connection does.
    admin.post("/auth/logout", &Value::Null).await.expect(204);
    assert_eq!(socket.closed().await, 4403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_looks_at_the_platform_without_the_grant_does_not_start() {
    let change = manifest(|tables| {
        // The gateway's file under another name, with all that the gateway may do but this.
        let mut spy = tables["component"]["gateway"].clone();
        let own = spy["tool"]["mindflow"].as_table_mut().expect("its grants");
        assert!(own.remove("platform-state").is_some());
        own.remove("websocket");
        tables["component"].as_table_mut().expect("components").insert("spy".to_owned(), spy);
        assert!(grants(tables, "gateway").contains_key("platform-state"));
    });
    let platform = Platform::services().env("RUST_LOG", "off").manifest(change).prepare().await;
    let says = [
        "component `spy` imports mindflow:platform/platform-state@",
        "add `platform-state = true` under [component.spy.tool.mindflow] in ",
    ];
    assert_says(&start_refused(&platform).await, &says);
}
