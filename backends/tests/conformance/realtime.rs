//! Goal: topics keep the same promises within a process and across replicas.
//! Method: one set of stories, run over the local back end, a real Redis and a Redis Cluster; and, at the end, the
//! stories that only one of them has (a moved clock, replicas, connections that break).

use std::sync::Arc;

use futures::FutureExt;
use mindflow_backends::clock::Clock;
use mindflow_backends::messaging::realtime::{self, Config, Error, Item, Realtime, Subscription};
use mindflow_test_support::{PrivateRedis, TestRedis, WITHIN, until};
use serde_json::json;

/// Topics, and what must live as long as they.
struct Bed {
    realtime: Arc<dyn Realtime>,
    _redis: Option<TestRedis>,
}

impl Bed {
    async fn local() -> Self {
        Self { realtime: open(json!({"backend": "local"})), _redis: None }
    }

    async fn redis() -> Self {
        Self::on(TestRedis::open())
    }

    async fn redis_cluster() -> Self {
        Self::on(TestRedis::cluster())
    }

    fn on(redis: TestRedis) -> Self {
        let realtime = open(json!({"backend": "redis", "url": redis.url, "prefix": redis.prefix}));
        Self { realtime, _redis: Some(redis) }
    }
}

on_every_back_end! {
    [Bed.realtime]: local, redis, redis_cluster;
    every_listener_hears_every_item_in_order,
    nothing_of_before_is_heard,
    topics_are_apart,
    a_listener_resumes_after_its_cursor,
    a_listener_resumes_a_topic_that_had_no_listener_meanwhile,
    a_topic_remembers_a_thousand_items,
    a_listener_that_falls_behind_is_notified,
    a_wait_that_is_dropped_loses_nothing,
    many_publishers_are_heard_in_one_order,
    any_bytes_up_to_64_kib_are_carried,
    a_topic_that_was_left_can_be_heard_again,
    what_is_out_of_bounds_is_refused,
    a_closed_back_end_is_unavailable,
    who_resumes_knows_whether_something_is_missing,
    who_resumes_where_a_topic_ends_hears_all_that_comes,
}

async fn every_listener_hears_every_item_in_order(realtime: &dyn Realtime) {
    let mut first = realtime.subscribe("user:1", None).await.unwrap();
    let mut second = realtime.subscribe("user:1", None).await.unwrap();
    publish(realtime, "user:1", 0..20).await;
    assert_eq!(heard(&mut first, 20).await, numbers(0..20));
    assert_eq!(heard(&mut second, 20).await, numbers(0..20));
    realtime.health().await.unwrap();
}

async fn nothing_of_before_is_heard(realtime: &dyn Realtime) {
    publish(realtime, "t", 0..3).await;
    let mut listener = realtime.subscribe("t", None).await.unwrap();
    assert!(listener.next().now_or_never().is_none());
    publish(realtime, "t", 3..5).await;
    assert_eq!(heard(&mut listener, 2).await, numbers(3..5));
}

async fn topics_are_apart(realtime: &dyn Realtime) {
    let mut one = realtime.subscribe("user:1", None).await.unwrap();
    let mut two = realtime.subscribe("user:2", None).await.unwrap();
    publish(realtime, "user:2", 2..3).await;
    publish(realtime, "user:1", 1..2).await;
    assert_eq!(heard(&mut one, 1).await, numbers(1..2));
    assert_eq!(heard(&mut two, 1).await, numbers(2..3));
}

async fn a_listener_resumes_after_its_cursor(realtime: &dyn Realtime) {
    let mut listener = realtime.subscribe("t", None).await.unwrap();
    let _other_keeps_the_topic = realtime.subscribe("t", None).await.unwrap();
    publish(realtime, "t", 0..10).await;
    heard(&mut listener, 3).await;
    let cursor = next(&mut listener).await.unwrap().cursor;
    drop(listener);
    let mut listener = realtime.subscribe("t", Some(cursor)).await.unwrap();
    publish(realtime, "t", 10..12).await;
    assert_eq!(heard(&mut listener, 8).await, numbers(4..12));
}

async fn a_listener_resumes_a_topic_that_had_no_listener_meanwhile(realtime: &dyn Realtime) {
    let mut listener = realtime.subscribe("t", None).await.unwrap();
    publish(realtime, "t", 0..2).await;
    let cursor = next(&mut listener).await.unwrap().cursor;
    drop(listener);
    publish(realtime, "t", 2..4).await;
    let mut listener = realtime.subscribe("t", Some(cursor)).await.unwrap();
    publish(realtime, "t", 4..6).await;
    assert_eq!(heard(&mut listener, 5).await, numbers(1..6));
}

async fn a_topic_remembers_a_thousand_items(realtime: &dyn Realtime) {
    publish(realtime, "t", 0..1_010).await;
    let mut listener = realtime.subscribe("t", Some("1-0".to_owned())).await.unwrap();
    assert_eq!(heard(&mut listener, 1_000).await, numbers(10..1_010));
    publish(realtime, "t", 2_000..2_001).await;
    assert_eq!(heard(&mut listener, 1).await, numbers(2_000..2_001));
}

async fn a_listener_that_falls_behind_is_notified(realtime: &dyn Realtime) {
    let mut slow = realtime.subscribe("t", None).await.unwrap();
    let mut quick = realtime.subscribe("t", None).await.unwrap();
    for number in 0..1_001 {
        publish(realtime, "t", number..number + 1).await;
        assert_eq!(heard(&mut quick, 1).await, numbers(number..number + 1));
    }
    assert!(!slow.fell_behind());
    for _ in 0..2 {
        assert!(matches!(next(&mut slow).await, Err(Error::Unavailable(_))));
        assert!(slow.fell_behind());
    }
    let mut again = realtime.subscribe("t", None).await.unwrap();
    publish(realtime, "t", 1_001..1_002).await;
    assert_eq!(heard(&mut again, 1).await, numbers(1_001..1_002));
    assert_eq!(heard(&mut quick, 1).await, numbers(1_001..1_002));
}

async fn a_wait_that_is_dropped_loses_nothing(realtime: &dyn Realtime) {
    let mut listener = realtime.subscribe("t", None).await.unwrap();
    let mut got = Vec::new();
    for number in 0..50 {
        publish(realtime, "t", number..number + 1).await;
        // Polled once and dropped, whether or not the item is there already.
        if let Some(item) = listener.next().now_or_never() {
            got.push(text(&item.unwrap()));
        }
    }
    got.extend(heard(&mut listener, 50 - got.len()).await);
    assert_eq!(got, numbers(0..50));
}

async fn many_publishers_are_heard_in_one_order(realtime: &dyn Realtime) {
    let mut first = realtime.subscribe("t", None).await.unwrap();
    let mut second = realtime.subscribe("t", None).await.unwrap();
    futures::future::join_all((0..10).map(|publisher| {
        let from = publisher * 50;
        publish(realtime, "t", from..from + 50)
    }))
    .await;
    let mut got = heard(&mut first, 500).await;
    assert_eq!(got, heard(&mut second, 500).await);
    got.sort_by_key(|number| number.parse::<u32>().unwrap());
    assert_eq!(got, numbers(0..500));
}

async fn any_bytes_up_to_64_kib_are_carried(realtime: &dyn Realtime) {
    let mut listener = realtime.subscribe("t", None).await.unwrap();
    let all = [vec![], b" a b ".to_vec(), vec![0, 255, 13, 10], vec![7; realtime::DATA_BYTES_MAX]];
    for data in &all {
        realtime.publish("t", data).await.unwrap();
    }
    for data in all {
        assert!(next(&mut listener).await.unwrap().data == data);
    }
}

async fn a_topic_that_was_left_can_be_heard_again(realtime: &dyn Realtime) {
    for number in 0..20 {
        let mut listener = realtime.subscribe("t", None).await.unwrap();
        publish(realtime, "t", number..number + 1).await;
        assert_eq!(heard(&mut listener, 1).await, numbers(number..number + 1));
    }
}

async fn what_is_out_of_bounds_is_refused(realtime: &dyn Realtime) {
    let long = "t".repeat(257);
    let refused = [
        realtime.publish("", b"1").await,
        realtime.publish(&long, b"1").await,
        realtime.publish("t", &vec![0; realtime::DATA_BYTES_MAX + 1]).await,
        realtime.subscribe("", None).await.map(drop),
        realtime.subscribe(&long, None).await.map(drop),
        realtime.subscribe("t", Some(String::new())).await.map(drop),
        realtime.subscribe("t", Some("anna".to_owned())).await.map(drop),
        realtime.subscribe("t", Some("1-x".to_owned())).await.map(drop),
        realtime.subscribe("t", Some("1-+1".to_owned())).await.map(drop),
    ];
    for (number, outcome) in refused.into_iter().enumerate() {
        assert!(matches!(outcome, Err(Error::Invalid(_))), "number {number}: {outcome:?}");
    }
}

async fn a_closed_back_end_is_unavailable(realtime: &dyn Realtime) {
    let mut listener = realtime.subscribe("t", None).await.unwrap();
    realtime.close().await;
    assert!(matches!(next(&mut listener).await, Err(Error::Unavailable(_))));
    assert!(!listener.fell_behind());
    assert!(matches!(realtime.publish("t", b"1").await, Err(Error::Unavailable(_))));
    assert!(matches!(realtime.subscribe("t", None).await.err(), Some(Error::Unavailable(_))));
    assert!(matches!(realtime.health().await, Err(Error::Unavailable(_))));
}

async fn who_resumes_knows_whether_something_is_missing(realtime: &dyn Realtime) {
    let mut listener = realtime.subscribe("t", None).await.unwrap();
    assert!(listener.is_whole());
    publish(realtime, "t", 0..3).await;
    let (first, _, third) = (cursor(&mut listener).await, cursor(&mut listener).await, cursor(&mut listener).await);
    drop(listener);
    assert!(is_whole(realtime, &first).await);
    assert!(is_whole(realtime, &third).await);
    // One of before, and one of a topic that is to come.
    assert!(!is_whole(realtime, "1-0").await);
    assert!(!is_whole(realtime, "99999999999999-0").await);
    publish(realtime, "t", 3..1_002).await;
    assert!(!is_whole(realtime, &first).await, "the second is forgotten");
    assert!(is_whole(realtime, &third).await);
}

async fn who_resumes_where_a_topic_ends_hears_all_that_comes(realtime: &dyn Realtime) {
    for numbers_of in [0..2, 2..4] {
        let end = realtime.latest("t").await.unwrap();
        assert!(is_whole(realtime, &end).await);
        publish(realtime, "t", numbers_of.clone()).await;
        let mut listener = realtime.subscribe("t", Some(end)).await.unwrap();
        assert!(listener.is_whole());
        assert_eq!(heard(&mut listener, 2).await, numbers(numbers_of));
    }
    assert!(matches!(realtime.latest("").await, Err(Error::Invalid(_))));
}

// === what only one back end has ===

#[tokio::test]
async fn after_a_restart_a_local_topic_knows_no_cursor_of_before() {
    let (clock, hand) = Clock::manual(1_795_000_000_000_000);
    let open = || realtime::open(&Config::Local {}, clock.clone()).unwrap();
    let before = open();
    publish(&*before, "t", 0..1).await;
    let end = before.latest("t").await.unwrap();
    hand.advance_us(1_000_000);
    let after = open();
    assert!(!is_whole(&*after, &end).await);
    assert!(is_whole(&*after, &after.latest("t").await.unwrap()).await);
}

/// A topic is forgotten by the server, and where it ended with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lost_its_memory_says_so_to_who_resumes() {
    let server = PrivateRedis::start();
    let realtime = replica(&server);
    publish(&*realtime, "t", 0..2).await;
    let end = realtime.latest("t").await.unwrap();
    command(&server, &["DEL", "mf:rt:t"]).await;
    assert!(is_whole(&*realtime, &end).await, "its items are forgotten, and nothing came");
    command(&server, &["FLUSHALL"]).await;
    assert!(!is_whole(&*realtime, &end).await);
    publish(&*realtime, "t", 2..3).await;
    assert!(!is_whole(&*realtime, &end).await);
}

#[tokio::test]
async fn a_local_topic_remembers_for_five_minutes() {
    let (clock, hand) = Clock::manual(1_795_000_000_000_000);
    let realtime = realtime::open(&Config::Local {}, clock).unwrap();
    let mut slow = realtime.subscribe("t", None).await.unwrap();
    publish(&*realtime, "t", 0..1).await;
    hand.advance_us(200_000_000);
    publish(&*realtime, "t", 1..2).await;
    hand.advance_us(100_000_000);
    let mut listener = realtime.subscribe("t", Some("1-0".to_owned())).await.unwrap();
    assert_eq!(heard(&mut listener, 1).await, numbers(1..2));
    assert!(matches!(next(&mut slow).await, Err(Error::Unavailable(_))));
}

#[test]
fn settings_are_strict_and_keep_the_password() {
    let parse = |json| serde_json::from_value::<Config>(json);
    assert!(parse(json!({"backend": "local", "size": 1})).is_err());
    let config = parse(json!({"backend": "redis", "url": "redis://u:hunter2@h:1/2"})).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

fn replica(server: &PrivateRedis) -> Arc<dyn Realtime> {
    open(json!({"backend": "redis", "url": server.url(), "prefix": "mf:"}))
}

async fn command(server: &PrivateRedis, words: &[&str]) -> ::redis::Value {
    let client = ::redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    ::redis::cmd(words[0]).arg(&words[1..]).query_async(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_hear_each_other() {
    let server = PrivateRedis::start();
    let (one, two) = (replica(&server), replica(&server));
    let mut listener = one.subscribe("t", None).await.unwrap();
    publish(&*two, "t", 0..3).await;
    let cursor = next(&mut listener).await.unwrap().cursor;
    assert_eq!(heard(&mut listener, 2).await, numbers(1..3));
    // A client that lost its replica resumes at another.
    let mut elsewhere = two.subscribe("t", Some(cursor)).await.unwrap();
    assert_eq!(heard(&mut elsewhere, 2).await, numbers(1..3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_subscriptions_share_one_connection() {
    let server = PrivateRedis::start();
    let realtime = replica(&server);
    let mut listeners = futures::future::join_all((0..500).map(|number| {
        let realtime = realtime.clone();
        async move { realtime.subscribe(&format!("user:{number}"), None).await.unwrap() }
    }))
    .await;
    let list = command(&server, &["CLIENT", "LIST", "TYPE", "pubsub"]).await;
    let list: String = ::redis::from_redis_value(list).unwrap();
    assert_eq!(list.lines().count(), 1, "{list}");
    publish(&*realtime, "user:499", 0..1).await;
    assert_eq!(heard(&mut listeners[499], 1).await, numbers(0..1));
    drop(listeners);
    until("channels without a listener are left", async || {
        command(&server, &["PUBSUB", "CHANNELS"]).await == ::redis::Value::Array(vec![])
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_loses_nothing() {
    let server = PrivateRedis::start();
    let (realtime, publisher) = (replica(&server), replica(&server));
    let mut listener = realtime.subscribe("t", None).await.unwrap();
    for round in 0..5u32 {
        publish(&*publisher, "t", round * 10..round * 10 + 5).await;
        command(&server, &["CLIENT", "KILL", "TYPE", "pubsub"]).await;
        publish(&*publisher, "t", round * 10 + 5..round * 10 + 10).await;
    }
    assert_eq!(heard(&mut listener, 50).await, numbers(0..50));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_needs_no_restart_of_ours() {
    let mut server = PrivateRedis::start();
    let realtime = replica(&server);
    let mut listener = realtime.subscribe("t", None).await.unwrap();
    publish(&*realtime, "t", 0..1).await;
    assert_eq!(heard(&mut listener, 1).await, numbers(0..1));
    server.kill();
    assert!(matches!(realtime.publish("t", b"x").await, Err(Error::Unavailable(_))));
    assert!(matches!(realtime.health().await, Err(Error::Unavailable(_))));
    assert!(matches!(realtime.subscribe("new", None).await.err(), Some(Error::Unavailable(_))));
    server.run();
    publish(&*realtime, "t", 1..3).await;
    assert_eq!(heard(&mut listener, 2).await, numbers(1..3));
    let mut listener = realtime.subscribe("new", None).await.unwrap();
    publish(&*realtime, "new", 3..4).await;
    assert_eq!(heard(&mut listener, 1).await, numbers(3..4));
}

/// The connection breaks, and before it is back more comes than a topic remembers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_outage_has_lost_is_said_to_who_listens_and_to_who_resumes() {
    const FLOOD: &str = r"
        local before = redis.call('GET', '{mf:rt:t}:end')
        for number = 1, 1001 do
            before = redis.call('XADD', 'mf:rt:t', 'MAXLEN', 1000, '*', 'd', number, 'b', before)
        end
        redis.call('SET', '{mf:rt:t}:end', before)";
    let server = PrivateRedis::start();
    let realtime = replica(&server);
    let mut listener = realtime.subscribe("t", None).await.unwrap();
    publish(&*realtime, "t", 0..1).await;
    let cursor = cursor(&mut listener).await;
    let client = ::redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut outage = ::redis::pipe();
    outage.atomic().cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub").ignore();
    outage.cmd("EVAL").arg(FLOOD).arg(0).ignore();
    let _: () = outage.query_async(&mut connection).await.unwrap();
    assert!(matches!(next(&mut listener).await, Err(Error::Unavailable(_))));
    assert!(!is_whole(&*realtime, &cursor).await);
    let mut again = realtime.subscribe("t", None).await.unwrap();
    publish(&*realtime, "t", 5..6).await;
    assert_eq!(heard(&mut again, 1).await, numbers(5..6));
}

// === the plumbing ===

fn open(config: serde_json::Value) -> Arc<dyn Realtime> {
    realtime::open(&serde_json::from_value(config).unwrap(), Clock::system()).unwrap()
}

async fn publish(realtime: &dyn Realtime, topic: &str, numbers: std::ops::Range<u32>) {
    for number in numbers {
        realtime.publish(topic, number.to_string().as_bytes()).await.unwrap();
    }
}

async fn next(listener: &mut Box<dyn Subscription>) -> Result<Item, Error> {
    tokio::time::timeout(WITHIN, listener.next()).await.expect("an item in time")
}

async fn cursor(listener: &mut Box<dyn Subscription>) -> String {
    next(listener).await.unwrap().cursor
}

async fn is_whole(realtime: &dyn Realtime, after: &str) -> bool {
    realtime.subscribe("t", Some(after.to_owned())).await.unwrap().is_whole()
}

async fn heard(listener: &mut Box<dyn Subscription>, count: usize) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.len() < count {
        heard.push(text(&next(listener).await.unwrap()));
    }
    heard
}

fn text(item: &Item) -> String {
    String::from_utf8(item.data.to_vec()).unwrap()
}

fn numbers(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}
