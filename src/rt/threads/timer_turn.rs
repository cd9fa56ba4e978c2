//! When a worker that has tasks looks whether timers are due.
//!
//! It reads the clock after each poll; and while polls turn out to be short, after twice as many
//! polls each time.

/// Polls are short if those between two looks take less than this, in nanoseconds.
const SHORT: u64 = 20_000;

/// The largest number of polls between two looks.
const STEP: usize = 16;

/// Written and read by one worker. Polls are counted by its P, and may jump when it gets another.
#[derive(Debug)]
pub(crate) struct TimerTurn {
    /// The time of the last look.
    at: u64,
    /// The polls at that time.
    polls: usize,
    /// How many polls are between that look and the next.
    step: usize,
}

impl TimerTurn {
    pub(crate) fn new() -> Self {
        Self { at: 0, polls: 0, step: 1 }
    }

    /// Returns the time if the worker has to look at its timers, after `polls` polls. `now` reads the
    /// clock.
    pub(crate) fn look(&mut self, polls: usize, now: impl FnOnce() -> u64) -> Option<u64> {
        if polls.wrapping_sub(self.polls) < self.step {
            return None;
        }
        let now = now();
        let short = now.saturating_sub(self.at) < SHORT;
        // bug: clock seldom read beside long polls
        self.step = if short { (2 * self.step).min(STEP) } else { 1 };
        (self.at, self.polls) = (now, polls);
        Some(now)
    }
}
