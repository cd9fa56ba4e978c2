//! The values of a [`PerSeat`](super::per_seat::PerSeat), without what picks the seat.
//!
//! A list owns all values, which are only added to it. A table leads from a seat to its value, so that a
//! thread finds the value by two loads. Each seat's value is added by a thread that holds the seat.
//!
//! The table is a cache. A thread that replaces it by a larger one copies the entries, and misses those that
//! other threads store in the old table meanwhile. A thread that does not find its entry looks into the list,
//! and stores the entry again. An entry is either null or leads to the one value of its seat, so it does not
//! matter who stores it, and when.
//!
//! Nothing here waits for another thread. So a fork may happen at any time: the child finds the values that
//! are in the list.

use std::ptr;

use crate::{
    containers::{
        add_only::AddOnly,
        pointer_table::{NO_TABLE, NewTable, PointerTable},
    },
    seat::buckets::MAX_SEATS,
    sync::{Acquire, AtomicBool, ProcessPtr, Relaxed, Release, or_placeholder},
};

/// Values of type `T`: one for each seat, and some for threads that have no seat.
pub(crate) struct Values<T> {
    table: ProcessPtr<PointerTable>,
    /// By the id of the seat. Keys from [`MAX_SEATS`] on are for threads without a seat.
    all: AddOnly<usize, Value<T>>,
}

/// A value, which one thread uses at a time.
pub(crate) struct Value<T> {
    /// Whether a thread without a seat uses it.
    borrowed: AtomicBool,
    value: T,
}

impl<T> Value<T> {
    fn new(value: T) -> Self {
        Self { borrowed: AtomicBool::new(false), value }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> &T {
        &self.value
    }
}

impl<T> Values<T> {
    pub(crate) const fn new() -> Self {
        Self { table: ProcessPtr::new(NO_TABLE), all: AddOnly::new() }
    }

    /// Returns the value of `seat`, if the table leads to it. There is none for a `seat` that is no id.
    ///
    /// The calling thread holds the seat.
    #[inline(always)]
    pub(crate) fn known(&self, seat: usize) -> Option<&Value<T>> {
        // Acquire: pairs with the Release in `grow`, for the table's memory.
        let table = self.table.load(Acquire);
        // SAFETY: tables are freed by our `drop` alone. Null in models only.
        let entry = unsafe { PointerTable::entry(or_placeholder(table)?, seat)? };
        // Relaxed: the value was added by a thread that held the seat before, or by this one.
        // SAFETY: null, or the value of the seat, which our `drop` frees.
        unsafe { entry.load(Relaxed).cast::<Value<T>>().as_ref() }
    }

    /// Returns the value of `seat`, which is `make()` if there is none.
    ///
    /// The calling thread holds the seat.
    pub(crate) fn find_or_make(&self, seat: usize, make: fn() -> T) -> &Value<T> {
        debug_assert!(seat < MAX_SEATS);
        if let Some(value) = self.known(seat) {
            return value;
        }
        let value = self.all.find_or_add(seat, || Value::new(make()));
        self.remember(seat, value);
        value
    }

    /// Stores the entry of `seat`. Without memory for a larger table, does nothing: then the thread looks into
    /// the list each time.
    fn remember(&self, seat: usize, value: &Value<T>) {
        loop {
            // Acquire: as in `known`.
            let table = self.table.load(Acquire);
            // SAFETY: as in `known`.
            let entry =
                unsafe { or_placeholder(table).and_then(|table| PointerTable::entry(table, seat)) };
            match entry {
                // Relaxed: threads that use the entry hold the seat, this one or later ones.
                Some(entry) => {
                    return entry.store(ptr::from_ref(value).cast_mut().cast(), Relaxed);
                }
                None if self.grow(table, seat).is_none() => return,
                None => {}
            }
        }
    }

    /// Replaces the table `old` by one with an entry for `seat`, unless another thread has replaced it.
    /// Returns `None` if there is no memory.
    #[cold]
    fn grow(&self, old: *mut PointerTable, seat: usize) -> Option<()> {
        let new = NewTable::try_new(seat, ptr::null_mut())?;
        // SAFETY: both are alive. The new one is longer.
        unsafe { PointerTable::copy_entries(old, new.as_ptr()) };
        // SAFETY: alive.
        // bug: replaced table of values leaked
        unsafe { (*new.as_ptr()).next.store(old, Relaxed) };
        // Release: pairs with the Acquire in `known` and in `remember`. Other threads may still be using the
        // old table, so our `drop` frees it.
        // bug: table of values published without release
        if self.table.compare_exchange(old, new.as_ptr(), Release, Relaxed).is_ok() {
            new.into_raw();
        }
        Some(())
    }

    /// Returns a value for a thread without a seat, which no other thread uses until the result is dropped.
    pub(crate) fn borrow_without_seat(&self, make: fn() -> T) -> Borrowed<'_, T> {
        let values = (MAX_SEATS..).map(|key| self.all.find_or_add(key, || Value::new(make())));
        // Acquire: pairs with the Release of `Borrowed::drop`, for what the last user did.
        // bug: value borrowed twice; borrowed value seen without acquire
        let is_free = |value: &Value<T>| {
            value.borrowed.compare_exchange(false, true, Acquire, Relaxed).is_ok()
        };
        let value = { values }.find(|value| is_free(value));
        Borrowed(value.expect("there are fewer threads than keys"))
    }

    /// Returns all values, the newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.all.values().map(Value::get)
    }
}

impl<T> Drop for Values<T> {
    fn drop(&mut self) {
        let mut table = self.table.load(Relaxed);
        while table != NO_TABLE {
            // SAFETY: the table came from `NewTable::into_raw`, and is freed once.
            unsafe {
                let next = (*table).next.load(Relaxed);
                PointerTable::free(table);
                table = next;
            }
        }
    }
}

/// A value that a thread without a seat uses.
pub(crate) struct Borrowed<'a, T>(&'a Value<T>);

impl<T> Borrowed<'_, T> {
    pub(crate) fn get(&self) -> &T {
        self.0.get()
    }
}

impl<T> Drop for Borrowed<'_, T> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire of `borrow_without_seat`.
        // bug: borrowed value given back without release
        self.0.borrowed.store(false, Release);
    }
}
