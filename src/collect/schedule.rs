//! When a collect is due, and who runs it.
//!
//! Whoever finds that memory should come back (an allocator, the clock) only *asks*: it raises a
//! flag. A thread that is on a long way anyhow looks at the flag, takes it, and collects once its
//! own work is done; or it leaves that to the janitor, if there is one. A hit does not look.
//!
//! A runtime's monitor only sees that it is up, and has a task look at it.
//!
//! Who takes the flag begins to collect afterwards, so that no request is lost: what is asked for
//! too late for one collect leaves the flag up for the next. Who takes it sees what came before
//! every request that it answers.

use std::{cell::Cell, thread::panicking, time::Duration};

use super::{collect::collect_from, fork, live_heap, registry::Registry};
use crate::{
    seat::table::Seats,
    sync::{Acquire, ProcessBool, Relaxed, Release, Untracked},
    util::{coarse_clock, panics::catch_and_discard},
};

/// Of so many looks one is at the clock, in each thread: at its first one, and from then on.
const LOOKS: u32 = 16;

/// Go forces a collection after as long.
const TWO_MINUTES: usize = if cfg!(any(test, fuzzing)) { 0 } else { 120_000 };

static DUE: CollectRequest = CollectRequest::new();
/// Milliseconds without a collect after which one is due, or 0 for never.
static INTERVAL: Untracked = Untracked::new(TWO_MINUTES);
/// When the last collect began, or the clock was first looked at. 0 before.
static LAST: Untracked = Untracked::new(0);
/// Collects of all pools so far.
static COLLECTS: Untracked = Untracked::new(0);

thread_local! {
    /// Looks until the next one at the clock.
    static LEFT: Cell<u32> = const { Cell::new(0) };
    /// Whether this thread is at work on a collect that was due.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// The request for a collect.
#[derive(Debug)]
pub(crate) struct CollectRequest(ProcessBool);

impl CollectRequest {
    pub(crate) const fn new() -> Self {
        Self(ProcessBool::new(false))
    }

    /// Asks for a collect.
    pub(crate) fn ask(&self) {
        // Release: pairs with the Acquire in `take`. A swap, so that it pairs for those as well who
        // have asked before.
        // bug: request without release
        self.0.swap(true, Release);
    }

    #[inline]
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Whether a collect was asked for that nobody has begun. It is the caller's to run.
    pub(crate) fn take(&self) -> bool {
        // Acquire: pairs with the Release in `ask`.
        // bug: request taken without acquire; request taken twice
        self.is_asked() && self.0.swap(false, Acquire)
    }
}

/// Asks for a collect. Neither locks nor allocates.
pub(crate) fn ask() {
    DUE.ask();
}

/// Whether a collect was asked for. It is the caller's to run.
pub(crate) fn take() -> bool {
    DUE.take()
}

/// A look on a long way, with nothing held: sees to it that what is due is done.
#[inline]
pub(crate) fn poll() {
    let left = LEFT.get();
    LEFT.set(left.wrapping_sub(1));
    // bug: clock that is not looked at
    if left == 0 {
        LEFT.set(LOOKS - 1);
        check_clock();
    }
    if DUE.is_asked() {
        run_if_requested();
    }
}

/// One round of a thread that comes by regularly, such as a runtime's monitor: whether a collect is
/// due, because an allocator has asked or the time is over, for which the caller has to find somebody
/// to [`run_if_requested`]. Until then the request stands, for others too. If there is a janitor it is the one
/// who does it.
#[cfg(any(test, feature = "rt"))]
pub(crate) fn monitor_tick() -> bool {
    // bug: round that skips the clock
    check_clock();
    DUE.is_asked() && !wake_janitor()
}

/// How long it is until the clock asks, as far as is known now.
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
    // Of the threads that see this at the same time, one asks. The first look of all only starts the
    // clock.
    let first = LAST.compare_exchange(last, coarse_clock::millis(), Relaxed, Relaxed).is_ok();
    if first && last != 0 {
        ask();
    }
}

/// Runs the collect that is due, if it still is, unless it is the janitor's to run. Not in the midst
/// of another one, whose destructors may come here, nor in that of a panic.
#[cold]
pub(crate) fn run_if_requested() {
    // bug: collect in the midst of a collect; janitor passed over
    if !BUSY.get() && !panicking() && !wake_janitor() && take() {
        run();
    }
}

/// Wakes a janitor, if there is one. Returns true as well if the registry is locked: some thread
/// collects just then, and a later look will do.
fn wake_janitor() -> bool {
    Registry::try_lock().is_none_or(|registry| registry.wake_janitor())
}

/// Collects. Panics of destructors have been reported, and go no further: whoever is here did not
/// ask for them.
pub(crate) fn run() {
    BUSY.set(true);
    // bug: panic of an old object goes on
    catch_and_discard(collect);
    BUSY.set(false);
}

/// A collect of all pools is at work, until this goes: by a panic of a destructor, too.
pub(crate) struct Collecting(());

/// A collect of all pools begins, which answers what was asked for before.
pub(crate) fn begin() -> Collecting {
    take();
    COLLECTS.fetch_add(1, Relaxed);
    LAST.store(coarse_clock::millis(), Relaxed);
    live_heap::rebase();
    Collecting(())
}

impl Drop for Collecting {
    fn drop(&mut self) {
        // bug: growth since before what was dropped
        live_heap::rebase();
    }
}

/// Collects of all pools so far.
pub(crate) fn collects() -> usize {
    COLLECTS.load(Relaxed)
}

/// Time since the last collect of all pools began. `None` if there has been none, as far as known.
pub(crate) fn since_last() -> Option<Duration> {
    let last = LAST.load(Relaxed);
    (last != 0).then(|| Duration::from_millis(coarse_clock::since(last) as u64))
}

/// Sets the time after which pools [`collect`](crate::collect()) by themselves: two minutes, unless
/// this says otherwise. `None` turns it off.
///
/// There is no thread behind it. Now and then a call of a pool that finds nothing at hand, or has
/// no room at hand, looks whether so much time has passed since the last collect of all pools; if
/// so it collects when its own work is done. So an idle object is dropped after two to four
/// minutes, as long as some pool of the process is used in other ways than by hits alone. With
/// [`janitor`](crate::janitor()) that holds without any use.
///
/// The destructors of what is dropped then run on that thread, inside its call. They may use pools,
/// but deadlock on a lock that the caller holds around the call, and find a `RefCell` borrowed that it
/// has borrowed: where that can be, turn this off or run a janitor, which collects in the place of all
/// others. If they panic the panic is reported as
/// any other, and goes no further.
///
/// Times are kept in milliseconds; what is shorter counts as one.
///
/// Go forces a garbage collection, which ages its pools, when there was none for two minutes.
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
    // bug: time cut off
    let millis = |time: Duration| time.as_millis().clamp(1, most as u128) as usize;
    INTERVAL.store(interval.map_or(0, millis), Relaxed);
}

/// Ages every pool of the process by one generation.
///
/// What has been idle since before the previous collect is dropped; what is idle now will be at the
/// next one, unless it is used before. So an idle object survives one collect and goes at the
/// second, as in Go, where each garbage collection does this to every `sync.Pool`.
///
/// Other threads go on using their pools. For a few microseconds they may find a pool empty and
/// create objects. The destructors run on the calling thread, one after the other.
///
/// # Panics
///
/// If destructors panic: once all objects have been dropped, with the first panic.
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
