//! A stand-in for `crossbeam-epoch` that frees a retired ring as early as the rules of epochs
//! allow: when no guard that existed at its retirement is left.

use std::{
    cell::{Cell, RefCell},
    mem::take,
    thread::panicking,
};

use super::turn;
use crate::sync::reclaim::Reclaimed;

std::thread_local! {
    static EPOCHS: RefCell<Epochs> = RefCell::default();
}

/// The state of one schedule.
#[derive(Default)]
struct Epochs {
    pinned: Vec<Id>,
    /// Rings that a thread may still be reading.
    retired: Vec<Retired>,
    /// Freed rings. Their memory stays until the end of the schedule, so that a later use is
    /// detected.
    freed: Vec<Retired>,
    last: Id,
}

type Id = usize;

struct Retired {
    /// The guards that existed at the retirement and are still alive.
    readers: Vec<Id>,
    life: *const UseAfterFreeCheck,
    ring: *mut (),
    bury: unsafe fn(*mut ()),
}

impl Epochs {
    fn pin(&mut self) -> Id {
        self.last += 1;
        self.pinned.push(self.last);
        self.last
    }

    /// Removes a guard, and frees the rings that waited for it only.
    fn unpin(&mut self, id: Id) {
        self.pinned.retain(|&other| other != id);
        for mut ring in take(&mut self.retired) {
            ring.readers.retain(|&other| other != id);
            if ring.readers.is_empty() {
                ring.life().step(Stage::Retired, Stage::Freed);
                self.freed.push(ring);
            } else {
                self.retired.push(ring);
            }
        }
    }
}

impl Retired {
    fn life(&self) -> &UseAfterFreeCheck {
        // SAFETY: points into the ring, whose memory is valid until `drop`.
        unsafe { &*self.life }
    }
}

impl Drop for Retired {
    fn drop(&mut self) {
        self.life().0.set(Stage::Buried);
        // SAFETY: the ring has the type that `bury` was made for, and is freed once.
        unsafe { (self.bury)(self.ring) };
    }
}

/// Forgets the schedule before this one, and frees its rings.
pub(crate) fn reset() {
    drop(EPOCHS.take());
}

/// Returns the number of rings that were retired and freed. No thread is pinned, so none waits.
pub(crate) fn settled() -> usize {
    EPOCHS.with_borrow(|epochs| {
        assert!(epochs.pinned.is_empty() && epochs.retired.is_empty(), "a guard is left");
        epochs.freed.len()
    })
}

/// The stage of a ring's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Linked,
    Retired,
    Freed,
    /// Its memory is freed.
    Buried,
}

/// Checks the lifetime of a ring.
#[derive(Debug)]
pub(crate) struct UseAfterFreeCheck(Cell<Stage>);

impl UseAfterFreeCheck {
    pub(crate) fn new() -> Self {
        Self(Cell::new(Stage::Linked))
    }

    pub(crate) fn check(&self) {
        assert!(matches!(self.0.get(), Stage::Linked | Stage::Retired), "used after it was freed");
    }

    fn step(&self, from: Stage, to: Stage) {
        assert_eq!(self.0.replace(to), from);
    }
}

impl Drop for UseAfterFreeCheck {
    fn drop(&mut self) {
        let stage = self.0.get();
        assert!(panicking() || matches!(stage, Stage::Linked | Stage::Buried), "freed twice");
    }
}

/// Keeps every ring that its holder can still reach in memory.
#[derive(Debug)]
pub(crate) struct EpochGuard(Id);

pub(crate) fn pin_epoch() -> EpochGuard {
    turn();
    EpochGuard(EPOCHS.with_borrow_mut(Epochs::pin))
}

impl EpochGuard {
    /// Frees `ring` once all guards that exist now have been dropped.
    ///
    /// # Safety
    ///
    /// As for `crossbeam-epoch`: `ring` may be freed, is unlinked, and is retired once.
    pub(crate) unsafe fn retire<R: Reclaimed>(&self, ring: *mut R) {
        /// # Safety
        ///
        /// As for [`Reclaimed::free`].
        unsafe fn bury<R: Reclaimed>(ring: *mut ()) {
            // SAFETY: the caller's promise.
            unsafe { R::free(ring.cast()) };
        }
        turn();
        // SAFETY: the memory is valid until the end of the schedule.
        let life = unsafe { (*ring).live_check() };
        life.step(Stage::Linked, Stage::Retired);
        EPOCHS.with_borrow_mut(|epochs| {
            let readers = epochs.pinned.clone();
            epochs.retired.push(Retired { readers, life, ring: ring.cast(), bury: bury::<R> });
        });
    }
}

/// For the code that is not used in schedules.
///
/// # Safety
///
/// As for `free`.
pub(crate) unsafe fn free_retired<R>(
    retired: *mut R,
    _life: fn(&R) -> &UseAfterFreeCheck,
    free: unsafe fn(*mut R),
) {
    // SAFETY: the caller's promise.
    unsafe { free(retired) };
}

impl Drop for EpochGuard {
    fn drop(&mut self) {
        turn();
        EPOCHS.with_borrow_mut(|epochs| epochs.unpin(self.0));
    }
}
