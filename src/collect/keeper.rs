//! Who sees to it that idle objects age, as calls on the slow path read it.

use crate::sync::{ProcessBool, Relaxed, Untracked};

/// Who sees to it that idle objects age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// Nobody. A call that leaves something idle starts the collect thread.
    Nobody = 0,
    /// A thread that reads the clock itself: the collect thread, or the monitor of a runtime. Or
    /// nobody needs to, because collects by the clock are turned off, or the process exits.
    Covered = 1,
    /// A janitor. Calls read the clock for it.
    Janitor = 2,
    /// The calls of each pool, because the system refuses a thread.
    Calls = 3,
}

/// The [`Keeper`]. Written under the registry's lock, and read without it.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Whether it is [`Keeper::Covered`]: then calls have nothing to do.
    covered: ProcessBool,
    keeper: Untracked,
}

impl Watch {
    pub(crate) const fn new() -> Self {
        Self { covered: ProcessBool::new(false), keeper: Untracked::new(Keeper::Nobody as usize) }
    }

    /// Returns whether calls have nothing to do for the ageing of what they leave idle.
    ///
    /// Relaxed: a thread that has put an object without being seen by the collect thread's last look
    /// has synchronised with that look, through its seat's gate or the shelf's lock.
    #[inline]
    pub(crate) fn is_covered(&self) -> bool {
        self.covered.load(Relaxed)
    }

    pub(crate) fn keeper(&self) -> Keeper {
        match self.keeper.load(Relaxed) {
            _ if self.is_covered() => Keeper::Covered,
            2 => Keeper::Janitor,
            3 => Keeper::Calls,
            _ => Keeper::Nobody,
        }
    }

    /// The caller holds the registry's lock.
    pub(crate) fn set(&self, keeper: Keeper) {
        self.keeper.store(keeper as usize, Relaxed);
        self.covered.swap(keeper == Keeper::Covered, Relaxed);
    }
}

/// The keeper of this process.
pub(crate) static WATCH: Watch = Watch::new();
