//! One pass over all users.

use super::{
    Mode, Report,
    compare::{self, Key, Seen},
    orphans::Orphans,
    repair,
    report::{Discrepancy, Done, differing_fields},
};
use crate::subscriber;
use mindflow_guest::{call::Error, clock, config};
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

/// How long a difference is given to disappear before it is compared again (`reconcile_pause_ms`).
const PAUSE_MS: u64 = 3_000;
/// What changes at so many comparisons in a row is traffic, left to the next pass.
const COMPARISONS_MAX: u32 = 4;
/// Suspects of so many users wait for one pause together; what they hold fits the sandbox.
const SUSPECTS_MAX: usize = 2_000;
/// After so many users the pass pauses, so that it leaves capacity to other work.
const USERS_BETWEEN_RESTS: u64 = 5_000;
const REST: Duration = Duration::from_millis(1_100);

/// The differences found last, by user.
type Suspects = BTreeMap<Uuid, BTreeMap<Key, Seen>>;

/// One run of the reconciliation.
struct Pass {
    mode: Mode,
    pause: Duration,
    report: Report,
    orphans: Orphans,
}

/// Compares everything, and repairs it unless the mode says otherwise.
///
/// # Errors
/// A side cannot be read; earlier repairs stay.
pub async fn run(mode: Mode) -> Result<Report, Error> {
    let pause = Duration::from_millis(config::number("reconcile_pause_ms", PAUSE_MS).await.map_err(Error::Internal)?);
    let mut pass = Pass { mode, pause, report: Report::default(), orphans: Orphans::default() };
    pass.compare().await?;
    pass.remove_orphans().await?;
    let report = pass.report.finish();
    eprintln!("reconciliation: {}", report.summary);
    Ok(report)
}

impl Pass {
    async fn compare(&mut self) -> Result<(), Error> {
        let mut suspects = Suspects::new();
        let (mut after, mut rested_at) = (Uuid::nil(), 0);
        loop {
            let page = compare::page(after).await?;
            let (aggregates, differing) = compare::differing_users(&page.users).await?;
            self.report.users += page.users.len() as u64;
            self.report.aggregates += aggregates;
            for user in differing {
                suspects.insert(user, compare::differences(user).await?);
                if suspects.values().map(BTreeMap::len).sum::<usize>() >= SUSPECTS_MAX {
                    self.settle(std::mem::take(&mut suspects)).await?;
                }
            }
            match page.next {
                Some(next) => after = next,
                None => break,
            }
            if self.report.users - rested_at >= USERS_BETWEEN_RESTS {
                eprintln!("reconciliation: {} users, {} aggregates so far", self.report.users, self.report.aggregates);
                rested_at = self.report.users;
                clock::pause(REST).await;
            }
        }
        self.settle(suspects).await
    }

    /// Compares again until each suspect agrees, differs without changing, or has changed too often.
    async fn settle(&mut self, mut suspects: Suspects) -> Result<(), Error> {
        suspects.retain(|_, keys| !keys.is_empty());
        for _ in 1..COMPARISONS_MAX {
            if suspects.is_empty() {
                return Ok(());
            }
            clock::pause(self.pause).await;
            let mut moving = Suspects::new();
            for (user, before) in suspects {
                let keys: Vec<Key> = before.keys().cloned().collect();
                for chunk in keys.chunks(500) {
                    for (key, now) in compare::again(user, chunk).await? {
                        match before.get(&key) {
                            Some(then) if *then == now => self.conclude(user, key, now).await?,
                            // An aggregate of another kind has the same id.
                            None => {}
                            Some(_) => {
                                moving.entry(user).or_default().insert(key, now);
                            }
                        }
                    }
                }
            }
            suspects = moving;
        }
        self.report.moving += suspects.values().map(|keys| keys.len() as u64).sum::<u64>();
        Ok(())
    }

    async fn conclude(&mut self, user: Uuid, key: Key, seen: Seen) -> Result<(), Error> {
        if seen.write.is_none() && self.mode == Mode::Repair {
            self.orphans.add(user, key, seen);
            return Ok(());
        }
        let found = decide(user, &key, &seen, self.mode).await?;
        self.report.add(found);
        Ok(())
    }

    async fn remove_orphans(&mut self) -> Result<(), Error> {
        let orphans = std::mem::take(&mut self.orphans);
        self.report.surplus += orphans.uncounted();
        let (held, little) = orphans.judge(self.report.aggregates);
        self.report.too_many_orphans = !little && !held.is_empty();
        let mode = if little { Mode::RemoveOrphans } else { Mode::DryRun };
        for (user, key, seen) in held {
            let found = decide(user, &key, &seen, mode).await?;
            self.report.add(found);
        }
        Ok(())
    }
}

async fn decide(user: Uuid, key: &Key, seen: &Seen, mode: Mode) -> Result<Discrepancy, Error> {
    let expected = compare::expected(user, key).await?;
    let fields = match (&seen.read, &expected) {
        (Some(_), Some(expected)) => {
            differing_fields(compare::document(user, key).await?.as_deref(), &expected.document)
        }
        // Only one side has it: there is nothing to compare.
        _ => Vec::new(),
    };
    let done = if expected.as_ref().map(|expected| &expected.state) != seen.write.as_ref() {
        Done::Moved
    } else if mode == Mode::DryRun {
        Done::Left
    } else {
        match repair::repair(user, key, seen.read.as_ref(), expected.as_ref()).await {
            Ok(None) => Done::Moved,
            Ok(Some(repaired)) => {
                subscriber::notify(repaired.user_id, repaired.notice).await?;
                Done::Mended
            }
            Err(Error::Unavailable(reason)) => return Err(Error::Unavailable(reason)),
            Err(error) => {
                eprintln!("reconciliation: {} {} of user {user} cannot be repaired: {error:?}", key.0, key.1);
                Done::Failed
            }
        }
    };
    let found = Discrepancy::new(user, key, seen, fields, done);
    if done != Done::Moved {
        eprintln!("{}", found.line());
    }
    Ok(found)
}
