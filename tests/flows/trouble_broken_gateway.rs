//! Goal: requests that the HTTP component cannot answer are answered all the same. Method: the gateway is
//! swapped for one that does what the path says.

use crate::trouble_kit::{component, grants, guest, manifest, state, swap};
use mindflow_tests::{GraphqlSocket, Platform, eventually};

async fn with_a_broken_gateway() -> Platform {
    let limits = |table: &mut toml::Table| {
        let limits = "max = 4\nconcurrency = 8\ncpu-ms-max = 300\ndeadline-ms = 1500\nmemory-mib-max = 64";
        let limits: toml::Table = limits.parse().expect("limits");
        grants(table, "gateway").insert("instances".to_owned(), limits.into());
    };
    let platform = Platform::services().manifest(manifest(limits)).start().await;
    swap(&platform, "gateway", &guest("broken-gateway")).await;
    platform
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_its_component_cannot_answer_is_a_503_and_the_next_one_is_answered() {
    let platform = with_a_broken_gateway().await;
    let http = platform.http();
    for path in ["/trap", "/loop", "/memory", "/hang"] {
        let problem = http.get(path).await.expect_problem(503, "unavailable");
        assert!(!problem.to_string().contains("purpose"), "{problem}");
        http.get("/fine").await.expect(200);
        http.get("/health/live").await.expect(200);
    }
    let problem = http.get("/error").await.expect_problem(500, "internal");
    assert!(!problem.to_string().contains("secret"), "{problem}");
    // Five failures in short order open the circuit.
    for answer in futures::future::join_all((0..5).map(|_| http.get("/trap"))).await {
        answer.expect_problem(503, "unavailable");
    }
    let refused = http.get("/fine").await;
    refused.expect_problem(503, "unavailable");
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 1), "{refused:?}");
    assert_eq!(http.get("/health/ready").await.status, 503);

    swap(&platform, "gateway", &component("gateway")).await;
    platform.register().await;
    assert_eq!(http.get("/health/ready").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_whose_component_traps_is_closed_with_the_code_to_try_again() {
    let platform = with_a_broken_gateway().await;
    let mut socket = GraphqlSocket::open(platform.http()).await;
    // "Try again later": clients reconnect.
    assert_eq!(socket.closed().await, 1013);
    let platform = &platform;
    eventually("the failure is counted", || async move { platform.log().contains("broken on purpose").then_some(()) })
        .await;
    assert_eq!(state(platform, "gateway").await["state"], "ready");
}
