//! How a thread gets its seat, and how it gives the seat back.

use super::{
    collect::{catch_up, vacate},
    collect_thread::{after_exit, watch_again},
    fork,
    keeper::WATCH,
};
use crate::seat::{
    current::{CurrentSeat, current},
    seat::Seat,
    table::Seats,
};

thread_local! {
    /// Gives the seat back when the thread exits. It is first touched when the thread gets its
    /// seat.
    static GUARD: SeatGuard = const { SeatGuard };
}

struct SeatGuard;

impl Drop for SeatGuard {
    fn drop(&mut self) {
        if let Some(seat) = current() {
            give_back(seat);
            after_exit();
        }
    }
}

/// Gives back the seat of the calling thread.
fn give_back(seat: &'static Seat) {
    CurrentSeat::clear();
    // bug: seat given back before it is vacated
    vacate(seat);
    // SAFETY: this thread held the seat, and has just forgotten it.
    unsafe { Seats::process().leave(seat) };
}

/// Returns the seat of the calling thread, which gets one if it has none. `None` if all seats are
/// taken, or if the thread's thread-locals are being destroyed.
#[inline]
pub(crate) fn current_or_join() -> Option<&'static Seat> {
    current().or_else(join)
}

fn join() -> Option<&'static Seat> {
    // bug: seat requested after thread-locals are destroyed
    GUARD.try_with(|_| ()).ok()?;
    fork::watch();
    let seat = Seats::process().join()?;
    CurrentSeat::set(seat);
    Some(seat)
}

/// Returns the seat of the calling thread, for the slow path. If a collector has skipped the seat,
/// its shards are aged first. If the collect thread has ended, another one is started.
pub(crate) fn slow_path_seat() -> Option<&'static Seat> {
    let seat = current_or_join()?;
    if seat.is_late() {
        catch_up(seat);
    }
    if seat.is_unwatched() {
        watch_again(seat, &WATCH);
    }
    Some(seat)
}

/// Detaches the seat of the calling thread, and returns it. The seat must not be used again before
/// a thread attaches it.
#[cfg(feature = "rt")]
pub(crate) fn detach_seat() -> Option<&'static Seat> {
    let seat = current();
    CurrentSeat::clear();
    seat
}

/// Attaches `seat` to the calling thread, after [`detach_seat`] has returned it on another thread.
/// A seat of its own, which the thread has got since, is given back. Does nothing if `seat` is `None`.
///
/// # Safety
///
/// Everything that the other thread did happens before this call. The calling thread is not pinned.
#[cfg(feature = "rt")]
pub(crate) unsafe fn attach_seat(seat: Option<&'static Seat>) {
    let Some(seat) = seat else { return };
    // bug: own seat lost under another
    if let Some(own) = current() {
        give_back(own);
    }
    CurrentSeat::set(seat);
}
