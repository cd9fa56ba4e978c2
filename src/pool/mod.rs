//! Pools: what users touch, and the core behind it.

pub(crate) mod core;

pub(crate) mod age;

pub(crate) mod handle;

pub(crate) mod hooks;

pub(crate) mod guard;

pub(crate) mod pool;

pub(crate) mod options;

pub(crate) mod owned;
