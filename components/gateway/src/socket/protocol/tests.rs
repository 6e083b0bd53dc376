use super::*;

fn closed(actions: &[Action]) -> Option<u16> {
    actions.iter().find_map(|action| match action {
        Action::Close(close, reason) => {
            assert!(reason.len() <= 123);
            Some(close.code())
        }
        _ => None,
    })
}

fn acknowledged() -> Protocol {
    let mut protocol = Protocol::new();
    protocol.received(r#"{"type":"connection_init"}"#);
    protocol.proven(true, None);
    protocol
}

fn subscribe(id: &str) -> String {
    json!({"id": id, "type": "subscribe", "payload": {"query": "{a}"}}).to_string()
}

#[test]
fn a_connection_is_acknowledged_once_its_token_is_proven() {
    let mut protocol = Protocol::new();
    let actions = protocol.received(r#"{"type":"connection_init","payload":{"Authorization":"Bearer x"}}"#);
    assert_eq!(actions, [Action::Prove { authorization: Some("Bearer x".into()) }]);
    assert_eq!(protocol.proven(true, None), [Action::Send(r#"{"type":"connection_ack"}"#.into())]);
}

#[test]
fn a_message_with_a_name_twice_is_4400() {
    let mut protocol = acknowledged();
    let twice = r#"{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":{"x":1,"x":2}}}"#;
    assert_eq!(closed(&protocol.received(twice)), Some(4400));
}

#[test]
fn a_wrong_token_is_4403() {
    let mut protocol = Protocol::new();
    protocol.received(r#"{"type":"connection_init","payload":{"authorization":"Bearer wrong"}}"#);
    assert_eq!(closed(&protocol.proven(false, None)), Some(4403));
}

#[test]
fn a_subscription_before_the_acknowledgement_is_4401() {
    assert_eq!(closed(&Protocol::new().received(&subscribe("1"))), Some(4401));
    let mut proving = Protocol::new();
    proving.received(r#"{"type":"connection_init"}"#);
    assert_eq!(closed(&proving.received(&subscribe("1"))), Some(4401));
}

#[test]
fn a_second_initialisation_is_4429() {
    assert_eq!(closed(&acknowledged().received(r#"{"type":"connection_init"}"#)), Some(4429));
    let mut proving = Protocol::new();
    proving.received(r#"{"type":"connection_init"}"#);
    assert_eq!(closed(&proving.received(r#"{"type":"connection_init"}"#)), Some(4429));
}

#[test]
fn silence_at_the_start_is_4408_and_later_it_is_allowed() {
    assert_eq!(closed(&Protocol::new().init_time_over()), Some(4408));
    assert!(acknowledged().init_time_over().is_empty());
}

#[test]
fn what_is_no_message_is_4400() {
    for text in [
        "nonsense",
        "[]",
        "{}",
        r#"{"type":"start"}"#,
        r#"{"type":"next","id":"1"}"#,
        r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
        r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
        r#"{"type":"subscribe","id":"1"}"#,
        r#"{"type":"subscribe","id":"1","payload":{}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":7}}"#,
        r#"{"type":"complete"}"#,
    ] {
        assert_eq!(closed(&acknowledged().received(text)), Some(4400), "{text}");
    }
    assert_eq!(closed(&acknowledged().received_binary()), Some(4400));
    assert_eq!(closed(&Protocol::new().received(r#"{"type":"connection_init","payload":7}"#)), Some(4400));
}

#[test]
fn a_ping_is_answered_with_its_payload_even_before_the_acknowledgement() {
    let pong = Protocol::new().received(r#"{"type":"ping","payload":{"n":1}}"#);
    assert_eq!(pong, [Action::Send(json!({"type": "pong", "payload": {"n": 1}}).to_string())]);
    assert!(Protocol::new().received(r#"{"type":"pong"}"#).is_empty());
}

#[test]
fn an_operation_starts_tells_its_results_and_completes() {
    let mut protocol = acknowledged();
    assert!(matches!(protocol.received(&subscribe("1")).as_slice(), [Action::Start { id, .. }] if id == "1"));
    let [Action::Send(next)] = &protocol.next("1", r#"{"data":{"b":2,"a":1}}"#, None)[..] else {
        panic!("one message")
    };
    assert_eq!(next, r#"{"id":"1","type":"next","payload":{"data":{"b":2,"a":1}}}"#);
    assert!(matches!(protocol.ended("1").as_slice(), [Action::Send(text)] if text.contains("complete")));
    // The id is free again.
    assert_eq!(closed(&protocol.received(&subscribe("1"))), None);
}

#[test]
fn an_id_in_use_is_4409() {
    let mut protocol = acknowledged();
    protocol.received(&subscribe("1"));
    assert_eq!(closed(&protocol.received(&subscribe("1"))), Some(4409));
}

#[test]
fn a_client_that_completes_hears_no_more_and_may_be_late() {
    let mut protocol = acknowledged();
    protocol.received(&subscribe("1"));
    assert_eq!(protocol.received(r#"{"id":"1","type":"complete"}"#), [Action::Stop { id: "1".into() }]);
    assert!(protocol.next("1", "{}", None).is_empty());
    assert!(protocol.ended("1").is_empty());
    assert!(protocol.received(r#"{"id":"1","type":"complete"}"#).is_empty());
}

#[test]
fn an_operation_that_is_refused_is_an_error_and_nothing_after_it() {
    let mut protocol = acknowledged();
    protocol.received(&subscribe("1"));
    let actions = protocol.refused("1", &json!([{"message": "no"}]));
    assert!(matches!(actions.as_slice(), [Action::Send(text), Action::Stop { .. }] if text.contains("\"error\"")));
    assert!(protocol.ended("1").is_empty());
}

#[test]
fn one_operation_too_many_is_refused_and_the_connection_stays() {
    let mut protocol = acknowledged();
    for index in 0..OPERATIONS_MAX {
        protocol.received(&subscribe(&index.to_string()));
    }
    let actions = protocol.received(&subscribe("more"));
    assert!(matches!(actions.as_slice(), [Action::Send(text)] if text.contains("RATE_LIMITED")));
    assert_eq!(closed(&protocol.received(&subscribe("more"))), None);
}

#[test]
fn nothing_happens_after_the_end() {
    let mut protocol = acknowledged();
    protocol.received(&subscribe("1"));
    assert_eq!(closed(&protocol.session_over()), Some(4403));
    assert!(protocol.received(&subscribe("2")).is_empty());
    assert!(protocol.next("1", "{}", None).is_empty());
    assert!(protocol.session_over().is_empty());
}
