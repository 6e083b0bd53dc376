//! So many lines of a kind may be kept a day. They come back evenly, and a busy hour's may be kept in one moment.

use mindflow_backends::clock;
use std::time::Duration;
use tokio::time::Instant;

/// Of a day's lines, what may be kept in one moment.
const BURST_PART: f64 = 24.0;
const DAY: Duration = Duration::from_hours(24);

/// A token bucket, in lines.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    max: f64,
    a_second: f64,
    left: f64,
    at: Instant,
}

impl Allowance {
    /// One part of so many of the day's lines.
    pub fn new(lines_a_day: u32, part: u32) -> Self {
        let lines = f64::from(lines_a_day) / f64::from(part.max(1));
        let max = (lines / BURST_PART).max(1.0);
        Self { max, a_second: lines / DAY.as_secs_f64(), left: max, at: clock::instant() }
    }

    /// Whether a line may be kept now.
    pub fn has_one(&mut self) -> bool {
        let now = clock::instant();
        let back = now.duration_since(self.at).as_secs_f64() * self.a_second;
        (self.left, self.at) = ((self.left + back).min(self.max), now);
        self.left >= 1.0
    }

    pub fn take_one(&mut self) {
        self.left -= 1.0;
    }

    /// Takes one if there is one.
    pub fn try_take(&mut self) -> bool {
        let has_one = self.has_one();
        if has_one {
            self.take_one();
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_busy_hours_lines_are_kept_in_one_moment_and_then_so_many_as_come_back() {
        let mut allowance = Allowance::new(24_000, 1);
        assert_eq!((0..5_000).filter(|_| allowance.try_take()).count(), 1_000);
        tokio::time::advance(Duration::from_mins(6)).await;
        assert_eq!((0..5_000).filter(|_| allowance.try_take()).count(), 100);
        tokio::time::advance(DAY).await;
        assert_eq!((0..5_000).filter(|_| allowance.try_take()).count(), 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_part_still_keeps_a_line_now_and_then() {
        let mut allowance = Allowance::new(1, 8);
        assert!(allowance.try_take() && !allowance.try_take());
        tokio::time::advance(DAY * 8).await;
        assert!(allowance.try_take());
    }
}
