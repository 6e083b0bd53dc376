//! Limits of what a client or a user may do in a time, for all replicas together, without asking the store about an honest
//! request.
//!
//! Each replica keeps an account for each holder. While the holder has more than half of the quota left, the replica decides
//! alone and reports what it gave in the background, after a sixteenth of the quota, or once a second if it is a sixty-fourth, and learns from
//! the answer what the others gave. Below half, the store decides; and who is refused by what the replica knows already is
//! refused without it. So each replica can give at most half a quota that the others do not know of yet, and as a rule what is
//! taken while one report is under way.
//!
//! While the store is away, each replica decides by its own accounts. The arithmetic is
//! [`mindflow_platform::rate_limits`]; the crate `governor` has the same, but its states cannot take over what a store answers.

mod account;
mod shared;

pub use mindflow_platform::rate_limits::{Change, Changes, Limit, LimitStatus, LimitsError, check_holder};
pub use shared::{Charged, Shared};

use crate::clock;
use account::{Account, Decision};
use lru::LruCache;
use std::{
    hash::{BuildHasher, RandomState},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{sync::Semaphore, time::Instant};

/// Accounts of a limit; the one that was used the longest ago makes room. 32,768 take some 4 MiB. A flood from more addresses than
/// that is no matter of limits by address.
const ACCOUNTS_MAX: NonZeroUsize = NonZeroUsize::new(32_768).unwrap();
/// Reports of a limit that are on their way. With more to report, the next take tries again.
const REPORTS_MAX: usize = 64;
/// How long a store that failed is not asked again.
const AWAY_US: u64 = 1_000_000;

/// One limit of a platform, as one replica holds it.
pub struct Limiter {
    name: String,
    limit: Limit,
    shared: Option<Arc<Shared>>,
    /// By a hash with a key of this process: holders choose their names in part.
    accounts: Mutex<LruCache<u64, Account>>,
    hasher: RandomState,
    began: Instant,
    reports: Arc<Semaphore>,
    /// The store is not asked before; 0: it answered.
    away_until_us: AtomicU64,
}

// === impl Limiter ===

impl Limiter {
    /// Without a store the limit is this process's alone.
    pub fn new(name: &str, limit: Limit, shared: Option<Arc<Shared>>) -> Self {
        Self {
            name: name.to_owned(),
            limit,
            shared,
            accounts: Mutex::new(LruCache::new(ACCOUNTS_MAX)),
            hasher: RandomState::new(),
            began: clock::instant(),
            reports: Arc::new(Semaphore::new(REPORTS_MAX)),
            away_until_us: AtomicU64::new(0),
        }
    }

    /// The same limit, counted alone.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self::new(&self.name, self.limit, None)
    }

    /// Takes `cost` units of the holder's part, or nothing.
    pub async fn take(self: &Arc<Self>, holder: &str, cost: u64) -> LimitStatus {
        let weight = self.limit.weight_us(cost);
        let window = self.limit.window_us();
        let id = self.hasher.hash_one(holder);
        let now = self.now_us();
        let shared = self.shared.as_ref().filter(|_| self.away_until_us.load(Ordering::Relaxed) <= now);
        let Some(shared) = shared else {
            let taken = self.account(id, |account| account.take(weight, window, now));
            return self.stands(taken, weight);
        };
        let (taken, report) = match self.account(id, |account| account.take_shared(weight, window, now)) {
            Decision::Given { debt, report } => (Ok(debt), report),
            Decision::Refused { debt, report } => (Err(debt), report),
            Decision::Ask { unreported } => {
                let charged = shared.charge(&self.name, holder, unreported, weight, window).await;
                return self.settle(id, unreported, weight, charged);
            }
        };
        if let Some(reported) = report {
            self.report(id, holder, reported, shared);
        }
        self.stands(taken, weight)
    }

    /// The debt of who was given it, or of who could not take `weight`.
    fn stands(&self, taken: Result<u64, u64>, weight: u64) -> LimitStatus {
        match taken {
            Ok(debt) => self.limit.status(&self.name, debt, None),
            Err(debt) => self.limit.status(&self.name, debt, Some(weight)),
        }
    }

    /// What follows from the store's answer, or from none.
    fn settle(&self, id: u64, unreported: u64, weight: u64, charged: Result<Charged, String>) -> LimitStatus {
        let (window, now) = (self.limit.window_us(), self.now_us());
        match charged {
            Ok(Charged { taken, debt_us }) => {
                self.answered();
                let debt = self.account(id, |account| {
                    if !taken {
                        account.take_back(weight);
                    }
                    account.learn(debt_us, now)
                });
                self.stands(if taken { Ok(debt) } else { Err(debt) }, weight)
            }
            Err(reason) => {
                self.went_away(&reason, now);
                let taken = self.account(id, |account| {
                    account.take_back(weight);
                    account.unreported_us += unreported;
                    account.take(weight, window, now)
                });
                self.stands(taken, weight)
            }
        }
    }

    /// Tells the store in the background.
    fn report(self: &Arc<Self>, id: u64, holder: &str, reported: u64, shared: &Arc<Shared>) {
        let Ok(place) = Arc::clone(&self.reports).try_acquire_owned() else {
            self.account(id, |account| account.not_reported(reported));
            return;
        };
        let (limiter, shared, holder) = (Arc::clone(self), Arc::clone(shared), holder.to_owned());
        tokio::spawn(async move {
            let charged = shared.charge(&limiter.name, &holder, reported, 0, limiter.limit.window_us()).await;
            let now = limiter.now_us();
            match charged {
                Ok(Charged { debt_us, .. }) => {
                    limiter.answered();
                    limiter.account(id, |account| account.reported(debt_us, now));
                }
                Err(reason) => {
                    limiter.went_away(&reason, now);
                    limiter.account(id, |account| account.not_reported(reported));
                }
            }
            drop(place);
        });
    }

    fn answered(&self) {
        if self.away_until_us.swap(0, Ordering::Relaxed) != 0 {
            tracing::info!(limit = self.name, "the store of rate limits answers again");
        }
    }

    /// Logged once until it answers again.
    fn went_away(&self, reason: &str, now_us: u64) {
        if self.away_until_us.swap(now_us + AWAY_US, Ordering::Relaxed) == 0 {
            tracing::warn!(limit = self.name, "the store of rate limits is away, each replica decides alone: {reason}");
        }
    }

    fn account<T>(&self, id: u64, step: impl FnOnce(&mut Account) -> T) -> T {
        step(self.lock().get_or_insert_mut(id, Account::default))
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<u64, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since this value was made; it never goes back.
    fn now_us(&self) -> u64 {
        u64::try_from(clock::instant().duration_since(self.began).as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn limiter(quota: u64, window_s: u32) -> Arc<Limiter> {
        let limit = serde_json::from_value(serde_json::json!({"quota": quota, "window-s": window_s})).unwrap();
        Arc::new(Limiter::new("login", limit, None))
    }

    #[tokio::test(start_paused = true)]
    async fn a_holder_has_the_quota_and_then_what_comes_back() {
        let limiter = limiter(30, 60);
        for left in (0..30).rev() {
            let standing = limiter.take("a", 1).await;
            assert!(standing.allowed && standing.rate.starts_with(&format!("\"login\";r={left};")), "{standing:?}");
        }
        let refused = limiter.take("a", 1).await;
        assert_eq!((refused.allowed, refused.retry_after_s), (false, 2));
        assert!(limiter.take("b", 1).await.allowed, "another holder has a part of their own");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(limiter.take("a", 1).await.allowed);
        assert!(!limiter.take("a", 1).await.allowed);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(limiter.take("a", 30).await.allowed, "the whole quota is back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_cost_above_the_quota_takes_all_of_it_and_nothing_is_always_given() {
        let limiter = limiter(10, 60);
        assert!(limiter.take("a", 1_000).await.allowed);
        assert!(!limiter.take("a", 1).await.allowed);
        assert!(limiter.take("a", 0).await.allowed);
    }

    #[tokio::test(start_paused = true)]
    async fn accounts_that_were_not_used_for_long_make_room() {
        let limiter = limiter(1, 60);
        for number in 0..ACCOUNTS_MAX.get() + 1 {
            assert!(limiter.take(&number.to_string(), 1).await.allowed);
        }
        assert_eq!(limiter.lock().len(), ACCOUNTS_MAX.get());
        assert!(!limiter.take(&ACCOUNTS_MAX.to_string(), 1).await.allowed);
    }
}
