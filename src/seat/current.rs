//! The seat of the calling thread.
//!
//! It is in a thread-local without a destructor, so that reading it is nothing but loads. Seats are
//! handed out and taken back further up: see [`join`](crate::collect::join).

use std::{cell::Cell, ptr};

use super::{buckets::SEGMENTS, seat::Seat};

/// What a hit needs to know about its thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrentSeat {
    /// The segment of a pool that has the thread's shard. Without a seat: an index that no pool has.
    pub(crate) segment: usize,
    /// The offset of the shard in that segment, in bytes.
    pub(crate) offset: usize,
    /// The seat's id. Without a seat: an id that no seat has.
    pub(crate) id: usize,
    /// Null without a seat.
    pub(crate) seat: *const Seat,
}

thread_local! {
    static CURRENT: Cell<CurrentSeat> = const { Cell::new(CurrentSeat::NONE) };
}

impl CurrentSeat {
    /// What a thread without a seat has.
    const NONE: Self = Self { segment: SEGMENTS, offset: 0, id: usize::MAX, seat: ptr::null() };

    #[inline(always)]
    pub(crate) fn get() -> Self {
        // Unlike `get`, `try_with` is always inlined. It never fails: nothing here has a destructor.
        CURRENT.try_with(Cell::get).unwrap_or(Self::NONE)
    }

    /// What a thread with this seat has. A shard is `shard_bytes` large.
    pub(crate) fn of(seat: &Seat, shard_bytes: usize) -> Self {
        Self { segment: seat.segment, offset: seat.index * shard_bytes, id: seat.id, seat }
    }

    /// Makes `seat` the seat of the calling thread. A shard is `shard_bytes` large.
    pub(crate) fn set(seat: &'static Seat, shard_bytes: usize) {
        CURRENT.set(Self::of(seat, shard_bytes));
    }

    /// Leaves the calling thread without a seat.
    pub(crate) fn clear() {
        CURRENT.set(Self::NONE);
    }
}

/// The seat of the calling thread, if it has one.
#[inline(always)]
pub(crate) fn current() -> Option<&'static Seat> {
    // SAFETY: seats are never freed.
    unsafe { CurrentSeat::get().seat.as_ref() }
}
