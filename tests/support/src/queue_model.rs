//! A model of a delivery queue, small enough to be seen to be right: no database, and a clock that only commands move. The
//! real queues and the dispatcher are checked against it.
//!
//! It has one subscription: for each key a line of events, of which only the first is ever touched.

use std::collections::{BTreeMap, VecDeque};

/// Milliseconds on the virtual clock.
pub type Time = u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Ack,
    Retry { delay: Time, counted: bool },
    Dead,
}

/// An event handed out; `token` names the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lease {
    pub key: u8,
    pub sequence: u64,
    pub attempt: u32,
    /// Leases of it that ran out.
    pub lost: u32,
    pub token: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Later { until: Time },
    Leased { until: Time, token: u64 },
    Dead,
}

#[derive(Debug, Clone)]
struct Line {
    /// Sequences, and the place of each among all that was published.
    waiting: VecDeque<(u64, u64)>,
    attempts: u32,
    lost: u32,
    first: State,
}

#[derive(Debug, Clone)]
pub struct Model {
    pub now: Time,
    /// Lost leases from which an event is a suspect.
    suspect_at: u32,
    count: u64,
    lines: BTreeMap<u8, Line>,
    published: BTreeMap<u8, u64>,
    tokens: u64,
}

/// What is there, as the real queue counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    pub ready: u64,
    pub leased: u64,
    pub dead: u64,
    pub parked: u64,
}

impl Model {
    /// Of events with `suspect_at` lost leases or more, one at a time is leased.
    pub fn new(suspect_at: u32) -> Self {
        let (lines, published) = (BTreeMap::new(), BTreeMap::new());
        Self { now: 0, suspect_at, count: 0, lines, published, tokens: 0 }
    }

    /// Answers the event's sequence.
    pub fn publish(&mut self, key: u8) -> u64 {
        let sequence = self.published.entry(key).or_default();
        *sequence += 1;
        self.count += 1;
        let empty = || Line { waiting: VecDeque::new(), attempts: 0, lost: 0, first: State::Ready };
        self.lines.entry(key).or_insert_with(empty).waiting.push_back((*sequence, self.count));
        *sequence
    }

    /// Hands out all that may be: of suspects the first one, if it is to be `suspect`.
    pub fn lease(&mut self, lease_for: Time, suspect: bool) -> Vec<Lease> {
        let (now, tokens, suspect_at) = (self.now, &mut self.tokens, self.suspect_at);
        let mut leased = Vec::new();
        let is_free = |line: &Line| match line.first {
            State::Ready => true,
            State::Later { until } | State::Leased { until, .. } => until <= now,
            State::Dead => false,
        };
        let is_suspect = |line: &Line| {
            let lost = u32::from(matches!(line.first, State::Leased { .. }));
            line.lost + lost >= suspect_at
        };
        let suspects = self.lines.values().filter(|line| is_free(line) && is_suspect(line));
        let first = suspects.map(|line| line.waiting[0].1).min().filter(|_| suspect);
        for (key, line) in &mut self.lines {
            if is_free(line) && (!is_suspect(line) || first == Some(line.waiting[0].1)) {
                *tokens += 1;
                *if matches!(line.first, State::Leased { .. }) { &mut line.lost } else { &mut line.attempts } += 1;
                line.first = State::Leased { until: now + lease_for, token: *tokens };
                let (sequence, attempt, lost) = (line.waiting[0].0, line.attempts, line.lost);
                leased.push(Lease { key: *key, sequence, attempt, lost, token: *tokens });
            }
        }
        leased
    }

    /// Whether the lease was held.
    pub fn settle(&mut self, lease: &Lease, ending: Ending) -> bool {
        let now = self.now;
        let Some(line) = self.held(lease) else { return false };
        match ending {
            Ending::Ack => self.advance(lease.key),
            Ending::Dead => line.first = State::Dead,
            Ending::Retry { delay, counted } => {
                line.attempts -= u32::from(!counted);
                line.first = if delay == 0 { State::Ready } else { State::Later { until: now + delay } };
            }
        }
        true
    }

    pub fn extend(&mut self, lease: &Lease, lease_for: Time) -> bool {
        let until = self.now + lease_for;
        let token = lease.token;
        self.held(lease).map(|line| line.first = State::Leased { until, token }).is_some()
    }

    pub fn redrive(&mut self, key: u8) -> bool {
        let dead = self.lines.get_mut(&key).filter(|line| line.first == State::Dead);
        dead.map(|line| (line.first, line.attempts, line.lost) = (State::Ready, 0, 0)).is_some()
    }

    pub fn discard(&mut self, key: u8) -> bool {
        let dead = self.lines.get(&key).is_some_and(|line| line.first == State::Dead);
        if dead {
            self.advance(key);
        }
        dead
    }

    /// The dead letters: key and sequence.
    pub fn dead(&self) -> Vec<(u8, u64)> {
        let dead = self.lines.iter().filter(|(_, line)| line.first == State::Dead);
        dead.map(|(key, line)| (*key, line.waiting[0].0)).collect()
    }

    pub fn count(&self) -> Count {
        let mut count = Count::default();
        for line in self.lines.values() {
            let len = line.waiting.len() as u64;
            match line.first {
                State::Dead => {
                    count.dead += 1;
                    count.parked += len - 1;
                }
                State::Leased { until, .. } if until > self.now => {
                    count.leased += 1;
                    count.ready += len;
                }
                _ => count.ready += len,
            }
        }
        count
    }

    fn held(&mut self, lease: &Lease) -> Option<&mut Line> {
        let line = self.lines.get_mut(&lease.key)?;
        let same = matches!(line.first, State::Leased { token, .. } if token == lease.token);
        same.then_some(line)
    }

    fn advance(&mut self, key: u8) {
        if let Some(line) = self.lines.get_mut(&key) {
            line.waiting.pop_front();
            (line.first, line.attempts, line.lost) = (State::Ready, 0, 0);
            if line.waiting.is_empty() {
                self.lines.remove(&key);
            }
        }
    }
}
