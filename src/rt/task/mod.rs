//! Tasks: how they are made and awaited, and what they can call.

pub(crate) mod budget;

pub(crate) mod no_unwind_drop;

pub(crate) mod join;

pub(crate) mod task;

pub(crate) mod spawn;

pub(crate) mod sleep;

pub(crate) mod named;

pub(crate) mod timeout;

pub(crate) mod interval;

pub(crate) mod yield_now;

pub(crate) mod current_worker;

pub(crate) mod blocking;

#[cfg(feature = "net")]
pub(crate) mod seldom_blocking;

pub(crate) mod block_on;
