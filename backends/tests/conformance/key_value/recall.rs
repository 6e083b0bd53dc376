//! What hosts recall of one Redis that they share: copies, and when they end. Each store here is another host's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mindflow_backends::stores::key_value::{Condition, Error, KeyValue, PutOutcome};
use mindflow_test_support::{PrivateRedis, until};

use super::{keys, only_redis::open, stored};

struct Hosts {
    server: PrivateRedis,
    one: Arc<dyn KeyValue>,
    other: Arc<dyn KeyValue>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recalled_is_not_asked_for_again_until_it_changes() {
    let hosts = Hosts::start().await;
    put(&hosts.one, "k", "1").await;
    assert_eq!(recalled(&hosts.one, "k").await.as_deref(), Some("1"));
    let before = hosts.asked().await;
    for _ in 0..50 {
        assert_eq!(recalled(&hosts.one, "k").await.as_deref(), Some("1"));
    }
    // A machine that stands still for a second has it asked for once more.
    assert!(hosts.asked().await < before + 10);
    put(&hosts.other, "k", "2").await;
    hosts.until_recalled("k", Some("2")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_host_does_to_an_entry_is_recalled_soon() {
    let hosts = Hosts::start().await;
    put(&hosts.other, "k", "1").await;
    hosts.until_recalled("k", Some("1")).await;
    hosts.other.increment("k", 4, None).await.unwrap();
    hosts.until_recalled("k", Some("5")).await;
    hosts.other.delete(&keys(["k"])).await.unwrap();
    hosts.until_recalled("k", None).await;
    let lifetime = Some(Duration::from_millis(120));
    hosts.other.put("k", "short".into(), lifetime, Condition::Always).await.unwrap();
    hosts.until_recalled("k", Some("short")).await;
    hosts.until_recalled("k", None).await;
    put(&hosts.other, "k", "2").await;
    hosts.until_recalled("k", Some("2")).await;
    hosts.server.flush();
    hosts.until_recalled("k", None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_recalls_what_it_has_just_written_also_while_it_recalls_it_all_the_time() {
    let hosts = Hosts::start().await;
    let ended = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (one, ended) = (Arc::clone(&hosts.one), Arc::clone(&ended));
            tokio::spawn(async move {
                while !ended.load(Ordering::Relaxed) {
                    one.recall(&keys(["k"]), &[]).await.unwrap();
                }
            })
        })
        .collect();
    for number in 0..500 {
        let value = number.to_string();
        stored(hosts.one.put("k", value.clone().into(), None, Condition::Always).await.unwrap());
        assert_eq!(recalled(&hosts.one, "k").await, Some(value));
        if number % 10 == 0 {
            assert_eq!(hosts.one.increment("k", 1, None).await.unwrap(), number + 1);
            assert_eq!(recalled(&hosts.one, "k").await, Some((number + 1).to_string()));
            assert_eq!(hosts.one.delete(&keys(["k"])).await.unwrap(), 1);
            assert_eq!(recalled(&hosts.one, "k").await, None);
        }
    }
    ended.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_comes_with_an_entry_is_as_new_as_what_another_host_has_written_before() {
    let hosts = Hosts::start().await;
    for number in 0..300 {
        let value = number.to_string();
        for key in ["session", "written"] {
            hosts.other.put(key, value.clone().into(), None, Condition::Always).await.unwrap();
        }
        for _ in 0..3 {
            let entries = hosts.one.recall(&keys(["session"]), &keys(["written"])).await.unwrap();
            let values: Vec<_> = entries.into_iter().map(|entry| entry.unwrap().value).collect();
            assert_eq!(values, [value.clone(), value.clone()]);
        }
        // And so is what is recalled after it.
        assert_eq!(recalled(&hosts.one, "session").await, Some(value));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_on_a_copy_that_is_out_of_date_is_refused_and_the_next_look_is_a_new_one() {
    let hosts = Hosts::start().await;
    put(&hosts.one, "n", "0").await;
    let adds = [&hosts.one, &hosts.other].map(|host| {
        let host = Arc::clone(host);
        tokio::spawn(async move {
            for _ in 0..100 {
                let mut refused = 0;
                loop {
                    let entry = host.recall(&keys(["n"]), &[]).await.unwrap().remove(0).unwrap();
                    let sum = std::str::from_utf8(&entry.value).unwrap().parse::<u32>().unwrap() + 1;
                    let put = host.put("n", sum.to_string().into(), None, Condition::IfVersion(entry.version));
                    if let PutOutcome::Stored(_) = put.await.unwrap() {
                        break;
                    }
                    refused += 1;
                    assert!(
                        refused <= 100,
                        "one is refused by what the other has stored meanwhile, and by nothing else"
                    );
                }
            }
        })
    });
    for add in adds {
        add.await.unwrap();
    }
    assert_eq!(hosts.one.get("n").await.unwrap().unwrap().value, "200");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_away_nothing_is_recalled_and_after_that_what_it_has_then() {
    let mut hosts = Hosts::start().await;
    put(&hosts.one, "k", "1").await;
    hosts.until_recalled("k", Some("1")).await;
    hosts.server.kill();
    until("copies end with their connection", async || {
        matches!(hosts.one.recall(&keys(["k"]), &[]).await, Err(Error::Unavailable(_)))
    })
    .await;
    hosts.server.run();
    until("the other host is back", async || hosts.other.health().await.is_ok()).await;
    put(&hosts.other, "k", "2").await;
    hosts.until_recalled("k", Some("2")).await;
    hosts.until_copied(&hosts.one).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_have_a_bound_of_bytes() {
    /// Together 25 MiB, of which copies have 16.
    const VALUES: usize = 200;
    const BYTES: usize = 128 * 1024;
    let hosts = Hosts::start().await;
    let name = |number: usize| format!("large:{number}");
    for number in 0..VALUES {
        let value = vec![b'x'; BYTES];
        hosts.other.put(&name(number), value.into(), None, Condition::Always).await.unwrap();
        hosts.one.recall(&[name(number)], &[]).await.unwrap();
    }
    let before = hosts.asked().await;
    for number in (0..VALUES).rev() {
        let entries = hosts.one.recall(&[name(number)], &[]).await.unwrap();
        assert_eq!(entries[0].as_ref().unwrap().value.len(), BYTES);
    }
    let asked = hosts.asked().await - before;
    assert!((VALUES - 16 * 1024 * 1024 / BYTES..VALUES).contains(&asked), "{asked} of {VALUES} are asked for again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_bucket_recalls_nothing() {
    let hosts = Hosts::start().await;
    put(&hosts.one, "k", "1").await;
    hosts.until_recalled("k", Some("1")).await;
    hosts.one.close().await;
    assert!(matches!(hosts.one.recall(&keys(["k"]), &[]).await, Err(Error::Unavailable(_))));
}

// === impl Hosts ===

impl Hosts {
    /// Of which both have copies by now.
    async fn start() -> Self {
        let server = PrivateRedis::start();
        let (one, other) = (open(&server.url()).await, open(&server.url()).await);
        let hosts = Self { server, one, other };
        hosts.until_copied(&hosts.one).await;
        hosts.until_copied(&hosts.other).await;
        hosts
    }

    async fn until_copied(&self, host: &Arc<dyn KeyValue>) {
        put(host, "first", "1").await;
        until("an entry is recalled without the server", async || {
            recalled(host, "first").await;
            let before = self.asked().await;
            recalled(host, "first").await;
            self.asked().await == before
        })
        .await;
    }

    async fn until_recalled(&self, key: &str, value: Option<&str>) {
        until(&format!("{key} is recalled as {value:?}"), async || recalled(&self.one, key).await.as_deref() == value)
            .await;
    }

    /// How many entries the server was asked for.
    async fn asked(&self) -> usize {
        let client = redis::Client::open(self.server.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let info: String = redis::cmd("INFO").arg("commandstats").query_async(&mut connection).await.unwrap();
        let calls = info.lines().find_map(|line| line.strip_prefix("cmdstat_hmget:calls=")?.split(',').next());
        calls.map_or(0, |calls| calls.parse().unwrap())
    }
}

async fn put(host: &Arc<dyn KeyValue>, key: &str, value: &'static str) {
    stored(host.put(key, value.into(), None, Condition::Always).await.unwrap());
}

async fn recalled(host: &Arc<dyn KeyValue>, key: &str) -> Option<String> {
    let entry = host.recall(&keys([key]), &[]).await.unwrap().remove(0)?;
    Some(String::from_utf8(entry.value.to_vec()).unwrap())
}
