//! The seat of the calling thread.
//!
//! It is kept in a thread-local without a destructor, so that reading it takes only loads. A layer
//! above assigns seats and frees them: see [`join`](crate::collect::join).

use std::{cell::Cell, ptr};

use super::{buckets::SEGMENTS, seat::Seat};

/// What a hit reads about its thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrentSeat {
    /// The segment, in every pool, that holds the thread's shard. Without a seat: an index at which
    /// no pool has a segment.
    pub(crate) segment: usize,
    /// The offset of the shard in that segment, in bytes.
    pub(crate) offset: usize,
    /// The seat's id. Without a seat: an id that no seat has.
    pub(crate) id: usize,
    /// The seat, or null.
    pub(crate) seat: *const Seat,
}

thread_local! {
    static CURRENT: Cell<CurrentSeat> = const { Cell::new(CurrentSeat::NONE) };
}

impl CurrentSeat {
    /// The value for a thread without a seat.
    const NONE: Self = Self { segment: SEGMENTS, offset: 0, id: usize::MAX, seat: ptr::null() };

    /// Returns the calling thread's value.
    #[inline(always)]
    pub(crate) fn get() -> Self {
        // Unlike `LocalKey::get`, `try_with` is always inlined. It never fails, because the value
        // has no destructor.
        CURRENT.try_with(Cell::get).unwrap_or(Self::NONE)
    }

    /// Returns the value for a thread with this seat. The size of a shard is `shard_bytes`.
    pub(crate) fn of(seat: &Seat, shard_bytes: usize) -> Self {
        Self { segment: seat.segment, offset: seat.index * shard_bytes, id: seat.id, seat }
    }

    /// Makes `seat` the seat of the calling thread. The size of a shard is `shard_bytes`.
    pub(crate) fn set(seat: &'static Seat, shard_bytes: usize) {
        CURRENT.set(Self::of(seat, shard_bytes));
    }

    /// Removes the seat from the calling thread.
    pub(crate) fn clear() {
        CURRENT.set(Self::NONE);
    }
}

/// Returns the seat of the calling thread, if it has one.
#[inline(always)]
pub(crate) fn current() -> Option<&'static Seat> {
    // SAFETY: seats are never freed.
    unsafe { CurrentSeat::get().seat.as_ref() }
}
