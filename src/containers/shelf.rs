//! The shelf: a pool's small shared fallback, for threads that have no usable seat just now.
//!
//! A lock around two lists that are linked through the cells, so that it never allocates.

use std::ptr::NonNull;

use super::cell::{CellBox, List};
use crate::sync::{AtomicUsize, Mutex, MutexGuard, Relaxed, UnsafeCell, lock::lock};

pub(crate) struct Shelf<T> {
    lock: Mutex<()>,
    /// Used under the lock.
    lists: UnsafeCell<Lists<T>>,
    /// How many objects there are, so that a search need not lock to find none.
    len: AtomicUsize,
    /// The lock, held by a thread that forks. Used under the registry's lock.
    frozen: UnsafeCell<Option<MutexGuard<'static, ()>>>,
}

// SAFETY: a shelf owns objects and hands each to one thread. A guard is in it for as long as a fork
// takes, and goes where it came: in the thread that forks.
unsafe impl<T: Send> Send for Shelf<T> {}
// SAFETY: as above; no `&T` is ever made.
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
            frozen: UnsafeCell::new(None),
        }
    }

    /// Locks until `thaw`.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock until it has called `thaw`, and `self` stays.
    pub(crate) unsafe fn lock_for_fork(&self) {
        // SAFETY: the guard goes before we do: the caller's promise.
        let guard = lock(unsafe { NonNull::from(&self.lock).as_ref() });
        // SAFETY: under the registry's lock: the caller's promise.
        self.frozen.with_mut(|frozen| unsafe { *frozen = Some(guard) });
    }

    /// Unlocks what `freeze` has locked.
    ///
    /// # Safety
    ///
    /// As for `freeze`, in the same thread (or its copy in a child process).
    pub(crate) unsafe fn unlock_after_fork(&self) {
        // SAFETY: the caller's promise.
        self.frozen.with_mut(|frozen| drop(unsafe { (*frozen).take() }));
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// Runs `f` under the lock, which orders all that the lists hold.
    fn with<R>(&self, f: impl FnOnce(&mut Lists<T>) -> R) -> R {
        // bug: length of the shelf told after its lock
        let _guard = lock(&self.lock);
        self.lists.with_mut(|lists| {
            // SAFETY: locked, and no `f` comes here again.
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

    /// Puts objects where the next collect drops them.
    pub(crate) fn append_aged(&self, list: List<T>) {
        if list.len() > 0 {
            self.with(|lists| lists.aged.append(list));
        }
    }

    /// The newest object that has not aged.
    pub(crate) fn pop(&self) -> Option<CellBox<T>> {
        if self.len() == 0 { None } else { self.with(|lists| lists.fresh.pop()) }
    }

    /// An object that has aged.
    pub(crate) fn pop_aged(&self) -> Option<CellBox<T>> {
        if self.len() == 0 { None } else { self.with(|lists| lists.aged.pop()) }
    }

    /// What is fresh has aged now.
    pub(crate) fn age(&self) {
        if self.len() > 0 {
            self.with(|lists| {
                let fresh = std::mem::replace(&mut lists.fresh, List::new());
                lists.aged.append(fresh);
            });
        }
    }

    /// All objects that have aged.
    pub(crate) fn take_aged(&self, gone: &mut List<T>) {
        if self.len() > 0 {
            self.with(|lists| gone.append(std::mem::replace(&mut lists.aged, List::new())));
        }
    }
}
