//! Pools as they are in a build for a model checker, through the public interface: see `docs/testing.md`.
//!
//! `ci/users` runs this suite under both checkers. In other builds it is empty.

#![cfg(any(all(loom, feature = "loom"), all(shuttle, feature = "shuttle")))]

#[cfg(loom)]
mod calls;
#[cfg(loom)]
mod collects;
#[cfg(loom)]
mod ends;
#[cfg(loom)]
mod explored;
#[cfg(loom)]
mod orders;
#[cfg(shuttle)]
mod random;
#[cfg(loom)]
mod statics;
