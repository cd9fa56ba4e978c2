//! Epoch-based reclamation with `crossbeam-epoch`, for cold paths: memory that other threads may
//! still be reading is freed when none of them can.
//!
//! Reclamation frees memory and never drops a `T`: a ring is empty when it is retired. The crate
//! has an epoch collector of its own. A pin of the process's default collector runs what other
//! crates have deferred, which would be foreign code under this crate's locks.

#![allow(
    dead_code,
    reason = "models use a stand-in that checks more, and Miri one that it accepts"
)]

use std::{cell::RefCell, ptr, sync::atomic::Ordering::Relaxed};

use crossbeam_epoch::{Collector, LocalHandle};

use super::imp::{LazyLock, ProcessPtr, UseAfterFreeCheck, free_retired, thread_local};

/// The collector that a process starts with, and the one that replaces it in a child process.
/// Neither is ever freed.
struct Collectors {
    first: Collector,
    anew: ProcessPtr<Collector>,
}

static COLLECTORS: LazyLock<Collectors> = LazyLock::new(|| Collectors {
    first: Collector::new(),
    anew: ProcessPtr::new(ptr::null_mut()),
});

pub(crate) fn collector() -> &'static Collector {
    let all = &*COLLECTORS;
    // Relaxed: `begin_anew` stores it before the child process has a second thread.
    // SAFETY: null, or a collector that is never freed.
    unsafe { all.anew.load(Relaxed).as_ref() }.unwrap_or(&all.first)
}

thread_local! {
    #[allow(clippy::missing_const_for_thread_local, reason = "the models' thread_local! has no const form")]
    static HANDLE: RefCell<Option<LocalHandle>> = RefCell::new(None);
}

/// Starts a new collector in a child process. In the old one, threads that were pinned at the fork
/// would keep the epoch from advancing. Memory retired in the old one is leaked.
pub(crate) fn begin_anew() {
    COLLECTORS.anew.store(Box::into_raw(Box::new(Collector::new())), Relaxed);
    let _ = HANDLE.try_with(|handle| std::mem::forget(handle.take()));
}

/// Memory that can be retired. In models, its `live_check` finds a use after it was freed.
pub(crate) trait Reclaimed {
    fn live_check(&self) -> &UseAfterFreeCheck;

    /// Frees the memory.
    ///
    /// # Safety
    ///
    /// `this` came from `Box::into_raw`, or from where the type's own `free` says, and is not used
    /// again.
    unsafe fn free(this: *mut Self)
    where
        Self: Sized,
    {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(this) });
    }
}

/// A pin: while it lives, no memory that its thread can still reach is freed.
pub(crate) struct EpochGuard(pub(crate) crossbeam_epoch::Guard);

pub(crate) fn pin_epoch() -> EpochGuard {
    // A thread whose thread-locals are being destroyed registers for this one pin.
    let pinned = HANDLE
        .try_with(|handle| handle.borrow_mut().get_or_insert_with(|| collector().register()).pin());
    EpochGuard(pinned.unwrap_or_else(|_| collector().register().pin()))
}

impl EpochGuard {
    /// Frees `retired` once no thread that may have seen it is pinned.
    ///
    /// # Safety
    ///
    /// `retired` may be [freed](Reclaimed::free), is retired once, and no thread that pins from now
    /// on can reach it. It owns no object: freeing it only frees memory.
    pub(crate) unsafe fn retire<R: Reclaimed>(&self, retired: *mut R) {
        // SAFETY: the caller's promise is what `defer_unchecked` requires. The closure owns no
        // object, so it may outlive any borrow in `R` and run on any thread.
        // bug: ring freed at once
        unsafe { self.0.defer_unchecked(move || free_retired(retired, R::live_check, R::free)) };
    }
}
