//! What a pool recalls from the private parts of other threads: objects, and units of its bound.

use std::ptr;

use super::core::Core;
use crate::{
    collect::{
        collect::undisturbed,
        recall::{Patience, is_quick, recall_from, wait_for_collector},
    },
    containers::{
        cell::{CellBox, List},
        occupancy::BITS,
    },
    seat::seat::Seat,
    shard::{
        counters::Found,
        shard::{Shard, Wanted},
        size::MAX_BATCH,
    },
    sync::{Relaxed, model_limit, spin_loop},
    trace,
};

/// How hard a search tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// For `get` and `take`: the caller can create an object. The search does not wait, and does not
    /// recall objects of active owners with tenure.
    Modest,
    /// For `try_get` and `try_take`: the search fails only if nothing is idle.
    Full,
}

/// How often a thread searches and recalls in one call. Other threads may take what it has recalled.
const ROUNDS: usize = 4;

/// One object in this number, and at most [`MAX_EXTRA`], may be extra: created while others were idle.
const EXTRA: usize = 4;

const MAX_EXTRA: usize = 64;

/// For how many spins a put waits for the end of a claim, if the thread's own unit is out of reach.
const WAITS: usize = model_limit(10_000, 1);

/// How often a thread that wants units recalls: often enough to reach every hoarder once.
pub(super) const RECALLS: usize = BITS.div_ceil(HOARDERS);

/// From how many threads a recall takes. It needs one object only, and disables what it takes from.
const HOARDERS: usize = 8;

impl<T> Core<T> {
    /// Searches for an idle object, wherever it is. Counts what it finds, or a miss.
    pub(crate) fn search(&self, seat: Option<&Seat>, effort: Effort) -> Option<CellBox<T>> {
        let rounds = if effort == Effort::Full { ROUNDS } else { 1 };
        for _ in 0..rounds {
            let moves = self.seats.moves().begin_search();
            let mut found = self.take(seat).or_else(|| self.take_private(seat, effort));
            if found.is_none() && effort == Effort::Full {
                // bug: own objects out of reach while the seat is claimed
                found = self.take_missed(seat);
            }
            // Between the two, an owner may have moved objects from its private part to its chain.
            if found.is_some() || self.looks_empty() && self.seats.moves().none_since(moves) {
                return found.or_else(|| self.miss(seat));
            }
            if effort == Effort::Full {
                wait_for_collector();
            }
        }
        self.miss(seat)
    }

    fn miss(&self, seat: Option<&Seat>) -> Option<CellBox<T>> {
        self.count(seat, &|counters| counters.for_result(Found::Nothing));
        None
    }

    /// Takes an object that another thread keeps private, if there is one.
    #[cold]
    fn take_private(&self, seat: Option<&Seat>, effort: Effort) -> Option<CellBox<T>> {
        let (wanted, patience) = match effort {
            Effort::Modest => (Wanted::ObjectOfIdle, Patience::GivesUp),
            Effort::Full => (Wanted::Object, Patience::Waits),
        };
        let hoarders = self.hoarders(seat, wanted);
        // bug: get waits until the process is registered
        let may_create = || self.allows_extra() || !is_quick(&self.seats);
        if hoarders == 0 || effort == Effort::Modest && may_create() {
            return None;
        }
        let keep_one = |mut got: List<T>| {
            let full = got.pop();
            // bug: recalled objects lost with the one that is used
            if full.is_some() {
                self.keep_recalled(seat, got);
            }
            full
        };
        // bug: private objects out of reach
        let full = self.recall(seat, hoarders, wanted, patience, keep_one)?;
        trace::note_recall(self.name(), "object", full.is_some());
        let full = full?;
        self.count(seat, &|counters| counters.for_result(Found::Steal));
        Some(full)
    }

    /// Returns whether there is nothing idle, except for what is private.
    fn looks_empty(&self) -> bool {
        self.map.has_no_chains() && self.shelf.len() == 0
    }

    /// Returns whether the caller may create an object although others are idle: at most one for
    /// [`EXTRA`] objects. Threads that pass objects on would otherwise wait for each single one.
    fn allows_extra(&self) -> bool {
        let reading = &self.seats.read(None);
        let counters =
            self.shards(reading).map(|shard| &shard.shared.counters).chain([&self.counters]);
        let created = counters.map(|counters| counters.created.get()).sum::<u64>();
        let objects = self.objects(created) as usize;
        // Relaxed: it is only counted, and may be exceeded by as many as count at the same time.
        // bug: extra objects without a bound
        self.extra.load(Relaxed) < (objects / EXTRA).min(MAX_EXTRA) && self.quota.has_room() && {
            self.extra.fetch_add(1, Relaxed);
            true
        }
    }

    /// Stores what a recall got besides the object that it returns, whose unit is given back. In a pool
    /// that weighs, the shelf takes it: nobody knows what the objects weigh without weighing them.
    fn keep_recalled(&self, seat: Option<&Seat>, mut got: List<T>) {
        if self.weight_limit.is_some() {
            self.quota.release(1);
            return self.shelf.append(got);
        }
        let mut batch = [ptr::null_mut(); MAX_BATCH];
        let mut count = 0;
        while let Some(full) = (count < MAX_BATCH).then(|| got.pop()).flatten() {
            batch[count] = full.into_raw();
            count += 1;
        }
        self.keep_loot(seat, &batch[..count]);
        self.shelf.append(got);
    }

    /// Recalls units of the bound, and weight, that other threads have leased and do not use. Returns
    /// whether there were any.
    #[cold]
    pub(crate) fn recall_units(&self, seat: Option<&Seat>, patience: Patience) -> bool {
        let (own, wanted) = (self.release_own(seat, patience), self.scarce());
        let hoarders = self.hoarders(seat, wanted);
        if hoarders == 0 {
            return own;
        }
        // bug: units out of reach
        let done =
            self.recall(seat, hoarders, wanted, patience, |got| self.shelf.append(got)).is_some();
        trace::note_recall(self.name(), "room", done);
        true
    }

    /// Returns what a put lacks that is refused: units of the bound, and weight, or only weight if the
    /// number of objects has no bound.
    fn scarce(&self) -> Wanted {
        if self.quota.bounded() { Wanted::Units } else { Wanted::Weight }
    }

    /// Gives up the units and the weight that the seat's own shard has leased and does not use: those
    /// of lent objects. Returns whether there were any.
    fn release_own(&self, seat: Option<&Seat>, patience: Patience) -> bool {
        let release = || {
            self.pin(seat).map(|pinned| {
                let unused = pinned.shard.hoards(self.scarce());
                // bug: own reservation out of reach
                self.unreserve(&pinned.owner);
                // bug: own units out of reach
                pinned.owner.private().release_unused(&self.quota);
                unused
            })
        };
        let unused = match (release(), seat) {
            // bug: own units out of reach while the seat is claimed by a recall
            (None, Some(seat)) if patience == Patience::Waits => undisturbed(seat, release),
            (unused, _) => unused,
        };
        unused.unwrap_or(false)
    }

    /// Calls `lease`, which tries to lease units or weight, until it returns true. Before each further
    /// call, recalls what threads have leased and do not use; stops when there is nothing of that kind.
    /// Waits while other threads collect. Returns the last result of `lease`.
    pub(crate) fn lease_recalled(
        &self,
        seat: Option<&Seat>,
        mut lease: impl FnMut() -> bool,
    ) -> bool {
        for _ in 0..RECALLS {
            if lease() {
                return true;
            }
            if !self.recall_units(seat, Patience::Waits) {
                break;
            }
        }
        // A collector that has given units back does not keep the lock any more.
        // bug: units of a collect overlooked
        wait_for_collector();
        lease()
    }

    /// Returns whether the seat's own shard has what a put [lacked](Self::scarce), which it could not use
    /// because another thread had claimed the seat. Waits for a bounded time until the claim ends. It may
    /// also return true if the shard has weight, but too little.
    pub(super) fn wait_for_own_unit(&self, seat: Option<&Seat>) -> bool {
        let has_some = |shard: &Shard<T>| shard.hoards(self.scarce());
        let Some(seat) = seat else { return false };
        // After a put that could use it there is none.
        if !self.shard(seat, &self.seats.read(Some(seat))).is_some_and(has_some) {
            return false;
        }
        // The collector visits first those seats whose owners wait.
        (0..WAITS).take_while(|_| seat.is_claimed()).for_each(|_| spin_loop());
        true
    }

    /// Takes all private objects of those `hoarders` that still keep what is `wanted`, and disables
    /// their private parts. Calls `store` with the objects. Returns `None` if patience is up.
    fn recall<R>(
        &self,
        seat: Option<&Seat>,
        hoarders: usize,
        wanted: Wanted,
        patience: Patience,
        store: impl FnOnce(List<T>) -> R,
    ) -> Option<R> {
        let own = seat.map(|seat| seat.id);
        let is_hoarder = |id: usize| hoarders & (1 << (id % BITS)) != 0 && Some(id) != own;
        let recall = |seat: &Seat, got: &mut List<T>| {
            // SAFETY: claimed.
            got.append(unsafe { self.recall_shard(seat, wanted) });
        };
        recall_from(&self.seats, &is_hoarder, patience, recall, store)
    }

    /// Returns the bits of up to [`HOARDERS`] shards that keep what is `wanted`, as a word of the
    /// occupancy map.
    fn hoarders(&self, seat: Option<&Seat>, wanted: Wanted) -> usize {
        let (own, random) = (seat.map(|seat| seat.id), seat.map_or(0, Seat::random) as usize);
        let others = |shard: &&Shard<T>| Some(shard.id as usize) != own;
        let reading = &self.seats.read(seat);
        let hoards = |&bit: &usize| {
            self.shards_of_bit(bit, reading).filter(others).any(|shard| shard.hoards(wanted))
        };
        let bits = self.map.enabled(random).filter(hoards).take(HOARDERS);
        bits.fold(0, |word, bit| word | 1 << bit)
    }

    /// Takes the private objects of the shard of `seat`, if it keeps what is `wanted`.
    ///
    /// # Safety
    ///
    /// The caller has claimed the seat.
    unsafe fn recall_shard(&self, seat: &Seat, wanted: Wanted) -> List<T> {
        let keeps = |shard: &&Shard<T>| shard.hoards(wanted.of_any_owner());
        // SAFETY: the caller's promise.
        let shard = unsafe { self.own_shard(seat) };
        let Some(shard) = shard.filter(keeps) else { return List::new() };
        // SAFETY: the caller's promise.
        let owner = unsafe { shard.owner() };
        self.unreserve(&owner);
        let got = owner.recall(&self.quota);
        self.unmark_private(seat.id);
        got
    }

    /// Clears the private mark of seat `id`, whose shard is disabled or removed. The caller holds the
    /// registry's lock.
    pub(super) fn unmark_private(&self, id: usize) {
        let bit = id % BITS;
        let still = || self.shards_of_bit(bit, &self.seats.read(None)).any(Shard::is_enabled);
        self.map.disable(bit, still);
    }
}
