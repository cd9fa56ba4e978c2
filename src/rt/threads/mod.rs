//! The threads of a runtime: workers, and the thread that watches them.

pub(crate) mod affinity;

pub(crate) mod thread_name;

pub(crate) mod timeslice;

pub(crate) mod global_turn;

pub(crate) mod timer_turn;

pub(crate) mod net_turn;

pub(crate) mod firing;

pub(crate) mod worker;

pub(crate) mod sysmon;
