//! Locking a mutex, poisoned or not.

use super::imp::{Mutex, MutexGuard};

/// Locks `mutex` and ignores poisoning: a panic cannot leave a critical section of this crate half
/// done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// As [`lock`], for a mutex that no model covers.
#[cfg(feature = "rt")]
pub(crate) fn lock_std<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
