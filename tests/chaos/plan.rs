//! What is done to whom: drawn from the seed alone, so that the same seed gives the same faults. What happens
//! between them (which request is where when a fault comes) is the machine's affair and differs each time.

use std::time::Duration;

/// Places where a host ends itself; see `backends/src/failpoint.rs`.
pub const PLACES: [&str; 6] =
    ["after-commit", "after-archive", "after-relay", "after-lease", "before-ack", "after-ack"];
/// A place that only the Redis back end has.
const REDIS_ONLY: &str = "after-archive";
/// A host that is armed dies at one of its first passes, so that it dies soon.
const PASSES_MAX: u32 = 6;
/// How long a host lives that is killed at random, from its start.
const LIFE_MS: std::ops::Range<u64> = 150..1_500;
/// Between two faults of the servers, which both need time to come back.
const SERVER_PAUSE_MS: std::ops::Range<u64> = 1_500..4_000;
/// Kills of hosts for each fault of a server.
const KILLS_PER_SERVER_FAULT: u32 = 8;
/// Each of the three faults at least once.
const SERVER_FAULTS_MIN: u32 = 3;

/// How a host is ended, by `kill -9` in either case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kill {
    AtRandom(Duration),
    AtPlace { place: &'static str, pass: u32 },
}

/// What is done to the stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerFault {
    PostgresImmediate,
    RedisKill,
    RedisFlush,
}

/// All faults of one round.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// For each replica, one after the other.
    pub kills: Vec<Vec<Kill>>,
    pub servers: Vec<(Duration, ServerFault)>,
}

impl Plan {
    pub fn draw(seed: u64, kills: u32, replicas: usize, redis_streams: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let places: Vec<_> = PLACES.into_iter().filter(|place| redis_streams || *place != REDIS_ONLY).collect();
        let mut plan = Self { kills: vec![Vec::new(); replicas], servers: Vec::new() };
        // Every place comes before any comes again.
        let mut next_places = Vec::new();
        for number in 0..kills as usize {
            let kill = if number % 3 == 2 {
                Kill::AtRandom(Duration::from_millis(rng.u64(LIFE_MS)))
            } else {
                if next_places.is_empty() {
                    next_places.clone_from(&places);
                    rng.shuffle(&mut next_places);
                }
                let place = next_places.pop().expect("refilled");
                Kill::AtPlace { place, pass: rng.u32(1..=PASSES_MAX) }
            };
            plan.kills[number % replicas].push(kill);
        }
        let kinds = [ServerFault::PostgresImmediate, ServerFault::RedisKill, ServerFault::RedisFlush];
        let mut next_kinds = Vec::new();
        for _ in 0..(kills / KILLS_PER_SERVER_FAULT).max(SERVER_FAULTS_MIN) {
            if next_kinds.is_empty() {
                next_kinds = kinds.to_vec();
                rng.shuffle(&mut next_kinds);
            }
            let pause = Duration::from_millis(rng.u64(SERVER_PAUSE_MS));
            plan.servers.push((pause, next_kinds.pop().expect("refilled")));
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_seed_others() {
        assert_eq!(Plan::draw(7, 40, 3, true), Plan::draw(7, 40, 3, true));
        assert_ne!(Plan::draw(7, 40, 3, true), Plan::draw(8, 40, 3, true));
    }

    #[test]
    fn every_place_and_every_fault_of_a_server_comes_even_in_a_short_run() {
        let plan = Plan::draw(1, 9, 2, true);
        assert_eq!(plan.kills.iter().map(Vec::len).sum::<usize>(), 9);
        for place in PLACES {
            let there = |kill: &Kill| matches!(kill, Kill::AtPlace { place: of, .. } if *of == place);
            assert!(plan.kills.iter().flatten().any(there), "{place}");
        }
        assert_eq!(plan.servers.len(), 3);
    }
}
