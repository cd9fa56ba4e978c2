//! Seats: ids for threads, and the right of a thread to use its shards.

pub(crate) mod buckets;

pub(crate) mod fence;

mod shard_table;

pub(crate) mod seat;

mod readers;

pub(crate) mod current;

pub(crate) mod moves;

pub(crate) mod table;

pub(crate) mod reading;

pub(crate) mod shards;

pub(crate) mod claim;
