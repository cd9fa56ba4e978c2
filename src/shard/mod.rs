//! Shards: what one pool keeps for one seat.

pub(crate) mod size;

pub(crate) mod counters;

pub(crate) mod header;

pub(crate) mod private;

pub(crate) mod shard;

pub(crate) mod owner;
