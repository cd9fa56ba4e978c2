//! Collects: the list of all pools, how they age, and when.

pub(crate) mod pending;

pub(crate) mod collectable;

mod thread_state;

mod hook_list;

pub(crate) mod registry;

pub(crate) mod recall;

pub(crate) mod collect;

pub(crate) mod fork;

pub(crate) mod init;

pub(crate) mod join;

pub(crate) mod on_collect;

pub(crate) mod live_heap;

pub(crate) mod schedule;

pub(crate) mod keeper;

mod at_exit;

pub(crate) mod collect_thread;

pub(crate) mod without_thread;

pub(crate) mod poll;

pub(crate) mod pressure;

pub(crate) mod janitor;
