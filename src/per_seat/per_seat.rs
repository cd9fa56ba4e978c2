//! The type [`PerSeat`].

use std::fmt;

use super::values::Values;
use crate::{collect::join::current_or_join, seat::current::CurrentSeat};

/// A value for each thread that uses it, and for the threads that come after.
///
/// Threads that write to one place take turns at its cache line. A `PerSeat` gives each of them a place of its
/// own. [`iter`](Self::iter) and [`fold`](Self::fold) read all places. So a counter that all threads advance costs
/// as little as a counter of a single thread.
///
/// # Which value is whose
///
/// A thread has a *seat* from its first use of a `PerSeat` or of a pool until it ends: a small number that no
/// other thread has meanwhile. Its value is that of its seat. The value is made at the first use, and stays when
/// the thread ends. The next thread with the seat, which is the next one that needs a seat, goes on with it, and
/// sees what was done to it before. So there are as many values as threads have used it at one time, however many
/// have ended.
///
/// In a task of `corepool::rt`, the seat is that of the worker that polls the task. It may be another one after
/// each `.await`.
///
/// *No two threads are inside [`with`](Self::with) with the same value at a time.* So a thread may advance its
/// counter by a load and a store, without a read-modify-write, because no other thread writes to it. Other threads
/// may read it by `iter` at any time, which is why `T` must be `Sync`. Calls of `with` inside of `with`, by the
/// same thread, get the same value.
///
/// A few threads have no seat: those beyond the first 16,384 that live at one time, and those whose thread-locals
/// are being destroyed. Each of their calls borrows a value that nobody else uses then; such a value is made if
/// there is none, and is used again. It may be another one in each call.
///
/// # Cost
///
/// `with` reads the thread's seat, compares it with the length of a table, and loads the value's address from the
/// table. Each value takes 128 bytes, or a multiple of that, so that threads do not share cache lines. Only seats
/// that use the `PerSeat` have a value. Tables take up to 32 bytes for each seat up to the highest of these.
///
/// # Other things to know
///
/// * If `make` panics, nothing is kept, and the next call runs it again.
/// * `make` may use the same `PerSeat`. The value of the innermost call is kept, and the others are dropped. It must
///   not do so in each call, which would never end.
/// * Values are dropped with the `PerSeat`, once each. Those of a `static` are never dropped. If destructors panic, all
///   others run first.
/// * In the child of a `fork` all values are there, those of threads too that the child does not have. What such
///   a thread was doing to its value stays half done.
/// * If there is no memory for a value, the process is aborted, as by `Box::new`.
///
/// # Examples
///
/// A sharded counter:
///
/// ```
/// use std::{
///     sync::atomic::{AtomicU64, Ordering::Relaxed},
///     thread,
/// };
///
/// use corepool::PerSeat;
///
/// static REQUESTS: PerSeat<AtomicU64> = PerSeat::new(|| AtomicU64::new(0));
///
/// fn count() {
///     // A load and a store, because no other thread writes to this value.
///     REQUESTS.with(|own| own.store(own.load(Relaxed) + 1, Relaxed));
/// }
///
/// fn requests() -> u64 {
///     REQUESTS.fold(0, |sum, one| sum + one.load(Relaxed))
/// }
///
/// thread::scope(|s| {
///     for _ in 0..4 {
///         s.spawn(|| (0..1000).for_each(|_| count()));
///     }
/// });
/// assert_eq!(requests(), 4000);
/// ```
///
/// A log to which threads write without waiting for each other:
///
/// ```
/// use std::sync::Mutex;
///
/// use corepool::PerSeat;
///
/// static LOG: PerSeat<Mutex<Vec<String>>> = PerSeat::new(|| Mutex::new(Vec::new()));
///
/// LOG.with(|lines| lines.lock().unwrap().push("started".to_owned()));
/// let all: Vec<String> = LOG.iter().flat_map(|lines| std::mem::take(&mut *lines.lock().unwrap())).collect();
/// assert_eq!(all, ["started"]);
/// ```
// Aligned, because every `with` reads it: a neighbour that is written to would slow them all down.
#[repr(align(128))]
pub struct PerSeat<T> {
    values: Values<T>,
    make: fn() -> T,
}

impl<T> PerSeat<T> {
    /// Creates a `PerSeat` without values. Each value is made by `make`, on the thread that uses it first.
    pub const fn new(make: fn() -> T) -> Self {
        Self { values: Values::new(), make }
    }
}

impl<T: Send + Sync + 'static> PerSeat<T> {
    /// Calls `f` with the value of the calling thread's seat, and returns its result.
    ///
    /// No other thread is inside `with` with this value meanwhile.
    ///
    /// # Panics
    ///
    /// If `f` panics, or the function that makes values.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        match self.values.known(CurrentSeat::get().id()) {
            Some(value) => f(value.get()),
            None => self.with_slow(f),
        }
    }

    #[cold]
    #[inline(never)]
    fn with_slow<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        match current_or_join() {
            // bug: value of another seat
            Some(seat) => f(self.values.find_or_make(seat.id, self.make).get()),
            None => f(self.values.borrow_without_seat(self.make).get()),
        }
    }

    /// Returns all values that have been made, in no particular order.
    ///
    /// Other threads may be using their values meanwhile. A value that is made after the call is not included.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// use corepool::PerSeat;
    ///
    /// static LARGEST: PerSeat<AtomicUsize> = PerSeat::new(|| AtomicUsize::new(0));
    ///
    /// LARGEST.with(|own| own.fetch_max(10, Relaxed));
    /// assert_eq!(LARGEST.iter().map(|one| one.load(Relaxed)).max(), Some(10));
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }

    /// Combines all values that have been made: calls `f` with what it returned last, at first `init`, and with
    /// each value in turn. Returns its last result.
    pub fn fold<A>(&self, init: A, f: impl FnMut(A, &T) -> A) -> A {
        self.iter().fold(init, f)
    }
}

impl<T: Default> Default for PerSeat<T> {
    /// Creates a `PerSeat` whose values are made by [`Default`].
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T: fmt::Debug + Send + Sync + 'static> fmt::Debug for PerSeat<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
