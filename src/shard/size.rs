//! The sizes of a shard's parts, some of which depend on the size of an object.

use std::marker::PhantomData;

use crate::{containers::cell::ObjectCell, sync::test_size};

/// The places of a magazine of small objects. None is open at first: see `PrivateOwner::grow`.
pub(crate) const PLACES: usize = test_size(128, 4);

/// A drained chain whose ring has at most this number of slots keeps the ring, even if its shard is
/// little used.
pub(crate) const KEEP_SLOTS: usize = test_size(64, 2);

/// The sizes that depend on the size of an object. Thieves reach the objects in a magazine by a recall
/// only, so it holds at most 64 KiB of them.
pub(crate) struct Size<T>(PhantomData<T>);

impl<T> Size<T> {
    /// The places of a magazine: 128 for objects of up to 512 bytes, fewer for larger ones, none
    /// for objects above 32 KiB.
    pub(crate) const MAGAZINE: usize = match (64 * 1024usize).checked_div(size_of::<T>()) {
        Some(fit) if fit < PLACES => fit / 2 * 2,
        _ => PLACES,
    };

    /// The most spare cells that a shard keeps aside: at most 128 and 16 KiB of them, but at least
    /// one for objects of up to 64 KiB.
    pub(crate) const EMPTIES: usize = match 16 * 1024 / size_of::<ObjectCell<T>>() {
        0 if size_of::<T>() <= 64 * 1024 => 1,
        0..128 => 16 * 1024 / size_of::<ObjectCell<T>>(),
        _ => 128,
    };
}

/// The most objects that move at a time, such as in one steal.
pub(crate) const MAX_BATCH: usize = PLACES / 4;
