//! The head of a shard: what a guard reads when it returns its object.

use std::ptr;

/// The head of a shard. A core has one, too, for threads without a shard. It is not written after
/// the shard is shared, so guards may read it on any thread.
#[repr(C)]
pub(crate) struct ShardHeader {
    /// The id of the seat whose owner may return objects to this shard on the hit path.
    pub(crate) seat: usize,
    /// The pool's core. Untyped, because `Core` belongs to a layer above.
    pub(crate) core: *const (),
}

impl ShardHeader {
    /// Returns a header that matches no thread.
    pub(crate) const fn new() -> Self {
        Self { seat: usize::MAX - 1, core: ptr::null() }
    }

    /// Makes this the header of a shard of `core`. `seat` is the id of the shard's seat, or `None`
    /// if the pool has a hook, which must be called for every returned object.
    pub(crate) fn set_owner(&mut self, core: *const (), seat: Option<usize>) {
        *self = Self { core, ..Self::new() };
        if let Some(seat) = seat {
            self.seat = seat;
        }
    }
}
