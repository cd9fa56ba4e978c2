//! What objects are kept in, one data structure a file, and what is counted about them.

pub(crate) mod cell;

pub(crate) mod ring;

pub(crate) mod chain;

pub(crate) mod shelf;

pub(crate) mod occupancy;

pub(crate) mod quota;

pub(crate) mod weight;
