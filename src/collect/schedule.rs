//! When a collect is due.
//!
//! An allocator or the clock only *requests* a collect: it raises a flag. The thread that collects
//! takes the flag: the collect thread, a janitor, or a task of a runtime. The hit path does not read
//! the flag.
//!
//! The flag is cleared before the collect starts, so no request is lost: one that arrives too late
//! for a collect stays pending for the next one. The thread that takes the flag sees what came
//! before every request that it answers.

use std::{cell::Cell, time::Duration};

use super::{collect::collect_from, fork, live_heap, on_collect};
use crate::{
    seat::table::Seats,
    sync::{Acquire, ProcessBool, Relaxed, Release, Untracked},
    util::{
        coarse_clock,
        panics::{FirstPanic, catch_and_discard},
    },
};

/// Each thread reads the clock on its first slow-path call, and on every `LOOKS`th call after that.
const LOOKS: u32 = 16;

/// The default interval, in milliseconds. Go forces a garbage collection after the same time.
const TWO_MINUTES: usize = if cfg!(any(test, corepool_fuzzing)) { 0 } else { 120_000 };

static DUE: CollectRequest = CollectRequest::new();
/// Milliseconds without a collect after which one is due, or 0 for never.
static INTERVAL: Untracked = Untracked::new(TWO_MINUTES);
/// When the last collect began, or when the clock was first read. 0 before that.
static LAST: Untracked = Untracked::new(0);
/// The number of collects of all pools.
static COLLECTS: Untracked = Untracked::new(0);

/// Whether a request was made that no call has passed on to the thread that collects.
static NEWS: Untracked = Untracked::new(0);

thread_local! {
    /// The calls of [`tick`] that are left before this thread reads the clock again.
    static LEFT: Cell<u32> = const { Cell::new(0) };
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
    renew_news();
}

/// Returns whether a collect is requested.
pub(crate) fn is_asked() -> bool {
    DUE.is_asked()
}

/// Returns whether a call must pass on a request.
#[inline]
pub(crate) fn has_news() -> bool {
    NEWS.load(Relaxed) != 0
}

/// Has calls pass on the request.
pub(crate) fn renew_news() {
    NEWS.store(1, Relaxed);
}

/// Called before the request is passed on, and before it is taken.
pub(crate) fn end_news() {
    NEWS.store(0, Relaxed);
}

/// Takes the request, and returns whether there was one. If so, the caller must run the collect.
pub(crate) fn take() -> bool {
    if !DUE.is_asked() {
        return false;
    }
    // First: a request that is made from here on must be passed on, unless it is taken below.
    end_news();
    DUE.take()
}

/// Reads the clock, if it is this thread's turn, and requests a collect if one is due.
pub(crate) fn tick() {
    let left = LEFT.get();
    LEFT.set(left.wrapping_sub(1));
    // bug: clock never read
    if left == 0 {
        LEFT.set(LOOKS - 1);
        check_clock();
    }
}

/// Returns the time, in milliseconds.
pub(crate) fn now() -> usize {
    coarse_clock::millis()
}

/// Returns the interval in milliseconds, or 0 if the clock requests no collects.
pub(crate) fn interval() -> usize {
    INTERVAL.load(Relaxed)
}

/// Sets the interval.
pub(crate) fn set_interval(interval: Option<Duration>) {
    let most = usize::MAX / 2;
    // bug: interval truncated
    let millis = |time: Duration| time.as_millis().clamp(1, most as u128) as usize;
    INTERVAL.store(interval.map_or(0, millis), Relaxed);
}

/// Makes the next collect by the clock due after a whole interval.
pub(crate) fn restart_clock() {
    LAST.store(coarse_clock::millis(), Relaxed);
}

/// Returns the time until the clock requests a collect, as far as is known now. `None` if it never
/// does.
pub(crate) fn remaining() -> Option<Duration> {
    let (interval, last) = (INTERVAL.load(Relaxed), LAST.load(Relaxed));
    let gone = if last == 0 { 0 } else { coarse_clock::since(last) };
    (interval != 0).then(|| Duration::from_millis(interval.saturating_sub(gone) as u64))
}

/// Reads the clock, and requests a collect if one is due.
pub(crate) fn check_clock() {
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

/// Collects. Panics of destructors are reported, but go no further: the thread did not ask for this
/// collect.
pub(crate) fn run() {
    // bug: panic of a dropped object propagates
    catch_and_discard(collect);
}

/// A collect of all pools that is running. It ends when this is dropped, even by a panic of a
/// destructor.
pub(crate) struct Collecting(());

/// Begins a collect of all pools, which answers all requests made before.
pub(crate) fn begin() -> Collecting {
    answer();
    Collecting(())
}

/// Counts what is about to begin as a collect of all pools, and as the answer to all requests made
/// before.
pub(crate) fn answer() {
    COLLECTS.fetch_add(1, Relaxed);
    take();
    restart_clock();
    live_heap::rebase();
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
/// At the end it runs what was registered by [`on_collect`](crate::on_collect()).
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
    let mut panics = FirstPanic::new();
    // bug: destructor that panics keeps hooks from running
    panics.guard(|| collect_from(Seats::process()));
    // Before the end of the collect, so that what hooks free counts as freed by it.
    on_collect::run();
    panics.resume();
}
