//! Pools: the public `Pool` and its guards, and the core behind them.

pub(crate) mod core;

pub(crate) mod age;

pub(crate) mod handle;

pub(crate) mod hooks;

pub(crate) mod guard;

pub(crate) mod pool;

pub(crate) mod options;

pub(crate) mod owned;
