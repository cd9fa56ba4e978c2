//! The shelf: a pool's shared fallback, for threads that cannot use a seat at the moment.
//!
//! It is a lock around two lists. They are linked through the cells, so the shelf never allocates.

use std::ptr::NonNull;

use super::cell::{CellBox, List};
use crate::{
    sync::{AtomicUsize, Mutex, MutexGuard, Relaxed, UnsafeCell, lock::lock},
    util::fork_lock::ForkLock,
};

pub(crate) struct Shelf<T> {
    lock: Mutex<()>,
    /// Used only under the lock.
    lists: UnsafeCell<Lists<T>>,
    /// The number of objects, so that a search need not lock an empty shelf.
    len: AtomicUsize,
    /// The lock's guard, while a thread forks. Used only under the registry's lock.
    held_for_fork: ForkLock<MutexGuard<'static, ()>>,
}

// SAFETY: a shelf owns its objects and hands each to one thread. During a fork it holds a guard,
// which the thread that forks both stores and drops.
unsafe impl<T: Send> Send for Shelf<T> {}
// SAFETY: as above; no `&T` is ever created.
unsafe impl<T: Send> Sync for Shelf<T> {}

struct Lists<T> {
    fresh: List<T>,
    aged: List<T>,
}

impl<T> Shelf<T> {
    pub(crate) fn new() -> Self {
        Self {
            lock: Mutex::new(()),
            lists: UnsafeCell::new(Lists { fresh: List::new(), aged: List::new() }),
            len: AtomicUsize::new(0),
            held_for_fork: ForkLock::new(),
        }
    }

    /// Locks the shelf until [`unlock_after_fork`](Self::unlock_after_fork).
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock until it has called `unlock_after_fork`. Until then
    /// `self` is neither moved nor dropped.
    pub(crate) unsafe fn lock_for_fork(&self) {
        // SAFETY: the guard is dropped before `self`: the caller's promise.
        let guard = lock(unsafe { NonNull::from(&self.lock).as_ref() });
        // SAFETY: under the registry's lock: the caller's promise.
        unsafe { self.held_for_fork.hold(guard) };
    }

    /// Unlocks a shelf that [`lock_for_fork`](Self::lock_for_fork) has locked.
    ///
    /// # Safety
    ///
    /// As for `lock_for_fork`. The caller is the thread that called it, or its copy in a child
    /// process.
    pub(crate) unsafe fn unlock_after_fork(&self) {
        // SAFETY: under the registry's lock: the caller's promise.
        drop(unsafe { self.held_for_fork.release() });
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// Returns the number of objects, under the lock: one that is not counted is added after the call
    /// by a thread that sees what the caller did before it.
    pub(crate) fn locked_len(&self) -> usize {
        self.with(|lists| lists.fresh.len() + lists.aged.len())
    }

    /// Calls `f` with the lists, under the lock. The lock also orders accesses to the objects.
    fn with<R>(&self, f: impl FnOnce(&mut Lists<T>) -> R) -> R {
        // bug: length of the shelf stored after its lock
        let _guard = lock(&self.lock);
        self.lists.with_mut(|lists| {
            // SAFETY: under the lock, and no `f` calls `with`.
            let lists = unsafe { &mut *lists };
            let result = f(lists);
            self.len.store(lists.fresh.len() + lists.aged.len(), Relaxed);
            result
        })
    }

    pub(crate) fn push(&self, full: CellBox<T>) {
        self.with(|lists| lists.fresh.push(full));
    }

    pub(crate) fn append(&self, list: List<T>) {
        if list.len() > 0 {
            self.with(|lists| lists.fresh.append(list));
        }
    }

    /// Adds objects as aged: the next collect drops them.
    pub(crate) fn append_aged(&self, list: List<T>) {
        if list.len() > 0 {
            self.with(|lists| lists.aged.append(list));
        }
    }

    /// Pops the object that was added last, of those that have not aged.
    pub(crate) fn pop(&self) -> Option<CellBox<T>> {
        if self.len() == 0 { None } else { self.with(|lists| lists.fresh.pop()) }
    }

    /// Pops an object that has aged.
    pub(crate) fn pop_aged(&self) -> Option<CellBox<T>> {
        if self.len() == 0 { None } else { self.with(|lists| lists.aged.pop()) }
    }

    /// Takes one of the objects, which one depends on the number `random`. Of very many it is one of those that
    /// were added last. Also returns whether it has aged.
    #[cfg(feature = "chaos")]
    pub(crate) fn take_any(&self, random: usize) -> Option<(CellBox<T>, bool)> {
        /// From how many objects one is chosen. They are linked, so the search takes as many steps.
        const FAR: usize = 1024;

        self.with(|lists| {
            let (fresh, aged) = (lists.fresh.len(), lists.aged.len());
            // bug: objects found in order
            let place = random.checked_rem((fresh + aged).min(FAR))?;
            let full = if place < fresh {
                lists.fresh.remove(place)
            } else {
                lists.aged.remove(place - fresh)
            };
            full.map(|full| (full, place >= fresh))
        })
    }

    /// Ages all objects that have not aged.
    pub(crate) fn age(&self) {
        if self.len() > 0 {
            self.with(|lists| {
                let fresh = std::mem::take(&mut lists.fresh);
                lists.aged.append(fresh);
            });
        }
    }

    /// Moves all objects that have aged to `gone`.
    pub(crate) fn take_aged(&self, gone: &mut List<T>) {
        if self.len() > 0 {
            self.with(|lists| gone.append(std::mem::take(&mut lists.aged)));
        }
    }
}
