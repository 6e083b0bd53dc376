use super::*;
use crate::web::body::BODY_BYTES_MAX;
use crate::web::{Presented, wire};
use futures::StreamExt;
use futures::executor::block_on;
use mindflow_guest::web::Body;
use serde_json::{Value, json};

const NEW: &str = "application/graphql-response+json";

static SETTINGS: Settings =
    Settings { introspection: true, graphiql: true, cors_origins: Vec::new(), ai_consent_assumed: Ok(true) };

fn sent(request: http::Request<Vec<u8>>) -> Response {
    block_on(respond(&request, &Viewer::new(Presented::Nothing, "c-1".into(), None), &SETTINGS))
}

fn post(accept: &str, body: &Value) -> Response {
    let request = http::Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
    sent(request.body(body.to_string().into_bytes()).unwrap())
}

fn get(query: &str, headers: &[(&str, &str)]) -> Response {
    let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let mut request = http::Request::get(format!("/graphql?query={query}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    sent(request.body(Vec::new()).unwrap())
}

fn text(response: Response) -> String {
    let bytes = match response.body {
        Body::Empty => Vec::new(),
        Body::Bytes(bytes) => bytes,
        Body::Stream(pieces) => block_on(pieces.concat()),
    };
    String::from_utf8(bytes).unwrap()
}

fn body(response: Response) -> Value {
    serde_json::from_str(&text(response)).unwrap()
}

#[test]
fn a_query_is_answered_in_the_type_that_was_asked_for() {
    for accept in [NEW, "application/json"] {
        let response = post(accept, &json!({"query": "{ __typename }"}));
        assert_eq!(response.status, 200);
        assert!(response.headers["content-type"].to_str().unwrap().starts_with(accept));
        assert_eq!(body(response), json!({"data": {"__typename": "Query"}}));
    }
}

#[test]
fn a_query_that_does_not_parse_or_fit_is_400_in_the_new_type_and_200_in_the_old() {
    for (query, field, rule) in [
        ("{", "query", "syntax"),
        ("{ nothingLikeIt }", "query", "schema"),
        ("{ tags { name { x } } }", "query", "schema"),
        ("{ tags }", "query", "schema"),
        ("query ($id: ID!) { journalEntry(id: $id) { id } }", "id", "required"),
        ("{ onThisDay(date: \"2025-02-30\") { id } }", "date", "format"),
        ("{ recentEntries(limit: \"x\") { id } }", "limit", "type"),
        ("mutation { recordMood(mood: GLAD) { count } }", "mood", "one-of"),
    ] {
        let response = post(NEW, &json!({"query": query}));
        assert_eq!(response.status, 400, "{query}");
        let answer = body(response);
        assert!(answer.get("data").is_none(), "{answer}");
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!((&extensions["code"], &extensions["correlationId"]), (&json!("BAD_USER_INPUT"), &json!("c-1")));
        assert_eq!((&extensions["field"], &extensions["rule"]), (&json!(field), &json!(rule)), "{answer}");
        assert!(extensions["params"].is_object(), "{answer}");
        assert_eq!(post("application/json", &json!({"query": query})).status, 200, "{query}");
    }
}

#[test]
fn a_body_that_is_no_json_or_has_a_name_twice_says_so() {
    for (text, field, rule) in
        [("{", "", "format"), (r#"{"query":"{ a }","variables":{"x":{"a":1,"a":2}}}"#, "variables.x.a", "too-many")]
    {
        let request = http::Request::post("/graphql").header("content-type", "application/json").header("accept", NEW);
        let response = sent(request.body(text.as_bytes().to_vec()).unwrap());
        assert_eq!(response.status, 400, "{text}");
        let answer = body(response);
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!((&extensions["field"], &extensions["rule"]), (&json!(field), &json!(rule)), "{answer}");
    }
}

#[test]
fn a_field_that_fails_while_running_is_200_with_its_code_and_path() {
    let response = post(NEW, &json!({"query": "{ tags { name } }"}));
    assert_eq!(response.status, 200);
    let answer = body(response);
    assert_eq!(answer["data"], json!({"tags": null}));
    assert_eq!(answer["errors"][0]["path"], json!(["tags"]));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[test]
fn a_get_needs_the_header_and_runs_no_mutation() {
    assert_eq!(get("{ __typename }", &[]).status, 400);
    assert_eq!(get("{ __typename }", &[("graphql-preflight", "1")]).status, 200);
    let response = get("mutation { __typename }", &[("graphql-preflight", "1"), ("accept", NEW)]);
    assert_eq!(response.status, 405);
    assert_eq!(response.headers["allow"], "POST");
    let extensions = body(response)["errors"][0]["extensions"].clone();
    assert_eq!((&extensions["field"], &extensions["rule"]), (&json!("method"), &json!("one-of")), "{extensions}");
}

#[test]
fn a_handshake_that_is_not_supported_here_is_referred_to_event_streams() {
    let response = get("", &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("sec-websocket-version", "13")]);
    assert_eq!(response.status, 400);
    let refused = body(response);
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("Subscribe by server-sent events"), "{refused}");
}

#[test]
fn other_methods_bodies_and_wishes_are_refused_with_their_statuses() {
    let with = |method: &str, content_type: &str, accept: &str| {
        let request = http::Request::builder()
            .method(method)
            .uri("/graphql")
            .header("content-type", content_type)
            .header("x-requested-with", "test")
            .header("accept", accept);
        let query = json!({"query": "{ __typename }"}).to_string().into_bytes();
        refusal(sent(request.body(query).unwrap()))
    };
    let one_of =
        |status: u16, field: &str, values: Value| (status, field.to_owned(), json!(["one-of", { "values": values }]));
    let json = || json!(["application/json"]);
    assert_eq!(with("PUT", "application/json", "*/*"), one_of(405, "method", json!(["GET", "POST"])));
    assert_eq!(with("POST", "text/plain", "*/*"), one_of(415, "content-type", json()));
    assert_eq!(with("POST", "application/json; charset=utf-16", "*/*"), one_of(415, "content-type", json()));
    assert_eq!(with("POST", "application/json", "image/png"), one_of(406, "accept", json!(ANSWERS)));
}

/// The status of a refusal of the request itself, the part of it that is not right, and the rule with its parameters.
fn refusal(response: Response) -> (u16, String, Value) {
    let status = response.status.as_u16();
    let answer = body(response);
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "BAD_USER_INPUT", "{answer}");
    assert_eq!(extensions["errors"][0]["field"], extensions["field"], "{answer}");
    let field = extensions["field"].as_str().unwrap_or_else(|| panic!("no field: {answer}"));
    (status, field.to_owned(), json!([extensions["rule"], extensions["params"]]))
}

#[test]
fn what_is_wrong_with_a_request_itself_has_a_field_and_a_rule_as_any_input() {
    let plain = || json!(["required", {}]);
    assert_eq!(refusal(get("{ __typename }", &[])), (400, "graphql-preflight".into(), plain()));
    let handshake = [("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")];
    assert_eq!(refusal(get("{ __typename }", &handshake)), (400, "upgrade".into(), plain()));
    let preflight = ("graphql-preflight", "1");
    let by_post = json!(["one-of", { "values": ["POST"] }]);
    assert_eq!(refusal(get("mutation { __typename }", &[preflight])), (405, "method".into(), by_post));
    let as_events = json!(["one-of", { "values": ["text/event-stream"] }]);
    let subscription = json!({"query": "subscription { entryChanged { kind } }"});
    assert_eq!(refusal(post(NEW, &subscription)), (400, "accept".into(), as_events));
    let request = http::Request::post("/graphql").body(Vec::new()).unwrap();
    for (failure, rule) in [
        (wire::too_large(0), json!(["too-long", { "max": BODY_BYTES_MAX, "unit": "bytes" }])),
        (
            wire::too_large(9_999_999),
            json!(["too-long", { "max": BODY_BYTES_MAX, "actual": 9_999_999, "unit": "bytes" }]),
        ),
    ] {
        assert_eq!(refusal(refused(&request, &failure, "c-1")), (413, String::new(), rule));
    }
}

#[test]
fn a_batch_is_answered_in_its_order() {
    let answer = body(post(
        "application/json",
        &json!([{"query": "{ a: __typename }"}, {"query": "{"}, {"query": "{ c: __typename }"}]),
    ));
    assert_eq!(answer[0]["data"]["a"], "Query");
    assert_eq!(answer[1]["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    assert_eq!(answer[2]["data"]["c"], "Query");
    let eleven = Value::Array(vec![json!({"query": "{ __typename }"}); 11]);
    let refused = post("application/json", &eleven);
    assert_eq!(refused.status, 400);
    let answers = body(refused);
    assert_eq!(answers.as_array().map(Vec::len), Some(11), "clients of batches read lists");
    assert_eq!(answers[10]["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    let many = Value::Array(vec![json!({"query": "{ __typename }"}); 200]);
    assert_eq!(body(post("application/json", &many)).as_array().map(Vec::len), Some(100));
}

#[test]
fn a_malformed_operation_of_a_batch_is_refused_at_its_place_while_the_others_run() {
    let mixed =
        json!([{"query": "{ a: __typename }"}, 7, {"variables": {}}, {"query": ["x"]}, {"query": "{ e: __typename }"}]);
    let response = post("application/json", &mixed);
    assert_eq!(response.status, 200);
    let answers = body(response);
    assert_eq!((&answers[0]["data"]["a"], &answers[4]["data"]["e"]), (&json!("Query"), &json!("Query")));
    for (place, field, rule) in [(1, "[1]", "type"), (2, "query", "required"), (3, "query", "type")] {
        assert!(answers[place].get("data").is_none(), "{answers}");
        let extensions = &answers[place]["errors"][0]["extensions"];
        assert_eq!((&extensions["code"], &extensions["correlationId"]), (&json!("BAD_USER_INPUT"), &json!("c-1")));
        assert_eq!((&extensions["field"], &extensions["rule"]), (&json!(field), &json!(rule)));
    }
    let refused = post("application/json", &json!([1, {}]));
    assert_eq!(refused.status, 400);
    assert_eq!(body(refused).as_array().map(Vec::len), Some(2));
    let many = body(post("application/json", &Value::Array(vec![json!({"query": "{ __typename }"}); 11])));
    let extensions = &many[10]["errors"][0]["extensions"];
    assert_eq!((&extensions["rule"], &extensions["params"]), (&json!("too-many"), &json!({"max": 10, "actual": 11})));
}

#[test]
fn an_operation_that_is_not_named_right_says_which_parameter_is_wrong() {
    let two = "query A { __typename } query B { __typename }";
    for (name, rule) in [(Value::Null, "required"), (json!("C"), "not-found")] {
        let answer = body(post(NEW, &json!({"query": two, "operationName": name})));
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!((&extensions["field"], &extensions["rule"]), (&json!("operationName"), &json!(rule)));
    }
}

#[test]
fn what_costs_too_much_says_so_and_an_impossible_page_is_the_fields_fault() {
    let aliases: String = (0..8).map(|alias| format!("a{alias}: search(query: \"x\") {{ totalCount }} ")).collect();
    let costly = json!({"query": format!("{{ {aliases} }}")});
    let answer = body(post(NEW, &costly));
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!(
        *extensions,
        json!({"code": "QUERY_TOO_COMPLEX", "cost": 16_808, "allowed": 15_000, "unit": "points", "correlationId": "c-1"})
    );
    assert_eq!(post(NEW, &costly).status, 400);
    let page =
        "{ journalEntries(first: 100) { edges { node { id title content tags { name } analysis { status } } } } }";
    assert_eq!(body(post(NEW, &json!({"query": page})))["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[test]
fn a_batch_that_costs_too_much_is_refused_as_a_whole() {
    let five: String = (0..5).map(|alias| format!("a{alias}: search(query: \"x\") {{ totalCount }} ")).collect();
    let searches = json!({"query": format!("{{ {five} }}")});
    let answer = body(post("application/json", &json!([searches, {"query": "{"}, searches])));
    for refused in [&answer[0], &answer[2]] {
        assert_eq!(refused["errors"][0]["extensions"]["cost"], 21_010, "{refused}");
        assert!(refused.get("data").is_none());
    }
    assert_eq!(answer[1]["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    let alone = body(post("application/json", &searches));
    assert_eq!(alone["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[test]
fn variables_of_many_values_are_refused() {
    let query = "query ($x: [Int]) { __typename }";
    let ask = |values: usize| json!({"query": query, "variables": {"x": vec![0; values]}});
    let answer = body(post("application/json", &ask(2_000)));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX");
    // An unused variable is an error of another kind.
    let answer = body(post("application/json", &ask(1_999)));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

#[test]
fn the_introspection_of_tools_passes_the_limits() {
    let chain = "ofType { kind name ".repeat(9) + &"}".repeat(9);
    let query = format!(
        "query IntrospectionQuery {{ __schema {{ queryType {{ name }} types {{ ...FullType }}
           directives {{ name args {{ ...InputValue }} }} }} }}
         fragment FullType on __Type {{ kind name description
           fields(includeDeprecated: true) {{ name args {{ ...InputValue }} type {{ ...TypeRef }} }}
           inputFields {{ ...InputValue }} interfaces {{ ...TypeRef }}
           enumValues(includeDeprecated: true) {{ name }} possibleTypes {{ ...TypeRef }} }}
         fragment InputValue on __InputValue {{ name type {{ ...TypeRef }} defaultValue }}
         fragment TypeRef on __Type {{ kind name {chain} }}"
    );
    let answer = body(post(NEW, &json!({"query": query})));
    assert!(answer.get("errors").is_none(), "{}", answer["errors"]);
}

#[test]
fn an_answer_says_whether_a_persisted_query_is_unknown_wrong_or_kept() {
    let ask = |query: Option<&str>, hash: &str| json!({"query": query, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}});
    let wrong = post("application/json", &ask(Some("{ __typename }"), &"0".repeat(64)));
    assert_eq!(wrong.status, 400);
}

#[test]
fn a_subscription_needs_an_event_stream_and_one_without_a_token_ends_immediately() {
    let subscription = json!({"query": "subscription { entryChanged { entryId } }"});
    assert_eq!(post(NEW, &subscription).status, 400);
    let response = post("text/event-stream", &subscription);
    assert_eq!(response.status, 200);
    assert_eq!(response.headers["content-type"], "text/event-stream; charset=utf-8");
    let events = text(response);
    assert!(events.contains("event: next\ndata: {\"errors\":"), "{events}");
    assert!(events.contains("UNAUTHENTICATED"));
    assert!(events.ends_with("event: complete\ndata:\n\n"), "{events}");
}

#[test]
fn a_subscription_may_have_its_field_in_a_fragment_and_has_one() {
    for query in [
        "subscription { ...F } fragment F on Subscription { entryChanged { entryId } }",
        "subscription { ... on Subscription { entryChanged { entryId } } ...F } fragment F on Subscription { entryChanged { kind } }",
    ] {
        let events = text(post("text/event-stream", &json!({ "query": query })));
        assert!(events.contains("UNAUTHENTICATED"), "its field was run: {events}");
        assert!(events.ends_with("event: complete\ndata:\n\n"), "{events}");
    }
    let two = json!({"query": "subscription { entryChanged { kind } ... { entryAnalyzed { id } } }"});
    let events = text(post("text/event-stream", &two));
    assert!(events.contains("A subscription has one field; this one has 2."), "{events}");
}

#[test]
fn a_host_that_keeps_streams_is_handed_nothing_that_is_refused_or_has_one_answer() {
    for (query, says) in [("subscription { entryChanged { entryId } }", "UNAUTHENTICATED"), ("{ __typename }", "Query")]
    {
        let request = http::Request::post("/graphql").header("content-type", "application/json");
        let request = request.header("accept", "text/event-stream").header("mindflow-hold", "1");
        let response = sent(request.body(json!({ "query": query }).to_string().into_bytes()).unwrap());
        assert!(response.status == 200 && !response.headers.contains_key("mindflow-hold"), "{query}");
        let events = text(response);
        assert!(events.starts_with("event: next\ndata: {") && events.contains(says), "{events}");
        assert!(events.ends_with("\n\nevent: complete\ndata:\n\n"), "{events}");
    }
}

#[test]
fn a_query_over_events_is_one_next_and_a_complete() {
    let events = text(post("text/event-stream", &json!({"query": "{ __typename }"})));
    assert_eq!(events, "event: next\ndata: {\"data\":{\"__typename\":\"Query\"}}\n\nevent: complete\ndata:\n\n");
    let refused = text(post("text/event-stream", &json!({"query": "{"})));
    assert!(refused.starts_with("event: next\ndata: {\"errors\":"));
}

#[test]
fn a_browser_gets_the_page() {
    let response = get("{a}", &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]);
    assert_eq!(response.headers["content-type"], "text/html; charset=utf-8");
    assert!(text(response).contains("GraphiQL"));
}

#[test]
fn a_page_that_is_off_is_no_page_and_has_no_files() {
    static OFF: Settings =
        Settings { introspection: true, graphiql: false, cors_origins: Vec::new(), ai_consent_assumed: Ok(true) };
    let request = http::Request::get("/graphql?query={__typename}").header("accept", "text/html").body(Vec::new());
    let page = block_on(respond(&request.unwrap(), &Viewer::new(Presented::Nothing, "c-1".into(), None), &OFF));
    assert!(!page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    let failure = graphiql_asset("0123456789abcdef.js", &HeaderMap::new(), &OFF).err().unwrap();
    assert_eq!(failure.kind, Kind::NotFound);
}

#[test]
fn a_string_may_have_the_two_escapes_of_one_character() {
    let literal = |text: &str| json!({"query": format!(r#"{{ __type(name: "{text}") {{ name }} }}"#)});
    assert_eq!(body(post(NEW, &literal(r"\ud83d\ude00"))), json!({"data": {"__type": null}}));
    assert_eq!(post(NEW, &literal(r"\ud83d")).status, 400);
}
