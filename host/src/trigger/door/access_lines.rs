//! The lines of access. Each request has one, which is printed, and kept in a database for days, where it takes some 0.9 kB. A
//! client that sends requests without end must not fill that, nor push out the lines of others: of the lines that are kept, one
//! address has a part, and so have those of requests that were refused.

use crate::{
    engine::network,
    observe::{allowance::Allowance, log_writer},
};
use http::StatusCode;
use lru::LruCache;
use std::{
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

/// Of one address: the part that it has of what waits, too.
const ADDRESS_PART: u32 = 8;
/// Of what was refused (4xx), from all addresses.
const REFUSED_PART: u32 = 2;
/// Addresses that are remembered; the one that was seen the longest ago makes room.
const ADDRESSES_MAX: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

pub(in crate::trigger) struct AccessLines {
    lines_a_day: u32,
    allowed: Mutex<Allowed>,
}

struct Allowed {
    all: Allowance,
    refused: Allowance,
    by_address: LruCache<IpAddr, Allowance>,
}

// === impl AccessLines ===

impl AccessLines {
    /// With so many that are kept a day.
    pub fn new(lines_a_day: u32) -> Self {
        let allowed = Allowed {
            all: Allowance::new(lines_a_day, 1),
            refused: Allowance::new(lines_a_day, REFUSED_PART),
            by_address: LruCache::new(ADDRESSES_MAX),
        };
        Self { lines_a_day, allowed: Mutex::new(allowed) }
    }

    /// Logs a line about a request.
    pub fn log(&self, address: IpAddr, status: StatusCode, line: impl FnOnce()) {
        if self.keeps(address, status) { line() } else { log_writer::printed_only(line) }
    }

    fn keeps(&self, address: IpAddr, status: StatusCode) -> bool {
        let mut allowed = self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        let Allowed { all, refused, by_address } = &mut *allowed;
        let own = by_address.get_or_insert_mut(network(address), || Allowance::new(self.lines_a_day, ADDRESS_PART));
        let mut refused = status.is_client_error().then_some(refused);
        let keeps = all.has_one() && own.has_one() && refused.as_mut().is_none_or(|refused| refused.has_one());
        if keeps {
            all.take_one();
            own.take_one();
            if let Some(refused) = refused {
                refused.take_one();
            }
        }
        keeps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2,400 in one moment.
    const A_DAY: u32 = 57_600;

    fn address(number: u32) -> IpAddr {
        number.to_be_bytes().into()
    }

    fn kept(lines: &AccessLines, from: impl Iterator<Item = u32>, status: StatusCode) -> usize {
        from.filter(|number| lines.keeps(address(*number), status)).count()
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_takes_its_part_and_leaves_the_rest_to_others() {
        let lines = AccessLines::new(A_DAY);
        assert_eq!(kept(&lines, (0..10_000).map(|_| 66), StatusCode::OK), 300);
        assert_eq!(kept(&lines, 0..10_000, StatusCode::OK), 2_100, "all others");
    }

    #[tokio::test(start_paused = true)]
    async fn who_only_makes_refusals_leaves_half_to_what_was_served_from_however_many_addresses() {
        let lines = AccessLines::new(A_DAY);
        for status in [StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND, StatusCode::TOO_MANY_REQUESTS] {
            kept(&lines, 0..10_000, status);
        }
        assert_eq!(kept(&lines, 20_000..20_100, StatusCode::FORBIDDEN), 0);
        assert_eq!(kept(&lines, 20_000..30_000, StatusCode::OK), 1_200);
    }
}
