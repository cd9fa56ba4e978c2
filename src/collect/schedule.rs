//! When a collect is due, and which thread runs it.
//!
//! An allocator or the clock only *requests* a collect: it raises a flag. A thread on the slow path
//! sees the flag, takes it, and collects when its own work is done. If there is a janitor, the
//! thread leaves the collect to it. The hit path does not read the flag.
//!
//! A runtime's monitor reads the clock and the flag. It does not take the flag, and has a task run
//! the collect.
//!
//! The flag is cleared before the collect starts, so no request is lost: one that arrives too late
//! for a collect stays pending for the next one. The thread that takes the flag sees what came
//! before every request that it answers.

use std::{cell::Cell, thread::panicking, time::Duration};

use super::{collect::collect_from, fork, live_heap, registry::Registry};
use crate::{
    seat::table::Seats,
    sync::{Acquire, ProcessBool, Relaxed, Release, Untracked},
    util::{coarse_clock, panics::catch_and_discard},
};

/// Each thread reads the clock on its first slow-path call, and on every `LOOKS`th call after that.
const LOOKS: u32 = 16;

/// The default interval, in milliseconds. Go forces a garbage collection after the same time.
const TWO_MINUTES: usize = if cfg!(any(test, fuzzing)) { 0 } else { 120_000 };

static DUE: CollectRequest = CollectRequest::new();
/// Milliseconds without a collect after which one is due, or 0 for never.
static INTERVAL: Untracked = Untracked::new(TWO_MINUTES);
/// When the last collect began, or when the clock was first read. 0 before that.
static LAST: Untracked = Untracked::new(0);
/// The number of collects of all pools.
static COLLECTS: Untracked = Untracked::new(0);

thread_local! {
    /// The calls of [`poll`] that are left before this thread reads the clock again.
    static LEFT: Cell<u32> = const { Cell::new(0) };
    /// Whether this thread is running a requested collect.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// The flag that requests a collect.
#[derive(Debug)]
pub(crate) struct CollectRequest(ProcessBool);

impl CollectRequest {
    pub(crate) const fn new() -> Self {
        Self(ProcessBool::new(false))
    }

    /// Requests a collect.
    pub(crate) fn ask(&self) {
        // Release: pairs with the Acquire in `take`. A swap, so that earlier requests pair with it
        // as well.
        // bug: request without release
        self.0.swap(true, Release);
    }

    #[inline]
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Takes the request, and returns whether there was one. If so, the caller must run the
    /// collect.
    pub(crate) fn take(&self) -> bool {
        // Acquire: pairs with the Release in `ask`.
        // bug: request taken without acquire; request taken twice
        self.is_asked() && self.0.swap(false, Acquire)
    }
}

/// Requests a collect. Neither locks nor allocates.
pub(crate) fn ask() {
    DUE.ask();
}

/// Takes the request, and returns whether there was one. If so, the caller must run the collect.
pub(crate) fn take() -> bool {
    DUE.take()
}

/// Runs a collect if one is due, or leaves it to the janitor. Called on the slow path, with nothing
/// held.
#[inline]
pub(crate) fn poll() {
    let left = LEFT.get();
    LEFT.set(left.wrapping_sub(1));
    // bug: clock never read
    if left == 0 {
        LEFT.set(LOOKS - 1);
        check_clock();
    }
    if DUE.is_asked() {
        run_if_requested();
    }
}

/// For a thread that runs at intervals, such as a runtime's monitor: returns whether a collect is
/// due that the caller must get some thread to run, with [`run_if_requested`]. Until then the
/// request stays pending, for other threads as well. If there is a janitor, wakes it instead and
/// returns false.
#[cfg(any(test, feature = "rt"))]
pub(crate) fn monitor_tick() -> bool {
    // bug: monitor does not read the clock
    check_clock();
    DUE.is_asked() && !wake_janitor()
}

/// Returns the time until the clock requests a collect, as far as is known now. `None` if it never
/// does.
#[cfg(feature = "rt")]
pub(crate) fn remaining() -> Option<Duration> {
    let (interval, last) = (INTERVAL.load(Relaxed), LAST.load(Relaxed));
    let gone = if last == 0 { 0 } else { coarse_clock::since(last) };
    (interval != 0).then(|| Duration::from_millis(interval.saturating_sub(gone) as u64))
}

fn check_clock() {
    let interval = INTERVAL.load(Relaxed);
    if interval == 0 {
        return;
    }
    let last = LAST.load(Relaxed);
    if last != 0 && coarse_clock::since(last) < interval {
        return;
    }
    // Of the threads that get here at the same time, the one that advances `LAST` requests the
    // collect. The first reading of the process only starts the clock.
    let first = LAST.compare_exchange(last, coarse_clock::millis(), Relaxed, Relaxed).is_ok();
    if first && last != 0 {
        ask();
    }
}

/// Runs the requested collect, unless another thread has taken the request, or a janitor runs it.
/// Does nothing inside another requested collect, whose destructors may get here, or while the
/// thread panics.
#[cold]
pub(crate) fn run_if_requested() {
    // bug: collect inside a collect; collect not left to the janitor
    if !BUSY.get() && !panicking() && !wake_janitor() && take() {
        run();
    }
}

/// Wakes a janitor, and returns whether there is one. Also returns true if the registry is locked:
/// another thread is collecting, and a later call will see the request.
fn wake_janitor() -> bool {
    Registry::try_lock().is_none_or(|registry| registry.wake_janitor())
}

/// Collects. Panics of destructors are reported, but go no further: the caller did not ask for this
/// collect.
pub(crate) fn run() {
    BUSY.set(true);
    // bug: panic of a dropped object propagates
    catch_and_discard(collect);
    BUSY.set(false);
}

/// A collect of all pools that is running. It ends when this is dropped, even by a panic of a
/// destructor.
pub(crate) struct Collecting(());

/// Begins a collect of all pools, which answers all requests made before.
pub(crate) fn begin() -> Collecting {
    take();
    COLLECTS.fetch_add(1, Relaxed);
    LAST.store(coarse_clock::millis(), Relaxed);
    live_heap::rebase();
    Collecting(())
}

impl Drop for Collecting {
    fn drop(&mut self) {
        // bug: growth counted from before the drops
        live_heap::rebase();
    }
}

/// Returns the number of collects of all pools.
pub(crate) fn collects() -> usize {
    COLLECTS.load(Relaxed)
}

/// Returns the time since the last collect of all pools began. Before the first one, returns the
/// time since the clock was first read, or `None` if it was not read.
pub(crate) fn since_last() -> Option<Duration> {
    let last = LAST.load(Relaxed);
    (last != 0).then(|| Duration::from_millis(coarse_clock::since(last) as u64))
}

/// Sets the time after which pools [`collect`](crate::collect()) automatically. The default is two
/// minutes. `None` turns this off.
///
/// No background thread does this. A call that takes the slow path, because its thread has no idle
/// object or no room, reads the clock from time to time. If no collect of all pools has begun for
/// `interval`, the call runs one when its own work is done. So, by default, an idle object is
/// dropped after two to four minutes, as long as the calls on some pool of the process are not all
/// hits. With a [`janitor`](crate::janitor()), this holds even if no pool is used.
///
/// The destructors of the dropped objects run on that thread, inside its call. They may use pools.
/// But a destructor that needs a lock which the caller holds around the call deadlocks, and a
/// `RefCell` that the caller has borrowed stays borrowed. If that can happen, turn this off, or run
/// a janitor, which then collects in place of all other threads. If a destructor panics, the panic
/// is reported as usual, and goes no further.
///
/// Times are kept in milliseconds; a shorter `interval` counts as one millisecond.
///
/// Go does the same: it forces a garbage collection, which ages its pools, when there was none for
/// two minutes.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// corepool::set_collect_interval(Some(Duration::from_secs(30)));
/// corepool::set_collect_interval(None);
/// ```
pub fn set_collect_interval(interval: Option<Duration>) {
    let most = usize::MAX / 2;
    // bug: interval truncated
    let millis = |time: Duration| time.as_millis().clamp(1, most as u128) as usize;
    INTERVAL.store(interval.map_or(0, millis), Relaxed);
}

/// Ages every pool of the process by one generation.
///
/// Objects that have been idle since before the previous collect are dropped. Objects that are idle
/// now are dropped by the next collect, unless they are used before it. So an idle object survives
/// one collect and is dropped by the second, as in Go, where each garbage collection does this to
/// every `sync.Pool`.
///
/// Other threads go on using their pools. For a few microseconds they may find a pool empty and
/// create objects. The destructors run on the calling thread, one after another.
///
/// # Panics
///
/// If destructors panic. All objects are dropped first; then the first panic is resumed.
///
/// # Examples
///
/// ```
/// use corepool::Pool;
///
/// static BUFFERS: Pool<Vec<u8>> = Pool::new(Vec::new);
///
/// drop(BUFFERS.get());
/// corepool::collect();
/// assert_eq!(BUFFERS.stats().idle, 1);
/// corepool::collect();
/// assert_eq!(BUFFERS.stats().idle, 0);
/// ```
pub fn collect() {
    fork::watch();
    let _collecting = begin();
    collect_from(Seats::process());
}
