//! The end of a runtime.
//!
//! No task is polled again once the scheduler has stopped, except in the poll that a worker may just
//! begin. Sysmon drops all other tasks: it visits those that are listed and wakes them, so that they
//! come to a queue, and empties the queues. It does so at once, since polls in progress may take
//! long, or wait for what those drops do; and again when the workers have ended, except those that
//! are stuck and were replaced, since a last poll may have left a task waiting.
//!
//! After that only tasks are left that are in a poll, and tasks that a foreign thread has marked as
//! woken and is about to queue. When these arrive, the [reaper] drops them.
//!
//! Destructors run with nothing locked, on a thread that belongs to the runtime. What they wake comes
//! to a queue, so that drops do not nest.

use std::time::{Duration, Instant};

use super::{
    owned::Owned,
    proc::P,
    ready::{self, Ready},
    reaper,
    sched::dismiss,
    shared::Shared,
    thread_of,
    watch::Why,
};
use crate::{
    sync::{lock::lock, wait_timeout},
    util::panics::wake_all,
};

impl Shared {
    /// The lists of unfinished tasks.
    fn lists(&self) -> impl Iterator<Item = &Owned> {
        let ps = self.sched.ps().map(|p: &P| &p.owned);
        ps.chain([self.outside.owned()])
    }

    /// Stops all timers, and wakes those that wait for one: outside of the runtime they find that it
    /// has stopped. No further P is made.
    pub(crate) fn stop_timers(&self) {
        for timers in self.all_timers() {
            wake_all(timers.stop());
        }
    }

    /// Drops all tasks but those in a poll. The calling thread has entered the runtime, which is
    /// stopping.
    pub(crate) fn drop_tasks(&self) {
        self.drop_queued();
        for list in self.lists() {
            // SAFETY: a task that is visited has not been freed.
            // bug: waiting tasks outlive their runtime
            list.visit(|task| unsafe { ready::waker(task) }, |waker| waker.wake());
            self.drop_queued();
        }
    }

    /// Drops the queued tasks, including those behind polls in progress, and those that these drops
    /// wake.
    fn drop_queued(&self) {
        loop {
            let mut tasks = Vec::from(self.sched.clear());
            tasks.extend(self.sched.ps().flat_map(|p| self.sched.drain(p)));
            if tasks.is_empty() {
                return;
            }
            tasks.into_iter().for_each(ready::cancel);
        }
    }

    /// Has tasks dropped that were woken or moved while the runtime stops, by another thread: the
    /// calling one may hold a lock that the destructors take.
    pub(super) fn drop_later(&self, tasks: impl IntoIterator<Item = Ready>) {
        if self.sched.inject_late(tasks) {
            let shared = self.arc();
            reaper::defer(move || (shared.mains.reaper)(&shared));
        } else {
            self.notify_waiters();
        }
    }

    /// The last act of sysmon: drops the tasks, until those are left that are in a poll of a stuck
    /// worker.
    pub(crate) fn end_tasks(&self) {
        let mut seen = None;
        loop {
            self.drop_tasks();
            let threads = lock(&self.threads);
            let mut inner = self.sched.lock();
            let now = (inner.threads, inner.detached);
            if !inner.global.is_empty() || seen != Some(now) {
                // A task or the end of a worker, after the last look.
                seen = Some(now);
                continue;
            }
            if inner.threads <= inner.detached {
                inner.over = true;
                return;
            }
            drop(inner);
            drop(wait_timeout(&self.ended, threads, None));
        }
    }

    /// Called by a worker that exits: drops what it has left, if no other thread of the runtime does.
    pub(crate) fn drop_left(&self) {
        if self.sched.lock().over {
            self.drop_tasks();
        }
    }

    /// Frees memory that ended tasks have left: their places in lists, queues and heaps.
    pub(crate) fn trim(&self) {
        self.lists().for_each(Owned::trim);
        // bug: room of a long queue is kept
        self.sched.trim();
        // bug: room of many timers is kept
        self.all_timers().for_each(|timers| timers.trim());
        self.joiners.trim();
    }

    /// Stops all threads, and waits for them, except those that are detached, and for the drop of all
    /// tasks: for at most `limit` if there is one. Returns whether all threads and tasks have ended.
    pub(crate) fn shut_down(&self, limit: Option<Duration>) -> bool {
        dismiss(self.sched.stop());
        self.watch.wake(Why::Work);
        self.joiners.wake_all();
        // A thread must not wait for itself.
        if thread_of::is(self.id) {
            return false;
        }
        self.wait(limit.and_then(|limit| Instant::now().checked_add(limit)))
    }

    /// Waits for the threads that are not detached, and for the tasks. Returns whether all threads
    /// and tasks have ended.
    fn wait(&self, until: Option<Instant>) -> bool {
        let mut threads = lock(&self.threads);
        let all = loop {
            let (running, detached) = {
                let inner = self.sched.lock();
                (inner.threads, inner.detached)
            };
            let others = running <= detached && !threads.sysmon && !threads.reporter;
            if others && (running > 0 || self.lists().all(Owned::is_empty)) {
                break running == 0;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                break false;
            }
            threads = wait_timeout(&self.ended, threads, left).0;
        };
        // Joined without waiting for long: they have nothing left to do.
        let ended = if all { std::mem::take(&mut threads.handles) } else { Vec::new() };
        drop(threads);
        ended.into_iter().for_each(|handle| drop(handle.join()));
        all
    }
}
