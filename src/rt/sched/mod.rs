//! The scheduler: queues, Ps, and the threads that sleep.

pub(crate) mod owned;

pub(crate) mod ready;

pub(crate) mod run_queue;

pub(crate) mod clock;

pub(crate) mod timers;

pub(crate) mod proc;

pub(crate) mod idle_wait;

pub(crate) mod driver;

pub(crate) mod parker;

pub(crate) mod watch;

pub(crate) mod reaper;

pub(crate) mod thread_of;

pub(crate) mod sched;

pub(crate) mod shared;

pub(crate) mod end;
