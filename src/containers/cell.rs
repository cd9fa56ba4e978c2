//! Cells: the heap place of one object, from its creation to its drop.
//!
//! What shards, rings and guards pass around is the pointer to a cell. Moving the object instead
//! costs several times as much as everything else in a hit: the compiler copies it in other pieces
//! than those in which it was just stored, and every such load waits for the stores to drain.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    fmt,
    marker::PhantomData,
    mem::MaybeUninit,
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::{self, NonNull},
};

use crate::{sync::UnsafeCell, util::panics::FirstPanic};

/// The place of one object. `next` belongs to whoever owns the cell, and is used while the cell is
/// in a [`List`].
#[repr(C)]
pub(crate) struct ObjectCell<T> {
    value: T,
    next: UnsafeCell<*mut ObjectCell<T>>,
}

/// A cell with an object: an owning pointer, like a `Box`.
pub(crate) struct CellBox<T> {
    cell: NonNull<ObjectCell<T>>,
    owns: PhantomData<T>,
}

/// A cell without an object: memory only. `ObjectCell<MaybeUninit<T>>` has the layout of `ObjectCell<T>`.
pub(crate) type EmptyCell<T> = CellBox<MaybeUninit<T>>;

// SAFETY: a `CellBox` owns its object and nothing else points to it.
unsafe impl<T: Send> Send for CellBox<T> {}
// SAFETY: a shared `CellBox` gives out shared references to the object only.
// bug: guard shared whatever its object
unsafe impl<T: Sync> Sync for CellBox<T> {}

// As a `Box`: the object decides. Nobody sees a cell's link through a guard.
impl<T: UnwindSafe> UnwindSafe for CellBox<T> {}
// bug: guard passes panics whatever its object
impl<T: RefUnwindSafe> RefUnwindSafe for CellBox<T> {}

impl<T> CellBox<T> {
    #[inline(always)]
    pub(crate) fn as_raw(&self) -> *mut ObjectCell<T> {
        self.cell.as_ptr()
    }

    #[inline]
    pub(crate) fn into_raw(self) -> *mut ObjectCell<T> {
        let cell = self.cell.as_ptr();
        std::mem::forget(self);
        cell
    }

    /// # Safety
    ///
    /// `cell` came from [`into_raw`](Self::into_raw), and ownership passes to the result.
    #[inline]
    pub(crate) unsafe fn from_raw(cell: *mut ObjectCell<T>) -> Self {
        // SAFETY: `into_raw` gives no null pointer.
        let cell = unsafe { NonNull::new_unchecked(cell) };
        let owns = PhantomData;
        Self { cell, owns }
    }

    /// Takes the object out and leaves the cell.
    #[inline]
    pub(crate) fn take_value(self) -> (T, EmptyCell<T>) {
        let cell = self.into_raw();
        // SAFETY: the object is read once, and what is left is a cell without one.
        unsafe {
            let value = read(&raw const (*cell).value);
            (value, CellBox::from_raw(cell.cast()))
        }
    }

    #[inline]
    pub(crate) fn get(&self) -> &T {
        // SAFETY: the cell holds an object, which `self` owns.
        unsafe { &(*self.cell.as_ptr()).value }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        // SAFETY: the cell holds an object, which `self` owns and borrows mutably.
        unsafe { &mut (*self.cell.as_ptr()).value }
    }
}

/// Reads a small value word by word, whatever the compiler thinks.
///
/// It comes to have been written just now, in pieces that the compiler chose elsewhere. A load that
/// is larger than the store before it waits for that to reach the cache; one that lies within it
/// does not.
///
/// # Safety
///
/// As for [`ptr::read`].
#[inline(always)]
pub(crate) unsafe fn read<T>(from: *const T) -> T {
    type Word = MaybeUninit<usize>;
    let words = size_of::<T>() / size_of::<Word>();
    if align_of::<T>() < align_of::<Word>() || words > 8 {
        // SAFETY: the caller's promise.
        return unsafe { from.read() };
    }
    let mut value = MaybeUninit::<T>::uninit();
    let to: *mut Word = value.as_mut_ptr().cast();
    for i in 0..words {
        // SAFETY: both are as large as so many words, and aligned at least as they are.
        unsafe { to.add(i).write(from.cast::<Word>().add(i).read_volatile()) };
    }
    // SAFETY: the whole of it was copied.
    unsafe { value.assume_init() }
}

impl<T> EmptyCell<T> {
    /// Aborts if there is no memory, as a `Box` does.
    pub(crate) fn new() -> Self {
        Self::try_new().unwrap_or_else(|| handle_alloc_error(Layout::new::<ObjectCell<T>>()))
    }

    pub(crate) fn try_new() -> Option<Self> {
        // SAFETY: a cell holds a pointer, so that its size is not zero.
        let cell: *mut ObjectCell<MaybeUninit<T>> =
            unsafe { alloc(Layout::new::<ObjectCell<T>>()) }.cast();
        if cell.is_null() {
            return None;
        }
        // SAFETY: allocated, and ours; the value of an `EmptyCell` need not be initialised.
        unsafe {
            (&raw mut (*cell).next).write(UnsafeCell::new(ptr::null_mut()));
            Some(Self::from_raw(cell))
        }
    }

    /// Puts an object in.
    #[inline]
    pub(crate) fn fill(self, value: T) -> CellBox<T> {
        let cell: *mut ObjectCell<T> = self.into_raw().cast();
        // SAFETY: the cell is allocated, ours alone, and holds no object.
        unsafe {
            (&raw mut (*cell).value).write(value);
            CellBox::from_raw(cell)
        }
    }
}

impl<T> Drop for CellBox<T> {
    fn drop(&mut self) {
        /// Frees the cell, also if the destructor panics.
        struct Memory<T>(NonNull<ObjectCell<T>>);

        impl<T> Drop for Memory<T> {
            fn drop(&mut self) {
                // SAFETY: allocated in `EmptyCell::new` with this layout, and owned by the `CellBox`.
                unsafe { dealloc(self.0.as_ptr().cast(), Layout::new::<ObjectCell<T>>()) };
            }
        }

        let memory = Memory(self.cell);
        // SAFETY: the cell holds an object, which nobody sees again.
        unsafe { ptr::drop_in_place(&raw mut (*memory.0.as_ptr()).value) };
    }
}

impl<T> fmt::Debug for CellBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CellBox(..)")
    }
}

/// Objects linked through their own cells: a stack that never allocates. Dropping it drops each
/// object once, whatever their destructors do.
pub(crate) struct List<T> {
    head: *mut ObjectCell<T>,
    tail: *mut ObjectCell<T>,
    len: usize,
}

// SAFETY: a list owns its objects, like a `Vec`.
unsafe impl<T: Send> Send for List<T> {}

/// # Safety
///
/// The cell is the caller's.
#[inline]
unsafe fn next<T>(cell: *mut ObjectCell<T>) -> *mut ObjectCell<T> {
    // SAFETY: `next` is initialised in every cell, and the caller's.
    unsafe { (*cell).next.with(|next| *next) }
}

/// # Safety
///
/// The cell is the caller's.
#[inline]
unsafe fn set_next<T>(cell: *mut ObjectCell<T>, to: *mut ObjectCell<T>) {
    // SAFETY: as in `next`.
    unsafe { (*cell).next.with_mut(|next| *next = to) };
}

impl<T> List<T> {
    pub(crate) const fn new() -> Self {
        let (head, tail) = (ptr::null_mut(), ptr::null_mut());
        Self { head, tail, len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, full: CellBox<T>) {
        let cell = full.into_raw();
        // SAFETY: the cell is owned by the list from here on.
        unsafe { set_next(cell, self.head) };
        if self.head.is_null() {
            self.tail = cell;
        }
        self.head = cell;
        self.len += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<CellBox<T>> {
        if self.head.is_null() {
            return None;
        }
        let cell = self.head;
        // SAFETY: the cells of a list are full and owned by it.
        unsafe {
            self.head = next(cell);
            self.len -= 1;
            Some(CellBox::from_raw(cell))
        }
    }

    /// Puts all of `other` on top.
    pub(crate) fn append(&mut self, mut other: List<T>) {
        if other.head.is_null() {
            return;
        }
        // SAFETY: `tail` is the last cell of a list that is not empty, and `other` gives it up.
        unsafe { set_next(other.tail, self.head) };
        if self.head.is_null() {
            self.tail = other.tail;
        }
        self.head = std::mem::replace(&mut other.head, ptr::null_mut());
        self.len += std::mem::take(&mut other.len);
    }

    /// The chain of cells, for a place that holds one pointer. Null if there are none.
    pub(crate) fn into_raw(self) -> *mut ObjectCell<T> {
        let head = self.head;
        std::mem::forget(self);
        head
    }

    /// # Safety
    ///
    /// `head` came from [`into_raw`](Self::into_raw), and ownership passes to the result.
    pub(crate) unsafe fn from_raw(head: *mut ObjectCell<T>) -> Self {
        let mut list = Self::new();
        list.head = head;
        let mut cell = head;
        while !cell.is_null() {
            list.tail = cell;
            list.len += 1;
            // SAFETY: the cells of a list are owned by it, and linked up to a null.
            cell = unsafe { next(cell) };
        }
        list
    }
}

impl<T> Drop for List<T> {
    fn drop(&mut self) {
        let mut panics = FirstPanic::new();
        while let Some(full) = self.pop() {
            // bug: objects lost to a panic
            panics.guard(|| drop(full));
        }
        panics.resume();
    }
}
