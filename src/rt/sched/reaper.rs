//! Drops tasks that are woken after their runtime has stopped.
//!
//! The thread that wakes such a task must not drop it: it may hold the very lock that the future's
//! destructor takes. So a thread is started for that, and drops all tasks that arrive while it
//! runs.

use std::{
    collections::VecDeque,
    mem,
    sync::{Mutex, MutexGuard},
};

use super::ready::{Ready, cancel};
use crate::sync::{self, lock::lock_std};

/// Locked during a fork.
static REAPER: Mutex<Reaper> = Mutex::new(Reaper { tasks: VecDeque::new(), running: false });

pub(crate) struct Reaper {
    tasks: VecDeque<Ready>,
    /// There is a thread that drops tasks.
    running: bool,
}

// SAFETY: a `Ready` is the only handle that can run the task, which may be done on any thread.
unsafe impl Send for Reaper {}

impl Reaper {
    pub(crate) fn lock() -> MutexGuard<'static, Self> {
        lock_std(&REAPER)
    }

    /// Resets the reaper in the child of a fork, which lacks the thread. The tasks are leaked: their
    /// futures are dropped in the parent.
    pub(crate) fn reset_after_fork(&mut self) {
        mem::forget(mem::take(&mut self.tasks));
        self.running = false;
    }
}

/// Has another thread drop `tasks` soon.
pub(crate) fn defer_drop(tasks: impl IntoIterator<Item = Ready>) {
    {
        let mut reaper = Reaper::lock();
        reaper.tasks.extend(tasks);
        if reaper.running || reaper.tasks.is_empty() {
            return;
        }
        reaper.running = true;
    }
    if sync::start_thread("corepool-rt-end".into(), run).is_err() {
        // The next call tries again.
        Reaper::lock().running = false;
    }
}

/// Drops tasks until there are none.
fn run() {
    loop {
        let mut reaper = Reaper::lock();
        let Some(task) = reaper.tasks.pop_front() else {
            reaper.running = false;
            return;
        };
        drop(reaper);
        cancel(task);
    }
}
