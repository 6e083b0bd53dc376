//! The order of delivery's locks (`mindflow_platform::delivery::store`): readers whose slots run out while they make rows.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use mindflow_backends::delivery::queue::{Outcome, Settlement};
use mindflow_backends::delivery::{Connections, Queue};
use mindflow_platform::delivery::{self, LogQueue};
use mindflow_test_support::until;
use tokio::sync::Notify;

use crate::delivery::literals::Literals;
use crate::delivery::stage::{Stage, Store, fact, facts, subscription};

const LONG: Duration = Duration::from_secs(60);
/// So often slots run out.
const RUN_OUT_EVERY: Duration = Duration::from_millis(15);
/// As in a drain that was slow for longer than its slots last. It waits for no row.
const RUN_OUT: &str = "WITH late AS (SELECT owner FROM delivery.reader ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED), \
     gone AS (UPDATE delivery.reader r SET alive_until = now() - interval '1 second' FROM late WHERE r.owner = late.owner), \
     slots AS (SELECT c.subscription, c.slot FROM delivery.cursor c JOIN late USING (owner) FOR UPDATE OF c SKIP LOCKED) \
     UPDATE delivery.cursor c SET leased_until = now() - interval '1 second' FROM slots s \
     WHERE c.subscription = s.subscription AND c.slot = s.slot";

fn put_off(leased: &delivery::queue::Leased) -> Settlement {
    let outcome = Outcome::Retry { error: "busy".to_owned(), delay: Duration::ZERO, counted: true };
    Settlement { receipt: leased.receipt.clone(), outcome }
}

fn done(leased: &delivery::queue::Leased) -> Settlement {
    Settlement { receipt: leased.receipt.clone(), outcome: Outcome::Ack }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_puts_an_event_off_while_another_takes_its_slots_waits_for_it_and_both_go_on() {
    let stage = Stage::on(Store::Postgres).await;
    stage.fill(&[subscription("query")], &facts("entry:1", 3)).await;
    let next = LogQueue::new(Literals::of(&stage.db).await);
    let (has_lock, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (reached, wait) = (Arc::clone(&has_lock), Arc::clone(&go_on));
    let between = move |operation: &'static str| {
        let (reached, wait) = (Arc::clone(&reached), Arc::clone(&wait));
        async move {
            if operation == "park" {
                reached.notify_one();
                wait.notified().await;
            }
        }
        .boxed()
    };
    let late = LogQueue::new(Literals::of(&stage.db).await.with_between(Box::new(between)));
    let leased = late.lease("query", late.owner(), 10, LONG, true).await.unwrap();
    assert_eq!(leased.len(), 1, "one of its key");
    stage.db.script(RUN_OUT).await;

    let put_off = [put_off(&leased[0])];
    let (settled, leased, ()) = tokio::join!(
        late.settle("query", &put_off),
        async {
            // The late reader has the lock of the order of keys, and no row yet, when the other comes for its slots.
            has_lock.notified().await;
            next.lease("query", next.owner(), 10, LONG, true).await
        },
        async {
            stage.db.until_waiting(1).await;
            go_on.notify_one();
        }
    );
    assert_eq!(settled.unwrap().len(), 1, "it was put off before the slots were taken");
    let mut leased = leased.unwrap();
    let mut seen = Vec::new();
    until("everything is delivered", async || {
        for event in leased.drain(..) {
            seen.push(event.event.sequence);
            assert_eq!(next.settle("query", &[done(&event)]).await.unwrap().len(), 1);
        }
        leased = next.lease("query", next.owner(), 10, LONG, true).await.unwrap();
        leased.is_empty() && seen.len() == 3
    })
    .await;
    assert_eq!(seen, [1, 2, 3]);
}

/// Delivers until `is_over`. Of each key, every third event is put off once. Answers what failed.
async fn serve(
    queue: &LogQueue<Connections>,
    seen: &Mutex<BTreeMap<String, Vec<u64>>>,
    is_over: &AtomicBool,
) -> Vec<String> {
    let mut failures = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let leased = match queue.lease("query", queue.owner(), 16, LONG, true).await {
            Ok(leased) => leased,
            Err(error) => {
                failures.push(format!("lease: {error:?}"));
                continue;
            }
        };
        if leased.is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let settlements: Vec<_> = leased
            .iter()
            .map(|leased| {
                if leased.attempt == 1 && leased.event.sequence.is_multiple_of(3) {
                    return put_off(leased);
                }
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.entry(leased.event.partition_key.clone()).or_default().push(leased.event.sequence);
                done(leased)
            })
            .collect();
        if let Err(error) = queue.settle("query", &settlements).await {
            failures.push(format!("settle: {error:?}"));
        }
    }
    failures
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_whose_slots_run_out_while_they_make_rows_end_no_transaction_and_lose_and_reorder_nothing() {
    let stage = Stage::on(Store::Postgres).await;
    let (keys, sequences) = (24, 30_u64);
    let events: Vec<_> =
        (1..=sequences).flat_map(|n| (0..keys).map(move |key| fact("A", &format!("entry:{key}"), n))).collect();
    stage.fill(&[subscription("query")], &events).await;
    let queue = || LogQueue::new(Connections::new(stage.db.database().clone()));
    let (one, other) = (queue(), queue());
    let (seen, is_over) = (Mutex::default(), AtomicBool::new(false));
    let running_out = async {
        while !is_over.load(Ordering::Relaxed) {
            stage.db.script(RUN_OUT).await;
            tokio::time::sleep(RUN_OUT_EVERY).await;
        }
    };
    let watch = async {
        until("everything is delivered", async || stage.count("delivery.backlog").await == 0).await;
        is_over.store(true, Ordering::Relaxed);
    };
    let (failures, others, (), ()) =
        tokio::join!(serve(&one, &seen, &is_over), serve(&other, &seen, &is_over), running_out, watch);
    assert_eq!((failures, others), (Vec::<String>::new(), Vec::new()));
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(seen.len(), keys);
    for (key, seen) in seen {
        let mut last = 0;
        for sequence in &seen {
            // What comes again is what was last, or behind it.
            assert!(*sequence <= last + 1, "{key} passed one over: {seen:?}");
            last = last.max(*sequence);
        }
        assert_eq!(last, sequences, "{key}");
    }
}
