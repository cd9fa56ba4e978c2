//! Fallible allocation: if there is no memory, callers do without instead of aborting.

use std::alloc::{Layout, alloc};

/// The panic message of a pool's first use if there is no memory. Later uses do without new memory.
pub(crate) const NO_MEMORY: &str = "out of memory: cannot create the pool";

/// Moves `value` to the heap, as `Box::new` does. Returns `None` if there is no memory.
pub(crate) fn try_box<T>(value: T) -> Option<Box<T>> {
    const { assert!(size_of::<T>() > 0) };
    // SAFETY: the size is not zero. The pointer is checked for null, the memory is initialised, and
    // its layout is the one with which a `Box` frees it.
    unsafe {
        let place: *mut T = alloc(Layout::new::<T>()).cast();
        if place.is_null() {
            return None;
        }
        place.write(value);
        Some(Box::from_raw(place))
    }
}

/// Returns a boxed slice of `len` items, the one at index `i` being `item(i)`, or `None` if there
/// is no memory.
pub(crate) fn try_slice<T>(len: usize, mut item: impl FnMut(usize) -> T) -> Option<Box<[T]>> {
    let mut items = Vec::new();
    items.try_reserve_exact(len).ok()?;
    items.extend((0..len).map(&mut item));
    Some(items.into_boxed_slice())
}
