//! A seat's table: pointers to the shards of its owner, one for each pool.
//!
//! A pool has an *index* in the process, and its shard is what the entry at this index points to. So
//! the owner finds its shard of a pool by two loads, without a search. A missing shard is a
//! placeholder, which the layer above passes in.
//!
//! The owner, pinned, adds shards, and replaces a table that is too small by a larger one. A
//! collector that has claimed the seat removes shards, and the table when it is empty. The end of a
//! pool removes its shard without a claim, since nobody uses that shard. Collectors, and the end of
//! a pool, hold the registry's lock; the lock of the table keeps them from meeting a replacement of
//! the table.
//!
//! Thieves, and threads that count, hold no lock. They [read](super::reading) the table and its
//! entries. What is removed is freed when nobody can be reading it.

use std::ptr::NonNull;

pub(crate) use super::shard_table::AnyShard;
use super::{
    reading::Reading,
    seat::{Pin, Seat},
};
use crate::{
    containers::pointer_table::{NO_TABLE, NewTable, PointerTable},
    sync::{Acquire, Relaxed, Release, or_placeholder, test_size},
};

/// How many entries are read under the lock of a table at a time.
const CHUNK: usize = test_size(32, 2);

/// What the owner does, and a collector that has claimed the seat.
impl Seat {
    /// Returns what the table has at `index`: a shard, or the placeholder for a missing one. `None`
    /// if the table is too short.
    ///
    /// # Safety
    ///
    /// The caller has pinned or claimed the seat; or holds it, unpinned, together with the
    /// registry's lock.
    #[inline(always)]
    pub(crate) unsafe fn shard(&self, index: usize) -> Option<AnyShard> {
        // Relaxed: the pin, or the claim, orders it.
        // SAFETY: the caller's promise keeps the table from being replaced. Pointers are null in
        // models only.
        unsafe {
            let table = or_placeholder(self.table.load(Relaxed))?;
            or_placeholder(PointerTable::entry(table, index)?.load(Relaxed))
        }
    }

    /// Returns whether the table has an entry at `index`.
    pub(crate) fn has_entry(&self, index: usize, _: &Pin<'_>) -> bool {
        // SAFETY: pinned, and as in `shard`.
        unsafe {
            let table = or_placeholder(self.table.load(Relaxed));
            table.is_some_and(|table| PointerTable::entry(table, index).is_some())
        }
    }

    /// Stores `shard` at `index`, where the table has an entry.
    pub(crate) fn add_shard(&self, index: usize, shard: AnyShard, _: &Pin<'_>) {
        // SAFETY: pinned, and as in `shard`.
        let entry = unsafe {
            let table = or_placeholder(self.table.load(Relaxed)).expect("a table with the entry");
            PointerTable::entry(table, index).expect("an entry")
        };
        // Release: pairs with the Acquire of `shared_shard` and `copy_entries`, for the shard's memory.
        // bug: shard published without release
        entry.store(shard.as_ptr(), Release);
    }

    /// Returns whether the owner has a shard of another pool than the one at `index`.
    pub(crate) fn has_other_shards(&self, index: usize, missing: *mut (), _: &Pin<'_>) -> bool {
        // SAFETY: pinned, so the table is not replaced. Null in models only.
        unsafe {
            let Some(table) = or_placeholder(self.table.load(Relaxed)) else { return false };
            let mut others = (0..table.as_ref().len).filter(|&i| i != index);
            others.any(|i| (*PointerTable::place(table, i)).load(Relaxed) != missing)
        }
    }

    /// Replaces the table by `new`, which is longer.
    pub(crate) fn grow_table(&self, new: NewTable, _: &Pin<'_>) {
        let (old, new) = (self.table.load(Relaxed), new.into_raw());
        {
            // bug: table grows without its lock
            let _lock = self.shared_table.lock();
            // SAFETY: both tables are alive; the old one is ours, being pinned.
            unsafe { PointerTable::copy_entries(old, new) };
            // Release: pairs with the Acquire of `SharedTable::get`.
            // bug: table published without release
            self.shared_table.table.store(new, Release);
        }
        self.table.store(new, Relaxed);
        self.shared_table.lock().keep_old(old);
    }

    /// Removes the shard at `index`. Afterwards only thieves may still be using it.
    ///
    /// # Safety
    ///
    /// As for [`shard`](Self::shard), and not pinned. The table has the entry.
    pub(crate) unsafe fn remove_shard(&self, index: usize, missing: *mut ()) {
        // SAFETY: the caller's promise.
        let entry =
            unsafe { self.shared_table.get().and_then(|table| PointerTable::entry(table, index)) };
        // Relaxed: the owner reads it after the claim. A thief may read the old value for as long as
        // it likes, within its epoch.
        entry.expect("an entry").store(missing, Relaxed);
    }

    /// Removes the table, which has no shard. Returns whether there was one.
    ///
    /// # Safety
    ///
    /// The caller has claimed the seat.
    pub(crate) unsafe fn remove_table(&self) -> bool {
        let lock = self.shared_table.lock();
        let table = self.shared_table.table.load(Relaxed);
        self.shared_table.table.store(NO_TABLE, Relaxed);
        // bug: removed table still used by its owner
        self.table.store(NO_TABLE, Relaxed);
        lock.keep_old(table);
        table != NO_TABLE
    }
}

/// What the thread does that holds the registry's lock. No shard is removed by others meanwhile.
impl Seat {
    /// Calls `f` on the shards of all pools, with their indexes.
    pub(crate) fn for_each_shard(&self, missing: *mut (), f: &mut dyn FnMut(usize, AnyShard)) {
        let (mut some, mut from) = ([missing; CHUNK], 0);
        loop {
            let count = self.copy_entries(from, &mut some);
            for (index, &shard) in (from..).zip(&some[..count]) {
                if shard != missing {
                    NonNull::new(shard).into_iter().for_each(|shard| f(index, shard));
                }
            }
            from += count;
            if count < CHUNK {
                return;
            }
        }
    }

    /// Copies entries of the table, the first one being that at `from`. Returns how many.
    fn copy_entries(&self, from: usize, into: &mut [*mut ()]) -> usize {
        // Not for longer than this: the owner may be waiting to replace the table.
        let _lock = self.shared_table.lock();
        let Some(table) = self.shared_table.get() else { return 0 };
        let entry = |i| {
            let index = from.checked_add(i)?;
            // Acquire: pairs with the Release of `add_shard`, for the shard's memory.
            // SAFETY: the table is replaced under its lock, or removed under the registry's.
            Some(unsafe { PointerTable::entry(table, index) }?.load(Acquire))
        };
        let entries = (0..).map_while(entry);
        into.iter_mut().zip(entries).map(|(place, shard)| *place = shard).count()
    }

    /// Returns the shard at `index`.
    pub(crate) fn shard_at(&self, index: usize, missing: *mut ()) -> Option<AnyShard> {
        let mut one = [missing];
        self.copy_entries(index, &mut one);
        NonNull::new(one[0]).filter(|shard| shard.as_ptr() != missing)
    }

    /// Removes and returns the shard at `index` of a pool that is ending. No other thread uses the
    /// shard.
    pub(crate) fn take_shard(&self, index: usize, missing: *mut ()) -> Option<AnyShard> {
        // bug: end of a pool without the lock of the table
        let _lock = self.shared_table.lock();
        // SAFETY: the table is replaced under its lock, or removed under the registry's.
        let entry = unsafe { PointerTable::entry(self.shared_table.get()?, index) }?;
        // Relaxed: the end of a pool comes after all its uses.
        let shard = NonNull::new(entry.load(Relaxed)).filter(|shard| shard.as_ptr() != missing);
        // Relaxed: the owner reads the entry again when another pool has the index. By then it has
        // acquired that from `CoreHandle::init`, which has locked the registry after us.
        // bug: shard of an ended pool left in a table
        entry.store(missing, Relaxed);
        shard
    }
}

/// What other threads do.
impl Seat {
    /// Returns the shard at `index`, or the placeholder.
    #[inline]
    pub(crate) fn shared_shard(&self, index: usize, _: &Reading<'_>) -> Option<AnyShard> {
        // SAFETY: no table is freed that the reader finds. Pointers are null in models only.
        unsafe {
            let entry = PointerTable::entry(self.shared_table.get()?, index)?;
            // Acquire: pairs with the Release of `add_shard`.
            or_placeholder(entry.load(Acquire))
        }
    }

    /// Repairs the table in a child process, where the seat's owner does not exist: it may have been
    /// replacing the table.
    pub(super) fn mend_table(&self) {
        self.table.store(self.shared_table.table.load(Relaxed), Relaxed);
        self.shared_table.locked.store(false, Relaxed);
    }

    /// Retires the tables that were replaced or removed. Returns whether there were any. The caller
    /// holds the registry's lock, and then ends the epoch.
    pub(super) fn retire_old_tables(&self) -> bool {
        self.shared_table.retire_old()
    }

    /// Frees the retired tables, which nobody can be reading: see [`Seats::may_free`]. The caller holds
    /// the registry's lock.
    ///
    /// [`Seats::may_free`]: super::table::Seats::may_free
    ///
    /// # Safety
    ///
    /// They were retired before that call.
    pub(crate) unsafe fn free_old_tables(&self) {
        // SAFETY: the caller's promise.
        // bug: tables of this epoch freed with those of the last one
        unsafe { self.shared_table.free_retired() };
    }
}
