//! The registry: every pool that has been used, and the threads that collect.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    mem, slice,
    sync::TryLockError,
    thread::{self, Thread},
};

use super::{collectable::Collectable, hook_list::HookList, thread_state::CollectThread};
#[cfg(feature = "metrics")]
use crate::shard::stats::Stats;
use crate::sync::{LazyLock, Mutex, MutexGuard, lock::lock};
#[cfg(feature = "metrics")]
use std::collections::BTreeMap;

/// Every pool that has been used, the threads that collect, and what runs at each collect. Collectors hold its
/// lock.
#[derive(Default)]
pub(crate) struct Registry {
    /// The pools, each at its index.
    pools: Vec<Option<Entry>>,
    /// The indexes of `pools` that are free. The lowest is used first, because the tables of seats
    /// are as long as the highest index that their owners use.
    free: BinaryHeap<Reverse<usize>>,
    /// The threads of the running janitors.
    janitors: Vec<Thread>,
    pub(super) thread: CollectThread,
    /// What named pools have counted that were dropped since.
    #[cfg(feature = "metrics")]
    ended: NamedStats,
    pub(super) hooks: HookList,
}

/// Statistics, by the names of pools. Those of pools with the same name are added up.
#[cfg(feature = "metrics")]
pub(crate) type NamedStats = BTreeMap<&'static str, Stats>;

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

/// An iterator over pools.
#[derive(Clone, Default)]
pub(crate) struct Pools<'a> {
    places: slice::Iter<'a, Option<Entry>>,
    only_collected: bool,
}

impl<'a> Iterator for Pools<'a> {
    type Item = &'a dyn Collectable;

    fn next(&mut self) -> Option<&'a dyn Collectable> {
        let wanted = |pool: &&dyn Collectable| !self.only_collected || pool.is_collected();
        self.places.find_map(|place| place.as_ref().map(Entry::get).filter(wanted))
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

    /// Allocates the place of one more pool, and the memory that its end needs. Returns `None` if there
    /// is no memory.
    pub(crate) fn try_reserve(&mut self) -> Option<()> {
        self.pools.try_reserve(1).ok()?;
        // Ends need no memory: there is room for every index.
        let all = self.pools.len() + 1;
        self.free.try_reserve(all - self.free.len()).ok()
    }

    /// Adds a pool, and returns its index, the lowest that is free. The place for it has been
    /// [reserved](Self::try_reserve).
    ///
    /// # Safety
    ///
    /// The caller removes the pool with [`leave`](Self::leave) before it is freed. If its objects borrow,
    /// it is not [collected](Collectable::is_collected).
    pub(crate) unsafe fn enter(&mut self, pool: &dyn Collectable) -> usize {
        debug_assert!(self.pools.len() < self.pools.capacity());
        let index = match self.free.pop() {
            Some(Reverse(index)) => index,
            None => {
                self.pools.push(None);
                self.pools.len() - 1
            }
        };
        pool.set_index(index);
        // SAFETY: only the lifetime changes. No reference to the pool is used after it has left, and no
        // object of it beyond its borrow: other threads do not touch objects of pools that are not
        // collected, except to move them.
        let pool = unsafe {
            mem::transmute::<&(dyn Collectable + '_), &(dyn Collectable + 'static)>(pool)
        };
        self.pools[index] = Some(Entry(pool));
        index
    }

    /// Removes the pool at `index`. The next pool may get the index: until the registry is unlocked,
    /// the caller removes the pool's shards from the tables of seats.
    pub(crate) fn leave(&mut self, index: usize) {
        self.detach(index);
        self.free_index(index);
    }

    /// Removes the pool at `index`. Its index stays in use until [`free_index`](Self::free_index).
    pub(crate) fn detach(&mut self, index: usize) {
        let ended = self.pools[index].take();
        #[cfg(feature = "metrics")]
        if let Some((name, stats)) = ended.and_then(|pool| pool.get().named_stats()) {
            // bug: counts of ended pools lost
            self.ended.entry(name).or_default().add_counts(&stats);
        }
        #[cfg(not(feature = "metrics"))]
        let _ = ended;
    }

    /// Returns the statistics of all named pools that have been used, including those that were dropped.
    #[cfg(feature = "metrics")]
    pub(crate) fn named_stats(&self) -> NamedStats {
        let mut all = self.ended.clone();
        for (name, stats) in self.pools().filter_map(Collectable::named_stats) {
            let sum = all.entry(name).or_default();
            sum.add_counts(&stats);
            // bug: pools of one name not added up
            (sum.idle, sum.outstanding) =
                (sum.idle + stats.idle, sum.outstanding + stats.outstanding);
        }
        all
    }

    /// Frees the index of a pool that was removed.
    pub(crate) fn free_index(&mut self, index: usize) {
        debug_assert!(self.pools[index].is_none());
        self.free.push(Reverse(index));
    }

    pub(crate) fn pools(&self) -> Pools<'_> {
        Pools { places: self.pools.iter(), only_collected: false }
    }

    /// Returns the pools that collects age.
    pub(crate) fn collected_pools(&self) -> Pools<'_> {
        Pools { places: self.pools.iter(), only_collected: true }
    }

    /// Returns the pool at `index`.
    pub(crate) fn pool(&self, index: usize) -> Option<&dyn Collectable> {
        self.pools.get(index)?.as_ref().map(Entry::get)
    }

    /// Returns the number of pools.
    pub(crate) fn len(&self) -> usize {
        self.pools.len() - self.free.len()
    }

    pub(crate) fn add_janitor(&mut self, janitor: Thread) {
        self.janitors.push(janitor);
    }

    /// Removes a janitor. Returns false if it is not listed, because this is a forked child.
    pub(crate) fn remove_janitor(&mut self, janitor: thread::ThreadId) -> bool {
        let place = self.janitors.iter().position(|thread| thread.id() == janitor);
        place.map(|place| self.janitors.swap_remove(place)).is_some()
    }

    pub(crate) fn has_janitor(&self) -> bool {
        !self.janitors.is_empty()
    }

    /// Wakes a janitor. Returns false if there is none.
    pub(crate) fn wake_janitor(&self) -> bool {
        self.janitors.first().inspect(|janitor| janitor.unpark()).is_some()
    }

    /// Forgets the parent's threads, in a forked child. The handles of janitors are leaked: a fork
    /// handler must not free memory. That of the collect thread is an id.
    pub(crate) fn forget_threads(&mut self) {
        // bug: parent's janitor kept in a child
        std::mem::forget(std::mem::take(&mut self.janitors));
        // bug: parent's collect thread kept in a child
        self.thread = CollectThread::default();
    }
}
