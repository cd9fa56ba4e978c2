//! What the calls on the slow path do for the ageing of idle objects: they start the collect thread,
//! and tell it that a collect is requested. Only where no thread can be had do they age their pool.

use std::time::Duration;

use super::{
    collect_thread::{ensure, launch, reconsider},
    keeper::{Keeper, WATCH},
    registry::Registry,
    schedule,
    thread_state::WAKE,
    without_thread::{OwnAge, begin_round, take_part},
};
use crate::seat::table::Seats;

/// How long a runtime may take to begin a requested collect, in milliseconds. After that, calls
/// have the collect thread run it: the workers may all be stuck.
const GRACE: usize = 20;

/// A pool, as its own calls age it: its index in the registry, and when it has aged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) index: usize,
    pub(crate) age: &'a OwnAge,
}

/// Called on the slow path, at the end of a call of this pool, with nothing held. `leaves_idle`
/// returns whether the collect thread is needed for what the call may have left idle.
#[inline]
pub(crate) fn poll(caller: Caller<'_>, leaves_idle: impl FnOnce() -> bool) {
    if !WATCH.is_covered() || schedule::has_news() {
        attend(caller, leaves_idle());
    }
}

#[cold]
fn attend(caller: Caller<'_>, leaves_idle: bool) {
    match WATCH.keeper() {
        Keeper::Covered => {}
        Keeper::Nobody if leaves_idle => ensure(&mut Registry::lock(), &WATCH),
        Keeper::Nobody => {}
        Keeper::Janitor | Keeper::Calls => schedule::tick(),
    }
    if schedule::has_news() {
        pass_on(caller);
    }
    if WATCH.keeper() == Keeper::Calls {
        take_part(caller.age, caller.index);
    }
}

/// Passes on the request for a collect: to a janitor, to the collect thread, or to a runtime. If
/// another thread holds the registry's lock, a later call does this.
fn pass_on(caller: Caller<'_>) {
    let Some(mut registry) = Registry::try_lock() else { return };
    // First: a request that is made from here on is passed on by a later call.
    schedule::end_news();
    let thread = &registry.thread;
    // bug: collect not left to the janitor
    if !schedule::is_asked() || thread.exiting || registry.wake_janitor() {
        return;
    }
    if thread.running {
        // bug: collect thread not woken for a request
        WAKE.notify_all();
    } else if thread.monitors > 0 && !is_overdue(&mut registry) {
        schedule::renew_news();
    } else if !launch(&mut registry, &WATCH) {
        drop(registry);
        age_alone(caller);
    }
}

/// Answers the request where no thread can be had.
fn age_alone(caller: Caller<'_>) {
    if schedule::take() {
        begin_round();
    }
    take_part(caller.age, caller.index);
}

/// Returns whether a request has been left to a runtime for too long.
fn is_overdue(registry: &mut Registry) -> bool {
    let now = schedule::now();
    let since = &mut registry.thread.left_to_monitor;
    match *since {
        Some((collects, then)) if collects == schedule::collects() => {
            // bug: request left to a runtime that is stuck
            now.wrapping_sub(then) >= GRACE
        }
        _ => {
            *since = Some((schedule::collects(), now));
            false
        }
    }
}

/// For a thread that runs at intervals, such as a runtime's monitor: returns whether a collect is
/// due that the caller must get some thread to run, with [`run_if_requested`]. Until then the
/// request stays pending, for other threads as well. If there is a janitor, wakes it instead and
/// returns false.
#[cfg(any(test, feature = "rt"))]
pub(crate) fn monitor_tick() -> bool {
    // bug: monitor does not read the clock
    schedule::check_clock();
    schedule::is_asked() && !wake_janitor()
}

/// Runs the requested collect, unless another thread has taken the request, or a janitor runs it.
#[cfg(any(test, feature = "rt"))]
pub(crate) fn run_if_requested() {
    if !wake_janitor() && schedule::take() {
        schedule::run();
    }
}

/// Wakes a janitor, and returns whether there is one. Also returns true if the registry is locked:
/// another thread is collecting, and a later call will see the request.
#[cfg(any(test, feature = "rt"))]
fn wake_janitor() -> bool {
    Registry::try_lock().is_none_or(|registry| registry.wake_janitor())
}

/// Sets the time after which pools [`collect`](crate::collect()) automatically. The default is two
/// minutes. `None` turns this off.
///
/// If there was no collect of all pools for `interval`, a thread named `corepool-collect` runs one.
/// So an idle object is dropped after one to two intervals, whether or not pools are used. The
/// destructors run on that thread, and not inside a call of any pool. They may use pools, collect,
/// and need locks that other threads hold around calls of pools. One that never returns stops the
/// ageing, and nothing else. If one panics, the panic is reported as usual, and goes no further.
///
/// The thread exists while there may be something to age. The call that leaves a second object of
/// its thread idle, in the same pool or in another, or an object that no thread owns, starts it,
/// which takes about 50 µs. A program of which each thread uses one object of one pool has no such
/// thread, and keeps these objects. The thread ends when a collect has left nothing idle in any
/// pool. After that, the next call that leaves something idle starts another one. The thread has a
/// stack of 2 MiB, as threads of `std` have, of which it touches a few KiB, and it blocks all
/// signals but those for its own faults. An exit of the process ends it, and waits for it unless
/// destructors run there for more than 100 ms. A forked child starts a thread of its own.
///
/// A [`janitor`](crate::janitor()), and a runtime of this crate, collect in place of the thread,
/// which does not exist beside them. If `interval` is `None`, it is started for each collect that
/// [`PacedAlloc`](crate::alloc::PacedAlloc) requests, and ends after it. Then this call does what
/// [`init`](crate::init()) does, because there is no such thread that would.
///
/// Where no thread can be started, each pool ages in its own calls: one that takes the slow path,
/// because its thread has no idle object or no room, ages the pool if `interval` has passed, and
/// runs the destructors of objects of that pool only.
///
/// Where there is no clock either, on `wasm32-unknown-unknown`, no time passes: objects age when
/// [`collect`](crate::collect()) or [`trim`](crate::Pool::trim) is called, and when
/// [`PacedAlloc`](crate::alloc::PacedAlloc) requests it.
///
/// Times are kept in milliseconds; a shorter `interval` counts as one millisecond. With words of 32 bits,
/// an `interval` above 24 days counts as 24 days.
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
    schedule::set_interval(interval);
    if interval.is_none() {
        // No thread may be started that would do it.
        Seats::process().fence_kind().register();
    }
    // bug: collect thread does not learn of a new interval
    reconsider(&mut Registry::lock());
}
