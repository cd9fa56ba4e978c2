//! The table of a seat's shards, and the list of its old tables. [`shards`](super::shards) says who
//! uses them, and when.

use std::{
    alloc::{Layout, alloc, dealloc},
    mem::offset_of,
    ptr::NonNull,
};

use crate::sync::{
    Acquire, AtomicBool, AtomicPtr, Relaxed, Release, UseAfterFreeCheck, free_retired,
    or_placeholder, placeholder, spin_loop, test_size,
};

/// The number of entries of the smallest table.
const FIRST_LEN: usize = test_size(8, 1);

/// A shard, whatever its type. The pool at the entry's index knows the type.
pub(crate) type AnyShard = NonNull<()>;

/// A table, followed in memory by its entries.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ShardTable {
    pub(super) len: usize,
    live_check: UseAfterFreeCheck,
    /// The next table in the seat's list of old ones, under the lock of its table.
    next: AtomicPtr<ShardTable>,
    entries: [AtomicPtr<()>; 0],
}

placeholder! {
    /// The table of a seat without shards.
    pub(super) static NO_TABLE: ShardTable =
        ShardTable {
            len: 0,
            live_check: UseAfterFreeCheck::new(),
            next: AtomicPtr::new(std::ptr::null_mut()),
            entries: [],
        };
}

impl ShardTable {
    fn layout(len: usize) -> Option<Layout> {
        let entries = Layout::array::<AtomicPtr<()>>(len).ok()?;
        Some(Layout::new::<Self>().extend(entries).ok()?.0.pad_to_align())
    }

    /// Returns the place of entry `i`.
    ///
    /// # Safety
    ///
    /// `i` is below `len`.
    #[inline(always)]
    pub(super) unsafe fn place(this: NonNull<Self>, i: usize) -> *mut AtomicPtr<()> {
        // SAFETY: the entries follow the header: the caller's promise.
        unsafe {
            let entries = this.as_ptr().byte_add(offset_of!(Self, entries));
            entries.cast::<AtomicPtr<()>>().add(i)
        }
    }

    /// Returns entry `index`, if the table is so long.
    ///
    /// # Safety
    ///
    /// The table is not freed during `'a`.
    #[inline(always)]
    pub(super) unsafe fn entry<'a>(this: NonNull<Self>, index: usize) -> Option<&'a AtomicPtr<()>> {
        // SAFETY: the caller's promise, and `index` is checked.
        unsafe {
            this.as_ref().live_check.check();
            (index < this.as_ref().len).then(|| &*Self::place(this, index))
        }
    }

    /// Frees a table.
    ///
    /// # Safety
    ///
    /// `this` came from [`NewTable::into_raw`], and is not used again.
    unsafe fn free(this: *mut Self) {
        // SAFETY: the caller's promise.
        unsafe {
            let table = NonNull::new_unchecked(this);
            let len = table.as_ref().len;
            (0..len).for_each(|i| Self::place(table, i).drop_in_place());
            this.drop_in_place();
            let layout = Self::layout(len).expect("it was allocated with this layout");
            dealloc(this.cast(), layout);
        }
    }

    fn live_check(&self) -> &UseAfterFreeCheck {
        &self.live_check
    }
}

/// A table that no seat has yet.
pub(crate) struct NewTable(NonNull<ShardTable>);

impl NewTable {
    /// Allocates a table with room for the entry at `index`. All entries are `missing`. Returns
    /// `None` if there is no memory.
    pub(crate) fn try_new(index: usize, missing: *mut ()) -> Option<Self> {
        let len = index.checked_add(1)?.checked_next_power_of_two()?.max(FIRST_LEN);
        let layout = ShardTable::layout(len)?;
        // SAFETY: the size is not zero. The memory is checked for null, and is initialised.
        unsafe {
            let table = NonNull::new(alloc(layout).cast::<ShardTable>())?;
            let (live_check, next) = (UseAfterFreeCheck::new(), AtomicPtr::new(NO_TABLE));
            table.write(ShardTable { len, live_check, next, entries: [] });
            (0..len).for_each(|i| ShardTable::place(table, i).write(AtomicPtr::new(missing)));
            Some(Self(table))
        }
    }

    pub(super) fn into_raw(self) -> *mut ShardTable {
        let table = self.0.as_ptr();
        std::mem::forget(self);
        table
    }
}

impl Drop for NewTable {
    fn drop(&mut self) {
        // SAFETY: no seat has it.
        unsafe { ShardTable::free(self.0.as_ptr()) };
    }
}

/// The part of a seat that other threads read. Its owner rarely writes to it.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct SharedTable {
    pub(super) table: AtomicPtr<ShardTable>,
    /// Locks the table against its replacement by the owner, and against the end of a pool.
    pub(super) locked: AtomicBool,
    /// Tables that were replaced or removed since the epoch began, under the lock.
    pub(super) old: AtomicPtr<ShardTable>,
    /// Those of earlier epochs, which are not freed yet. Used under the registry's lock.
    pub(super) retired: AtomicPtr<ShardTable>,
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
                free_retired(old, ShardTable::live_check, ShardTable::free);
                old = next;
            }
        }
    }

    pub(super) fn get(&self) -> Option<NonNull<ShardTable>> {
        // Acquire: pairs with the Release in `Seat::grow_table`, for the table's memory.
        // SAFETY: null in models only.
        unsafe { or_placeholder(self.table.load(Acquire)) }
    }
}

pub(super) struct TableLock<'a>(&'a SharedTable);

impl TableLock<'_> {
    /// Adds a table to the list of old ones.
    pub(super) fn keep_old(&self, table: *mut ShardTable) {
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
