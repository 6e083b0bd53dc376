//! The stand-in against a plain client: it must be as strict as what it stands for.

use super::*;

fn request() -> Value {
    json!({
        "model": "claude-test", "max_tokens": 100,
        "messages": [{ "role": "user", "content": "<entry_1>\nI love my happy garden.\n</entry_1>\n\nAnalyse it." }],
    })
}

async fn send(api: &MessagesApi, headers: &[(&str, &str)], body: &str) -> anyhow::Result<reqwest::Response> {
    let mut request = reqwest::Client::new().post(format!("{}/v1/messages", api.url())).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Ok(request.send().await?)
}

async fn post(api: &MessagesApi, headers: &[(&str, &str)], body: &str) -> anyhow::Result<(u16, Value)> {
    let response = send(api, headers, body).await?;
    Ok((response.status().as_u16(), response.json().await?))
}

const HEADERS: [(&str, &str); 3] =
    [("x-api-key", "sk-test"), ("anthropic-version", "2023-06-01"), ("content-type", "application/json")];

#[tokio::test]
async fn a_well_formed_request_is_answered_by_its_content_and_recorded() {
    let api = MessagesApi::start().await.unwrap();
    let (status, answer) = post(&api, &HEADERS, &request().to_string()).await.unwrap();
    assert_eq!(
        (status, answer["stop_reason"].as_str(), answer["model"].as_str()),
        (200, Some("end_turn"), Some("claude-test"))
    );
    let analysis: Value = serde_json::from_str(answer["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!((analysis["sentiment"].as_f64(), &analysis["themes"]), (Some(1.0), &json!(["garden"])));
    let recorded = api.wait_for_requests(1, Duration::from_secs(5)).await.unwrap();
    assert_eq!(recorded[0].headers["x-api-key"], "sk-test");
    assert!(recorded[0].user_message().contains("happy garden") && recorded[0].violation.is_none());
}

#[tokio::test]
async fn missing_and_unknown_headers_are_refused_as_the_api_refuses_them() {
    let api = MessagesApi::start().await.unwrap();
    let body = request().to_string();
    type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);
    let cases: [Case<'_>; 4] = [
        (&HEADERS[1..], 401, "authentication_error"),
        (&[HEADERS[0], HEADERS[2]], 400, "invalid_request_error"),
        (&[HEADERS[0], ("anthropic-version", "2099-01-01"), HEADERS[2]], 400, "invalid_request_error"),
        (&HEADERS[..2], 400, "invalid_request_error"),
    ];
    for (headers, wanted, kind) in cases {
        let (status, answer) = post(&api, headers, &body).await.unwrap();
        assert_eq!(
            (status, answer["type"].as_str(), answer["error"]["type"].as_str()),
            (wanted, Some("error"), Some(kind)),
            "{headers:?}"
        );
    }
    assert!(api.requests().iter().all(|request| request.violation.is_some()));
}

#[tokio::test]
async fn bodies_that_break_the_protocol_are_refused_and_take_no_behaviour() {
    let api = MessagesApi::start().await.unwrap();
    api.then(Behaviour::Refusal);
    let bodies = [
        json!({ "max_tokens": 1, "messages": [{ "role": "user", "content": "x" }] }),
        json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }] }),
        json!({ "model": "m", "max_tokens": 0, "messages": [{ "role": "user", "content": "x" }] }),
        json!({ "model": "m", "max_tokens": 1, "messages": [] }),
        json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": "x" }, { "role": "assistant", "content": "{" }] }),
        json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": "x" }], "surprise": 1 }),
        json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": "x" }], "output_config": { "format": { "type": "json_schema", "schema": { "type": "object" } } } }),
        json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": "x" }], "output_config": { "format": { "type": "json_schema", "schema": { "type": "number", "minimum": -1 } } } }),
    ];
    for body in bodies {
        let (status, answer) = post(&api, &HEADERS, &body.to_string()).await.unwrap();
        assert_eq!((status, answer["error"]["type"].as_str()), (400, Some("invalid_request_error")), "{body}");
    }
    assert_eq!(post(&api, &HEADERS, "no json").await.unwrap().0, 400);
    assert_eq!(post(&api, &HEADERS, &request().to_string()).await.unwrap().1["stop_reason"], "refusal");
}

#[tokio::test]
async fn behaviours_are_met_in_their_order_and_then_it_answers_again() {
    let api = MessagesApi::start().await.unwrap();
    api.then(Behaviour::MaxTokens).then(Behaviour::server_error()).then(Behaviour::Text("nonsense".into()));
    let body = request().to_string();
    assert_eq!(post(&api, &HEADERS, &body).await.unwrap().1["stop_reason"], "max_tokens");
    assert_eq!(
        post(&api, &HEADERS, &body).await.unwrap(),
        (
            500,
            json!({ "type": "error", "error": { "type": "api_error", "message": "This is what the test asked for." }, "request_id": "req_01StandInForTests" })
        )
    );
    assert_eq!(post(&api, &HEADERS, &body).await.unwrap().1["content"][0]["text"], "nonsense");
    assert_eq!(post(&api, &HEADERS, &body).await.unwrap().1["stop_reason"], "end_turn");
}

#[tokio::test]
async fn a_busy_answer_carries_its_retry_after() {
    let api = MessagesApi::start().await.unwrap();
    api.then(Behaviour::rate_limited("7"));
    let response = send(&api, &HEADERS, &request().to_string()).await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "7"));
}

#[tokio::test]
async fn a_body_that_breaks_off_and_silence_are_errors_for_the_client() {
    let api = MessagesApi::start().await.unwrap();
    api.then(Behaviour::CloseMidBody).then(Behaviour::Hang);
    let body = request().to_string();
    assert!(post(&api, &HEADERS, &body).await.is_err());
    let (client, came) = tokio::join!(
        timeout(Duration::from_millis(300), post(&api, &HEADERS, &body)),
        api.wait_for_requests(2, Duration::from_secs(5))
    );
    assert!(client.is_err(), "silence was answered");
    assert_eq!(came.unwrap().len(), 2);
}

#[tokio::test]
async fn waiting_for_requests_that_do_not_come_says_how_many_did() {
    let api = MessagesApi::start().await.unwrap();
    let error = api.wait_for_requests(1, Duration::from_millis(10)).await.unwrap_err();
    assert!(error.to_string().starts_with("0 instead of 1 requests"), "{error}");
}
