//! Several pools without their faces, the seats of their process, and its registry.

use std::{
    mem::ManuallyDrop,
    sync::{Arc, Mutex as Untracked},
};

use super::{
    ledger::{Item, Ledger},
    seen::{Event, Seen},
};
use crate::{
    collect::{
        collect::{age_pools, drop_pending},
        collectable::Collectable,
        pending::ErasedPending,
        registry::Registry,
    },
    pool::core::Core,
    seat::{fence::FenceKind, seat::Seat, table::Seats},
    sync::{Mutex, Relaxed, lock::lock},
};

/// A process.
pub(super) struct World {
    pub(super) seats: Seats,
    registry: Mutex<Registry>,
    pub(super) pools: Vec<Pool>,
    /// Those of all pools that there ever were. No part of a schedule.
    ledgers: Untracked<Vec<Arc<Ledger>>>,
    pub(super) seen: Arc<Seen>,
}

/// A pool without its public face. If a schedule fails, it stays: it may be in any state then.
pub(super) struct Pool {
    pub(super) core: ManuallyDrop<Box<Core<Item>>>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) bound: usize,
}

impl World {
    /// A process of up to so many threads with seats, besides the sleepers, which have the first
    /// ones and do nothing. The pools have these bounds.
    pub(super) fn new(
        strategy: FenceKind,
        seats: usize,
        sleepers: usize,
        bounds: &[usize],
        seen: Arc<Seen>,
    ) -> Self {
        let mut world = Self {
            seats: Seats::new(strategy, seats + sleepers),
            registry: Mutex::default(),
            pools: Vec::new(),
            ledgers: Untracked::default(),
            seen,
        };
        (0..sleepers).for_each(|_| assert!(world.seats.join().is_some()));
        world.pools = bounds.iter().map(|&bound| world.open(bound)).collect();
        world
    }

    /// Opens a pool.
    pub(super) fn open(&self, bound: usize) -> Pool {
        let (core, ledger) = (Core::new(bound), Ledger::new(bound));
        let mut registry = lock(&self.registry);
        // SAFETY: it leaves in `close`, and stays for ever if that is not called.
        unsafe { registry.enter(&*core) };
        self.ledgers.lock().unwrap().push(Arc::clone(&ledger));
        Pool { core: ManuallyDrop::new(core), ledger, bound }
    }

    /// The end of a pool that nobody uses any more.
    pub(super) fn close(&self, pool: Pool) {
        lock(&self.registry).leave(pool.core.entry.load(Relaxed));
        let mut core = ManuallyDrop::into_inner(pool.core);
        pool.ledger.close();
        let idle = core.empty();
        drop(core);
        drop(idle);
    }

    pub(super) fn ledgers(&self) -> Vec<Arc<Ledger>> {
        self.ledgers.lock().unwrap().clone()
    }

    /// A collect of all pools.
    pub(super) fn collect(&self) {
        self.age(None, 1, |registry| {
            // SAFETY: locked.
            unsafe {
                age_pools(&self.seats, registry.pools(), true);
                registry.pools().filter_map(|pool| pool.take_pending()).collect()
            }
        });
    }

    /// Ages one pool, and drops its victims if `clear`.
    pub(super) fn trim(&self, pool: &Pool, clear: bool) {
        self.age(Some(pool), 1 + usize::from(clear), |_| {
            let core = &**pool.core;
            // SAFETY: locked.
            unsafe {
                age_pools(&self.seats, std::iter::once(core as &dyn Collectable), false);
                if clear {
                    core.drain();
                }
                core.take_pending().into_iter().collect()
            }
        });
    }

    /// Ages one pool or all by so many steps, and drops what that leaves when nothing is locked.
    fn age(
        &self,
        one: Option<&Pool>,
        steps: usize,
        f: impl FnOnce(&Registry) -> Vec<ErasedPending>,
    ) {
        let (ledgers, garbage) = {
            let registry = lock(&self.registry);
            let ledgers = one.map_or_else(|| self.ledgers(), |pool| vec![Arc::clone(&pool.ledger)]);
            ledgers.iter().for_each(|ledger| ledger.ageing_begins(steps));
            let garbage = f(&registry);
            ledgers.iter().for_each(|ledger| ledger.ageing_ends());
            (ledgers, garbage)
        };
        drop_pending(garbage);
        ledgers.iter().for_each(|ledger| ledger.sweep_ends());
    }

    /// What a thread whose seat is late does before anything else.
    pub(super) fn catch_up(&self, seat: &Seat) {
        if !seat.is_late() {
            return;
        }
        self.seen.add(Event::Late, 1);
        let Ok(registry) = self.registry.try_lock() else { return };
        if seat.is_late() {
            // SAFETY: locked, and the caller's seat, which is not pinned.
            registry.pools().for_each(|pool| unsafe { pool.catch_up(seat.id) });
            seat.caught_up();
        }
    }

    /// What a thread does at its exit. The seat is the caller's.
    pub(super) fn leave(&self, seat: &Seat) {
        {
            let registry = lock(&self.registry);
            for pool in registry.pools() {
                // SAFETY: locked, and the caller's seat, which is not pinned.
                unsafe {
                    pool.catch_up(seat.id);
                    pool.vacate(seat.id);
                }
            }
            seat.caught_up();
        }
        // SAFETY: the caller's, which is not used again.
        unsafe { self.seats.leave(seat) };
    }
}
