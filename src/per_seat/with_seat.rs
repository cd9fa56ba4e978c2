//! The number of the calling thread's seat.

use crate::{collect::join::current_or_join, seat::current::CurrentSeat};

/// Calls `f` with the number of the calling thread's seat, and returns its result.
///
/// While `f` runs, no other thread that is inside of `with_seat` has this number, nor does any other thread that
/// uses pools or a [`PerSeat`](crate::PerSeat). That is all that is promised; use `PerSeat` if it does what you need.
///
/// * A thread keeps its number from its first use of a pool, a `PerSeat` or this function until it ends. In a task of
///   `corepool::rt` the number is that of the worker that polls the task, and may be another one after each
///   `.await`. A number is used again: what one holder did happens before what the next one does.
/// * The lowest free number is taken first. So numbers are below the most threads that have used pools at one time,
///   and below 16,384.
/// * It is `None` beyond that number of threads, while the thread-locals of a thread are being destroyed, and if there is
///   no memory for another seat.
/// * `f` may do anything, also block, panic, and call `with_seat` again, which gives it the same number. It must not be
///   called from a signal handler.
///
/// Go programs have reached `runtime_procPin` by `linkname` for this. That returns the number of a processor of the
/// scheduler, and keeps the goroutine on it until `procUnpin`; the code in between must not block. Here the number
/// belongs to a thread, which the system may stop at any time and move to another processor. So nothing has to be
/// unpinned, and there are as many numbers as threads, not as processors. On the runtime, [`current_worker`] is
/// closer to Go: its numbers are below the number of workers.
///
/// [`current_worker`]: https://docs.rs/corepool/latest/corepool/rt/fn.current_worker.html
///
/// # Examples
///
/// Locks that threads seldom wait for:
///
/// ```
/// use std::sync::Mutex;
///
/// static STRIPES: [Mutex<Vec<u64>>; 8] = [const { Mutex::new(Vec::new()) }; 8];
///
/// fn record(value: u64) {
///     corepool::with_seat(|seat| {
///         let stripe = seat.unwrap_or(0) % STRIPES.len();
///         STRIPES[stripe].lock().unwrap().push(value);
///     });
/// }
///
/// record(7);
/// assert_eq!(STRIPES.iter().map(|stripe| stripe.lock().unwrap().len()).sum::<usize>(), 1);
/// ```
#[inline]
pub fn with_seat<R>(f: impl FnOnce(Option<usize>) -> R) -> R {
    f(match CurrentSeat::get().id() {
        usize::MAX => join(),
        id => Some(id),
    })
}

/// Returns the number of the seat that the calling thread gets.
#[cold]
#[inline(never)]
fn join() -> Option<usize> {
    current_or_join().map(|seat| seat.id)
}
