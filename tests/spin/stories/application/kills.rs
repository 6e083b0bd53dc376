//! Goal: nothing is lost, doubled or reordered when drains end in the middle. Method: writers write while drains run at the same
//! time in two processes, which are killed again and again, as is the one that writers ask, and Redis forgets everything once;
//! then the laws of the chaos run, with its counter, which counts an event twice if it gets it twice.

use super::{Bed, FURTHER};
use futures::future::join_all;
use mindflow_backends::data_keys::DataKeys;
use mindflow_spin_tests::runtime::{Application, Spin};
use mindflow_tests::eventually_within;
use mindflow_tests::laws::history::{History, Outcome, Write};
use mindflow_tests::laws::writer::{Addresses, Writer};
use mindflow_tests::laws::{COUNTER, checker, evidence};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::time::sleep;

const WRITERS: u64 = 3;
const ROUNDS: u32 = 8;
/// How long a process lives: less than a drain that has something to wait for.
const LIFE_MS: std::ops::Range<u64> = 400..2_000;
/// Between two rings.
const PAUSE: Duration = Duration::from_millis(20);
/// Slots of a dead drain run out after 4 s, leases after 10.
const QUIET_WITHIN: Duration = Duration::from_secs(100);
/// The counter, and two whose stores show as well what they got. What waits for others is of no interest here.
const SUBSCRIBERS: [&str; 3] = ["counter", "query", "logging"];

/// A process that is rung for all subscribers, as commits, relays and clocks do, several times together, until it is killed.
async fn drains(application: Application, life: Duration) {
    let spin = Spin::up(application).await;
    let ringing = SUBSCRIBERS.iter().chain(&SUBSCRIBERS).map(|component| ring(&spin, component));
    let _ = tokio::time::timeout(life, join_all(ringing)).await;
}

async fn ring(spin: &Spin, component: &str) -> Infallible {
    loop {
        spin.call(component, "/drain", "").await;
        sleep(PAUSE).await;
    }
}

/// What the stores have now, and what the writers noted.
async fn look(
    write: &tokio_postgres::Client,
    read: &tokio_postgres::Client,
    keys: &DataKeys,
    writes: &[Write],
) -> History {
    let mut history = evidence::gather(write, read, keys).await.unwrap();
    history.writes = writes.to_vec();
    let dead = "SELECT count(*) FROM delivery.queue WHERE state = 'dead'";
    history.dead = write.query_one(dead, &[]).await.unwrap().get(0);
    let undelivered = "SELECT (SELECT count(*) FROM delivery.unsequenced) \
                       + (SELECT count(*) FROM delivery.backlog WHERE subscription = ANY ($1))";
    history.undelivered = write.query_one(undelivered, &[&&SUBSCRIBERS[..]]).await.unwrap().get(0);
    history
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_drains_lose_double_and_reorder_nothing() {
    let mut bed = Bed::lay(FURTHER, &[("free_entries_per_month", "1000000")]).await;
    let redis = bed.own_redis().await;
    let (write, read) = (bed.platform.dsn("write"), bed.platform.dsn("read"));
    let (write, read) = (evidence::connect(&write).await.unwrap(), evidence::connect(&read).await.unwrap());
    read.batch_execute(COUNTER).await.unwrap();
    let wanted = evidence::wanted(&write, "counter").await.unwrap();
    let keys = bed.platform.payload_keys().await;

    let front = bed.application().only(&["gateway"]);
    let mut running = Spin::up(front.clone()).await;
    let addresses: Addresses = Arc::new(RwLock::new(vec![Some(running.url().to_owned())]));
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let premium = async |_: &str| Ok(());
        let writer = Writer::register(format!("writer{number}"), number, addresses.clone(), premium).await.unwrap();
        writers.push(tokio::spawn(writer.run(stop.clone())));
    }
    let subscribers = bed.application().only(&SUBSCRIBERS);
    let mut random = fastrand::Rng::with_seed(13);
    for round in 0..ROUNDS {
        let lives = [random.u64(LIFE_MS), random.u64(LIFE_MS)].map(Duration::from_millis);
        join_all(lives.map(|life| drains(subscribers.clone(), life))).await;
        if round == ROUNDS / 2 {
            redis.flush();
        }
        if round % 3 == 0 {
            drop(running);
            addresses.write().unwrap()[0] = None;
            running = Spin::up(front.clone()).await;
            addresses.write().unwrap()[0] = Some(running.url().to_owned());
        }
    }
    stop.store(true, Ordering::Relaxed);
    let writes: Vec<Write> = join_all(writers).await.into_iter().flat_map(|writer| writer.unwrap()).collect();
    let acknowledged = writes.iter().filter(|write| write.outcome == Outcome::Ok).count();
    assert!(acknowledged > 100, "{acknowledged} of {} writes: this proves nothing", writes.len());

    let last = Spin::up(subscribers).await;
    let settled = eventually_within(QUIET_WITHIN, "no law is broken", async || {
        join_all(SUBSCRIBERS.map(|component| last.call(component, "/drain", ""))).await;
        let history = look(&write, &read, &keys, &writes).await;
        let violations = checker::check(&history, &wanted);
        if let Some(first) = violations.first() {
            eprintln!("{} violations, the first: {first:?}", violations.len());
        }
        violations.is_empty().then_some(history)
    });
    let history = settled.await;
    let audited: i64 = write.query_one("SELECT count(*) FROM audit.records", &[]).await.unwrap().get(0);
    assert_eq!(usize::try_from(audited).unwrap(), history.archive.len(), "the trail has each event once");
    println!(
        "{} writes, {acknowledged} acknowledged, {} events, {} kills",
        writes.len(),
        history.archive.len(),
        ROUNDS * 2
    );
}
