//! The table of all runtimes, by their numbers.
//!
//! A task knows its runtime by the number only, so that spawning it counts no reference. The table
//! is locked by threads that do not belong to the runtime, and by a thread that forks.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, LazyLock, Mutex, MutexGuard, Weak},
};

use crate::{rt::sched::shared::Shared, sync::lock::lock_std};

static RUNTIMES: LazyLock<Mutex<Runtimes>> = LazyLock::new(Mutex::default);

#[derive(Default)]
pub(crate) struct Runtimes {
    /// The number of the last runtime.
    last: u64,
    live: HashMap<u64, Weak<Shared>>,
}

impl Runtimes {
    pub(crate) fn lock() -> MutexGuard<'static, Self> {
        lock_std(&RUNTIMES)
    }

    /// Returns all runtimes that have not ended.
    #[cfg(feature = "metrics")]
    pub(crate) fn live() -> Vec<Arc<Shared>> {
        let runtimes = Self::lock();
        runtimes.live.values().filter_map(Weak::upgrade).collect()
    }

    /// Empties the table in the child of a fork, which lacks the threads of the runtimes. Leaks the
    /// entries: a fork handler must not free memory.
    pub(crate) fn reset_after_fork(&mut self) {
        mem::forget(mem::take(&mut self.live));
    }
}

/// Makes a runtime, and gives it a number.
pub(crate) fn register(make: impl FnOnce(u64, &Weak<Shared>) -> Shared) -> Arc<Shared> {
    let id = {
        let mut runtimes = Runtimes::lock();
        runtimes.last += 1;
        runtimes.last
    };
    let shared = Arc::new_cyclic(|weak| make(id, weak));
    let mut runtimes = Runtimes::lock();
    // Those that had not ended when they were dropped, and have since.
    runtimes.live.retain(|_, runtime| runtime.strong_count() > 0);
    runtimes.live.insert(id, Arc::downgrade(&shared));
    shared
}

pub(crate) fn unregister(id: u64) {
    Runtimes::lock().live.remove(&id);
}

/// Returns the runtime `id`, unless it has ended.
pub(crate) fn find(id: u64) -> Option<Arc<Shared>> {
    Runtimes::lock().live.get(&id)?.upgrade()
}
