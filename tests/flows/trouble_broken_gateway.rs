//! Goal: requests that the HTTP component cannot answer are answered all the same. Method: the gateway is
//! swapped for one that does what the path says.

use crate::trouble_kit::{component, grants, guest, manifest, state, swap};
use mindflow_tests::{GraphqlSocket, Platform, eventually};

async fn with_a_broken_gateway() -> Platform {
    with_a_broken_gateway_of("max = 4\nconcurrency = 8\ncpu-ms-max = 300\ndeadline-ms = 1500\nmemory-mib-max = 64")
        .await
}

async fn with_a_broken_gateway_of(limits: &'static str) -> Platform {
    let limits = move |table: &mut toml::Table| {
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
    for (path, status, kind) in [
        ("/api/trap", 503, "unavailable"),
        // What one request alone costs is that request's failure.
        ("/api/loop", 413, "too-costly"),
        ("/api/memory", 413, "too-costly"),
        ("/api/hang", 503, "unavailable"),
    ] {
        let problem = http.get(path).await.expect_problem(status, kind);
        assert!(!problem.to_string().contains("purpose"), "{problem}");
        http.get("/api/fine").await.expect(200);
        http.get("/health/live").await.expect(200);
    }
    let problem = http.get("/api/error").await.expect_problem(500, "internal");
    assert!(!problem.to_string().contains("secret"), "{problem}");
    // Five failures in short order open the circuit.
    for answer in futures::future::join_all((0..5).map(|_| http.get("/api/trap"))).await {
        answer.expect_problem(503, "unavailable");
    }
    let refused = http.get("/api/fine").await;
    refused.expect_problem(503, "unavailable");
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 1), "{refused:?}");
    assert_eq!(http.get("/health/ready").await.status, 503);

    swap(&platform, "gateway", &component("gateway")).await;
    platform.register().await;
    assert_eq!(http.get("/health/ready").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_ends_under_many_calls_is_one_failure() {
    let limits = "max = 1\nconcurrency = 8\ncpu-ms-max = 300\ndeadline-ms = 60000\nmemory-mib-max = 64";
    let platform = with_a_broken_gateway_of(limits).await;
    let get = |path: &'static str| {
        let http = platform.http().clone();
        tokio::spawn(async move { http.get(path).await })
    };
    let waiting: Vec<_> = (0..6).map(|_| get("/api/hang")).collect();
    let seen = &platform;
    eventually(
        "all wait in the instance",
        || async move { (state(seen, "gateway").await["calls"] == 6).then_some(()) },
    )
    .await;
    get("/api/trap").await.expect("an answer").expect_problem(503, "unavailable");
    for neighbour in waiting {
        neighbour.await.expect("an answer").expect_problem(503, "unavailable");
    }
    assert_eq!(state(&platform, "gateway").await["state"], "ready");
    platform.http().get("/api/fine").await.expect(200);
    let metrics = platform.http().get("/metrics").await.text();
    for (outcome, count) in [("trapped", 1), ("instance-ended", 6)] {
        let line = format!("mindflow_component_calls_total{{component=\"gateway\",outcome=\"{outcome}\"}} {count}");
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }
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
