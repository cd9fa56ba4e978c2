//! Collects: the list of all pools, how they age, and when.

pub(crate) mod pending;

pub(crate) mod collectable;

pub(crate) mod registry;

pub(crate) mod collect;

pub(crate) mod fork;

pub(crate) mod join;

pub(crate) mod live_heap;

pub(crate) mod schedule;

pub(crate) mod pressure;

pub(crate) mod janitor;
