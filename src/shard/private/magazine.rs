//! The memory of a magazine, which a shard gets when it is to hold a second object.

use std::ptr::{self, NonNull};

use super::weights::Weights;
use crate::{containers::cell::ObjectCell, shard::size::PLACES, util::try_alloc::try_box};

/// The places of a magazine. They own nothing: the shard knows which of them hold a cell.
pub(crate) struct Magazine<T>(NonNull<[*mut ObjectCell<T>; PLACES]>);

/// A magazine that is still to be added to a shard.
pub(crate) struct NewMagazine<T> {
    pub(super) magazine: Magazine<T>,
    pub(super) weights: Option<Box<Weights>>,
}

impl<T> NewMagazine<T> {
    /// Allocates a magazine, for a pool that weighs if `weighs`. Returns `None` if there is no memory.
    pub(crate) fn try_new(weighs: bool) -> Option<Self> {
        let magazine = Magazine::try_new()?;
        let weights = if weighs { Some(Weights::try_new()?) } else { None };
        Some(Self { magazine, weights })
    }
}

impl<T> Magazine<T> {
    /// Allocates a magazine. Returns `None` if there is no memory.
    fn try_new() -> Option<Self> {
        // bug: magazine that must have memory
        let places = try_box([ptr::null_mut(); PLACES])?;
        Some(Self(NonNull::from(Box::leak(places))))
    }

    /// Returns the first place.
    #[inline(always)]
    pub(super) fn as_ptr(&self) -> *mut *mut ObjectCell<T> {
        self.0.as_ptr().cast()
    }
}

impl<T> Drop for Magazine<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a `Box`.
        // bug: magazine leaked with its shard
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
