//! Goal: answers say to browsers what protects their users, metrics are not for everybody, and a client cannot say that
//! it is another. Method: the headers of every kind of answer, with and without a proxy that the configuration trusts.

use mindflow_tests::{Answer, Http, Platform, eventually, send};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

const PROXY: &str = "[http]\ntrusted-proxies = [\"127.0.0.1\"]";

fn forwarded(request: RequestBuilder, address: &str, scheme: &str) -> RequestBuilder {
    request.header("x-forwarded-for", address).header("x-forwarded-proto", scheme)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_forbids_guessing_its_type_and_asks_for_tls_where_the_client_came_by_it() {
    let platform = Platform::services().config(PROXY).start().await;
    let http = platform.http();
    let get = |path: &str| http.request(Method::GET, path);
    for path in ["/health/live", "/graphql", "/media/none", "/auth/sessions", "/metrics", "/nothing"] {
        let answer = send(forwarded(get(path), "203.0.113.9", "https")).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        let policy = answer.header("content-security-policy");
        for rule in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{path}");
        let plain = send(forwarded(get(path), "203.0.113.9", "http")).await;
        assert_eq!(plain.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(plain.header("strict-transport-security"), "", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarding_header_counts_only_from_a_trusted_proxy_and_otherwise_the_setting_is_named() {
    let platform = Platform::services().start().await;
    for _ in 0..3 {
        let request = platform.http().request(Method::GET, "/health/live");
        let answer = send(forwarded(request, "203.0.113.9", "https")).await;
        assert_eq!(answer.header("strict-transport-security"), "");
    }
    let log = platform.log();
    assert_eq!(log.matches("trusted-proxies").count(), 1, "{log}");
    // By a setting, where a proxy ends TLS and says nothing.
    let platform = Platform::services().config("[http]\nhttps = true\nhsts-max-age-s = 60").start().await;
    let answer = platform.http().post("/graphql", &json!({ "query": "{ __typename }" })).await.expect(200);
    assert_eq!(answer.header("strict-transport-security"), "max-age=60");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_the_addresses_of_the_configuration() {
    let platform = Platform::services().config(&format!("{PROXY}\nmetrics-from = [\"10.0.0.7\"]")).start().await;
    let by = |address: &'static str| {
        let request = platform.http().request(Method::GET, "/metrics");
        async move { send(forwarded(request, address, "http")).await }
    };
    assert_eq!(platform.http().get("/metrics").await.status, 404);
    assert_eq!(by("203.0.113.9").await.status, 404);
    assert_eq!(by("10.0.0.7").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_can_have_a_listener_of_their_own() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!("[http]\nmetrics-listen = \"127.0.0.1:{port}\"");
    let platform = Platform::services().config(&config).start().await;
    assert_eq!(platform.http().get("/metrics").await.status, 404);
    let apart = Http::at(&format!("http://127.0.0.1:{port}"));
    let metrics: Answer = eventually("a request is counted", async || {
        let metrics = apart.get("/metrics").await.expect(200);
        metrics.text().contains("mindflow_http_request_seconds").then_some(metrics)
    })
    .await;
    assert_eq!(metrics.header("x-content-type-options"), "nosniff");
    assert_eq!(apart.get("/graphql").await.status, 404);
}
