//! Utilities that do not depend on pools.

pub(crate) mod coarse_clock;
pub(crate) mod counter;
pub(crate) mod fork_lock;
pub(crate) mod last_thread;
pub(crate) mod likely;
pub(crate) mod panics;
pub(crate) mod set_once;
pub(crate) mod try_alloc;
pub(crate) mod wrapped;
pub(crate) mod xorshift;
