//! When memory that others may still read may be freed: `crossbeam-epoch`, for cold paths.
//!
//! Reclamation frees memory and never a `T`: a ring is empty when it is retired. The collector of
//! epochs is our own, since the one that a process shares runs whatever others have deferred, and
//! that in the midst of our work.

#![allow(dead_code, reason = "models have a stand-in that checks more")]

use std::{cell::RefCell, ptr};

use crossbeam_epoch::{Collector, LocalHandle};

use super::{LazyLock, ProcessPtr, Relaxed, UseAfterFreeCheck, drop_retired, thread_local};

/// The collector that a process begins with, and the one of a child process: neither is ever freed.
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
    // Relaxed: it is set before the child process has a second thread.
    // SAFETY: null, or a collector that stays.
    unsafe { all.anew.load(Relaxed).as_ref() }.unwrap_or(&all.first)
}

thread_local! {
    #[allow(clippy::missing_const_for_thread_local, reason = "the models' have no such form")]
    static HANDLE: RefCell<Option<LocalHandle>> = RefCell::new(None);
}

/// Begins anew in a child process: threads that were pinned at the fork would hold up the parent's
/// epochs for ever. What was retired there is leaked.
pub(crate) fn begin_anew() {
    COLLECTORS.anew.store(Box::into_raw(Box::new(Collector::new())), Relaxed);
    let _ = HANDLE.try_with(|handle| std::mem::forget(handle.take()));
}

/// Memory that is retired, and checks in models that nobody uses it afterwards.
pub(crate) trait Reclaimed {
    fn live_check(&self) -> &UseAfterFreeCheck;
}

/// Keeps all memory that its holder can still reach.
pub(crate) struct Guard(pub(crate) crossbeam_epoch::Guard);

pub(crate) fn pin() -> Guard {
    // A thread whose thread-locals are going registers for this once.
    let pinned = HANDLE
        .try_with(|handle| handle.borrow_mut().get_or_insert_with(|| collector().register()).pin());
    Guard(pinned.unwrap_or_else(|_| collector().register().pin()))
}

impl Guard {
    /// Frees `retired` once no thread that may have seen it is pinned.
    ///
    /// # Safety
    ///
    /// `retired` came from `Box::into_raw`, is retired once, and no thread that pins from now on can
    /// reach it. It owns no object, so that freeing it is all that dropping it does.
    pub(crate) unsafe fn retire<R: Reclaimed>(&self, retired: *mut R) {
        // SAFETY: the caller's promise is the one that is asked for. The closure owns no object, so it
        // may outlive every borrow in it and run on any thread.
        // bug: ring freed at once
        unsafe { self.0.defer_unchecked(move || drop_retired(Box::from_raw(retired))) };
    }
}
