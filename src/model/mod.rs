//! Pools in a build for a model checker, for users who check code of their own: see `docs/testing.md`.
//!
//! With `--cfg loom` and the feature `loom`, or with both of `shuttle`, [`Pool`] and its guards are those of this
//! folder. A pool is then a list of idle objects. What the checker must see is expressed in its own parts:
//!
//! * Each operation is a step of an [`Order`](checker::Order): the checker tries it before and after the steps of other
//!   threads. A step orders no memory.
//! * Each idle object is in a [`Parcel`](parcel::Parcel), a mutex of the checker's. The thread that finds the
//!   object sees what the thread did that put it, and nothing else.
//!
//! The rest is not modelled. The checker runs one thread at a time, and switches only in its own
//! operations; none of these happens while the list is locked.
//!
//! The hooks, the bounds and the statistics are those of [`crate::pool`], and so are [`Manage`], [`Stats`] and
//! [`Scope`]. Buffers, the runtime and what collects by itself are not modelled: they are the real ones.
//!
//! [`Manage`]: crate::Manage
//! [`Stats`]: crate::Stats
//! [`Scope`]: crate::Scope

#[cfg(all(loom, feature = "loom", shuttle, feature = "shuttle"))]
compile_error!("choose one model checker: loom or shuttle");

mod checker;

mod parcel;

mod execution;

mod options;

mod manager;

mod state;

mod core;

pub(crate) mod guards;

pub(crate) mod pool;

mod lend;

mod values;

pub(crate) mod of;

pub(crate) mod collect;
