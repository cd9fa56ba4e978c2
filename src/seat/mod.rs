//! Seats: ids for threads, and the right of a thread to use its shards.

pub(crate) mod buckets;

pub(crate) mod fence;

pub(crate) mod seat;

pub(crate) mod current;

pub(crate) mod table;

pub(crate) mod claim;
