//! Goal: from the id of a request an operator finds what every component did for it. Method: the command line, with
//! and without a running host.

use futures::{StreamExt, stream};
use mindflow_tests::{Output, Platform, eventually};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn lines(output: &Output) -> Vec<Value> {
    assert_eq!(output.code, Some(0), "{output:?}");
    output.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

fn components(lines: &[Value]) -> BTreeSet<&str> {
    lines.iter().filter_map(|line| line["component"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requests_id_leads_to_the_lines_of_all_components_that_worked_for_it() {
    let platform = Platform::services().env("MINDFLOW_LOG__KEEP__LEVEL", "debug");
    // In one moment 500 of one address.
    let mut platform = platform.env("MINDFLOW_LOG__KEEP__ACCESS_LINES_PER_DAY", "96000").start().await;
    let ada = platform.register().await;
    let mutation =
        "mutation { createJournalEntry(input: { title: \"Secret title\", content: \"Secret content\" }) { id } }";
    let answer = ada
        .request(reqwest::Method::POST, "/graphql")
        .header("x-correlation-id", "checkout:42")
        .json(&json!({ "query": mutation }))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.headers()["x-correlation-id"], "checkout:42");
    let logs = ["logs", "--correlation", "checkout:42", "--json"];
    let wanted = BTreeSet::from(["gateway", "auth", "command", "query", "search", "logging", "analytics"]);
    let found = eventually("the lines of all components", || async {
        let found = lines(&platform.cli(&logs).await);
        components(&found).is_superset(&wanted).then_some(found)
    })
    .await;
    assert!(found.iter().all(|line| line["correlationId"] == "checkout:42"));
    let access = found.iter().find(|line| line["message"] == "request").expect("the request's own line");
    assert_eq!((&access["fields"]["path"], &access["fields"]["status"]), (&json!("/graphql"), &json!(200)));
    let called =
        |what: &str| found.iter().any(|line| line["fields"]["what"].as_str().is_some_and(|it| it.contains(what)));
    assert!(called("POST /graphql") && called("journal@") && called("JournalEntryCreated as analytics"), "{found:#?}");
    assert!(!format!("{found:?}").contains("Secret"), "what users write is in no line");

    let of_command =
        lines(&platform.cli(&["logs", "--component", "command", "--since", "5m", "--last", "1", "--json"]).await);
    assert_eq!((of_command.len(), components(&of_command)), (1, BTreeSet::from(["command"])));
    let text = platform.cli(&logs[..3]).await;
    assert!(text.stdout.lines().any(|line| line.contains("DEBUG command: called ")), "{text:?}");
    // Who only asks for what is not there does not fill the log.
    let http = platform.http();
    let refused =
        stream::iter(0..700).map(|number| async move { http.get(&format!("/nothing/{number}")).await.status });
    assert!(refused.buffer_unordered(16).all(|status| async move { status == 404 }).await);
    // What was logged last before the stop is there as well, without a host.
    platform.stop().await;
    let after = lines(&platform.cli(&["logs", "--last", "1000", "--json"]).await);
    assert!(after.iter().any(|line| line["message"] == "stopping"), "{after:#?}");
    let said = after.iter().filter(|line| line["target"] == "mindflow::logs");
    let left_out: u64 = said.filter_map(|line| line["fields"]["lines"].as_u64()).sum();
    // The story's other requests took some of the 500.
    assert!((200..=250).contains(&left_out), "{left_out} lines are left out: {after:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_component_says_of_a_failure_is_found_by_its_request() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    platform.write_database().await.batch_execute("DROP TABLE command.mood_records CASCADE").await.expect("the damage");
    let failed = ada.graphql("mutation { recordMood(mood: CALM) { count } }", json!({})).await;
    assert_eq!(failed.error_code(), "INTERNAL");
    let id = failed.header("x-correlation-id").to_owned();
    let found = eventually("the failure's line", || async {
        let found = lines(&platform.cli(&["logs", "--correlation", &id, "--level", "error", "--json"]).await);
        (!found.is_empty()).then_some(found)
    })
    .await;
    assert_eq!(found[0]["component"], "gateway");
    assert!(found[0]["message"].as_str().is_some_and(|text| text.contains("command.mood_records")), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_refused_in_one_line_and_without_retention_nothing_is_kept() {
    let platform = Platform::services().config("[logs]\nstore = false").start().await;
    for (arguments, says) in [
        (vec!["logs", "--level", "loud"], "--level"),
        (vec!["logs", "--since", "yesterday"], "--since"),
        (vec!["logs", "--last", "0"], "--last"),
    ] {
        let refused = platform.cli(&arguments).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains(says) && refused.stderr.lines().count() == 1, "{refused:?}");
    }
    platform.register().await;
    assert!(lines(&platform.cli(&["logs", "--json"]).await).is_empty());
}
