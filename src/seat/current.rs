//! The seat of the calling thread.
//!
//! It is kept in a thread-local without a destructor, so that reading it takes only a load. A layer
//! above assigns seats and frees them: see [`join`](crate::collect::join).

use std::{cell::Cell, ptr};

use super::seat::{NO_SEAT, Pin, Seat};
use crate::sync::or_placeholder;

thread_local! {
    static CURRENT: Cell<CurrentSeat> = const { Cell::new(CurrentSeat::NONE) };
}

/// The seat of a thread, or a placeholder that cannot be pinned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrentSeat(*mut Seat);

impl CurrentSeat {
    const NONE: Self = Self(NO_SEAT);

    /// Returns the calling thread's seat.
    #[inline(always)]
    pub(crate) fn get() -> Self {
        // Unlike `LocalKey::get`, `try_with` is always inlined. It never fails, because the value
        // has no destructor.
        CURRENT.try_with(Cell::get).unwrap_or(Self::NONE)
    }

    /// Returns the value for a thread with this seat.
    pub(crate) fn of(seat: &Seat) -> Self {
        Self(ptr::from_ref(seat).cast_mut())
    }

    /// Makes `seat` the seat of the calling thread.
    pub(crate) fn set(seat: &'static Seat) {
        CURRENT.set(Self::of(seat));
    }

    /// Removes the seat from the calling thread.
    pub(crate) fn clear() {
        CURRENT.set(Self::NONE);
    }

    /// Pins the seat on the hit path. Fails if the thread has none.
    ///
    /// # Safety
    ///
    /// This is the calling thread's value, and the seat is not pinned.
    #[inline(always)]
    pub(crate) unsafe fn pin_fast<'a>(self) -> Option<(&'a Seat, Pin<'a>)> {
        // SAFETY: the caller's promise; seats are never freed. Null in models only.
        unsafe {
            let seat = or_placeholder(self.0)?.as_ref();
            Some((seat, seat.pin_fast()?))
        }
    }

    /// As [`pin_fast`](Self::pin_fast), where the fences are symmetric. Fails where they are not.
    ///
    /// # Safety
    ///
    /// As for `pin_fast`.
    #[inline]
    pub(crate) unsafe fn pin_fenced<'a>(self) -> Option<(&'a Seat, Pin<'a>)> {
        // SAFETY: the caller's promise; seats are never freed. Null in models only.
        unsafe {
            let seat = or_placeholder(self.0)?.as_ref();
            Some((seat, seat.pin_fenced()?))
        }
    }

    /// Returns the id of the seat, or `usize::MAX` if there is none.
    #[inline(always)]
    pub(crate) fn id(self) -> usize {
        // SAFETY: seats are never freed, and neither is the placeholder. Null in models only.
        unsafe { or_placeholder(self.0).map_or(usize::MAX, |seat| seat.as_ref().id) }
    }

    /// Returns the seat, if there is one.
    #[inline(always)]
    fn seat(self) -> Option<&'static Seat> {
        // SAFETY: seats are never freed.
        if ptr::eq(self.0, NO_SEAT) { None } else { Some(unsafe { &*self.0 }) }
    }
}

/// Returns the seat of the calling thread, if it has one.
#[inline(always)]
pub(crate) fn current() -> Option<&'static Seat> {
    CurrentSeat::get().seat()
}
