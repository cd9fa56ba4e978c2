//! Collects of all pools.

use super::execution;
use crate::util::panics::FirstPanic;

/// Ages every pool of the current execution by one generation, and the buffer pools of the process.
///
/// No collect happens by itself in a model. Call this function in a thread of the model to see what a
/// collect in the background does.
///
/// At the end it runs what was registered by [`on_collect`](crate::on_collect()).
///
/// # Panics
///
/// If destructors panic. All objects are dropped first; then the first panic is resumed.
pub fn collect() {
    let members = execution::current().members();
    let drops: Vec<_> = members.iter().map(|member| member.age()).collect();
    let mut panics = FirstPanic::new();
    drops.into_iter().for_each(|drop_aged| panics.guard(drop_aged));
    #[cfg(feature = "bytes")]
    panics.guard(crate::collect::schedule::collect);
    #[cfg(not(feature = "bytes"))]
    panics.guard(crate::collect::on_collect::run);
    panics.resume();
}
