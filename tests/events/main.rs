//! The events of the feature `tracing`.
#![cfg(feature = "tracing")]

mod emitted;
mod hostile;
mod subscriber;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps the other tests from running meanwhile, whose collects would be seen.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
