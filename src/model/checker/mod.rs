//! What the model takes from the checker.

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) mod search;
#[cfg(all(loom, feature = "loom"))]
mod with_loom;
#[cfg(not(all(loom, feature = "loom")))]
mod with_shuttle;

#[cfg(all(loom, feature = "loom"))]
pub(super) use with_loom::{Handover, Order, at_end, choose};
#[cfg(not(all(loom, feature = "loom")))]
pub(super) use with_shuttle::{Handover, Order, at_end, choose};

/// Locks what the checker does not see. No operation of the checker's may happen until it is unlocked.
pub(super) fn unseen<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
