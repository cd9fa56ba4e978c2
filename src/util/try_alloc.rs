//! Memory for growth, where there may be none: the caller then does without.

use std::alloc::{Layout, alloc};

/// What the first use of a pool panics with if there is no memory. Later uses find a way.
pub(crate) const NO_MEMORY: &str = "no memory for a pool";

/// As `Box::new`.
pub(crate) fn try_box<T>(value: T) -> Option<Box<T>> {
    const { assert!(size_of::<T>() > 0) };
    // SAFETY: the size is not zero. The memory is checked, then written once, and has the layout
    // that a `Box` frees.
    unsafe {
        let place: *mut T = alloc(Layout::new::<T>()).cast();
        if place.is_null() {
            return None;
        }
        place.write(value);
        Some(Box::from_raw(place))
    }
}

/// A slice of so many items.
pub(crate) fn try_slice<T>(len: usize, mut item: impl FnMut(usize) -> T) -> Option<Box<[T]>> {
    let mut items = Vec::new();
    items.try_reserve_exact(len).ok()?;
    items.extend((0..len).map(&mut item));
    Some(items.into_boxed_slice())
}
