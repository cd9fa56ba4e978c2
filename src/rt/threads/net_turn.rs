//! When a worker that has tasks asks which sockets are ready.
//!
//! A worker without tasks asks anyway, and mostly that is soon. But tasks that always go on would keep
//! sockets waiting until sysmon asks. So a worker asks between two polls if nobody has for [`PERIOD`].

/// The time between two polls of the sockets, in nanoseconds.
const PERIOD: u64 = 500_000;

/// Polls of tasks are short if there are at least this many in [`PERIOD`].
const SHORT: usize = 16;

/// Where the tasks go that wait for the sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queue {
    /// The worker's own: its tasks are short.
    Own,
    /// The global queue, which has its turn before the end of the worker's own.
    Global,
}

/// Written and read by one worker. Polls are counted by its P, and may jump when it gets another.
#[derive(Debug)]
pub(crate) struct NetTurn {
    /// How often threads had asked, when that was seen first, and the worker's polls at that time.
    asked: usize,
    at: u64,
    polls: usize,
}

impl NetTurn {
    pub(crate) fn new() -> Self {
        Self { asked: 0, at: 0, polls: 0 }
    }

    /// Decides, at the moment `now` and after `polls` polls, whether the worker has to ask. Threads have
    /// done so `asked` times. Returns where the tasks go.
    pub(crate) fn look(&mut self, asked: usize, polls: usize, now: u64) -> Option<Queue> {
        // bug: sockets that were polled are polled again
        if asked != self.asked {
            (self.asked, self.at, self.polls) = (asked, now, polls);
            return None;
        }
        let over = now.saturating_sub(self.at) >= PERIOD;
        // bug: tasks of sockets behind long ones
        let short = polls.wrapping_sub(self.polls) >= SHORT;
        over.then_some(if short { Queue::Own } else { Queue::Global })
    }
}
