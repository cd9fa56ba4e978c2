//! The collect thread: it runs the collects that are due, so that no call of a pool does.
//!
//! It is started by a call that leaves something idle, sleeps until a collect is due, and ends when
//! a collect has left nothing idle in any pool. Everything here happens under the registry's lock.
//!
//! # Its end
//!
//! A call on the slow path puts an object and then reads whether there is a collect thread. The
//! thread first says that there is none, and then looks for objects:
//!
//! ```text
//! call     put an object;            is there a thread? if not, start one
//! thread   say that there is none;   claim all seats; look at all shards and shelves
//! ```
//!
//! Either the call pins its seat before the claim, or locks the shelf before the look at it; then
//! the thread sees the object, and takes back what it has said. Or the call comes later; then it
//! sees what the thread has said. A hit does not read whether there is a thread. So the thread
//! leaves a mark on each seat, with which the next operation of the seat's owner is no hit.

use std::time::Duration;

use super::{
    at_exit,
    keeper::{Keeper, WATCH, Watch},
    registry::Registry,
    schedule,
    thread_state::WAKE,
};
use crate::{
    seat::{claim::Claim, seat::Seat, table::Seats},
    sync::{MutexGuard, NativeThread, heavy_fence, wait_timeout},
    util::last_thread::{is_alone, is_main},
};

/// How often the thread looks whether it is the last one, after the end of the main thread.
const LOOK: Duration = Duration::from_millis(100);

/// Sets who sees to it that idle objects age.
fn update(registry: &Registry, watch: &Watch) {
    let thread = &registry.thread;
    watch.set(if thread.running || thread.exiting {
        Keeper::Covered
    } else if registry.has_janitor() {
        Keeper::Janitor
    } else if thread.monitors > 0 {
        Keeper::Covered
    } else if thread.refused {
        Keeper::Calls
    } else if schedule::interval() == 0 {
        Keeper::Covered
    } else {
        Keeper::Nobody
    });
}

/// Makes sure that someone sees to it that idle objects age: starts the thread if nobody does.
pub(crate) fn ensure(registry: &mut Registry, watch: &Watch) {
    // bug: thread for pools that it does not age
    if registry.collected_pools().next().is_some() {
        start(registry, watch);
    } else {
        update(registry, watch);
    }
}

/// Starts the thread, unless others do its work or nobody needs to.
pub(crate) fn start(registry: &mut Registry, watch: &Watch) {
    update(registry, watch);
    if watch.keeper() == Keeper::Nobody {
        // The first collect is an interval away.
        schedule::restart_clock();
        launch(registry, watch);
    }
}

/// Starts the thread, which does not run. Returns false if the system refuses.
pub(super) fn launch(registry: &mut Registry, watch: &Watch) -> bool {
    at_exit::register();
    let thread = &mut registry.thread;
    if let Some(old) = thread.handle.take() {
        // It has ended, or returns as soon as it has destroyed its thread-locals. Code of this
        // library runs there, which cannot be unloaded as long as there are any.
        if thread.collected { old.detach() } else { old.join() }
    }
    Seats::process().fence_kind().await_registration();
    thread.handle = NativeThread::start(main);
    thread.running = thread.handle.is_some();
    // bug: recalls wait for a thread that was refused
    if !thread.running {
        heavy_fence::forget_registration();
    }
    (thread.refused, thread.collected) = (!thread.running, false);
    update(registry, watch);
    registry.thread.running
}

/// Called when something has changed that the thread, or its start, depends on.
pub(crate) fn reconsider(registry: &mut Registry) {
    WAKE.notify_all();
    // The thread may be needed, and no call may follow that would find out.
    // bug: idle objects do not age after a janitor's end
    ensure(registry, &WATCH);
}

/// Called by the owner of a seat that the thread has marked at its end.
#[cold]
pub(crate) fn watch_again(seat: &Seat, watch: &Watch) {
    // Before the start: the new thread may end, and mark the seat again.
    // bug: seat watched after the start
    seat.watch();
    ensure(&mut Registry::lock(), watch);
}

/// Called by a thread that has given up its seat, at its exit.
pub(crate) fn after_exit() {
    if is_main() {
        // No thread is started now, because the process probably exits.
        let mut registry = Registry::lock();
        // bug: process outlives its last thread
        registry.thread.main_ends = true;
        WAKE.notify_all();
    } else if WATCH.keeper() == Keeper::Nobody {
        let mut registry = Registry::lock();
        // bug: objects of ended threads never age
        if registry.collected_pools().any(|pool| pool.is_on_shelf()) {
            ensure(&mut registry, &WATCH);
        }
    }
}

/// What the thread does next.
enum Step {
    Sleep(Duration),
    Collect,
    End,
}

fn next(registry: &Registry) -> Step {
    let thread = &registry.thread;
    if thread.exiting || registry.has_janitor() {
        return Step::End;
    }
    if schedule::take() {
        return Step::Collect;
    }
    match schedule::remaining() {
        // bug: collect thread stays beside a runtime
        _ if thread.monitors > 0 => Step::End,
        None => Step::End,
        Some(Duration::ZERO) => Step::Collect,
        Some(left) if thread.main_ends => Step::Sleep(left.min(LOOK)),
        Some(left) => Step::Sleep(left),
    }
}

/// The main function of the thread.
fn main() {
    // Here, so that no user's call need do it.
    Seats::process().fence_kind().register();
    let mut registry = Registry::lock();
    loop {
        match next(&registry) {
            Step::Sleep(limit) => {
                let (locked, timed_out) = wait_timeout(&WAKE, registry, Some(limit));
                registry = locked;
                // An exit by the main thread wakes this thread before it looks.
                if registry.thread.main_ends && timed_out {
                    drop(registry);
                    let alone = is_alone();
                    registry = Registry::lock();
                    if alone {
                        return end(&mut registry);
                    }
                }
            }
            Step::Collect => {
                registry = collect(registry);
                if try_end(&mut registry, Seats::process(), &WATCH) {
                    return;
                }
            }
            Step::End => return end(&mut registry),
        }
    }
}

/// Ends the thread because others do its work, or nobody needs to.
fn end(registry: &mut Registry) {
    registry.thread.running = false;
    update(registry, &WATCH);
    WAKE.notify_all();
    // It may take over a request that was passed on to this thread.
    registry.wake_janitor();
}

/// Collects, with the registry unlocked.
fn collect(mut registry: MutexGuard<'static, Registry>) -> MutexGuard<'static, Registry> {
    thread_local! {
        static LOADED: StaysLoaded = const { StaysLoaded };
    }
    (registry.thread.collecting, registry.thread.collected) = (true, true);
    drop(registry);
    // Destructors run here, which may last for any time.
    let _ = LOADED.try_with(|_| ());
    schedule::run();
    let mut registry = Registry::lock();
    registry.thread.collecting = false;
    WAKE.notify_all();
    registry
}

/// The destructor of a thread-local keeps the library that it is in loaded, as long as the thread
/// lives.
struct StaysLoaded;

impl Drop for StaysLoaded {
    fn drop(&mut self) {}
}

/// Ends the thread if all pools are empty: from here on a call that leaves something idle starts
/// another one. Returns false if the thread must go on.
pub(crate) fn try_end(registry: &mut Registry, seats: &Seats, watch: &Watch) -> bool {
    // SAFETY: locked.
    if !registry.collected_pools().all(|pool| unsafe { pool.seems_empty() }) {
        return false;
    }
    // bug: end announced after the look
    registry.thread.running = false;
    update(registry, watch);
    // SAFETY: the lock makes this the only claim.
    let claim = unsafe { Claim::new(seats, false) };
    claim.wait();
    // SAFETY: locked and claimed, after `seems_empty`.
    // bug: end with an object in a shard
    let empty =
        claim.reaches_all() && registry.collected_pools().all(|pool| unsafe { pool.is_empty() });
    // bug: end without a mark
    if empty {
        claim.unwatch_all();
    }
    drop(claim);
    registry.thread.running = !empty;
    update(registry, watch);
    empty
}

/// A runtime, whose monitor calls [`monitor_tick`](super::poll::monitor_tick).
#[cfg(feature = "rt")]
pub(crate) struct Monitor {
    /// Registers the process, if that had not been done.
    registers: Option<NativeThread>,
}

#[cfg(feature = "rt")]
impl Monitor {
    pub(crate) fn new() -> Self {
        let mut registers = None;
        if Seats::process().fence_kind().await_registration() {
            registers = NativeThread::start(|| Seats::process().fence_kind().register());
            if registers.is_none() {
                heavy_fence::forget_registration();
            }
        }
        let mut registry = Registry::lock();
        registry.thread.monitors += 1;
        reconsider(&mut registry);
        Self { registers }
    }
}

#[cfg(feature = "rt")]
impl Drop for Monitor {
    fn drop(&mut self) {
        let mut registry = Registry::lock();
        // In a forked child the count is 0.
        registry.thread.monitors = registry.thread.monitors.saturating_sub(1);
        reconsider(&mut registry);
        drop(registry);
        self.registers.take().into_iter().for_each(NativeThread::join);
    }
}
