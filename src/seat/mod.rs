//! Seats: who am I, and may I touch my shard?

pub(crate) mod buckets;

pub(crate) mod fence;

pub(crate) mod seat;

pub(crate) mod current;

pub(crate) mod table;

pub(crate) mod claim;
