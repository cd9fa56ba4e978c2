//! What a `get` or a `take` does that is no hit: the search for an idle object, and the creation of a
//! new one. Also the first use of a pool, which allocates its core.

use std::sync::Arc;

use super::{
    core::Core, manage::Manage, manager_box::ManagerBox, pool::Pool, recall::Effort,
    return_to::ReturnTo, scope::Scope,
};
use crate::{
    chaos_mode,
    collect::{fork, join::slow_path_seat},
    containers::{
        cell::{CellBox, EmptyCell},
        quota::CommonUnits,
    },
    seat::{current::current, table::Seats},
    sync::Relaxed,
    util::try_alloc::NO_MEMORY,
};

impl<T: Send, M: Manage<T>, S: Scope<T>> Pool<T, M, S> {
    /// Returns the core, which the first use of the pool allocates.
    #[inline]
    pub(super) fn core(&self) -> &Core<T> {
        self.core.get().unwrap_or_else(|| self.first_use())
    }

    #[cold]
    fn first_use(&self) -> &Core<T> {
        // bug: first use that aborts
        self.try_first_use(None).expect(NO_MEMORY)
    }

    /// Returns the core, which this allocates unless the pool has been used, or `None` if there is no
    /// memory. If there are `common` units, each idle object has one of them.
    pub(crate) fn try_first_use(&self, common: Option<Arc<CommonUnits>>) -> Option<&Core<T>> {
        // Before the seats.
        fork::watch();
        let (seats, bytes) = (Seats::process(), self.max_idle_bytes);
        let by_size = || self.max_idle.min(bytes / size_of::<T>().max(1));
        let mut core = match self.weight {
            _ if bytes == usize::MAX => Core::try_new(seats, self.max_idle, common)?,
            Some(weight) => Core::try_weighed(seats, self.max_idle, weight, bytes)?,
            None => Core::try_new(seats, by_size(), common)?,
        };
        core.recycle = self.recycle;
        core.chaos = self.chaos.hooks(self.name, S::rehouse());
        // bug: collects reach objects that borrow
        core.is_collected = S::COLLECTED;
        core.min_idle.store(self.min_idle, Relaxed);
        self.core.try_init(core, |core| {
            // SAFETY: this happens once. From now on the manager is used in its new place only: the
            // pool has a core.
            let manager = || unsafe { self.manager.assume_init_read() };
            core.manager = Some(ManagerBox::try_new(manager, self.name)?);
            Some(())
        })
    }

    /// The slow path of [`get`](Self::get).
    #[inline(never)]
    pub(super) fn get_slow(&self) -> (CellBox<T>, ReturnTo<T>) {
        self.try_get_slow(Effort::Modest).unwrap_or_else(|| self.guarded(self.make()))
    }

    /// The slow path of [`try_get`](Self::try_get).
    #[inline(never)]
    pub(super) fn try_get_slow(&self, effort: Effort) -> Option<(CellBox<T>, ReturnTo<T>)> {
        if let Some(on) = chaos_mode::on() {
            return Some(self.guarded(self.search_in_chaos(on, effort)?));
        }
        if self.has_nothing() { None } else { self.search_loan(effort) }
    }

    #[inline(never)]
    fn search_loan(&self, effort: Effort) -> Option<(CellBox<T>, ReturnTo<T>)> {
        Some(self.guarded(self.hit_fenced().or_else(|| self.search(effort))?))
    }

    /// Does what would be a hit elsewhere, where the fences are symmetric.
    #[inline]
    fn hit_fenced(&self) -> Option<CellBox<T>> {
        self.pin_fenced()?.private().pop()
    }

    /// The slow path of [`get_owned`](Self::get_owned).
    #[inline(never)]
    pub(super) fn get_owned_slow(&self) -> (CellBox<T>, ReturnTo<T>) {
        let got = self.hit().unwrap_or_else(|| self.get_slow());
        self.used_core().lend(current());
        got
    }

    /// Searches for an idle object beyond the private part of the thread's own shard. Then starts the
    /// collect thread if idle objects need it.
    #[inline(never)]
    pub(super) fn search(&self, effort: Effort) -> Option<CellBox<T>> {
        let core = self.core();
        let found = core.search(slow_path_seat(), effort);
        // bug: lent objects keep their weight
        found.iter().for_each(|full| core.release_weight(full));
        core.poll();
        found
    }

    /// Returns whether a few loads show that a search would find nothing. If so, it is counted.
    #[inline(always)]
    pub(super) fn has_nothing(&self) -> bool {
        let own = self.pin_local().zip(self.core.get());
        own.is_some_and(|(local, core)| local.exists() && core.misses(local.shard))
    }

    /// Creates an object in a cell of its own. The cell is allocated first, so that `create` can
    /// write into it.
    #[cold]
    pub(super) fn make(&self) -> CellBox<T> {
        self.core().poll();
        self.empty_cell().fill(self.create())
    }

    pub(super) fn create(&self) -> T {
        let core = self.core();
        let manager = core.manager.as_ref().expect("set at the first use");
        // SAFETY: it is this pool's.
        let object = unsafe { manager.get::<M>() }.create();
        core.count(current(), &|counters| &counters.created);
        object
    }

    fn empty_cell(&self) -> EmptyCell<T> {
        self.core().pop_empty(current()).unwrap_or_else(EmptyCell::new)
    }

    /// The slow path of [`get_or_try`](Self::get_or_try).
    #[inline(never)]
    pub(super) fn get_or_try_slow<E>(
        &self,
        create: impl FnOnce() -> Result<T, E>,
    ) -> Result<(CellBox<T>, ReturnTo<T>), E> {
        if let Some(found) = self.try_get_slow(Effort::Modest) {
            return Ok(found);
        }
        self.core().poll();
        let empty = self.empty_cell();
        match create() {
            Ok(object) => {
                self.core().count(current(), &|counters| &counters.created);
                Ok(self.guarded(empty.fill(object)))
            }
            Err(error) => {
                self.core().push_empty(current(), empty);
                Err(error)
            }
        }
    }

    /// Puts an object from elsewhere into a cell of its own.
    pub(super) fn attach_cell(&self, object: T) -> (CellBox<T>, ReturnTo<T>) {
        // bug: attached object not counted
        self.core().left.add(1_usize.wrapping_neg());
        self.guarded(self.empty_cell().fill(object))
    }
}
