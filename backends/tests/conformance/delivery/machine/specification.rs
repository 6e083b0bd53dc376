//! What must hold of every run of commands, counted without a queue.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use mindflow_backends::delivery::LOST_SUSPECT;
use mindflow_test_support::queue_model::{Ending, Lease, Model, Time};

#[derive(Debug, Clone)]
pub enum Command {
    Publish {
        key: u8,
    },
    Lease {
        lease_for: Time,
        suspect: bool,
    },
    /// Of the leases that were ever handed out, counted from the last.
    Settle {
        back: usize,
        ending: Ending,
    },
    Extend {
        back: usize,
        lease_for: Time,
    },
    Redrive {
        key: u8,
    },
    Discard {
        key: u8,
    },
    Pass {
        time: Time,
    },
}

pub fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        4 => Just(Ending::Ack),
        2 => (0..4_u64, any::<bool>()).prop_map(|(delay, counted)| Ending::Retry { delay: delay * 10, counted }),
        1 => Just(Ending::Dead),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let key = 0..4_u8;
    prop_oneof![
        4 => key.clone().prop_map(|key| Command::Publish { key }),
        4 => (1..40_u64, any::<bool>()).prop_map(|(lease_for, suspect)| Command::Lease { lease_for, suspect }),
        6 => (0..6_usize, ending()).prop_map(|(back, ending)| Command::Settle { back, ending }),
        2 => (0..6_usize, 1..40_u64).prop_map(|(back, lease_for)| Command::Extend { back, lease_for }),
        1 => key.clone().prop_map(|key| Command::Redrive { key }),
        1 => key.prop_map(|key| Command::Discard { key }),
        3 => (1..30_u64).prop_map(|time| Command::Pass { time }),
    ]
}

/// One key, as far as it can be known without a queue.
#[derive(Debug, Clone, Default)]
struct Tally {
    published: u64,
    /// Acknowledged or discarded.
    done: u64,
    /// Of the event after those: attempts that count, whether it is dead, whether and until when it may not be leased.
    attempts: u32,
    /// Its leases that ran out.
    lost: u32,
    dead: bool,
    blocked_until: Time,
    /// The lease that may be settled.
    held: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Specification {
    now: Time,
    keys: BTreeMap<u8, Tally>,
    /// In order: key and sequence.
    published: Vec<(u8, u64)>,
    /// Of every lease ever handed out: key and sequence, and whether it is still the one that counts.
    leases: Vec<(u8, u64, bool)>,
    /// What the last command must have done.
    expected: Expected,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Expected {
    #[default]
    Nothing,
    Leased(Vec<(u8, u64, u32, u32)>),
    Held(bool),
}

impl Specification {
    /// The lease that a command means, if there was any: its number and what is known of it.
    fn meant(&self, back: usize) -> Option<(usize, u8)> {
        let number = self.leases.len().checked_sub(back + 1)?;
        let (key, _, held) = self.leases[number];
        held.then_some((number, key))
    }

    /// All that may be, and of the suspects the first published.
    fn lease(&mut self, lease_for: Time, suspect: bool) -> Vec<(u8, u64, u32, u32)> {
        let mut leased = Vec::new();
        let free = |tally: &Tally| !tally.dead && tally.done < tally.published && tally.blocked_until <= self.now;
        let is_suspect = |tally: &Tally| tally.lost + u32::from(tally.held) >= LOST_SUSPECT;
        let suspects = self.keys.iter().filter(|(_, tally)| free(tally) && is_suspect(tally));
        let place = |key: u8, sequence: u64| self.published.iter().position(|event| *event == (key, sequence));
        let first = suspects.min_by_key(|(key, tally)| place(**key, tally.done + 1)).map(|(key, _)| *key);
        let taken = first.filter(|_| suspect);
        for (key, tally) in &mut self.keys {
            if !free(tally) || (is_suspect(tally) && taken != Some(*key)) {
                continue;
            }
            if tally.held {
                tally.lost += 1;
            } else {
                tally.attempts += 1;
            }
            (tally.held, tally.blocked_until) = (true, self.now + lease_for);
            self.leases.iter_mut().filter(|(of, _, _)| of == key).for_each(|lease| lease.2 = false);
            self.leases.push((*key, tally.done + 1, true));
            leased.push((*key, tally.done + 1, tally.attempts, tally.lost));
        }
        leased
    }

    fn settle(&mut self, back: usize, ending: Ending) -> bool {
        let Some((number, key)) = self.meant(back) else { return false };
        self.leases[number].2 = false;
        let now = self.now;
        let tally = self.keys.get_mut(&key).unwrap();
        (tally.held, tally.blocked_until) = (false, 0);
        match ending {
            Ending::Ack => (tally.done, tally.attempts, tally.lost) = (tally.done + 1, 0, 0),
            Ending::Dead => tally.dead = true,
            Ending::Retry { delay, counted } => {
                tally.attempts -= u32::from(!counted);
                tally.blocked_until = now + delay;
            }
        }
        true
    }
}

impl ReferenceStateMachine for Specification {
    type State = Self;
    type Transition = Command;

    fn init_state() -> BoxedStrategy<Self::State> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self::State) -> BoxedStrategy<Self::Transition> {
        command().boxed()
    }

    fn apply(mut state: Self::State, command: &Self::Transition) -> Self::State {
        state.expected = match *command {
            Command::Publish { key } => {
                let tally = state.keys.entry(key).or_default();
                tally.published += 1;
                state.published.push((key, tally.published));
                Expected::Nothing
            }
            Command::Lease { lease_for, suspect } => Expected::Leased(state.lease(lease_for, suspect)),
            Command::Settle { back, ending } => Expected::Held(state.settle(back, ending)),
            Command::Extend { back, lease_for } => {
                let meant = state.meant(back);
                if let Some((_, key)) = meant {
                    state.keys.get_mut(&key).unwrap().blocked_until = state.now + lease_for;
                }
                Expected::Held(meant.is_some())
            }
            Command::Redrive { key } | Command::Discard { key } => {
                let dead = state.keys.get_mut(&key).filter(|tally| tally.dead);
                let there = dead.is_some();
                if let Some(tally) = dead {
                    (tally.dead, tally.attempts, tally.lost) = (false, 0, 0);
                    tally.done += u64::from(matches!(command, Command::Discard { .. }));
                }
                Expected::Held(there)
            }
            Command::Pass { time } => {
                state.now += time;
                Expected::Nothing
            }
        };
        state
    }
}

struct Played {
    model: Model,
    leases: Vec<Lease>,
}

impl StateMachineTest for Played {
    type SystemUnderTest = Self;
    type Reference = Specification;

    fn init_test(_: &Specification) -> Self {
        Self { model: Model::new(LOST_SUSPECT), leases: Vec::new() }
    }

    fn apply(mut played: Self, specification: &Specification, command: Command) -> Self {
        let nth = |back: usize| played.leases.len().checked_sub(back + 1).map(|number| played.leases[number]);
        let happened = match command {
            Command::Publish { key } => {
                played.model.publish(key);
                Expected::Nothing
            }
            Command::Lease { lease_for, suspect } => {
                let leased = played.model.lease(lease_for, suspect);
                played.leases.extend(&leased);
                Expected::Leased(
                    leased.iter().map(|lease| (lease.key, lease.sequence, lease.attempt, lease.lost)).collect(),
                )
            }
            Command::Settle { back, ending } => {
                Expected::Held(nth(back).is_some_and(|lease| played.model.settle(&lease, ending)))
            }
            Command::Extend { back, lease_for } => {
                Expected::Held(nth(back).is_some_and(|lease| played.model.extend(&lease, lease_for)))
            }
            Command::Redrive { key } => Expected::Held(played.model.redrive(key)),
            Command::Discard { key } => Expected::Held(played.model.discard(key)),
            Command::Pass { time } => {
                played.model.now += time;
                Expected::Nothing
            }
        };
        assert_eq!(happened, specification.expected);
        played
    }

    fn check_invariants(played: &Self, specification: &Specification) {
        let count = played.model.count();
        let left: u64 = specification.keys.values().map(|tally| tally.published - tally.done).sum();
        assert_eq!(count.ready + count.dead + count.parked, left, "nothing is lost and nothing doubled");
        let held = specification.keys.values().filter(|tally| tally.held && tally.blocked_until > specification.now);
        assert_eq!(count.leased, held.count() as u64, "one of a key is in flight");
        let dead = specification.keys.iter().filter(|(_, tally)| tally.dead);
        let dead: Vec<_> = dead.map(|(key, tally)| (*key, tally.done + 1)).collect();
        assert_eq!(played.model.dead(), dead);
    }
}

prop_state_machine! {
    #![proptest_config(Config { cases: 512, failure_persistence: None, ..Config::default() })]

    #[test]
    fn leases_retries_and_dead_letters_keep_every_key_in_line_whatever_is_done_with_them(sequential 1..80 => Played);
}
