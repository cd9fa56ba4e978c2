//! Cells: a cell is the heap allocation of one object, from its creation to its drop.
//!
//! Shards, rings and guards pass around pointers to cells. Moving the objects instead would cost
//! several times as much as the rest of a hit: the compiler copies an object in pieces of other
//! sizes than those in which it was just stored, and each such load waits until those stores have
//! reached the cache.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    fmt,
    marker::PhantomData,
    mem::MaybeUninit,
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::{self, NonNull},
};

use crate::{sync::UnsafeCell, util::panics::FirstPanic};

/// The heap allocation of one object. `next` belongs to the cell's owner. It links the cells of a
/// [`List`]; in a pool that weighs, it holds the weight of an object in a chain.
#[repr(C)]
pub(crate) struct ObjectCell<T> {
    value: T,
    next: UnsafeCell<*mut ObjectCell<T>>,
}

/// An owning pointer to a cell with an object, like a `Box`.
pub(crate) struct CellBox<T> {
    cell: NonNull<ObjectCell<T>>,
    owns: PhantomData<T>,
}

/// An owning pointer to a cell without an object. `ObjectCell<MaybeUninit<T>>` has the layout of
/// `ObjectCell<T>`.
pub(crate) type EmptyCell<T> = CellBox<MaybeUninit<T>>;

// SAFETY: a `CellBox` owns its object, and nothing else points to it.
unsafe impl<T: Send> Send for CellBox<T> {}
// SAFETY: a shared `CellBox` gives out only shared references to the object.
// bug: guard shared whatever its object
unsafe impl<T: Sync> Sync for CellBox<T> {}

// As for a `Box`: the object's type decides. A guard does not expose the cell's `next`, which has
// interior mutability.
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
        // SAFETY: `into_raw` returns no null pointer.
        let cell = unsafe { NonNull::new_unchecked(cell) };
        let owns = PhantomData;
        Self { cell, owns }
    }

    /// Returns a pointer to the object, which owns the cell.
    pub(crate) fn into_value_ptr(self) -> NonNull<T> {
        let cell = self.cell;
        std::mem::forget(self);
        // The value is the first field.
        cell.cast()
    }

    /// # Safety
    ///
    /// `value` came from [`into_value_ptr`](Self::into_value_ptr), and ownership passes to the result.
    pub(crate) unsafe fn from_value_ptr(value: NonNull<T>) -> Self {
        Self { cell: value.cast(), owns: PhantomData }
    }

    /// Takes the object out. Returns the object and the empty cell.
    #[inline]
    pub(crate) fn take_value(self) -> (T, EmptyCell<T>) {
        let cell = self.into_raw();
        // SAFETY: the object is read once, and the cell counts as empty from here on.
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

#[cfg(feature = "chaos")]
impl<T> CellBox<T> {
    /// Moves the object to another cell. Returns it there, and the cell where it was.
    pub(crate) fn move_to(self, empty: EmptyCell<T>) -> (CellBox<T>, EmptyCell<T>) {
        let (from, to): (_, *mut ObjectCell<T>) = (self.into_raw(), empty.into_raw().cast());
        // SAFETY: both cells are allocated and owned, and the second holds no object. The object is copied
        // once, and the first cell counts as empty from here on.
        unsafe {
            (&raw mut (*to).value).copy_from_nonoverlapping(&raw const (*from).value, 1);
            (CellBox::from_raw(to), CellBox::from_raw(from.cast()))
        }
    }

    /// Drops the object, and returns the cell. If the destructor panics, the cell is freed.
    pub(crate) fn drop_value(self) -> EmptyCell<T> {
        // SAFETY: the cell counts as empty from here on.
        let empty: EmptyCell<T> = unsafe { CellBox::from_raw(self.into_raw().cast()) };
        let cell: *mut ObjectCell<T> = empty.as_raw().cast();
        // SAFETY: the cell held an object, which is dropped once.
        unsafe { ptr::drop_in_place(&raw mut (*cell).value) };
        empty
    }
}

#[cfg(feature = "chaos")]
impl<T> EmptyCell<T> {
    /// Returns the memory of the cell, which the caller frees, and its layout.
    pub(crate) fn into_memory(self) -> (NonNull<u8>, Layout) {
        let cell = self.cell;
        std::mem::forget(self);
        (cell.cast(), Layout::new::<ObjectCell<T>>())
    }
}

/// Reads a value. A small one is copied word by word with volatile loads, which the compiler cannot
/// merge.
///
/// The value was usually stored a moment ago, in pieces that the compiler chose elsewhere. A load
/// that spans more than one of these stores waits until they have reached the cache; a load that
/// lies within one store does not.
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
        // SAFETY: both values have `words` words, and at least the alignment of a word.
        unsafe { to.add(i).write(from.cast::<Word>().add(i).read_volatile()) };
    }
    // SAFETY: all words were copied. There is no rest: the alignment is at least a word's, so the
    // size is a multiple of the word size.
    unsafe { value.assume_init() }
}

impl<T> EmptyCell<T> {
    /// Allocates an empty cell. Aborts if there is no memory, as `Box::new` does.
    pub(crate) fn new() -> Self {
        Self::try_new().unwrap_or_else(|| handle_alloc_error(Layout::new::<ObjectCell<T>>()))
    }

    /// Allocates an empty cell, or returns `None` if there is no memory.
    pub(crate) fn try_new() -> Option<Self> {
        // SAFETY: a cell contains a pointer, so its size is not zero.
        let cell: *mut ObjectCell<MaybeUninit<T>> =
            unsafe { alloc(Layout::new::<ObjectCell<T>>()) }.cast();
        if cell.is_null() {
            return None;
        }
        // SAFETY: just allocated, and not shared; the value of an `EmptyCell` need not be
        // initialised.
        unsafe {
            (&raw mut (*cell).next).write(UnsafeCell::new(ptr::null_mut()));
            Some(Self::from_raw(cell))
        }
    }

    /// Moves `value` into the cell.
    #[inline]
    pub(crate) fn fill(self, value: T) -> CellBox<T> {
        let cell: *mut ObjectCell<T> = self.into_raw().cast();
        // SAFETY: the cell is allocated, owned by `self`, and holds no object.
        unsafe {
            (&raw mut (*cell).value).write(value);
            CellBox::from_raw(cell)
        }
    }
}

impl<T> Drop for CellBox<T> {
    fn drop(&mut self) {
        /// Frees the cell, even if the object's destructor panics.
        struct Memory<T>(NonNull<ObjectCell<T>>);

        impl<T> Drop for Memory<T> {
            fn drop(&mut self) {
                // SAFETY: allocated in `EmptyCell::try_new` with this layout, and owned by the
                // `CellBox`.
                // bug: cell freed with the layout of its object
                unsafe { dealloc(self.0.as_ptr().cast(), Layout::new::<ObjectCell<T>>()) };
            }
        }

        let memory = Memory(self.cell);
        // SAFETY: the cell holds an object, which is not used again.
        unsafe { ptr::drop_in_place(&raw mut (*memory.0.as_ptr()).value) };
    }
}

impl<T> fmt::Debug for CellBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CellBox(..)")
    }
}

/// A stack of objects that are linked through their own cells, so it never allocates. Dropping the
/// list drops each object once, even if destructors panic.
pub(crate) struct List<T> {
    head: *mut ObjectCell<T>,
    tail: *mut ObjectCell<T>,
    len: usize,
}

// SAFETY: a list owns its objects, like a `Vec`.
unsafe impl<T: Send> Send for List<T> {}

/// # Safety
///
/// The caller owns the cell.
#[inline]
unsafe fn next<T>(cell: *mut ObjectCell<T>) -> *mut ObjectCell<T> {
    // SAFETY: `next` is initialised in every cell, and the caller owns it.
    unsafe { (*cell).next.with(|next| *next) }
}

/// # Safety
///
/// The caller owns the cell.
#[inline]
unsafe fn set_next<T>(cell: *mut ObjectCell<T>, to: *mut ObjectCell<T>) {
    // SAFETY: as in `next`.
    unsafe { (*cell).next.with_mut(|next| *next = to) };
}

/// Notes what an object weighs in the link of its cell, which is free while the cell is in no list.
///
/// # Safety
///
/// The caller owns the cell, which is in no list.
#[inline]
pub(crate) unsafe fn note_weight<T>(cell: *mut ObjectCell<T>, weight: usize) {
    // SAFETY: the caller's promise.
    unsafe { set_next(cell, ptr::without_provenance_mut(weight)) };
}

/// Returns the weight that was [noted](note_weight) last.
///
/// # Safety
///
/// The caller owns the cell, which was in no list since.
#[inline]
pub(crate) unsafe fn noted_weight<T>(cell: *mut ObjectCell<T>) -> usize {
    // SAFETY: the caller's promise.
    unsafe { next(cell) }.addr()
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
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
        // SAFETY: the list owns the cell from here on.
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
        // SAFETY: a list owns its cells, and each holds an object.
        unsafe {
            self.head = next(cell);
            self.len -= 1;
            Some(CellBox::from_raw(cell))
        }
    }

    /// Removes the object behind `n` others. The list must have more than `n`.
    #[cfg(feature = "chaos")]
    pub(crate) fn remove(&mut self, n: usize) -> Option<CellBox<T>> {
        let mut before = self.split(n);
        let removed = self.pop();
        while let Some(full) = before.pop() {
            self.push(full);
        }
        removed
    }

    /// Pops up to `n` objects.
    pub(crate) fn split(&mut self, n: usize) -> Self {
        let mut first = Self::new();
        (0..n).map_while(|_| self.pop()).for_each(|full| first.push(full));
        first
    }

    /// Puts all objects of `other` on top of the stack.
    pub(crate) fn append(&mut self, mut other: List<T>) {
        if other.head.is_null() {
            return;
        }
        // SAFETY: `other` is not empty, so its `tail` is its last cell; `other` gives its cells up
        // below.
        unsafe { set_next(other.tail, self.head) };
        if self.head.is_null() {
            self.tail = other.tail;
        }
        self.head = std::mem::replace(&mut other.head, ptr::null_mut());
        self.len += std::mem::take(&mut other.len);
    }

    /// Returns the first of the linked cells, or null if the list is empty, for places that hold
    /// one pointer.
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
            // SAFETY: the list owns its cells, and the `next` of the last one is null.
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
