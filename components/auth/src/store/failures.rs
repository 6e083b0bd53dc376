//! Failed logins in the key-value bucket `auth-limits`. Without it no login succeeds: an unavailable store must not give
//! an attacker unlimited guesses. Nor must one that lost its data, so locks are in the database as well; counts of
//! failures below the limit are not.

use super::kept;
use crate::{
    lockout::{self, AfterFailure, Keys, LockoutState, WINDOW_MS, WINDOW_S},
    validation::EmailKey,
};
use mindflow_guest::{
    bucket,
    call::{Error, Throttled},
    clock,
    key_value::{Bucket, Condition, PutOutcome},
};
use std::rc::Rc;
use uuid::Uuid;

/// The bucket's name in the manifest.
const BUCKET: &str = "auth-limits";

/// The failed logins of one e-mail address, or the wrong passwords of one session.
pub struct Failures {
    bucket: Rc<Bucket>,
    keys: Keys,
}

impl Failures {
    pub async fn of(email: &EmailKey) -> Result<Self, Error> {
        Self::counted_by(Keys::of(email)).await
    }

    pub async fn of_session(id: Uuid) -> Result<Self, Error> {
        Self::counted_by(Keys::of_session(id)).await
    }

    async fn counted_by(keys: Keys) -> Result<Self, Error> {
        Ok(Self { bucket: bucket::open(BUCKET).await?, keys })
    }

    /// Refuses while it is locked; else answers how many failures there were before.
    pub async fn check(&self) -> Result<u32, Error> {
        let entries = self.bucket.get_many(vec![self.keys.failures.clone(), self.keys.lock.clone()]).await?;
        let value = |index: usize| entries.get(index).and_then(Option::as_ref).map(|entry| entry.value.as_slice());
        let now_us = clock::now_us();
        match lockout::state(value(0), value(1), now_us) {
            LockoutState::Open { failures } => match kept::locked_until(&self.keys.digest, now_us).await? {
                Some(until_us) => Err(locked(lockout::seconds_left(&lockout::lock_value(until_us), now_us))),
                None => Ok(failures),
            },
            LockoutState::Locked { retry_after_s } => Err(locked(retry_after_s)),
            LockoutState::LockDue => Err(locked(self.lock().await?)),
        }
    }

    /// Counts a failure. Answers `wrong`, or that the account is locked when it was so before this failure counted.
    pub async fn count(&self, wrong: Error) -> Result<Error, Error> {
        let count = self.bucket.increment(self.keys.failures.clone(), 1, Some(WINDOW_MS)).await?;
        match lockout::after_failure(count) {
            AfterFailure::Refuse => Ok(wrong),
            AfterFailure::RefuseAndLock => self.lock().await.map(|_| wrong),
            AfterFailure::Locked => self.lock().await.map(locked),
        }
    }

    /// A success: the failures before it no longer count.
    pub async fn forget(&self) -> Result<(), Error> {
        self.bucket.delete(vec![self.keys.failures.clone()]).await?;
        Ok(())
    }

    /// The account is open again, regardless of earlier failures.
    pub async fn lift(&self) -> Result<(), Error> {
        kept::unlock(&self.keys.digest).await?;
        self.bucket.delete(vec![self.keys.failures.clone(), self.keys.lock.clone()]).await?;
        Ok(())
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.bucket.get(self.keys.lock.clone()).await?;
        Ok(())
    }

    /// Locks the account unless it is; answers the seconds until it is open again.
    async fn lock(&self) -> Result<u32, Error> {
        let now_us = clock::now_us();
        let until_us = lockout::lock_until(now_us);
        kept::lock(&self.keys.digest, until_us, now_us).await?;
        let value = lockout::lock_value(until_us);
        match self.bucket.put(self.keys.lock.clone(), value, Some(WINDOW_MS), Condition::IfAbsent).await? {
            PutOutcome::Stale(Some(current)) => Ok(lockout::seconds_left(&current.value, now_us)),
            PutOutcome::Stale(None) | PutOutcome::Stored(_) => Ok(WINDOW_S),
        }
    }
}

fn locked(retry_after_s: u32) -> Error {
    Error::RateLimited(Throttled {
        retry_after_s,
        message: "Too many wrong passwords. Wait before you try again.".into(),
        limit: None,
    })
}
