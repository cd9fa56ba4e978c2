//! The sizes of a shard's parts, and those that depend on the size of an object.

use std::marker::PhantomData;

use crate::{containers::cell::ObjectCell, sync::test_size};

/// Places in a magazine of small objects. Half of them are open at first, see `PrivateOwner::grow_lease`.
pub(crate) const PLACES: usize = test_size(128, 4);

/// Slots that a drained chain may keep, however little its shard is used.
pub(crate) const KEEP_SLOTS: usize = test_size(64, 2);

/// Sizes that depend on the object's: a magazine strands objects with their owner, so it holds at
/// most 64 KiB of them.
pub(crate) struct Size<T>(PhantomData<T>);

impl<T> Size<T> {
    /// Objects in a magazine: 128 of up to 512 bytes, fewer of larger ones, none above 32 KiB.
    pub(crate) const MAGAZINE: usize = match (64 * 1024usize).checked_div(size_of::<T>()) {
        Some(fit) if fit < PLACES => fit / 2 * 2,
        _ => PLACES,
    };

    /// Empty cells kept: 128, or 16 KiB of them, and always one of up to 64 KiB.
    pub(crate) const EMPTIES: usize = match 16 * 1024 / size_of::<ObjectCell<T>>() {
        0 if size_of::<T>() <= 64 * 1024 => 1,
        0..128 => 16 * 1024 / size_of::<ObjectCell<T>>(),
        _ => 128,
    };
}

/// The most objects that a thief takes at a time.
pub(crate) const MAX_BATCH: usize = PLACES / 4;
