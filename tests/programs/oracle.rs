//! The oracle: the core of a pool, and its model. Each operation runs on both, and the results are
//! compared.

use std::{mem::ManuallyDrop, ptr, sync::Arc};

use super::{model::Model, steps, token::Token};
use crate::{
    collect::registry::Registry,
    containers::cell::{CellBox, EmptyCell},
    pool::{core::Core, recall::Effort, stats::Stats},
    seat::{seat::Seat, table::Seats},
    shard::{drops::Reason, owner::Owner, shard::Shard},
    sync::Relaxed,
};

pub(super) struct Oracle<const PAD: usize> {
    /// Not dropped if the program fails, because it would have to be empty.
    pub(super) core: ManuallyDrop<Box<Core<Token<PAD>>>>,
    pub(super) model: Model,
    max_idle: usize,
}

impl<const PAD: usize> Oracle<PAD> {
    /// A pool for `max_idle` objects.
    pub(super) fn new(seats: &Arc<Seats>, registry: &mut Registry, max_idle: usize) -> Self {
        let core = ManuallyDrop::new(Core::new(seats, max_idle));
        registry.try_reserve().expect("there is memory");
        // SAFETY: `end` removes it; if it is not called, the core is leaked.
        unsafe { registry.enter(&**core) };
        Self { core, model: Model::default(), max_idle }
    }

    /// Drops the pool, and returns a new one of the same kind, and the number of objects that were
    /// dropped.
    pub(super) fn another(self, registry: &mut Registry) -> (Self, usize) {
        let (seats, max_idle) = (Arc::clone(&self.core.seats), self.max_idle);
        let idle = self.end(registry);
        (Self::new(&seats, registry, max_idle), idle)
    }

    /// Runs `f` on a player's own shard, as `Pool` does.
    fn own<A, R>(
        &self,
        seat: Option<&Seat>,
        arg: A,
        f: impl FnOnce(Owner<'_, Token<PAD>>, A) -> Result<R, A>,
    ) -> Result<R, A> {
        let Some((seat, shard)) = seat.and_then(|seat| Some((seat, self.shard(seat)?))) else {
            return Err(arg);
        };
        // SAFETY: the seat of a player that runs.
        let Some(_pin) = (unsafe { seat.pin_fast() }) else { return Err(arg) };
        // SAFETY: pinned.
        f(unsafe { shard.owner() }, arg)
    }

    /// The hit path of a get.
    pub(super) fn pop(&mut self, seat: Option<&Seat>) -> Option<CellBox<Token<PAD>>> {
        let full = self.own(seat, (), |owner, ()| owner.private().pop().ok_or(())).ok()?;
        self.model.found(full.get().number(), false, 0);
        Some(full)
    }

    /// The hit path of a take by value: the cell stays.
    pub(super) fn pop_value(&mut self, seat: Option<&Seat>) -> Option<Token<PAD>> {
        let value = self.own(seat, (), |owner, ()| owner.private().take().ok_or(())).ok()?;
        self.model.found(value.number(), false, 0);
        Some(value)
    }

    /// Returns whether a search cannot succeed, and counts a miss if so.
    pub(super) fn has_nothing(&mut self, seat: Option<&Seat>) -> bool {
        let own = seat.and_then(|seat| self.shard(seat));
        let nothing = own.is_some_and(|shard| self.core.misses(shard));
        if nothing {
            self.model.missed(0);
        }
        nothing
    }

    /// The slow path of a get. The seats `stopped` are pinned, so a search cannot recall what they
    /// keep private. A modest search recalls nothing: another thread holds the registry's lock.
    pub(super) fn search(
        &mut self,
        seat: Option<&Seat>,
        effort: Effort,
        stopped: &[usize],
    ) -> Option<CellBox<Token<PAD>>> {
        // SAFETY: the seat of a player that runs.
        let own = seat.filter(|seat| unsafe { seat.pin() }.is_some());
        let own = own.and_then(|seat| self.shard(seat));
        let elsewhere = self.elsewhere(own, |_| true);
        let out_of_reach = match effort {
            Effort::Full => self.elsewhere(own, |shard| stopped.contains(&(shard.id as usize))),
            Effort::Modest => elsewhere,
        };
        self.confuse(effort);
        let victims = self.victims(seat);
        let full = self.core.search(seat, effort);
        match &full {
            Some(full) => {
                let victim = self.victims(seat) > victims;
                self.model.found(full.get().number(), victim, elsewhere.fresh);
            }
            None => self.model.missed(out_of_reach.private),
        }
        full
    }

    /// Tells the model that a search is about to run which may make overdue objects look fresh.
    fn confuse(&mut self, effort: Effort) {
        let as_fresh = |steps| steps > 0 && steps % 2 == 0;
        let recalled = |shard: &Shard<_>| effort == Effort::Full && !shard.private.is_empty();
        if steps::shards(&self.core).any(|shard| self.missed(shard) > 0 && recalled(shard)) {
            self.model.confuse(1);
        } else if steps::shards(&self.core).any(|shard| as_fresh(self.missed(shard))) {
            self.model.confuse(2);
        }
    }

    /// Returns the number of victims that this seat's searches have found.
    fn victims(&self, seat: Option<&Seat>) -> u64 {
        let mut stats = Stats::default();
        stats.add(&self.core.counters);
        if let Some(shard) = seat.and_then(|seat| self.shard(seat)) {
            stats.add(&shard.shared.counters);
        }
        stats.victim_hits
    }

    /// The hit path of a put.
    pub(super) fn push(
        &mut self,
        seat: Option<&Seat>,
        full: CellBox<Token<PAD>>,
    ) -> Result<(), CellBox<Token<PAD>>> {
        let number = full.get().number();
        self.own(seat, full, |owner, full| owner.private().push_on_top(full))?;
        self.model.put(number);
        Ok(())
    }

    /// The hit path of a put by value: into a spare cell of the slot or the magazine.
    pub(super) fn push_value(
        &mut self,
        seat: Option<&Seat>,
        value: Token<PAD>,
    ) -> Result<(), Token<PAD>> {
        let number = value.number();
        self.own(seat, value, |owner, value| owner.private().put(value))?;
        self.model.put(number);
        Ok(())
    }

    /// The slow path of a put by value: into another empty cell.
    pub(super) fn put_value(
        &mut self,
        seat: Option<&Seat>,
        value: Token<PAD>,
    ) -> Result<(), Token<PAD>> {
        let number = value.number();
        self.core.put_value(seat, value)?;
        self.model.put(number);
        Ok(())
    }

    /// The slow path of a put.
    pub(super) fn put(
        &mut self,
        seat: Option<&Seat>,
        full: CellBox<Token<PAD>>,
    ) -> Result<(), CellBox<Token<PAD>>> {
        let number = full.get().number();
        let kept = self.core.put(seat, full);
        self.kept(number, kept)
    }

    /// Puts an object on the shelf.
    pub(super) fn shelve(&mut self, full: CellBox<Token<PAD>>) -> Result<(), CellBox<Token<PAD>>> {
        let number = full.get().number();
        let kept = self.core.shelve(full);
        self.kept(number, kept)
    }

    fn kept<E>(&mut self, number: usize, kept: Result<(), E>) -> Result<(), E> {
        match kept {
            Ok(()) => self.model.put(number),
            Err(_) => assert!(!self.core.quota.has_room(), "refused without a reason"),
        }
        kept
    }

    /// Returns a cell for a new object.
    pub(super) fn make(&mut self, seat: Option<&Seat>) -> EmptyCell<Token<PAD>> {
        let empty = self.core.pop_empty(seat).unwrap_or_else(EmptyCell::new);
        self.core.count(seat, &|tally| &tally.created);
        self.model.counts.created += 1;
        empty
    }

    /// Drops an object that is not given back.
    pub(super) fn discard(&mut self, full: CellBox<Token<PAD>>) {
        drop(full);
        self.core.drops.count(Reason::Discarded);
        self.model.counts.dropped += 1;
        self.model.counts.dropped_discarded += 1;
    }

    /// A step has dropped these objects.
    pub(super) fn stepped(&mut self, dropped: &[usize], clear: bool) {
        let behind = |steps: u32| {
            let shards = steps::shards(&self.core).filter(|shard| self.missed(shard) >= steps);
            shards.map(Shard::idle).sum()
        };
        if clear {
            self.model.clear(dropped, behind(1));
        } else {
            self.model.step(dropped, behind(2));
        }
    }

    /// Drops the pool. Returns the number of objects that were dropped with it.
    pub(super) fn end(self, registry: &mut Registry) -> usize {
        registry.leave(self.core.index());
        let mut core = ManuallyDrop::into_inner(self.core);
        let idle = core.end();
        drop(core);
        drop(idle);
        self.model.idle()
    }

    /// Compares the counters with the model's.
    pub(super) fn check(&self) {
        let stats = self.core.stats();
        let Stats { steals, outstanding, collects, .. } = stats;
        let idle = self.model.idle();
        let counts = self.model.counts.clone();
        let wanted = Stats { idle: idle as u64, steals, outstanding, collects, ..counts };
        assert_eq!(stats, wanted);
        assert!(idle <= self.max_idle, "{idle} of {} are idle", self.max_idle);
        if self.core.quota.bounded() {
            self.check_units();
        }
    }

    /// Checks that each unit is in one place, and that no shard leases more units than it may.
    fn check_units(&self) {
        let quota = &self.core.quota;
        let left = quota.lease(usize::MAX);
        quota.release(left);
        let mut units = left + self.core.shelf.len();
        for shard in steps::shards(&self.core).filter(|shard| shard.open.load(Relaxed)) {
            let (private, lease) = (&shard.private, shard.private.lease());
            let slot = private.units() - lease;
            assert!(slot <= usize::from(quota.slots()) && lease <= quota.places());
            assert!(private.count() <= lease, "an object without a unit");
            assert!(private.len() - private.count() <= slot, "an object without a unit");
            units += shard.units();
        }
        assert_eq!(units, self.max_idle, "units were lost, or made");
    }

    pub(super) fn shard(&self, seat: &Seat) -> Option<&Shard<Token<PAD>>> {
        steps::shard(&self.core, seat)
    }

    /// Returns how many steps have skipped a shard since one last reached it.
    pub(super) fn missed(&self, shard: &Shard<Token<PAD>>) -> u32 {
        let behind = self.core.generation.load(Relaxed) - shard.generation.load(Relaxed);
        if shard.open.load(Relaxed) { behind } else { 0 }
    }

    /// Returns what the shards that are `counted` keep private, except for `own`.
    fn elsewhere(
        &self,
        own: Option<&Shard<Token<PAD>>>,
        counted: impl Fn(&Shard<Token<PAD>>) -> bool,
    ) -> Elsewhere {
        let mut all = Elsewhere::default();
        let is_own = |shard| own.is_some_and(|own| ptr::eq(own, shard));
        for shard in steps::shards(&self.core).filter(|&shard| !is_own(shard) && counted(shard)) {
            let private = shard.private.len();
            all.private += private;
            all.fresh += if self.missed(shard) == 0 { private } else { 0 };
        }
        all
    }
}

/// What shards keep private.
#[derive(Clone, Copy, Debug, Default)]
struct Elsewhere {
    private: usize,
    /// Those in shards that the last step reached.
    fresh: usize,
}
