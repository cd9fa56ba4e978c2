//! When the memory of an unlinked ring may go: `crossbeam-epoch`, for cold paths.
//!
//! Reclamation frees memory and never a `T`: a ring is empty when it is retired. The collector of
//! epochs is our own, since the one that a process shares runs whatever others have deferred, and
//! that in the midst of our work.

#![allow(dead_code, reason = "models have a stand-in that checks more")]

use crossbeam_epoch::{Collector, LocalHandle};

use crate::{
    ring::Ring,
    sync::{LazyLock, free, thread_local},
};

static COLLECTOR: LazyLock<Collector> = LazyLock::new(Collector::new);

thread_local! {
    static HANDLE: LocalHandle = COLLECTOR.register();
}

/// Keeps every ring that its holder can still reach in memory.
pub(crate) struct Guard(pub(crate) crossbeam_epoch::Guard);

pub(crate) fn pin() -> Guard {
    // A thread whose thread-locals are going registers for this once.
    let pinned = HANDLE.try_with(LocalHandle::pin);
    Guard(pinned.unwrap_or_else(|_| COLLECTOR.register().pin()))
}

impl Guard {
    /// Frees `ring` once no thread that might have seen it is pinned.
    ///
    /// # Safety
    ///
    /// `ring` came from `Box::into_raw`, is out of reach for whoever pins from now on, and is
    /// retired once.
    pub(crate) unsafe fn retire<T>(&self, ring: *mut Ring<T>) {
        // SAFETY: the caller's promise is the one that is asked for. The closure owns no `T`, so it
        // may outlive every borrow in it and run on any thread.
        unsafe { self.0.defer_unchecked(move || free(Box::from_raw(ring))) };
    }
}
