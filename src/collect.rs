//! The registry of all pools, and the collect that ages them.
//!
//! A collect is two halves under the registry's lock, and an end outside it:
//!
//! 1. With nothing claimed, take what is left of every pool's victims. Nobody adds victims but a
//!    flip, so that there are none when
//! 2. all seats are claimed and every shard is flipped: its primary generation becomes victim, its
//!    drained one primary. This is all that other threads can notice: they find their shards closed.
//! 3. With nothing held, drop what was taken. This is the only step that runs user code.

use std::sync::{Arc, TryLockError};

use crate::{
    age::{Ages, Garbage},
    core::{Core, NO_MEMORY},
    due,
    janitor::Bell,
    panics::FirstPanic,
    seat::{Seat, lock},
    seats::{Claim, Seats},
    sync::{LazyLock, Mutex, MutexGuard, Relaxed, watch_forks},
};

/// Every pool that has been used. Its lock is the one that collectors hold.
#[derive(Default)]
pub(crate) struct Registry {
    pools: Vec<Entry>,
    /// Of the janitors that are at work.
    pub(crate) bells: Vec<Arc<Bell>>,
}

/// A pool, which leaves the registry before it is freed.
#[derive(Clone, Copy)]
struct Entry(*const dyn Ages);

// SAFETY: `Ages` is `Send` and `Sync`.
unsafe impl Send for Entry {}

impl Entry {
    fn get(&self) -> &dyn Ages {
        // SAFETY: a core leaves the registry under its lock before it is freed, and a reference is
        // had under that lock only.
        unsafe { &*self.0 }
    }
}

impl Registry {
    /// The registry of this process.
    pub(crate) fn lock() -> MutexGuard<'static, Self> {
        lock(Self::process())
    }

    /// The same, if nobody has it now.
    fn try_lock() -> Option<MutexGuard<'static, Self>> {
        match Self::process().try_lock() {
            Ok(registry) => Some(registry),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn process() -> &'static Mutex<Self> {
        static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(|| {
            watch_forks();
            Mutex::default()
        });
        &REGISTRY
    }

    /// Lists a core.
    ///
    /// # Panics
    ///
    /// If there is no memory.
    ///
    /// # Safety
    ///
    /// The core leaves again before it is freed.
    pub(crate) unsafe fn enter<T: Send + 'static>(&mut self, core: &Core<T>) {
        self.pools.try_reserve(1).expect(NO_MEMORY);
        core.set_entry(self.pools.len());
        self.pools.push(Entry(core));
    }

    pub(crate) fn leave<T>(&mut self, core: &Core<T>) {
        let entry = core.entry.load(Relaxed);
        self.pools.swap_remove(entry);
        if let Some(moved) = self.pools.get(entry) {
            // bug: entry of a moved pool
            moved.get().set_entry(entry);
        }
    }

    pub(crate) fn pools(&self) -> impl Iterator<Item = &dyn Ages> + Clone {
        self.pools.iter().map(Entry::get)
    }
}

/// Ages these pools by one generation: `all` of the process's, or some. What is to be dropped
/// remains with them.
///
/// # Safety
///
/// The caller holds the lock of the registry that lists the pools.
pub(crate) unsafe fn step<'a>(
    seats: &Seats,
    pools: impl Iterator<Item = &'a dyn Ages> + Clone,
    all: bool,
) {
    for pool in pools.clone() {
        // SAFETY: the caller holds the lock.
        unsafe { pool.drain() };
    }
    // SAFETY: the lock makes this the only claim.
    let claim = unsafe { Claim::new(seats, all) };
    for pool in pools {
        // SAFETY: drained above, and the seats are claimed.
        // bug: heavy fence for each pool
        unsafe { pool.flip(&mut claim.reached()) };
    }
}

/// Drops what collects have left, and goes on with the first panic of a destructor.
pub(crate) fn sweep(garbage: Vec<Garbage>) {
    let mut panics = FirstPanic::new();
    for remains in garbage {
        panics.guard(|| drop(remains));
    }
    panics.resume();
}

/// Ages every pool of the process by one generation.
///
/// What has been idle since before the previous collect is dropped; what is idle now will be at the
/// next one, unless it is used before. So an idle object survives one collect and goes at the
/// second, as in Go, where each garbage collection does this to every `sync.Pool`.
///
/// Other threads go on using their pools. For a few microseconds they may find a pool empty and
/// create objects. The destructors run on the calling thread, one after the other.
///
/// # Panics
///
/// If destructors panic: once all objects have been dropped, with the first panic.
///
/// # Examples
///
/// ```
/// use corepool::Pool;
///
/// static BUFFERS: Pool<Vec<u8>> = Pool::new(Vec::new);
///
/// drop(BUFFERS.get());
/// corepool::collect();
/// assert_eq!(BUFFERS.stats().idle, 1);
/// corepool::collect();
/// assert_eq!(BUFFERS.stats().idle, 0);
/// ```
pub fn collect() {
    let _collecting = due::begin();
    collect_from(Seats::process());
}

/// Ages every pool of the process. These are its seats.
pub(crate) fn collect_from(seats: &Seats) {
    let garbage = {
        // bug: collect without the registry's lock
        let registry = Registry::lock();
        // SAFETY: locked.
        unsafe {
            step(seats, registry.pools(), true);
            let mut garbage = Vec::new();
            // Without memory it remains for the next collect.
            // bug: collect that must have memory
            if garbage.try_reserve(registry.pools.len()).is_ok() {
                garbage.extend(registry.pools().filter_map(|pool| pool.take_remains()));
            }
            // bug: postponed garbage lost; destructors under the registry's lock
            garbage
        }
    };
    sweep(garbage);
}

/// Ages one pool by one generation.
pub(crate) fn trim<T: Send + 'static>(core: &Core<T>) {
    age(Seats::process(), core, false);
}

/// Drops all that is idle in one pool.
pub(crate) fn clear<T: Send + 'static>(core: &Core<T>) {
    age(Seats::process(), core, true);
}

/// Ages one pool by one generation, and then drops the victims if `clear`.
pub(crate) fn age<T: Send + 'static>(seats: &Seats, core: &Core<T>, clear: bool) {
    let garbage = {
        let _registry = Registry::lock();
        let pools = std::iter::once(core as &dyn Ages);
        // SAFETY: locked.
        unsafe {
            step(seats, pools, false);
            if clear {
                core.drain();
            }
            core.take_remains()
        }
    };
    drop(garbage);
}

/// Does for a late seat what a collect has left undone, unless another collect is at work.
///
/// The seat is the caller's.
#[cold]
pub(crate) fn catch_up(seat: &Seat) {
    let Some(registry) = Registry::try_lock() else { return };
    if seat.is_late() {
        for pool in registry.pools() {
            // SAFETY: locked, and the seat is the caller's, which is not pinned.
            // bug: late work left undone
            unsafe { pool.catch_up(seat.id) };
        }
        seat.caught_up();
    }
}

/// Tells a janitor, if there is one, that a collect is due. If it cannot be told whether there is,
/// somebody collects just now, and a later look will do.
pub(crate) fn ring_for_janitor() -> bool {
    Registry::try_lock().is_none_or(|registry| {
        let bell = registry.bells.first();
        bell.inspect(|bell| bell.ring()).is_some()
    })
}

/// Leaves to others what only the holder of this seat can reach. The seat is the caller's.
pub(crate) fn vacate(seat: &Seat) {
    let registry = Registry::lock();
    for pool in registry.pools() {
        // SAFETY: locked, and the seat is the caller's, which is not pinned.
        unsafe {
            pool.catch_up(seat.id);
            pool.vacate(seat.id);
        }
    }
    seat.caught_up();
}
