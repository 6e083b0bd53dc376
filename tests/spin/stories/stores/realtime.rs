//! Topics: notices in order, cursors, and the same topics as on the host.

use super::Stage;
use mindflow_backends::clock::Clock;
use mindflow_backends::messaging::realtime::{self, Realtime};
use serde_json::json;
use std::sync::Arc;

fn host(stage: &Stage) -> Arc<dyn Realtime> {
    let config = json!({ "backend": "redis", "url": stage.store.url, "prefix": stage.store.prefix });
    realtime::open(&serde_json::from_value(config).unwrap(), Clock::system()).unwrap()
}

/// The items and the cursor of what `listen` answered.
fn heard(answer: &str) -> (&str, &str) {
    let answer = answer.strip_prefix('(').and_then(|answer| answer.strip_suffix("\")")).expect("what it heard");
    answer
        .split_once(", \"")
        .filter(|_| answer.matches("]").count() == 1)
        .map_or_else(|| panic!("{answer}"), |_| answer.rsplit_once(", \"").expect("a cursor"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_on_spin_hears_the_host_and_another_request() {
    let stage = Stage::new(|_| {}).await;
    let host = host(&stage);
    let mut listening = host.subscribe("user:1:listening", None).await.unwrap();
    let listener = stage.step(json!(["listen", "user:1", "", "3"]));
    let publishers = async {
        listening.next().await.unwrap();
        host.publish("user:1", b"one").await.unwrap();
        let answers = stage.run(json!([["publish", "user:1", "two"], ["publish", "user:1", "three"]])).await;
        assert_eq!(answers, ["()", "()"]);
    };
    let (answer, ()) = futures::join!(listener, publishers);
    assert_eq!(heard(&answer).0, r#"["one", "two", "three"]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_on_the_host_hears_spin_and_resumes_there() {
    let stage = Stage::new(|_| {}).await;
    let host = host(&stage);
    let mut listener = host.subscribe("user:1", None).await.unwrap();
    stage.run(json!([["publish", "user:1", "one"], ["publish", "user:1", "two"]])).await;
    let first = listener.next().await.unwrap();
    assert_eq!(first.data, "one");
    assert_eq!(listener.next().await.unwrap().data, "two");
    // A client that lost its replica of the host resumes at Spin.
    let answer = stage.step(json!(["listen", "user:1", first.cursor, "1"])).await;
    let (items, cursor) = heard(&answer);
    assert_eq!(items, r#"["two"]"#);
    // And the other way round.
    stage.step(json!(["publish", "user:1", "three"])).await;
    let mut resumed = host.subscribe("user:1", Some(cursor.to_owned())).await.unwrap();
    assert_eq!(resumed.next().await.unwrap().data, "three");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_remembers_a_thousand_items() {
    let stage = Stage::new(|_| {}).await;
    let host = host(&stage);
    for number in 0..1_010 {
        host.publish("user:1", number.to_string().as_bytes()).await.unwrap();
    }
    let answer = stage.step(json!(["listen", "user:1", "1-0", "1000"])).await;
    let (items, _) = heard(&answer);
    assert!(items.starts_with(r#"["10", "11""#) && items.ends_with(r#""1009"]"#), "{items}");
    assert_eq!(items.split(", ").count(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_resumes_on_spin_or_the_host_knows_whether_something_is_missing() {
    let stage = Stage::new(|_| {}).await;
    let host = host(&stage);
    let end = host.latest("user:1").await.unwrap();
    let quoted = format!("{end:?}");
    assert_eq!(stage.step(json!(["latest", "user:1"])).await, quoted);
    let resumes = async |cursor: &str| {
        let there = stage.step(json!(["resume", "user:1", cursor])).await;
        let here = host.subscribe("user:1", Some(cursor.to_owned())).await.unwrap().is_whole();
        assert_eq!(there, here.to_string(), "{cursor}");
        here
    };
    assert!(resumes(&end).await);
    stage.run(json!([["publish", "user:1", "one"], ["publish", "user:1", "two"]])).await;
    assert!(resumes(&end).await);
    for cursor in ["1-0", "99999999999999-0"] {
        assert!(!resumes(cursor).await);
    }
    for number in 0..999 {
        host.publish("user:1", number.to_string().as_bytes()).await.unwrap();
    }
    assert!(!resumes(&end).await, "the first is forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_topics_and_cursors_are_refused() {
    let stage = Stage::new(|_| {}).await;
    let answers =
        stage.run(json!([["publish", "news", "x"], ["listen", "news", "1-0", "1"], ["listen", "user:1", "x", "1"]]));
    let answers = answers.await;
    assert_eq!(answers[0], "error: Error::AccessDenied(\"`probe` may not publish to topic `news`\")");
    assert_eq!(answers[1], "error: Error::AccessDenied(\"`probe` may not subscribe to topic `news`\")");
    assert_eq!(answers[2], "error: Error::Invalid(\"the cursor is none of this topic\")");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_waits_for_long_hears_what_comes_then() {
    let stage = Stage::new(|_| {}).await;
    let host = host(&stage);
    let mut listening = host.subscribe("user:1:listening", None).await.unwrap();
    let listener = stage.step(json!(["listen", "user:1", "", "1"]));
    let publisher = async {
        listening.next().await.unwrap();
        // Longer than one wait blocks: it waits again.
        tokio::time::sleep(std::time::Duration::from_millis(5_500)).await;
        host.publish("user:1", b"late").await.unwrap();
    };
    let (answer, ()) = futures::join!(listener, publisher);
    assert_eq!(heard(&answer).0, r#"["late"]"#);
}
