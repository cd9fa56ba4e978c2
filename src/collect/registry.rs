//! The registry: every pool that has been used, and the running janitors.

use std::{
    sync::TryLockError,
    thread::{self, Thread},
};

use super::collectable::Collectable;
use crate::{
    sync::{LazyLock, Mutex, MutexGuard, lock::lock},
    util::try_alloc::NO_MEMORY,
};

/// Every pool that has been used, and the running janitors. Collectors hold its lock.
#[derive(Default)]
pub(crate) struct Registry {
    pools: Vec<Entry>,
    /// The threads of the running janitors.
    janitors: Vec<Thread>,
}

/// A pool, which leaves the registry before it is freed.
#[derive(Clone, Copy)]
struct Entry(*const dyn Collectable);

// SAFETY: `Collectable` is `Send` and `Sync`.
unsafe impl Send for Entry {}

impl Entry {
    fn get(&self) -> &dyn Collectable {
        // SAFETY: a core leaves the registry under its lock before it is freed, and references are
        // made under that lock only.
        unsafe { &*self.0 }
    }
}

impl Registry {
    /// Locks the registry of this process.
    pub(crate) fn lock() -> MutexGuard<'static, Self> {
        lock(Self::process())
    }

    /// Locks the registry if no other thread holds the lock.
    pub(crate) fn try_lock() -> Option<MutexGuard<'static, Self>> {
        match Self::process().try_lock() {
            Ok(registry) => Some(registry),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn process() -> &'static Mutex<Self> {
        static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);
        &REGISTRY
    }

    /// Allocates the place of one more pool.
    ///
    /// # Panics
    ///
    /// If there is no memory.
    pub(crate) fn reserve(&mut self) {
        self.pools.try_reserve(1).expect(NO_MEMORY);
    }

    /// Adds a pool. The place for it has been [reserved](Self::reserve).
    ///
    /// # Safety
    ///
    /// The caller removes the pool with [`leave`](Self::leave) before it is freed.
    pub(crate) unsafe fn enter(&mut self, pool: &(dyn Collectable + 'static)) {
        debug_assert!(self.pools.len() < self.pools.capacity());
        pool.set_entry(self.pools.len());
        self.pools.push(Entry(pool));
    }

    /// Removes the pool at `entry`, the index that [`set_entry`](Collectable::set_entry) was last
    /// called with.
    pub(crate) fn leave(&mut self, entry: usize) {
        self.pools.swap_remove(entry);
        if let Some(moved) = self.pools.get(entry) {
            // bug: entry of a moved pool
            moved.get().set_entry(entry);
        }
    }

    pub(crate) fn pools(&self) -> impl Iterator<Item = &dyn Collectable> + Clone {
        self.pools.iter().map(Entry::get)
    }

    /// Returns the number of pools.
    pub(crate) fn len(&self) -> usize {
        self.pools.len()
    }

    pub(crate) fn add_janitor(&mut self, janitor: Thread) {
        self.janitors.push(janitor);
    }

    /// Removes a janitor. Returns false if it is not listed, because this is a forked child.
    pub(crate) fn remove_janitor(&mut self, janitor: thread::ThreadId) -> bool {
        let place = self.janitors.iter().position(|thread| thread.id() == janitor);
        place.map(|place| self.janitors.swap_remove(place)).is_some()
    }

    /// Wakes a janitor. Returns false if there is none.
    pub(crate) fn wake_janitor(&self) -> bool {
        self.janitors.first().inspect(|janitor| janitor.unpark()).is_some()
    }

    /// Forgets the parent's janitors, in a forked child. Their handles are leaked: a fork handler
    /// must not free memory.
    pub(crate) fn forget_janitors(&mut self) {
        // bug: parent's janitor kept in a child
        std::mem::forget(std::mem::take(&mut self.janitors));
    }
}
