//! Shards: what one pool keeps for one seat.

pub(crate) mod size;

pub(crate) mod counters;

pub(crate) mod drops;

pub(crate) mod stats;

pub(crate) mod private;

mod activity;

pub(crate) mod shard;

pub(crate) mod removed;

pub(crate) mod lookup;

pub(crate) mod owner;
