//! A pool for models: a core without a `Pool`, and a table of seats for this pool alone.

use std::sync::Arc as Shared;

use loom::sync::Arc;

use super::ledger::{Ledger, Object};
use crate::{
    collect::{
        collect::{catch_up, collect_from},
        registry::Registry,
    },
    containers::cell::CellBox,
    pool::{core::Core, handle::LocalShard, recall::Effort},
    seat::{current::CurrentSeat, fence::FenceKind, seat::Seat, table::Seats},
    shard::shard::Shard,
};

/// What an object weighs in a pool that weighs.
pub(super) const WEIGHT: usize = 3;

pub(super) struct ModelPool {
    pub(super) seats: Shared<Seats>,
    pub(super) core: Box<Core<Object>>,
    pub(super) ledger: Ledger,
}

impl ModelPool {
    pub(super) fn new(fence_kind: FenceKind, max_idle: usize) -> Arc<Self> {
        Self::with(&Shared::new(Seats::new(fence_kind, usize::MAX)), max_idle)
    }

    /// Another pool, for the same seats.
    pub(super) fn with(seats: &Shared<Seats>, max_idle: usize) -> Arc<Self> {
        Self::of(seats, Core::new(seats, max_idle))
    }

    /// A pool whose objects weigh [`WEIGHT`] each and at most `most` in total.
    pub(super) fn weighed(most: usize) -> Arc<Self> {
        let seats = Shared::new(Seats::new(FenceKind::Asymmetric, usize::MAX));
        let core = Core::try_weighed(&seats, usize::MAX, |_| WEIGHT, most);
        Self::of(&seats, core.expect("there is memory"))
    }

    fn of(seats: &Shared<Seats>, core: Box<Core<Object>>) -> Arc<Self> {
        let seats = Shared::clone(seats);
        // SAFETY: `drop` removes it from the registry.
        unsafe {
            let mut registry = Registry::lock();
            registry.try_reserve().expect("there is memory");
            registry.enter(&*core);
        }
        Arc::new(Self { seats, core, ledger: Ledger::new() })
    }

    /// Gets an object and uses it, as the slow path of `Pool::try_get` does.
    pub(super) fn get(&self, seat: &Seat) -> Option<CellBox<Object>> {
        if self.with_own(seat, |shard| self.core.has_nothing(shard)) == Some(true) {
            return None;
        }
        ready(seat);
        let full = self.core.search(Some(seat), Effort::Full)?;
        self.core.release_weight(&full);
        full.get().use_it();
        Some(full)
    }

    /// Gets an object that no other thread keeps private, and uses it.
    pub(super) fn get_shared(&self, seat: &Seat) -> Option<CellBox<Object>> {
        ready(seat);
        let full = self.core.take(Some(seat))?;
        self.core.release_weight(&full);
        full.get().use_it();
        Some(full)
    }

    /// Calls `f` on the shard of the calling thread's seat, pinned, as a hit does.
    pub(super) fn with_own<R>(
        &self,
        seat: &Seat,
        f: impl FnOnce(&Shard<Object>) -> R,
    ) -> Option<R> {
        // SAFETY: the calling thread's seat.
        let local = unsafe { LocalShard::pin(CurrentSeat::of(seat), self.core.index()) }?;
        local.shard.live_check().check();
        Some(f(local.shard))
    }

    /// Uses an object and puts it back, as a guard does on its slow path.
    pub(super) fn put(&self, seat: &Seat, full: CellBox<Object>) {
        ready(seat);
        full.get().use_it();
        let weight = self.core.weigh(full.get());
        drop(self.core.put_weighed(Some(seat), full, weight));
    }

    /// Puts `count` new objects.
    pub(super) fn fill(&self, seat: &Seat, count: usize) {
        (0..count).for_each(|_| self.put(seat, self.ledger.object()));
    }

    pub(super) fn collect(&self) {
        collect_from(&self.seats);
    }
}

/// What a thread does before it uses a pool: if its seat is late, it does the missed work.
fn ready(seat: &Seat) {
    if seat.is_late() {
        catch_up(seat);
    }
}

impl Drop for ModelPool {
    fn drop(&mut self) {
        let idle = {
            let mut registry = Registry::lock();
            registry.leave(self.core.index());
            self.core.end()
        };
        drop(idle);
        if !std::thread::panicking() {
            assert_eq!(self.ledger.alive(), 0, "lost");
        }
    }
}
