//! A thread for what is left to do after a runtime has ended: to drop tasks that were being woken at
//! that moment.
//!
//! The thread that wakes such a task must not drop it: it may hold the very lock that the future's
//! destructor takes. So a thread is started for that, and does all that arrives while it runs.

use std::{
    collections::VecDeque,
    mem,
    sync::{Mutex, MutexGuard},
};

use crate::sync::{self, lock::lock_std};

/// Locked during a fork.
static REAPER: Mutex<Reaper> = Mutex::new(Reaper { jobs: VecDeque::new(), running: false });

type Job = Box<dyn FnOnce() + Send>;

pub(crate) struct Reaper {
    jobs: VecDeque<Job>,
    /// There is a thread that does the jobs.
    running: bool,
}

impl Reaper {
    pub(crate) fn lock() -> MutexGuard<'static, Self> {
        lock_std(&REAPER)
    }

    /// Resets the reaper in the child of a fork, which lacks the thread. The jobs are leaked: they
    /// are done in the parent.
    pub(crate) fn reset_after_fork(&mut self) {
        mem::forget(mem::take(&mut self.jobs));
        self.running = false;
    }
}

/// Has another thread call `job` soon. It must not panic.
pub(crate) fn defer(job: impl FnOnce() + Send + 'static) {
    {
        let mut reaper = Reaper::lock();
        reaper.jobs.push_back(Box::new(job));
        if reaper.running {
            return;
        }
        reaper.running = true;
    }
    if sync::start_thread("corepool-rt-end".into(), None, run).is_err() {
        // The next call tries again.
        Reaper::lock().running = false;
    }
}

/// Does jobs until there are none.
fn run() {
    loop {
        let mut reaper = Reaper::lock();
        let Some(job) = reaper.jobs.pop_front() else {
            reaper.running = false;
            return;
        };
        drop(reaper);
        job();
    }
}
