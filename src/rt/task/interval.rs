//! `interval`: ticks at equal distances.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use super::sleep::Sleep;

/// Ticks at equal distances: the result of [`interval`].
#[derive(Debug)]
pub struct Interval {
    period: Duration,
    /// The time of the next tick. `None` if it cannot be represented.
    next: Option<Instant>,
    sleep: Sleep,
}

/// Returns an interval, whose first tick is now, and whose others follow at multiples of `period`.
///
/// A task that is late gets one tick at once, and the next one at the next multiple. Those between
/// are left out, as by Go's `Ticker`.
///
/// # Panics
///
/// If `period` is zero.
///
/// # Examples
///
/// ```
/// use corepool::rt::{self, Runtime};
/// use std::time::{Duration, Instant};
///
/// let start = Instant::now();
/// Runtime::new()?.block_on(async {
///     let mut interval = rt::interval(Duration::from_millis(2));
///     for _ in 0..3 {
///         interval.tick().await;
///     }
/// });
/// assert!(start.elapsed() >= Duration::from_millis(4));
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert!(!period.is_zero(), "the period of an interval is zero");
    let now = Instant::now();
    Interval { period, next: Some(now), sleep: Sleep::until(Some(now)) }
}

impl Interval {
    /// Waits for the next tick, and returns the time for which it was set. A call that is dropped
    /// before it is ready loses no tick.
    ///
    /// # Panics
    ///
    /// As [`sleep`](crate::rt::sleep).
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// As [`tick`](Self::tick), for use in a `poll` function.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let Some(tick) = self.next else { return Poll::Pending };
        if Pin::new(&mut self.sleep).poll(cx).is_pending() {
            return Poll::Pending;
        }
        let late = Instant::now().saturating_duration_since(tick);
        self.next = after(tick, late, self.period);
        self.sleep = Sleep::until(self.next);
        Poll::Ready(tick)
    }

    /// The time between two ticks.
    pub fn period(&self) -> Duration {
        self.period
    }
}

/// Returns the first multiple of `period` after `tick` that is more than `late` later.
fn after(tick: Instant, late: Duration, period: Duration) -> Option<Instant> {
    // bug: late ticks come in a burst
    let missed = late.as_nanos() / period.as_nanos();
    let nanos = period.as_nanos().checked_mul(missed + 1)?;
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    tick.checked_add(Duration::new(seconds, (nanos % 1_000_000_000) as u32))
}
