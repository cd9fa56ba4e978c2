//! The runtime of the calling thread, and the table of all runtimes.

pub(crate) mod current;

pub(crate) mod runtimes;

pub(crate) mod fork;
