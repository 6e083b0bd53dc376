//! The real queue against the model. Its clock cannot be moved, so a lease is either far from its end or
//! past it when the next command comes, and a pause either none or far from over.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mindflow_backends::delivery::backend::Relayed;
use mindflow_backends::delivery::queue::{Leased, Outcome, Receipt, Settlement};
use mindflow_backends::delivery::{DeadLetterFilter, DeadLetterId, LOST_SUSPECT, Subscription};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use uuid::Uuid;

use crate::delivery::stage::{Stage, fact};
use mindflow_test_support::queue_model::{Count, Ending, Lease, Model};
use mindflow_test_support::until;

const FAR: Duration = Duration::from_secs(3_600);
const BRIEF: Duration = Duration::from_millis(1);
const CASES: u32 = 12;

#[derive(Debug, Clone)]
enum Command {
    Publish { keys: Vec<u8> },
    Lease { brief: bool, suspect: bool },
    Settle { back: usize, ending: Ending },
    Extend { back: usize },
    Redrive { key: u8 },
    Discard { key: u8 },
}

fn command() -> impl Strategy<Value = Command> {
    let ending = prop_oneof![
        4 => Just(Ending::Ack),
        2 => any::<(bool, bool)>().prop_map(|(far, counted)| {
            Ending::Retry { delay: if far { FAR.as_millis() as u64 } else { 0 }, counted }
        }),
        2 => Just(Ending::Dead),
    ];
    prop_oneof![
        4 => prop::collection::vec(0..5_u8, 1..6).prop_map(|keys| Command::Publish { keys }),
        5 => (prop::bool::weighted(0.4), any::<bool>()).prop_map(|(brief, suspect)| Command::Lease { brief, suspect }),
        8 => (0..6_usize, ending).prop_map(|(back, ending)| Command::Settle { back, ending }),
        1 => (0..6_usize).prop_map(|back| Command::Extend { back }),
        2 => (0..5_u8).prop_map(|key| Command::Redrive { key }),
        2 => (0..5_u8).prop_map(|key| Command::Discard { key }),
    ]
}

pub async fn random_commands_leave_the_queue_as_the_model_says(stage: Stage) {
    let case = AtomicU32::new(0);
    let config = Config { cases: CASES, max_shrink_iters: 60, failure_persistence: None, ..Config::default() };
    let played = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&prop::collection::vec(command(), 5..40), |commands| {
            let case = case.fetch_add(1, Ordering::Relaxed);
            tokio::runtime::Handle::current().block_on(Played::new(&stage, case).play(commands))
        })
    });
    played.unwrap_or_else(|error| panic!("{error}"));
}

struct Played<'a> {
    stage: &'a Stage,
    subscription: String,
    model: Model,
    /// Every lease as the model and as the queue has it.
    leases: Vec<(Lease, Receipt)>,
    events: BTreeMap<(u8, u64), Uuid>,
}

impl<'a> Played<'a> {
    fn new(stage: &'a Stage, case: u32) -> Self {
        let subscription = format!("case{case}");
        Self { stage, subscription, model: Model::new(LOST_SUSPECT), leases: Vec::new(), events: BTreeMap::new() }
    }

    async fn play(mut self, commands: Vec<Command>) -> Result<(), TestCaseError> {
        let subscription = Subscription::new(&self.subscription, [&self.subscription]);
        self.stage.queue.register(&[subscription]).await.unwrap();
        for command in commands {
            self.obey(command).await?;
            let (count, expected) = (self.count().await, self.model.count());
            prop_assert_eq!((count.leased, count.dead), (expected.leased, expected.dead));
            // What a stream has and no group has read yet counts as ready, also behind a dead event.
            prop_assert_eq!(count.ready + count.parked, expected.ready + expected.parked);
            prop_assert!(count.parked <= expected.parked, "{count:?}, {expected:?}");
        }
        // A case that is over costs the next ones nothing.
        self.stage.queue.unsubscribe(&self.subscription).await.unwrap();
        Ok(())
    }

    async fn obey(&mut self, command: Command) -> Result<(), TestCaseError> {
        let queue = &self.stage.queue;
        match command {
            Command::Publish { keys } => {
                for key in keys {
                    let sequence = self.model.publish(key);
                    let event = fact(&self.subscription, &self.key(key), sequence);
                    self.events.insert((key, sequence), event.event_id);
                    self.stage.publish(&[event]).await;
                }
                while queue.relay(100).await.unwrap() == Relayed::Busy {}
            }
            Command::Lease { brief, suspect } => {
                let lease_for = if brief { BRIEF } else { FAR };
                let expected = self.model.lease(lease_for.as_millis() as u64, suspect);
                let leased = queue.lease(&self.subscription, Uuid::new_v4(), 100, lease_for, suspect).await.unwrap();
                let mut happened: Vec<_> = leased
                    .iter()
                    .map(|leased| {
                        let Leased { event, attempt, lost, .. } = leased;
                        (event.partition_key.clone(), event.sequence, *attempt, *lost)
                    })
                    .collect();
                happened.sort();
                let wanted =
                    expected.iter().map(|lease| (self.key(lease.key), lease.sequence, lease.attempt, lease.lost));
                let mut wanted: Vec<_> = wanted.collect();
                wanted.sort();
                prop_assert_eq!(happened, wanted);
                for lease in expected {
                    let key = self.key(lease.key);
                    let receipt =
                        leased.iter().find(|leased| leased.receipt.partition_key == key).unwrap().receipt.clone();
                    self.leases.push((lease, receipt));
                }
                if brief {
                    self.model.now += BRIEF.as_millis() as u64;
                    let leased = self.model.count().leased;
                    until("the brief leases are over", async || self.count().await.leased == leased).await;
                }
            }
            Command::Settle { back, ending } => {
                let Some((lease, receipt)) = self.nth(back) else { return Ok(()) };
                let outcome = match ending {
                    Ending::Ack => Outcome::Ack,
                    Ending::Dead => Outcome::Dead { error: "dead".to_owned() },
                    Ending::Retry { delay, counted } => {
                        Outcome::Retry { error: "again".to_owned(), delay: Duration::from_millis(delay), counted }
                    }
                };
                let settlement = Settlement { receipt: receipt.clone(), outcome };
                let held = queue.settle(&self.subscription, &[settlement]).await.unwrap();
                let expected = self.model.settle(&lease, ending);
                prop_assert_eq!(held, if expected { vec![receipt] } else { vec![] });
            }
            Command::Extend { back } => {
                let Some((lease, receipt)) = self.nth(back) else { return Ok(()) };
                let held = queue.extend(&self.subscription, std::slice::from_ref(&receipt), FAR).await.unwrap();
                let expected = self.model.extend(&lease, FAR.as_millis() as u64);
                prop_assert_eq!(held, if expected { vec![receipt] } else { vec![] });
            }
            Command::Redrive { key } | Command::Discard { key } => {
                let dead = self.model.dead().into_iter().find(|(of, _)| *of == key);
                let event_id = dead.map_or(Uuid::new_v4(), |dead| self.events[&dead]);
                let id = DeadLetterId { subscription: self.subscription.clone(), event_id };
                prop_assert_eq!(queue.show(&id).await.unwrap().is_some(), dead.is_some());
                let (happened, expected) = if matches!(command, Command::Redrive { .. }) {
                    (queue.redrive(&id).await.unwrap(), self.model.redrive(key))
                } else {
                    (queue.discard(&id).await.unwrap(), self.model.discard(key))
                };
                prop_assert_eq!(happened, expected);
            }
        }
        let filter = DeadLetterFilter { subscription: Some(self.subscription.clone()), before: None, limit: 100 };
        let mut listed: Vec<_> =
            queue.list(&filter).await.unwrap().iter().map(|letter| letter.event.event_id).collect();
        let mut expected: Vec<_> = self.model.dead().iter().map(|dead| self.events[dead]).collect();
        listed.sort();
        expected.sort();
        prop_assert_eq!(listed, expected);
        Ok(())
    }

    async fn count(&self) -> Count {
        let depth = self.stage.depth(&self.subscription).await;
        Count { ready: depth.ready, leased: depth.leased, dead: depth.dead, parked: depth.parked }
    }

    fn key(&self, key: u8) -> String {
        format!("{}:{key}", self.subscription)
    }

    fn nth(&self, back: usize) -> Option<(Lease, Receipt)> {
        let number = self.leases.len().checked_sub(back + 1)?;
        Some(self.leases[number].clone())
    }
}
