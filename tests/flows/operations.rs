//! Goal: an operator can start, watch, trace and stop the platform. Method: probes, signals and the archive of events.

use mindflow_tests::{Platform, eventually, send};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn probes_name_every_part_and_metrics_count_requests() {
    let platform = Platform::services().start().await;
    let live = platform.http().get("/health/live").await.expect(200).json();
    assert_eq!(live["status"], "live");
    for probe in ["/health/ready", "/health/startup"] {
        let answer = platform.http().get(probe).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/json");
        let text = answer.text();
        for part in ["write", "read", "analytics", "gateway", "auth", "command", "query", "ai"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    platform.register().await;
    let metrics = platform.http().get("/metrics").await.expect(200);
    assert!(metrics.header("content-type").starts_with("text/plain"));
    assert!(
        metrics
            .text()
            .lines()
            .any(|line| line.starts_with("mindflow_http_request_seconds") && line.contains("status=\"201\"")),
        "{}",
        metrics.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_serves_the_same_as_http_1() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let two = ada.with_http(platform.http().over_http2());
    let written =
        two.graphql(mindflow_tests::CREATE, json!({ "input": { "title": "By HTTP/2", "content": "c" } })).await;
    assert_eq!(
        (written.version, &written.data()["createJournalEntry"]["title"]),
        (reqwest::Version::HTTP_2, &json!("By HTTP/2"))
    );
    let many = futures::future::join_all((0..30).map(|_| two.get("/api/journals"))).await;
    assert!(many.iter().all(|answer| answer.status == 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_correlation_id_goes_from_the_request_into_every_event_and_error() {
    let platform = Platform::services().start().await;
    let ada = platform.register_as("premium").await;
    let body = json!({ "title": "Traced", "content": "A good day.", "tags": ["new"], "mood": "CALM" });
    let create = || ada.request(Method::POST, "/api/journals").json(&body);
    let answer = send(create().header("x-correlation-id", "checkout:42")).await.expect(201);
    assert_eq!(answer.header("x-correlation-id"), "checkout:42");
    let database = platform.write_database().await;
    let entry = answer.json()["id"].as_str().unwrap().to_owned();
    let created = eventually("the event is in the archive", || async {
        platform.kept("a.partition_key = $1", &[&format!("entry:{entry}")]).await.into_iter().next()
    })
    .await;
    let event = created.event;
    assert_eq!((event.event_type.as_str(), event.correlation_id.as_str()), ("JournalEntryCreated", "checkout:42"));
    assert_eq!((event.source.as_str(), event.sequence), ("command-service", 1));
    assert_eq!(event.metadata.user_id.map(|id| id.to_string()), Some(ada.id.clone()));
    assert!(!event.payload_text().contains("Traced"), "{}", event.payload_text());
    let payload = created.payload.expect("its key is there");
    assert_eq!(
        (&payload["title"], &payload["mood"], &payload["analysis"]),
        (&json!("Traced"), &json!("CALM"), &json!("requested"))
    );
    let tags = database
        .query_one(
            "SELECT count(*) FROM delivery.archive WHERE event_type = 'TagCreated' AND correlation_id = 'checkout:42'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(tags.get::<_, i64>(0), 1);

    // Each aggregate's events are numbered without a gap, in the order in which they were archived.
    ada.patch(&format!("/api/journals/{entry}"), &json!({ "title": "Traced again" })).await.expect(200);
    ada.delete(&format!("/api/journals/{entry}")).await.expect(204);
    eventually("all events are in the archive", || async {
        let sql = "SELECT partition_key, array_agg(sequence ORDER BY position) FROM delivery.archive WHERE partition_key LIKE 'entry:%' OR partition_key LIKE 'user:%' GROUP BY 1";
        let keys = database.query(sql, &[]).await.unwrap();
        for key in &keys {
            let sequences: Vec<i64> = key.get(1);
            assert_eq!(sequences, (1..=sequences.len() as i64).collect::<Vec<_>>(), "{}", key.get::<_, &str>(0));
        }
        keys.iter().any(|key| key.get::<_, &str>(0).starts_with("entry:") && key.get::<_, Vec<i64>>(1).len() == 3).then_some(())
    })
    .await;

    let traced = send(create().header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")).await;
    assert_eq!(traced.header("x-correlation-id"), "4bf92f3577b34da6a3ce929d0e0e4736");
    let invalid = send(create().header("x-correlation-id", "two words")).await;
    assert_eq!(invalid.header("x-correlation-id").len(), 36);
    let missing = send(ada.request(Method::GET, "/api/journals/nothing").header("x-correlation-id", "c-9")).await;
    assert_eq!(missing.expect_problem(404, "not-found")["correlationId"], "c-9");
    let refused = send(
        platform
            .http()
            .request(Method::POST, "/graphql")
            .header("x-correlation-id", "c-10")
            .json(&json!({ "query": "{ me { id } }" })),
    )
    .await;
    assert_eq!(refused.error()["extensions"]["correlationId"], "c-10");
    eventually("the request's line is printed", || async { platform.log().contains("checkout:42").then_some(()) })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_requests_finish_accepts_no_new_ones_and_exits_with_code_0() {
    let mut platform = Platform::services().start().await;
    let ada = platform.register().await;
    let address = platform.http().url("").replace("http://", "");
    let body = json!({ "title": "Slow", "content": "Written while the host stops." }).to_string();
    let mut slow = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /api/journals HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        ada.token,
        body.len()
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    slow.read_exact(&mut interim).await.unwrap();
    assert_eq!(interim, *b"HTTP/1.1 100 Continue\r\n\r\n");
    // The component is waiting for the body now.
    platform.terminate();
    eventually("new connections are refused", || async { TcpStream::connect(&address).await.is_err().then_some(()) })
        .await;
    slow.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    platform.stopped().await;
    platform.start().await;
    ada.eventually("{ recentEntries { title } }", json!({}), |data| data["recentEntries"][0]["title"] == "Slow").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_were_not_delivered_before_a_kill_are_delivered_after_it() {
    let mut platform = Platform::services().start().await;
    let ada = platform.register_as("premium").await;
    for round in 0..3 {
        let mut last = Value::Null;
        for number in 0..5 {
            last = ada.write(json!({ "title": format!("R{round} N{number}"), "content": "c" })).await["id"].clone();
        }
        platform.kill();
        platform.start().await;
        ada.eventually("{ journalEntries { totalCount edges { node { id } } } }", json!({}), |data| {
            data["journalEntries"]["totalCount"] == (round + 1) * 5
                && data["journalEntries"]["edges"][0]["node"]["id"] == last
        })
        .await;
    }
}
