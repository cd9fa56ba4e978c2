//! A table of pointers, one for each small index. It has a fixed length: a larger one takes its place.

use std::{
    alloc::{Layout, alloc, dealloc},
    mem::offset_of,
    ptr::NonNull,
};

use crate::sync::{AtomicPtr, Relaxed, UseAfterFreeCheck, or_placeholder, placeholder, test_size};

/// The number of entries of the smallest table.
const FIRST_LEN: usize = test_size(8, 1);

/// A table, followed in memory by its entries.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct PointerTable {
    pub(crate) len: usize,
    live_check: UseAfterFreeCheck,
    /// The next table in a list of old ones.
    pub(crate) next: AtomicPtr<PointerTable>,
    entries: [AtomicPtr<()>; 0],
}

placeholder! {
    /// The table that has no entries.
    pub(crate) static NO_TABLE: PointerTable =
        PointerTable {
            len: 0,
            live_check: UseAfterFreeCheck::new(),
            next: AtomicPtr::new(std::ptr::null_mut()),
            entries: [],
        };
}

impl PointerTable {
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
    pub(crate) unsafe fn place(this: NonNull<Self>, i: usize) -> *mut AtomicPtr<()> {
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
    pub(crate) unsafe fn entry<'a>(this: NonNull<Self>, index: usize) -> Option<&'a AtomicPtr<()>> {
        // SAFETY: the caller's promise, and `index` is checked.
        unsafe {
            this.as_ref().live_check.check();
            (index < this.as_ref().len).then(|| &*Self::place(this, index))
        }
    }

    /// Copies the entries of the table `from`, which is null in models only, to the longer table `to`.
    ///
    /// # Safety
    ///
    /// Both tables are alive.
    pub(crate) unsafe fn copy_entries(from: *mut Self, to: *mut Self) {
        // SAFETY: the caller's promise.
        unsafe {
            let Some(from) = or_placeholder(from) else { return };
            for i in 0..from.as_ref().len {
                // Relaxed: the caller publishes the table with Release. What the pointers lead to is ordered
                // by what lets a thread use an entry.
                // bug: larger table without the entries of the old one
                let pointer = (*Self::place(from, i)).load(Relaxed);
                let place = Self::place(NonNull::new_unchecked(to), i);
                (*place).store(pointer, Relaxed);
            }
        }
    }

    /// Frees a table.
    ///
    /// # Safety
    ///
    /// `this` came from [`NewTable::into_raw`], and is not used again.
    pub(crate) unsafe fn free(this: *mut Self) {
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

    pub(crate) fn live_check(&self) -> &UseAfterFreeCheck {
        &self.live_check
    }
}

/// A table that is not in use yet.
pub(crate) struct NewTable(NonNull<PointerTable>);

impl NewTable {
    /// Allocates a table with room for the entry at `index`. All entries are `missing`. Returns
    /// `None` if there is no memory.
    pub(crate) fn try_new(index: usize, missing: *mut ()) -> Option<Self> {
        let len = index.checked_add(1)?.checked_next_power_of_two()?.max(FIRST_LEN);
        let layout = PointerTable::layout(len)?;
        // SAFETY: the size is not zero. The memory is checked for null, and is initialised.
        unsafe {
            let table = NonNull::new(alloc(layout).cast::<PointerTable>())?;
            let (live_check, next) = (UseAfterFreeCheck::new(), AtomicPtr::new(NO_TABLE));
            table.write(PointerTable { len, live_check, next, entries: [] });
            (0..len).for_each(|i| PointerTable::place(table, i).write(AtomicPtr::new(missing)));
            Some(Self(table))
        }
    }

    pub(crate) fn as_ptr(&self) -> *mut PointerTable {
        self.0.as_ptr()
    }

    pub(crate) fn into_raw(self) -> *mut PointerTable {
        let table = self.0.as_ptr();
        std::mem::forget(self);
        table
    }
}

impl Drop for NewTable {
    fn drop(&mut self) {
        // SAFETY: not in use.
        unsafe { PointerTable::free(self.0.as_ptr()) };
    }
}
