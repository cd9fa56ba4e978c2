//! When a worker that has tasks of its own takes some of the global queue.
//!
//! The queue has a *turn* when 61 polls are over since the last one, as in Go, or when [`PERIOD`] is.
//! After 61 short polls a worker takes as many tasks as it has polled of its own, in one batch.
//! After fewer, long ones, tasks at the end of the worker's queue would wait for many more of them.
//! So the worker runs tasks of the global queue, one by one, until they have had [`PERIOD`] too.
//!
//! The clock is read only while the global queue has tasks. It is read after the first poll, and
//! while polls turn out to be short, after twice as many polls each time.

use std::time::{Duration, Instant};

/// The number of polls after which the global queue has its turn. As in Go.
const POLLS: usize = 61;

/// The time after which the global queue has its turn, and how long that lasts.
const PERIOD: Duration = Duration::from_micros(200);

/// The largest number of polls between two readings of the clock.
const STEP: usize = 16;

/// What to take from the global queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing: the worker runs its own tasks.
    Nothing,
    /// One task.
    One,
    /// At most `most` tasks.
    Batch { most: usize },
}

/// Written and read by one worker. Polls are counted by its P, and may jump when it gets another.
#[derive(Debug)]
pub(crate) struct GlobalTurn {
    /// When the last turn began; or, if it was used up, when it ended.
    since: Option<Instant>,
    /// The polls at `since`.
    polls: usize,
    /// The polls after which the clock is read again.
    next: usize,
    /// How many polls are between two readings of the clock.
    step: usize,
    /// The polls at the last task of a turn that has not been used up.
    last: Option<usize>,
}

impl GlobalTurn {
    pub(crate) fn new() -> Self {
        Self { since: None, polls: 0, next: 0, step: 1, last: None }
    }

    /// Decides what to take, after `polls` polls. Called before a poll, while the global queue has
    /// tasks. `now` reads the clock.
    pub(crate) fn look(&mut self, polls: usize, now: impl FnOnce() -> Instant) -> Look {
        let count = polls.wrapping_sub(self.polls);
        if count < POLLS && polls.wrapping_sub(self.next) > POLLS {
            return Look::Nothing;
        }
        let now = now();
        // bug: turns by polls alone
        let over = self.since.is_none_or(|since| now - since >= PERIOD);
        // Otherwise the queue was empty before the turn was used up, or it was no turn.
        let lasts = self.last.take() == Some(polls.wrapping_sub(1));
        if over {
            self.begin(polls, now);
            return if lasts { Look::Nothing } else { self.one(polls) };
        }
        if lasts {
            return self.one(polls);
        }
        // bug: turns by time alone
        if count >= POLLS {
            self.begin(polls, now);
            return Look::Batch { most: POLLS };
        }
        self.next = polls.wrapping_add(self.step);
        self.step = (2 * self.step).min(STEP);
        Look::Nothing
    }

    /// The task of the next poll is one of the turn.
    fn one(&mut self, polls: usize) -> Look {
        self.last = Some(polls);
        Look::One
    }

    /// A turn begins, or has been used up.
    fn begin(&mut self, polls: usize, now: Instant) {
        (self.since, self.polls) = (Some(now), polls);
        (self.next, self.step) = (polls, 1);
    }
}
