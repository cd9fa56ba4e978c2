//! Ageing, one pool's part: what a collect, a thread's exit and the pool's end do with its core.
//!
//! Nothing is dropped here. What has to go is handed out as [`Remains`], to be dropped when nothing
//! is claimed, pinned or locked.

use std::{mem::MaybeUninit, ptr};

use crate::{
    cell::List, core::Core, owner::Owner, shard::Shard, stats::Stats, sync::Relaxed, weight::Scale,
};

/// Objects and empty cells that are to be dropped.
pub(crate) struct Remains<T> {
    objects: List<T>,
    empties: List<MaybeUninit<T>>,
}

/// The remains of a pool of any kind. Dropping them drops each object once.
///
/// Not a `Box<dyn Send>`, which takes memory: a collect may be called because there is none.
pub(crate) struct Garbage {
    objects: *mut (),
    empties: *mut (),
    /// Of a pool that weighs, or null.
    scale: *const (),
    drop: unsafe fn(*mut (), *mut (), *const ()),
}

// SAFETY: made of `Remains<T>` with a `T` that is `Send`.
unsafe impl Send for Garbage {}

impl Drop for Garbage {
    fn drop(&mut self) {
        // SAFETY: the four belong together, and are used once.
        unsafe { (self.drop)(self.objects, self.empties, self.scale) };
    }
}

impl<T> Remains<T> {
    pub(crate) fn new() -> Self {
        Self { objects: List::new(), empties: List::new() }
    }
}

impl<T: Send + 'static> Remains<T> {
    fn garbage(self, scale: Option<&Scale<T>>) -> Option<Garbage> {
        let none = self.objects.len() == 0 && self.empties.len() == 0;
        (!none).then(|| Garbage {
            objects: self.objects.into_raw().cast(),
            empties: self.empties.into_raw().cast(),
            scale: scale.map_or(ptr::null(), |scale| scale.share().into_raw()),
            drop: Self::drop_raw,
        })
    }

    /// # Safety
    ///
    /// The two came from `into_raw` of lists with these types, and the third from that of a scale, or
    /// it is null.
    unsafe fn drop_raw(objects: *mut (), empties: *mut (), scale: *const ()) {
        // SAFETY: the caller's promise.
        unsafe {
            let _empties = List::<MaybeUninit<T>>::from_raw(empties.cast());
            let objects = List::<T>::from_raw(objects.cast());
            if let Some(scale) = Scale::<T>::from_raw(scale) {
                scale.drop_all(objects);
            }
        }
    }
}

/// One pool as the registry sees it. Every call is made under the registry's lock.
pub(crate) trait Ages: Send + Sync {
    /// Where the registry lists the pool.
    fn set_entry(&self, entry: usize);

    /// The first half of a step, no seat claimed: the victims go.
    ///
    /// # Safety
    ///
    /// Under the registry's lock.
    unsafe fn drain(&self);

    /// The second half, these seats claimed: the pool's generation moves on, and their shards and
    /// the shelf go with it.
    ///
    /// # Safety
    ///
    /// Under the registry's lock, after `drain`, and with the seats claimed.
    unsafe fn flip(&self, seats: &mut dyn Iterator<Item = usize>);

    /// What drains and flips have left to be dropped.
    ///
    /// # Safety
    ///
    /// Under the registry's lock.
    unsafe fn take_remains(&self) -> Option<Garbage>;

    /// The second half for a seat that was passed over, by its holder.
    ///
    /// # Safety
    ///
    /// Under the registry's lock, by the seat's holder.
    unsafe fn catch_up(&self, seat: usize);

    /// The seat's holder is going: what only it can reach moves to the shelf.
    ///
    /// # Safety
    ///
    /// Under the registry's lock, by the seat's holder, after `catch_up`.
    unsafe fn vacate(&self, seat: usize);

    /// Locks what the registry's lock does not cover, until `thaw`.
    ///
    /// # Safety
    ///
    /// Under the registry's lock, which is held until `thaw`.
    unsafe fn freeze(&self);

    /// Unlocks what `freeze` has locked.
    ///
    /// # Safety
    ///
    /// By the thread that has frozen.
    unsafe fn thaw(&self);

    /// All other threads are no more. What they held moves to the shelf; if they were not `reached`
    /// it is lost instead, since they may have been in the midst of something.
    ///
    /// # Safety
    ///
    /// Under the registry's lock, with all seats claimed, as the only thread of the process.
    unsafe fn inherit(&self, seats: &mut dyn Iterator<Item = Left>);
}

/// The seat of a thread that is no more.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) seat: usize,
    pub(crate) reached: bool,
}

impl<T: Send + 'static> Ages for Core<T> {
    fn set_entry(&self, entry: usize) {
        self.entry.store(entry, Relaxed);
    }

    unsafe fn drain(&self) {
        self.with_remains(|remains| {
            let before = remains.objects.len();
            for shard in self.shards() {
                // SAFETY: the caller holds the lock.
                unsafe { shard.drain_victims(&mut remains.objects) };
            }
            self.shelf.take_aged(&mut remains.objects);
            self.forget(remains.objects.len() - before);
        });
    }

    unsafe fn flip(&self, seats: &mut dyn Iterator<Item = usize>) {
        self.with_remains(|remains| {
            let before = remains.objects.len();
            let generation = self.generation.load(Relaxed).wrapping_add(1);
            self.generation.store(generation, Relaxed);
            // bug: flip without a claim
            for seat in seats {
                // SAFETY: the caller has claimed the seat and holds the lock.
                unsafe { self.age_shard(seat, remains) };
            }
            // bug: shelf does not age
            self.shelf.age();
            self.forget(remains.objects.len() - before);
        });
    }

    unsafe fn take_remains(&self) -> Option<Garbage> {
        self.with_remains(|remains| std::mem::replace(remains, Remains::new()))
            .garbage(self.scale.as_ref())
    }

    unsafe fn catch_up(&self, seat: usize) {
        self.with_remains(|remains| {
            let mut late = Remains::new();
            // SAFETY: the caller holds the seat, is not pinned, and no collector is at work.
            unsafe { self.age_shard(seat, &mut late) };
            // Not to be dropped in the midst of somebody's `get`: the next collect does it.
            // bug: what is overdue lives on
            self.shelf.append_aged(late.objects);
            remains.empties.append(late.empties);
        });
    }

    unsafe fn vacate(&self, seat: usize) {
        let Some(shard) = self.shard_of(seat) else { return };
        // SAFETY: the caller holds the seat, is not pinned, and no collector is at work.
        let owner: Owner<'_, T> = unsafe { shard.owner() };
        self.with_remains(|remains| remains.empties.append(owner.take_empties()));
        // bug: private objects left behind
        self.shelf.append(owner.take_all(&self.quota));
        if shard.published() {
            self.map.mark(owner.generation(), seat);
        }
    }

    unsafe fn freeze(&self) {
        // SAFETY: the caller's promise, and a core leaves the registry before it goes.
        unsafe { self.shelf.freeze() };
    }

    unsafe fn thaw(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.shelf.thaw() };
    }

    unsafe fn inherit(&self, seats: &mut dyn Iterator<Item = Left>) {
        // SAFETY: nobody else is here.
        // bug: half done rings of the dead used
        self.shards().for_each(|shard| unsafe { shard.mend() });
        for Left { seat, reached } in seats {
            if let Some(shard) = self.shard_of(seat).filter(|_| !reached) {
                // SAFETY: nobody else is here.
                unsafe { shard.owner() }.abandon(&self.quota);
            }
            // SAFETY: locked, and nobody else is here.
            unsafe {
                self.catch_up(seat);
                // bug: private objects of the dead left behind
                self.vacate(seat);
            }
        }
        // They may have been about to mark what they had put, or had seen.
        for (shard, parity) in self.shards().flat_map(|shard| [(shard, 0), (shard, 1)]) {
            if shard.holds(parity) {
                self.map.mark(parity, shard.id as usize);
            }
        }
        // bug: units of the dead lost
        self.quota.recount(self.shards().map(Shard::units).sum::<usize>() + self.shelf.len());
    }
}

impl<T> Core<T> {
    /// # Safety
    ///
    /// As for `Ages::flip`.
    unsafe fn age_shard(&self, seat: usize, remains: &mut Remains<T>) {
        let Some(shard) = self.shard_of(seat) else { return };
        // SAFETY: the caller has the seat to itself.
        let owner = unsafe { shard.owner() };
        let victims = owner.generation();
        remains.empties.append(owner.take_empties());
        owner.age(self.generation.load(Relaxed), &self.quota, &mut remains.objects);
        // bug: victims without a mark
        if shard.has_aged() {
            self.map.mark(victims, seat);
        }
    }

    /// What waits to be dropped. Callers hold the registry's lock.
    fn with_remains<R>(&self, f: impl FnOnce(&mut Remains<T>) -> R) -> R {
        // SAFETY: the registry's lock keeps all others away, and no `f` comes here again.
        self.remains.with_mut(|remains| f(unsafe { &mut *remains }))
    }

    /// Objects leave the pool to be dropped.
    fn forget(&self, objects: usize) {
        self.quota.release(objects);
        self.dropped.add(objects);
    }

    /// All idle objects of a pool that is going.
    pub(crate) fn empty(&mut self) -> List<T> {
        let mut gone = List::new();
        for shard in self.shards() {
            // SAFETY: `&mut self`: nobody else is here.
            unsafe { shard.owner() }.empty(&self.quota, &mut gone);
        }
        self.shelf.age();
        self.shelf.take_aged(&mut gone);
        gone
    }

    /// Adds up what has been counted, and counts what is there.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats { dropped: self.dropped.get(), ..Stats::default() };
        self.tally.add_to(&mut stats);
        for shard in self.shards() {
            stats.hits += shard.hits() as u64;
            stats.idle += shard.idle() as u64;
            shard.tally.add_to(&mut stats);
        }
        stats.idle += self.shelf.len() as u64;
        stats.idle_bytes = self.scale.as_ref().map_or(0, |scale| scale.held() as u64);
        stats
    }
}
