//! The head of a shard: all that a guard looks at to give its object back.

use std::ptr;

/// The head of every shard, and of a core for threads without a shard. Nobody writes to it once the
/// shard is shared, so that guards may read it from any thread.
#[repr(C)]
pub(crate) struct ShardHeader {
    /// The seat whose holder may put objects into this shard without any other check.
    pub(crate) seat: usize,
    /// The pool's core. Untyped, since cores are built on shards.
    pub(crate) core: *const (),
}

impl ShardHeader {
    /// A header that no thread matches.
    pub(crate) const fn new() -> Self {
        Self { seat: usize::MAX - 1, core: ptr::null() }
    }

    /// Makes this the header of a shard of `core`. `seat` is the owner's seat, or `None` if the pool
    /// has a hook that must see every object.
    pub(crate) fn set_owner(&mut self, core: *const (), seat: Option<usize>) {
        *self = Self { core, ..Self::new() };
        if let Some(seat) = seat {
            self.seat = seat;
        }
    }
}
