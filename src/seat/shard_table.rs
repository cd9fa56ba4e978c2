//! The table of a seat's shards, and the list of its old tables. [`shards`](super::shards) says who
//! uses them, and when.

use std::ptr::NonNull;

use crate::{
    containers::pointer_table::{NO_TABLE, PointerTable},
    sync::{
        Acquire, AtomicBool, AtomicPtr, Relaxed, Release, free_retired, or_placeholder, spin_loop,
    },
};

/// A shard, whatever its type. The pool at the entry's index knows the type.
pub(crate) type AnyShard = NonNull<()>;

/// The part of a seat that other threads read. Its owner rarely writes to it.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct SharedTable {
    pub(super) table: AtomicPtr<PointerTable>,
    /// Locks the table against its replacement by the owner, and against the end of a pool.
    pub(super) locked: AtomicBool,
    /// Tables that were replaced or removed since the epoch began, under the lock.
    pub(super) old: AtomicPtr<PointerTable>,
    /// Those of earlier epochs, which are not freed yet. Used under the registry's lock.
    pub(super) retired: AtomicPtr<PointerTable>,
}

impl SharedTable {
    pub(super) fn new() -> Self {
        Self {
            table: AtomicPtr::new(NO_TABLE),
            locked: AtomicBool::new(false),
            old: AtomicPtr::new(NO_TABLE),
            retired: AtomicPtr::new(NO_TABLE),
        }
    }

    /// Locks the table. The lock is held for as long as a table takes to copy.
    pub(super) fn lock(&self) -> TableLock<'_> {
        // Acquire: pairs with the Release of `TableLock::drop`.
        while self.locked.compare_exchange(false, true, Acquire, Relaxed).is_err() {
            spin_loop();
        }
        TableLock(self)
    }

    /// Retires the old tables: a reader that begins after the next epoch does not find them. Returns
    /// whether there were any. The caller holds the registry's lock.
    pub(super) fn retire_old(&self) -> bool {
        if self.old.load(Relaxed) == NO_TABLE {
            return false;
        }
        let _lock = self.lock();
        let mut old = self.old.swap(NO_TABLE, Relaxed);
        while old != NO_TABLE {
            // SAFETY: it is not freed yet.
            let link = unsafe { &(*old).next };
            let next = link.load(Relaxed);
            link.store(self.retired.swap(old, Relaxed), Relaxed);
            old = next;
        }
        true
    }

    /// Frees the retired tables.
    ///
    /// # Safety
    ///
    /// Nobody can be reading them, and the caller holds the registry's lock.
    pub(super) unsafe fn free_retired(&self) {
        let mut old = self.retired.swap(NO_TABLE, Relaxed);
        while old != NO_TABLE {
            // SAFETY: it came from `NewTable::into_raw`, and nobody uses it: the caller's promise.
            unsafe {
                let next = (*old).next.load(Relaxed);
                free_retired(old, PointerTable::live_check, PointerTable::free);
                old = next;
            }
        }
    }

    pub(super) fn get(&self) -> Option<NonNull<PointerTable>> {
        // Acquire: pairs with the Release in `Seat::grow_table`, for the table's memory.
        // SAFETY: null in models only.
        unsafe { or_placeholder(self.table.load(Acquire)) }
    }
}

pub(super) struct TableLock<'a>(&'a SharedTable);

impl TableLock<'_> {
    /// Adds a table to the list of old ones.
    pub(super) fn keep_old(&self, table: *mut PointerTable) {
        if table != NO_TABLE {
            // SAFETY: it is not freed yet.
            unsafe { &*table }.next.store(self.0.old.load(Relaxed), Relaxed);
            self.0.old.store(table, Relaxed);
        }
    }
}

impl Drop for TableLock<'_> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire of `SharedTable::lock`.
        self.0.locked.store(false, Release);
    }
}

impl Drop for SharedTable {
    fn drop(&mut self) {
        let table = self.table.swap(NO_TABLE, Relaxed);
        self.lock().keep_old(table);
        self.retire_old();
        // SAFETY: `&mut self`.
        unsafe { self.free_retired() };
    }
}
