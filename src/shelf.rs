//! The shelf: a pool's small shared fallback, for threads that have no usable seat just now.
//!
//! A lock around two lists that are linked through the cells, so that it never allocates.

use crate::{
    cell::{Full, List},
    seat::lock,
    sync::{AtomicUsize, Mutex, MutexGuard, Relaxed},
};

pub(crate) struct Shelf<T> {
    lists: Mutex<Lists<T>>,
    /// How many objects there are, so that a search need not lock to find none.
    len: AtomicUsize,
}

struct Lists<T> {
    fresh: List<T>,
    aged: List<T>,
}

impl<T> Shelf<T> {
    pub(crate) fn new() -> Self {
        let lists = Mutex::new(Lists { fresh: List::new(), aged: List::new() });
        Self { lists, len: AtomicUsize::new(0) }
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// Runs `f` under the lock, which orders all that the lists hold.
    fn with<R>(&self, f: impl FnOnce(&mut Lists<T>) -> R) -> R {
        let mut lists: MutexGuard<'_, Lists<T>> = lock(&self.lists);
        let result = f(&mut lists);
        self.len.store(lists.fresh.len() + lists.aged.len(), Relaxed);
        result
    }

    pub(crate) fn push(&self, full: Full<T>) {
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
    pub(crate) fn pop(&self) -> Option<Full<T>> {
        if self.len() == 0 { None } else { self.with(|lists| lists.fresh.pop()) }
    }

    /// An object that has aged.
    pub(crate) fn pop_aged(&self) -> Option<Full<T>> {
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
