//! Moments as one word: the nanoseconds since the runtime was built.

use std::time::{Duration, Instant};

/// A moment that never comes.
pub(crate) const NEVER: u64 = u64::MAX;

#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }

    pub(crate) fn now(&self) -> u64 {
        self.at(Instant::now())
    }

    /// Returns `moment` as a word, and never [`NEVER`].
    pub(crate) fn at(&self, moment: Instant) -> u64 {
        let nanos = moment.saturating_duration_since(self.start).as_nanos();
        u64::try_from(nanos).unwrap_or(NEVER).min(NEVER - 1)
    }

    /// The moment at the end of `time`, from now on.
    pub(crate) fn after(&self, time: Duration) -> u64 {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(NEVER);
        self.now().saturating_add(nanos).min(NEVER - 1)
    }

    /// The time until `at`: `None` if that never comes.
    pub(crate) fn until(&self, at: u64) -> Option<Duration> {
        (at != NEVER).then(|| Duration::from_nanos(at.saturating_sub(self.now())))
    }
}
