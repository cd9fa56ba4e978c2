//! What a pool does in [chaos mode](crate::chaos).
//!
//! All objects that come back go to the shelf, where any thread finds each of them. An object that leaves a
//! guard moves to another cell first, and its old cell is kept for a while, filled with a pattern.

use std::{mem, thread::panicking};

use super::{
    core::Core, hooks::CountOnDrop, manage::Manage, pool::Pool, recall::Effort, scope::Scope,
};
#[cfg(feature = "bytes")]
use crate::chaos::storage::Rehouse;
use crate::{
    chaos::{
        self,
        block::{Block, FILL, Part},
        dice,
        ledger::Known,
    },
    chaos_mode::On,
    collect::{collect, join::slow_path_seat},
    containers::cell::{CellBox, EmptyCell},
    seat::{current::current, table::Seats},
    shard::{counters::Found, drops::Reason},
    util::panics::catch_and_discard,
};

/// Of this many objects that come back, one is dropped, on average.
const DROPS: usize = 4;

/// Of this many searches whose caller can create an object, one finds nothing, on average.
const MISSES: usize = 8;

/// Of this many searches, one ages the pool, on average.
const COLLECTS: usize = 32;

impl<T, M, S> Pool<T, M, S> {
    /// In [chaos mode](crate::chaos), spoils each object that comes back by `poison`, before it is recycled.
    /// Otherwise `poison` is never called.
    ///
    /// Use it to find code that does not reset an object: what neither the pool's `recycle` nor the next holder
    /// resets is spoilt. `poison` must leave an object that can be recycled, used and dropped; it may not
    /// exceed a bound of yours, such as a capacity. It may block, panic, and use the same pool. If it
    /// panics, the object is dropped.
    ///
    /// # Panics
    ///
    /// If the pool has already been used.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use corepool::{Pool, chaos};
    ///
    /// #[derive(Default)]
    /// struct Request {
    ///     path: String,
    ///     retries: u32,
    /// }
    ///
    /// // `retries` is forgotten.
    /// static REQUESTS: Pool<Request> = <Pool<Request>>::new(Request::default)
    ///     .with_recycle(|request| {
    ///         request.path.clear();
    ///         true
    ///     })
    ///     .with_poison(|request| {
    ///         request.path.push_str("poison");
    ///         request.retries = u32::MAX;
    ///     });
    ///
    /// chaos::set_seed(7);
    /// let retries = (0..100).map(|_| REQUESTS.get().retries).max();
    /// assert_eq!(retries, Some(u32::MAX));
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "chaos")))]
    pub const fn with_poison(mut self, poison: fn(&mut T)) -> Self {
        assert!(self.core.is_unused(), "the hook must be set before the pool is used");
        self.chaos.poison = Some(poison);
        self
    }

    /// In [chaos mode](crate::chaos), calls `fingerprint` on each object that has come back, and again when it
    /// is found: if the number is another one, somebody has used the idle object. Otherwise it is never
    /// called.
    ///
    /// Use it for objects that own memory or handles which a pointer, a file descriptor or the like may still
    /// lead to. Chaos mode looks at the memory of the object itself, of strings, and of vectors of numbers; it
    /// needs no fingerprint for those. `fingerprint` must return the same number as long as nobody uses the
    /// object. It may block, panic, and use the same pool. If it panics, the object is dropped.
    ///
    /// # Panics
    ///
    /// If the pool has already been used. In chaos mode, a call that finds a changed object panics, and leaks
    /// the object.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use corepool::{Pool, chaos};
    /// use std::{
    ///     panic,
    ///     sync::{
    ///         Arc,
    ///         atomic::{AtomicU64, Ordering::Relaxed},
    ///     },
    /// };
    ///
    /// static COUNTS: Pool<Arc<AtomicU64>> =
    ///     <Pool<Arc<AtomicU64>>>::new(Arc::default).with_fingerprint(|count| count.load(Relaxed));
    ///
    /// chaos::set_seed(7);
    /// let result = panic::catch_unwind(|| {
    ///     for _ in 0..100 {
    ///         let kept = Arc::clone(&COUNTS.get());
    ///         kept.fetch_add(1, Relaxed);
    ///     }
    /// });
    /// assert!(result.is_err());
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "chaos")))]
    pub const fn with_fingerprint(mut self, fingerprint: fn(&T) -> u64) -> Self {
        assert!(self.core.is_unused(), "the hook must be set before the pool is used");
        self.chaos.fingerprint = Some(fingerprint);
        self
    }

    /// In chaos mode, replaces what an object owns by `rehouse` when it comes back. Messages call the pool one
    /// of `objects`.
    #[cfg(feature = "bytes")]
    pub(crate) const fn with_rehouse(mut self, objects: &'static str, rehouse: Rehouse<T>) -> Self {
        self.chaos.objects = objects;
        self.chaos.rehouse = Some(rehouse);
        self
    }

    /// Looks at the memory of objects that have come back, before the pool ends.
    pub(super) fn look_for_misuse(&self) {
        // Does not read the environment, which may panic, as the first use of the pool may have done.
        // bug: end of a pool reads the environment
        if let Some(core) = self.core.get().filter(|_| chaos::has_begun()) {
            core.look_for_misuse();
        }
    }
}

impl<T: Send, M: Manage<T>, S: Scope<T>> Pool<T, M, S> {
    /// Searches for an idle object: any one. A search of a caller that can create an object may find none.
    #[inline(never)]
    pub(super) fn search_in_chaos(&self, _: On, effort: Effort) -> Option<CellBox<T>> {
        let core = self.core();
        core.look_for_misuse();
        core.age_at_random();
        // bug: search of a caller that creates nothing gives up
        if effort == Effort::Modest && dice::one_in(MISSES) {
            core.count(current(), &|counters| counters.for_result(Found::Nothing));
            return None;
        }
        let (full, known) = core.find_any(effort)?;
        core.release_weight(&full);
        core.poll();
        Some(core.unchanged(full, known))
    }
}

impl<T: Send> Core<T> {
    /// Ages the pool, once in a while. A panic of a destructor goes no further.
    fn age_at_random(&self) {
        // bug: scoped pool ages at random
        if self.is_collected && dice::one_in(COLLECTS) {
            catch_and_discard(|| collect::age(Seats::process(), self, false));
        }
    }
}

impl<T> Core<T> {
    /// Finds an idle object: any of those on the shelf, or else one that a shard still has.
    fn find_any(&self, effort: Effort) -> Option<(CellBox<T>, Known)> {
        let Some((full, aged)) = self.shelf.take_any(dice::below(usize::MAX)) else {
            let full = self.search(slow_path_seat(), effort)?;
            let known = self.chaos.ledger().find(full.as_raw().addr());
            return Some((full, known));
        };
        self.quota.release(1);
        let known = self.chaos.ledger().find(full.as_raw().addr());
        let found = match (aged, known.is_own) {
            (true, _) => Found::Victim,
            (false, true) => Found::ShelfOrOwnTail,
            (false, false) => Found::Steal,
        };
        self.count(current(), &|counters| counters.for_result(found));
        Some((full, known))
    }

    /// Returns an object that was found, if its fingerprint is that with which it was put.
    fn unchanged(&self, full: CellBox<T>, known: Known) -> CellBox<T> {
        // bug: change of an idle object overlooked
        let same = known.fingerprint.is_none() || self.fingerprint(&full) == known.fingerprint;
        if !same && !panicking() {
            self.drops.count(Reason::Full);
            mem::forget(full);
            self.chaos.ledger().report_change(known);
            unreachable!("a misuse is reported by a panic");
        }
        full
    }

    /// Reports what was done to objects after they had come back.
    fn look_for_misuse(&self) {
        if !panicking() {
            self.chaos.ledger().check();
        }
    }

    /// Takes the object of a guard out of the pool for good. Its cell is kept, as if it had come back.
    ///
    /// # Panics
    ///
    /// If it has come back before.
    pub(super) fn detach_in_chaos(&self, _: On, full: CellBox<T>) -> T {
        let full =
            self.chaos.returned(full).expect("an object that was given back before cannot be used");
        self.left.add(1);
        let (value, empty) = full.take_value();
        // bug: cell of a detached object reused at once
        self.keep(empty);
        value
    }

    /// Drops the object of a guard, instead of taking it back.
    ///
    /// # Panics
    ///
    /// If it has come back before, or its destructor panics.
    pub(super) fn discard_in_chaos(&self, _: On, full: CellBox<T>) {
        if let Some(full) = self.chaos.returned(full) {
            // bug: memory of a discarded object freed at once
            self.retire(full, Some(Reason::Discarded));
        }
    }
}

impl<T> Core<T> {
    /// Takes back the object of a guard.
    #[inline(never)]
    pub(super) fn give_back_in_chaos(&self, _: On, full: CellBox<T>) {
        let Some(mut full) = self.chaos.returned(full) else { return };
        if panicking() {
            return self.retire(full, Some(Reason::Panicking));
        }
        if !self.accepts(full.get_mut()) {
            // bug: memory of a refused object freed at once
            return self.retire(full, None);
        }
        if dice::one_in(DROPS) {
            return self.retire(full, Some(Reason::Full));
        }
        let full = self.move_away(full);
        self.store(full);
        self.look_for_misuse();
    }

    /// Adds a value to the pool.
    #[inline(never)]
    pub(super) fn put_in_chaos(&self, _: On, mut value: T) {
        if !self.accepts(&mut value) {
            return;
        }
        let cell = || self.pop_empty(current()).or_else(EmptyCell::try_new);
        // bug: no value is dropped
        let dropped = dice::one_in(DROPS);
        let Some(empty) = (!dropped).then(cell).flatten() else {
            let _count = CountOnDrop(self, Reason::Full);
            return drop(value);
        };
        self.store(empty.fill(value));
        self.look_for_misuse();
    }

    /// Spoils and recycles an object, replaces what it owns, and returns whether it may be kept. If not, it is
    /// counted as dropped.
    fn accepts(&self, object: &mut T) -> bool {
        // bug: no object is spoilt
        if let Some(poison) = self.chaos.options.poison {
            let count = CountOnDrop(self, Reason::Refused);
            poison(object);
            mem::forget(count);
        }
        let accepted = self.recycle_ok(object);
        // bug: buffers of idle objects stay where they are
        if let Some(block) = self.chaos.options.rehouse.and_then(|rehouse| rehouse(object)) {
            self.chaos.ledger().keep(block);
        }
        accepted
    }

    /// Stores an object, or drops it if the pool is full.
    fn store(&self, full: CellBox<T>) {
        let weight = self.weigh(full.get());
        let fingerprint = self.fingerprint(&full);
        let full = self.chaos.note_idle(full, fingerprint);
        self.shelve_or_drop(full, weight);
    }

    /// As [`put_or_drop`](Self::put_or_drop), on the shelf.
    fn shelve_or_drop(&self, full: CellBox<T>, weight: usize) {
        if !self.allows(weight) {
            return self.drop_counted(full, Reason::Full);
        }
        let put = |full| self.put_weighed(None, full, weight);
        if let Err(full) = put(full).or_else(|full| self.put_again(slow_path_seat(), full, put)) {
            self.drop_counted(full, Reason::Full);
        }
        self.poll();
    }

    /// Returns the fingerprint of an object, if the pool takes any. If the user's function panics, the
    /// object is counted as dropped.
    fn fingerprint(&self, full: &CellBox<T>) -> Option<u64> {
        let of = self.chaos.options.fingerprint?;
        let count = CountOnDrop(self, Reason::Refused);
        let fingerprint = of(full.get());
        mem::forget(count);
        Some(fingerprint)
    }

    /// Moves an object to another cell, if there is memory for one, and keeps the cell where it was.
    fn move_away(&self, full: CellBox<T>) -> CellBox<T> {
        let Some(empty) = EmptyCell::try_new() else { return full };
        let (full, old) = full.move_to(empty);
        // bug: memory of an object that moved freed at once
        self.keep(old);
        full
    }

    /// Drops an object, which is counted if there is a reason, and keeps the cell where it was.
    fn retire(&self, full: CellBox<T>, reason: Option<Reason>) {
        let _count = reason.map(|reason| CountOnDrop(self, reason));
        self.keep(full.drop_value());
    }

    /// Keeps the cell of an object that has come back, filled, to see whether it is written to.
    fn keep(&self, empty: EmptyCell<T>) {
        let (start, layout) = empty.into_memory();
        // SAFETY: the cell was ours, and is empty.
        let block = unsafe { Block::new(start, layout, FILL, Part::Object) };
        self.chaos.ledger().keep(block);
    }
}
