//! The shard that a pool keeps for a seat: how it is found in the seat's table.
//!
//! A missing shard is the placeholder [`NOBODY`]. Its slot and its magazine are closed, so a hit on
//! it fails like any other, and nothing is ever written to it.

use std::{marker::PhantomData, ptr::NonNull};

use super::shard::Shard;
use crate::{
    seat::{reading::Reading, seat::Seat, shards::AnyShard, table::SeatIter},
    sync::{AtomicUsize, placeholder},
};

const WORDS: usize = Shard::BYTES / size_of::<usize>();

/// A shard whose slot is closed, and which is empty and never opened: zeroes apart from the slot,
/// the first word.
#[repr(C)]
pub(crate) struct Nobody {
    words: [AtomicUsize; WORDS],
    aligned: [Shard<()>; 0],
}

placeholder! {
    static PLACEHOLDER: Nobody = {
        let mut words = [const { AtomicUsize::new(0) }; WORDS];
        words[0] = AtomicUsize::new(super::private::CLOSED);
        Nobody { words, aligned: [] }
    };
}

/// What a table has for a missing shard.
pub(crate) const NOBODY: *mut () = PLACEHOLDER.cast();

/// Returns the shard at a pool's `index` for a hit, or [`NOBODY`].
///
/// # Safety
///
/// As for [`Seat::shard`]; the pool at the index has objects of type `T`; and the shard is not
/// removed during `'a`.
#[inline(always)]
pub(crate) unsafe fn for_hit<'a, T>(seat: &Seat, index: usize) -> Option<&'a Shard<T>> {
    const { assert!(size_of::<Shard<T>>() == Shard::BYTES) };
    // SAFETY: the caller's promise. `NOBODY` is a valid shard of any type.
    let shard: &Shard<T> = unsafe { seat.shard(index)?.cast().as_ref() };
    shard.live_check().check();
    Some(shard)
}

/// Returns the shard at a pool's `index`.
///
/// # Safety
///
/// As for [`for_hit`].
#[inline]
pub(crate) unsafe fn own<'a, T>(seat: &Seat, index: usize) -> Option<&'a Shard<T>> {
    // SAFETY: the caller's promise.
    let shard = unsafe { for_hit(seat, index) };
    shard.filter(|&shard| !std::ptr::eq(NonNull::from(shard).as_ptr().cast(), NOBODY))
}

/// Returns the shard at a pool's `index`, for any thread. It is not freed before `reading` ends.
///
/// # Safety
///
/// The pool at the index has objects of type `T`.
#[inline]
pub(crate) unsafe fn shared<'a, T>(
    seat: &Seat,
    index: usize,
    reading: &'a Reading<'_>,
) -> Option<&'a Shard<T>> {
    let shard = shared_any(seat, index, reading)?;
    // SAFETY: the caller's promise. No shard is freed that the reader finds.
    Some(unsafe { typed(shard) })
}

fn shared_any(seat: &Seat, index: usize, reading: &Reading<'_>) -> Option<AnyShard> {
    seat.shared_shard(index, reading).filter(|shard| shard.as_ptr() != NOBODY)
}

/// Returns the shards at a pool's `index` of these seats, for any thread.
///
/// # Safety
///
/// As for [`shared`].
pub(crate) unsafe fn all_shared<'a, T>(
    seats: SeatIter<'a>,
    index: usize,
    reading: &'a Reading<'_>,
) -> Shards<'a, T> {
    Shards { all: AnyShards { seats, index, reading }, of: PhantomData }
}

/// An iterator over the shards of a pool.
pub(crate) struct Shards<'a, T> {
    all: AnyShards<'a>,
    of: PhantomData<&'a Shard<T>>,
}

impl<'a, T> Iterator for Shards<'a, T> {
    type Item = &'a Shard<T>;

    fn next(&mut self) -> Option<&'a Shard<T>> {
        // SAFETY: the promise of `all_shared`. No shard is freed that the reader finds.
        self.all.next().map(|shard| unsafe { typed(shard) })
    }
}

/// The part of [`Shards`] that does not depend on the type of the objects.
struct AnyShards<'a> {
    seats: SeatIter<'a>,
    index: usize,
    reading: &'a Reading<'a>,
}

impl Iterator for AnyShards<'_> {
    type Item = AnyShard;

    fn next(&mut self) -> Option<AnyShard> {
        self.seats.find_map(|seat| shared_any(seat, self.index, self.reading))
    }
}

/// Returns a shard with its type.
///
/// # Safety
///
/// The shard has this type, and is not freed during `'a`.
pub(crate) unsafe fn typed<'a, T>(shard: AnyShard) -> &'a Shard<T> {
    // SAFETY: the caller's promise.
    let shard: &Shard<T> = unsafe { shard.cast().as_ref() };
    shard.live_check().check();
    shard
}
