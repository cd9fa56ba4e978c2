//! Pools: the public `Pool` and its guards, and the core behind them.

mod loans;

pub(crate) mod manage;

pub(crate) mod manager_box;

pub(crate) mod core;

mod take;

mod put;

pub(crate) mod leaves_idle;

pub(crate) mod end;

pub(crate) mod collectable;

pub(crate) mod recall;

pub(crate) mod scope;

pub(crate) mod stats;

pub(crate) mod handle;

pub(crate) mod hooks;

#[cfg(feature = "chaos")]
mod chaos;
#[cfg(not(feature = "chaos"))]
mod no_chaos;

pub(crate) mod return_to;

pub(crate) mod pooled;

pub(crate) mod pool;

mod slow_path;

mod values;

pub(crate) mod options;

pub(crate) mod owned;

#[cfg(feature = "bytes")]
pub(crate) mod lend;

pub(crate) mod of;
