//! Shards that a collect has removed from the tables of their seats.

use std::{ptr, ptr::NonNull};

use super::shard::Shard;
use crate::sync::free_retired;

/// A list of empty shards, linked through themselves, so that it needs no memory while seats are
/// claimed. Thieves may still be reading them.
pub(crate) struct RemovedShards<T> {
    head: *mut Shard<T>,
}

impl<T> RemovedShards<T> {
    pub(crate) const fn new() -> Self {
        Self { head: ptr::null_mut() }
    }

    /// Adds a shard.
    ///
    /// # Safety
    ///
    /// The shard came from a `Box`, is empty, and is in no table any more.
    pub(crate) unsafe fn push(&mut self, shard: NonNull<Shard<T>>) {
        // SAFETY: the caller's promise; only this list uses the link.
        unsafe { shard.as_ref() }.shared.next_removed.set(self.head);
        self.head = shard.as_ptr();
    }

    /// Repairs the shards in a child process after a fork.
    ///
    /// # Safety
    ///
    /// As for [`Shard::mend`].
    pub(crate) unsafe fn mend(&self) {
        // SAFETY: the list has the shards, which are not freed yet.
        let mut next = unsafe { self.head.as_ref() };
        while let Some(shard) = next {
            // SAFETY: the caller's promise.
            unsafe { shard.mend() };
            // SAFETY: as above.
            next = unsafe { shard.shared.next_removed.get().as_ref() };
        }
    }

    fn pop(&mut self) -> Option<NonNull<Shard<T>>> {
        let shard = NonNull::new(self.head)?;
        // SAFETY: the list has the shard, which is not freed yet.
        self.head = unsafe { shard.as_ref() }.shared.next_removed.get();
        Some(shard)
    }

    /// Frees the shards, which nobody can be reading: see [`Seats::may_free`].
    ///
    /// [`Seats::may_free`]: crate::seat::table::Seats::may_free
    ///
    /// # Safety
    ///
    /// They were removed before that call.
    pub(crate) unsafe fn free(&mut self) {
        /// # Safety
        ///
        /// The shard came from a `Box`, and is not used again.
        unsafe fn free<T>(shard: *mut Shard<T>) {
            // SAFETY: the caller's promise.
            drop(unsafe { Box::from_raw(shard) });
        }
        while let Some(shard) = self.pop() {
            // SAFETY: it came from a `Box`, and nobody uses it: the caller's promise.
            unsafe { free_retired(shard.as_ptr(), Shard::live_check, free) };
        }
    }
}

impl<T> Drop for RemovedShards<T> {
    /// Frees the shards of a pool that has ended, which nobody can be reading.
    fn drop(&mut self) {
        while let Some(shard) = self.pop() {
            // SAFETY: it came from a `Box`.
            drop(unsafe { Box::from_raw(shard.as_ptr()) });
        }
    }
}
