//! Epochs in loom models, and a check that a retired ring is not used after it was freed.
//!
//! With `--cfg crossbeam_loom` the models run with `crossbeam-epoch` itself, whose atomics are then
//! loom's. Without it they run with a stand-in that takes far fewer steps.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[cfg(crossbeam_loom)]
pub(crate) use self::real::{EpochGuard, hurry, pin_epoch};
#[cfg(not(crossbeam_loom))]
pub(crate) use self::stand_in::{EpochGuard, hurry, pin_epoch};
use super::UnsafeCell;

/// The lifetime of a ring: its creation and its end are writes that the checker sees, and every use
/// is a read.
#[derive(Debug)]
pub(crate) struct UseAfterFreeCheck(UnsafeCell<bool>);

impl UseAfterFreeCheck {
    pub(crate) fn new() -> Self {
        let life = Self(UnsafeCell::new(false));
        life.set(true);
        life
    }

    fn set(&self, alive: bool) {
        // SAFETY: the checker reports a concurrent access.
        self.0.with_mut(|life| unsafe { *life = alive });
    }

    pub(crate) fn check(&self) {
        // SAFETY: as above.
        assert!(self.0.with(|life| unsafe { *life }), "used after it was freed");
    }
}

impl Drop for UseAfterFreeCheck {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.set(false);
        }
    }
}

std::thread_local! {
    /// The number of rings freed in all runs of the model that this OS thread runs.
    static FREED: AtomicUsize = const { AtomicUsize::new(0) };
}

pub(crate) fn freed() -> usize {
    FREED.with(|freed| freed.load(Relaxed))
}

/// Ends what was retired. Its memory stays allocated, so that the checker finds a later use.
///
/// # Safety
///
/// As for `free`.
pub(crate) unsafe fn free_retired<R>(
    retired: *mut R,
    life: fn(&R) -> &UseAfterFreeCheck,
    _free: unsafe fn(*mut R),
) {
    FREED.with(|freed| freed.fetch_add(1, Relaxed));
    // SAFETY: the caller's promise.
    life(unsafe { &*retired }).set(false);
}

#[cfg(not(crossbeam_loom))]
mod stand_in {
    use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

    use super::super::{AtomicUsize, LazyLock, fence};
    use crate::sync::reclaim::Reclaimed;

    static PINNED: LazyLock<AtomicUsize> = LazyLock::new(|| AtomicUsize::new(0));

    /// Epochs that free as early as the rules allow: at the retirement itself, if no other thread
    /// is pinned. The fences are those of `crossbeam-epoch`.
    pub(crate) fn pin_epoch() -> EpochGuard {
        PINNED.fetch_add(1, Relaxed);
        fence(SeqCst);
        EpochGuard
    }

    #[derive(Debug)]
    pub(crate) struct EpochGuard;

    impl EpochGuard {
        /// # Safety
        ///
        /// As for `crossbeam-epoch`: what is retired is unlinked, and is retired once.
        pub(crate) unsafe fn retire<R: Reclaimed>(&self, retired: *mut R) {
            fence(SeqCst);
            // Either no other thread is pinned, and the memory ends now, or it is leaked.
            if PINNED.load(Acquire) == 1 {
                // SAFETY: the caller's promise.
                unsafe { super::free_retired(retired, R::live_check, R::free) };
            }
        }
    }

    impl Drop for EpochGuard {
        fn drop(&mut self) {
            PINNED.fetch_sub(1, Release);
        }
    }

    /// Does nothing: nothing that was retired waits.
    pub(crate) fn hurry() {}
}

#[cfg(crossbeam_loom)]
mod real {
    pub(crate) use crate::sync::reclaim::{EpochGuard, pin_epoch};

    /// Frees the rings that the calling thread has retired, and those that other threads have
    /// flushed, if two epochs have passed, so that no pinned thread can see them.
    pub(crate) fn hurry() {
        (0..3).for_each(|_| pin_epoch().0.flush());
    }
}
