//! Firing timers, and waking those that wait for sockets.

use std::task::Waker;

use crate::{
    rt::{
        context::current,
        sched::{proc::P, shared::Shared, timers::Timers},
    },
    sync::{SeqCst, fence},
    util::panics::wake_all,
};

/// Fires the timers of `timers` that are due at `now`. The calling thread belongs to the runtime, and
/// has no P or `p`.
///
/// The tasks that are woken go to the queue of `p` if `local`. Otherwise they go to the global queue,
/// which has its turn before the end of a long own queue.
pub(crate) fn fire(shared: &Shared, timers: &Timers, now: u64, p: Option<&P>, local: bool) {
    let mut due: Vec<Waker> = Vec::new();
    loop {
        timers.take_due(now, &mut due);
        if due.is_empty() {
            break;
        }
        wake_as_no_worker(p.filter(|_| local), &mut due);
    }
    get_help(shared, p);
}

/// Calls the wakers of sockets that are ready, on a thread that has no P or `p`: then the tasks go to
/// the queue of that P.
pub(crate) fn wake_ready(shared: &Shared, ready: &mut Vec<Waker>, p: Option<&P>) {
    wake_as_no_worker(p, ready);
    get_help(shared, p);
}

/// Calls the wakers. The tasks that are woken go to the queue of `to`, or else to the global queue.
fn wake_as_no_worker(to: Option<&P>, wakers: &mut Vec<Waker>) {
    let _firing = current::begin_firing(to);
    wake_all(wakers.drain(..));
}

/// Wakes a thread if more tasks were woken than the calling one, with the P `p`, can run now.
fn get_help(shared: &Shared, p: Option<&P>) {
    if p.is_some_and(|p| p.queue.len() > 1) {
        // The last of the tasks comes before the look at whether a thread has to be woken: see
        // `sched.rs`.
        fence(SeqCst);
        shared.wake();
    }
}

/// Fires all timers that are due.
pub(crate) fn fire_all(shared: &Shared, p: Option<&P>) {
    let now = shared.clock.now();
    for timers in shared.all_timers().filter(|timers| timers.first() <= now) {
        fire(shared, timers, now, p, p.is_some());
    }
}
