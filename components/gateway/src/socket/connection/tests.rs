use super::*;
use crate::socket::task::pass_over;
use crate::socket::work::Notices;
use mindflow_guest::websocket::{Failed, Finished};
use serde_json::{Value, json};

const NOW_US: i64 = 1_795_000_000_000_000;

/// A connection as the host keeps it: bytes between any two steps.
struct Kept(Vec<u8>);

impl Kept {
    fn opened() -> Self {
        let mut kept = Self(Vec::new());
        let upgrade = Upgrade {
            path: "/graphql".to_owned(),
            headers: vec![("X-Correlation-Id".to_owned(), "c-1".to_owned())],
            protocol: "graphql-transport-ws".to_owned(),
            remote_address: "127.0.0.1:1".to_owned(),
        };
        assert_eq!(kept.happened(Happening::Opened(upgrade)), [Action::SetTimer(10_000)]);
        kept
    }

    /// Acknowledged, with a token that is good for as long.
    fn acknowledged(good_for: Duration) -> Self {
        let mut kept = Self::opened();
        kept.received(json!({"type": "connection_init", "payload": {"authorization": "Bearer t"}}));
        let expires_us = NOW_US + i64::try_from(good_for.as_micros()).unwrap();
        let actions = kept.finished(SESSION, &proven(expires_us));
        assert_eq!(messages(&actions), [json!({"type": "connection_ack"})]);
        kept
    }

    fn happened(&mut self, happening: Happening) -> Vec<Action> {
        self.happened_at(happening, NOW_US)
    }

    fn happened_at(&mut self, happening: Happening, now_us: i64) -> Vec<Action> {
        let reaction = step_at(&self.0, happening, now_us);
        self.0 = reaction.state;
        reaction.actions
    }

    fn received(&mut self, message: Value) -> Vec<Action> {
        self.happened(Happening::Received(Message::Text(message.to_string())))
    }

    fn finished(&mut self, tag: &str, outcome: &Outcome) -> Vec<Action> {
        self.happened(Happening::Finished(Finished { tag: tag.to_owned(), outcome: kept::write(outcome) }))
    }

    fn failed(&mut self, tag: &str, reason: websocket::Failure) -> Vec<Action> {
        self.happened(Happening::Failed(Failed { tag: tag.to_owned(), reason }))
    }

    fn subscribed(&mut self, id: &str) -> Vec<Action> {
        self.received(json!({"id": id, "type": "subscribe", "payload": {"query": "subscription { a }"}}));
        self.finished(&tag(id), &subscribed(id))
    }

    /// An event stream whose request was proven, with a token that is good for as long.
    fn streaming(good_for: Duration) -> (Self, Vec<Action>) {
        let mut kept = Self(Vec::new());
        let headers = [("x-correlation-id", "c-1"), ("authorization", "Bearer t")];
        let upgrade = Upgrade {
            path: "/graphql".to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            protocol: EVENTS.to_owned(),
            remote_address: "127.0.0.1:1".to_owned(),
        };
        assert!(kept.happened(Happening::Opened(upgrade)).is_empty());
        let expires_us = NOW_US + i64::try_from(good_for.as_micros()).unwrap();
        let (topic, after, user_id) = ("user:1".to_owned(), Some("7-0".to_owned()), "1".to_owned());
        let stream = kept::write(&Stream { topic, after, user_id, expires_us, notices: notices(STREAM) });
        let actions = kept.happened(Happening::Received(Message::Binary(stream)));
        (kept, actions)
    }
}

fn subscribed(id: &str) -> Outcome {
    Outcome::Subscribed { topic: "user:1".to_owned(), after: Some("7-0".to_owned()), notices: notices(id) }
}

fn notices(id: &str) -> Notices {
    serde_json::from_value(json!({"id": id, "query": "q", "operation_name": null, "variables": {}})).unwrap()
}

/// The proof of a token whose user is not known, as of an older version.
fn proven(expires_us: i64) -> Outcome {
    Outcome::Proven { expires_us, user_id: None, cursor: None }
}

/// The proof of a token of the user 1.
fn known(good_for: Duration) -> Outcome {
    let expires_us = NOW_US + i64::try_from(good_for.as_micros()).unwrap();
    Outcome::Proven { expires_us, user_id: Some("1".to_owned()), cursor: None }
}

fn watch() -> Action {
    let (topic, work) = ("user:1".to_owned(), kept::write(&Work::Watch));
    Action::Subscribe(Subscription { tag: WATCH.to_owned(), topic, after: None, work })
}

fn messages(actions: &[Action]) -> Vec<Value> {
    let sent = |action: &Action| match action {
        Action::Send(Message::Text(text)) => Some(serde_json::from_str(text).unwrap()),
        _ => None,
    };
    actions.iter().filter_map(sent).collect()
}

/// What is written to an event stream.
fn written(actions: &[Action]) -> String {
    let sent = |action: &Action| match action {
        Action::Send(Message::Text(text)) => Some(text.clone()),
        _ => None,
    };
    actions.iter().filter_map(sent).collect()
}

fn closed(actions: &[Action]) -> Option<u16> {
    actions.iter().find_map(|action| match action {
        Action::Close(close) => Some(close.code),
        _ => None,
    })
}

fn timer(actions: &[Action]) -> Option<u32> {
    actions.iter().find_map(|action| match action {
        Action::SetTimer(ms) => Some(*ms),
        _ => None,
    })
}

#[test]
fn the_token_is_proven_by_a_task_and_checked_again_every_minute_until_it_expires() {
    let mut kept = Kept::opened();
    let actions = kept.received(json!({"type": "connection_init", "payload": {"authorization": "Bearer t"}}));
    assert_eq!(actions, [Action::ClearTimer, Action::Start(prove())]);
    let expires_us = NOW_US + 90_000_000;
    assert_eq!(timer(&kept.finished(SESSION, &proven(expires_us))), Some(60_000));

    let later_us = NOW_US + 60_000_000;
    assert_eq!(kept.happened_at(Happening::Timer, later_us), [Action::Start(prove())]);
    let again = Finished { tag: SESSION.to_owned(), outcome: kept::write(&proven(expires_us)) };
    assert_eq!(kept.happened_at(Happening::Finished(again), later_us), [Action::SetTimer(30_000)]);
    assert_eq!(closed(&kept.happened_at(Happening::Timer, expires_us)), Some(4403));
}

#[test]
fn a_session_that_was_revoked_closes_the_connection_and_an_outage_does_not() {
    let mut kept = Kept::acknowledged(Duration::from_secs(900));
    kept.happened(Happening::Timer);
    assert_eq!(kept.failed(SESSION, websocket::Failure::Unavailable), [Action::SetTimer(60_000)]);
    kept.happened(Happening::Timer);
    assert_eq!(kept.finished(SESSION, &Outcome::Unknown), [Action::SetTimer(60_000)]);
    kept.happened(Happening::Timer);
    assert_eq!(closed(&kept.finished(SESSION, &Outcome::Forbidden)), Some(4403));
}

#[test]
fn a_connection_without_a_token_has_no_timer() {
    let mut kept = Kept::opened();
    kept.received(json!({"type": "connection_init"}));
    let actions = kept.finished(SESSION, &Outcome::Anonymous);
    assert_eq!((messages(&actions).len(), timer(&actions)), (1, None));
}

#[test]
fn silence_at_the_start_is_4408_and_a_wrong_token_is_4403() {
    assert_eq!(closed(&Kept::opened().happened(Happening::Timer)), Some(4408));
    let mut kept = Kept::opened();
    kept.received(json!({"type": "connection_init", "payload": {"authorization": "Bearer wrong"}}));
    assert_eq!(closed(&kept.finished(SESSION, &Outcome::Forbidden)), Some(4403));
}

#[test]
fn an_operation_is_a_task_and_a_subscription_goes_on_with_its_topic() {
    let mut kept = Kept::acknowledged(Duration::from_secs(900));
    let payload = json!({"query": "{ a }"});
    let actions = kept.received(json!({"id": "1", "type": "subscribe", "payload": payload}));
    let work = kept::write(&Work::Operation { id: "1".to_owned(), payload });
    assert_eq!(actions, [Action::Start(Task { tag: "operation:1".to_owned(), work })]);
    assert_eq!(messages(&kept.finished("operation:1", &Outcome::Ended)), [json!({"id": "1", "type": "complete"})]);

    let actions = kept.subscribed("2");
    let [Action::Subscribe(subscription)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((&*subscription.tag, &*subscription.topic), ("operation:2", "user:1"));
    assert_eq!(subscription.after.as_deref(), Some("7-0"));
    assert_eq!(kept.received(json!({"id": "2", "type": "complete"})), [Action::Stop("operation:2".to_owned())]);
}

#[test]
fn an_operation_whose_call_or_topic_fails_is_an_error_and_the_connection_stays() {
    for (reason, code) in [
        (websocket::Failure::Unavailable, "UNAVAILABLE"),
        (websocket::Failure::Behind, "UNAVAILABLE"),
        (websocket::Failure::Refused, "RATE_LIMITED"),
        (websocket::Failure::Denied, "INTERNAL"),
    ] {
        let mut kept = Kept::acknowledged(Duration::from_secs(900));
        kept.subscribed("1");
        let actions = kept.failed("operation:1", reason);
        let [error] = messages(&actions).try_into().unwrap();
        assert_eq!((&error["id"], &error["type"]), (&json!("1"), &json!("error")));
        assert_eq!(error["payload"][0]["extensions"], json!({"code": code, "correlationId": "c-1"}));
        assert_eq!(closed(&actions), None);
        assert!(closed(&kept.subscribed("1")).is_none(), "its id is free again");
    }
}

/// Acknowledged, and its user is known.
fn watched() -> Kept {
    let mut kept = Kept::opened();
    kept.received(json!({"type": "connection_init", "payload": {"authorization": "Bearer t"}}));
    let actions = kept.finished(SESSION, &known(Duration::from_secs(900)));
    assert_eq!((messages(&actions).len(), actions.last()), (1, Some(&watch())));
    kept
}

#[test]
fn a_connection_is_identified_before_it_is_acknowledged_and_once() {
    let mut kept = Kept::opened();
    kept.received(json!({"type": "connection_init", "payload": {"authorization": "Bearer t"}}));
    let actions = kept.finished(SESSION, &known(Duration::from_secs(900)));
    assert_eq!(actions.first(), Some(&Action::Identify("1".to_owned())));
    kept.happened(Happening::Timer);
    assert_eq!(kept.finished(SESSION, &known(Duration::from_secs(900))), [Action::SetTimer(60_000)]);
}

#[test]
fn the_end_of_the_session_is_heard_by_a_subscription_and_else_by_a_watch() {
    let mut kept = watched();
    assert_eq!(kept.subscribed("1").last(), Some(&Action::Stop(WATCH.to_owned())));
    assert_eq!(kept.subscribed("2").len(), 1);
    kept.received(json!({"id": "1", "type": "complete"}));
    let actions = kept.received(json!({"id": "2", "type": "complete"}));
    assert_eq!(actions, [Action::Stop("operation:2".to_owned()), watch()]);
}

#[test]
fn a_watch_that_hears_the_end_has_the_session_proven_and_a_live_one_is_watched_again() {
    let mut kept = watched();
    assert_eq!(kept.failed(WATCH, websocket::Failure::NotUnderstood), [Action::Start(prove())]);
    let actions = kept.finished(SESSION, &known(Duration::from_secs(900)));
    assert_eq!(actions, [Action::SetTimer(60_000), watch()]);
    kept.failed(WATCH, websocket::Failure::NotUnderstood);
    assert_eq!(closed(&kept.finished(SESSION, &Outcome::Forbidden)), Some(4403));
}

#[test]
fn a_watch_that_is_lost_begins_again_with_the_next_proof_and_not_before() {
    let mut kept = watched();
    for reason in [websocket::Failure::Unavailable, websocket::Failure::Behind, websocket::Failure::Denied] {
        assert!(kept.failed(WATCH, reason).is_empty());
        assert!(kept.received(json!({"type": "pong"})).is_empty());
        assert_eq!(kept.happened(Happening::Timer), [Action::Start(prove())]);
        assert_eq!(kept.finished(SESSION, &Outcome::Unknown), [Action::SetTimer(60_000)]);
        kept.happened(Happening::Timer);
        let actions = kept.finished(SESSION, &known(Duration::from_secs(900)));
        assert_eq!(actions, [Action::SetTimer(60_000), watch()]);
    }
}

#[test]
fn a_subscription_that_fails_without_a_reason_has_the_session_proven() {
    let ended = || {
        let mut kept = watched();
        kept.subscribed("1");
        let doubt = Task { tag: format!("{DOUBT}1"), ..prove() };
        assert_eq!(kept.failed("operation:1", websocket::Failure::NotUnderstood), [Action::Start(doubt), watch()]);
        kept
    };
    assert_eq!(closed(&ended().finished("doubt:1", &Outcome::Forbidden)), Some(4403));
    // The session lives: the fault is another.
    let alive = ended().finished("doubt:1", &known(Duration::from_secs(900)));
    assert_eq!(messages(&alive)[0]["payload"][0]["extensions"], json!({"code": "INTERNAL", "correlationId": "c-1"}));
    let unknown = ended().failed("doubt:1", websocket::Failure::Unavailable);
    assert_eq!((messages(&unknown).len(), closed(&unknown)), (1, None));
}

#[test]
fn an_event_stream_begins_with_its_subscription_and_is_proven_again_every_minute() {
    let (mut kept, actions) = Kept::streaming(Duration::from_secs(90));
    let [Action::Identify(user), Action::Send(at), Action::Subscribe(subscription), Action::SetTimer(60_000)] =
        actions.as_slice()
    else {
        panic!("{actions:?}")
    };
    let begins = change_feed::cursor("user:1", "7-0");
    assert_eq!((&**user, at), ("1", &Message::Text(format!("id: {begins}\n\n"))));
    assert_eq!(subscription.after.as_deref(), Some("7-0"));
    assert_eq!((&*subscription.tag, &*subscription.topic), ("operation:stream", "user:1"));
    assert_eq!(subscription.work, kept::write(&Work::Notices(notices(STREAM))));
    let connection: Connection = kept::read(&kept.0).unwrap();
    assert_eq!(connection.presented(), Presented::Token("t".to_owned()));
    let event = "event: next\ndata: {\"data\":1}\n\n".to_owned();
    assert_eq!(connection.protocol.next(STREAM, r#"{"data":1}"#, None), [Wanted::Send(event.clone())]);
    let event = format!("id: 8-0\n{event}");
    assert_eq!(connection.protocol.next(STREAM, r#"{"data":1}"#, Some("8-0")), [Wanted::Send(event)]);

    let later_us = NOW_US + 60_000_000;
    assert_eq!(kept.happened_at(Happening::Timer, later_us), [Action::Start(prove())]);
    let again = Finished { tag: SESSION.to_owned(), outcome: kept::write(&proven(NOW_US + 90_000_000)) };
    assert_eq!(kept.happened_at(Happening::Finished(again), later_us), [Action::SetTimer(30_000)]);
}

#[test]
fn an_event_stream_ends_with_its_session_by_an_error_and_the_event_complete() {
    let expired = |mut kept: Kept| kept.happened_at(Happening::Timer, NOW_US + 90_000_000);
    let revoked = |mut kept: Kept| {
        kept.failed("operation:stream", websocket::Failure::NotUnderstood);
        kept.finished("doubt:stream", &Outcome::Forbidden)
    };
    for end in [expired, revoked] {
        let actions = end(Kept::streaming(Duration::from_secs(90)).0);
        let events = written(&actions);
        assert!(
            events.starts_with("event: next\ndata: {\"errors\":[") && events.contains("UNAUTHENTICATED"),
            "{events}"
        );
        assert!(events.ends_with("\n\nevent: complete\ndata:\n\n"), "{events}");
        assert_eq!(closed(&actions), Some(1000));
    }
}

#[test]
fn an_event_stream_whose_topic_is_lost_ends_with_the_reason() {
    let (mut kept, _) = Kept::streaming(Duration::from_secs(900));
    let actions = kept.failed("operation:stream", websocket::Failure::Behind);
    assert!(written(&actions).contains("UNAVAILABLE") && closed(&actions) == Some(1000), "{actions:?}");
}

#[test]
fn a_notice_that_there_is_no_memory_for_is_an_error_and_its_subscription_goes_on() {
    let (kept, _) = Kept::streaming(Duration::from_secs(900));
    let away = Failure::new(Kind::Unavailable, "no memory");
    let sent = pass_over(&kept.0, &kept::write(&Work::Notices(notices(STREAM))), &away).unwrap();
    let [Message::Text(event)] = sent.as_slice() else { panic!("{sent:?}") };
    assert!(event.starts_with("event: next\n") && event.contains("UNAVAILABLE"), "{event}");
    let other = pass_over(&kept.0, &kept::write(&Work::Notices(notices("another"))), &away);
    assert_eq!(other, Some(Vec::new()), "it has ended meanwhile");
    assert_eq!(pass_over(&kept.0, &kept::write(&Work::Prove), &away), None);
}

#[test]
fn a_cursor_that_is_forgotten_ends_the_subscription_and_says_so() {
    let mut kept = Kept::acknowledged(Duration::from_secs(900));
    kept.subscribed("1");
    let [error] = messages(&kept.failed("operation:1", websocket::Failure::Forgotten)).try_into().unwrap();
    let extensions = &error["payload"][0]["extensions"];
    assert_eq!((&error["type"], &extensions["code"]), (&json!("error"), &json!("BAD_USER_INPUT")));
    assert_eq!((&extensions["field"], &extensions["rule"]), (&json!("after"), &json!("forgotten")));
    let (mut stream, _) = Kept::streaming(Duration::from_secs(900));
    let actions = stream.failed("operation:stream", websocket::Failure::Forgotten);
    assert!(written(&actions).contains("\"rule\":\"forgotten\"") && closed(&actions) == Some(1000), "{actions:?}");
}

#[test]
fn the_acknowledgement_says_where_the_users_changes_stand() {
    let mut kept = Kept::opened();
    kept.received(json!({"type": "connection_init", "payload": {"authorization": "Bearer t"}}));
    let Outcome::Proven { expires_us, user_id, .. } = known(Duration::from_secs(900)) else { unreachable!() };
    let actions = kept.finished(SESSION, &Outcome::Proven { expires_us, user_id, cursor: Some("7-0".to_owned()) });
    assert_eq!(messages(&actions), [json!({"type": "connection_ack", "payload": {"cursor": "7-0"}})]);
}

#[test]
fn what_another_version_hands_over_is_not_guessed_at() {
    let (mut kept, _) = Kept::streaming(Duration::from_secs(900));
    let opened = Connection { protocol: Protocol::of_stream(), ..kept::read(&kept.0).unwrap() };
    kept.0 = kept::write(&opened);
    let actions = kept.happened(Happening::Received(Message::Binary(b"\x02{}".to_vec())));
    assert_eq!(closed(&actions), Some(1012));
}

#[test]
fn a_state_of_another_version_closes_with_the_code_for_a_restart() {
    let mut kept = Kept::acknowledged(Duration::from_secs(900));
    kept.0[0] += 1;
    assert_eq!(closed(&kept.happened(Happening::Timer)), Some(1012));
}

#[test]
fn fifty_operations_fit_into_the_state() {
    let mut kept = Kept::acknowledged(Duration::from_secs(900));
    for number in 0..crate::socket::protocol::OPERATIONS_MAX {
        kept.subscribed(&format!("{number:0>200}"));
    }
    assert!(kept.0.len() < 32 * 1024, "{}", kept.0.len());
}
