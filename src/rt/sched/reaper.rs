//! Tasks that are woken when their runtime has stopped: they are to be dropped, but not by whoever
//! wakes them, who may hold the very lock that the future's destructor takes. So a thread is
//! started for it, for all that come while it is at work.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use super::{runq::Ready, task};
use crate::sync;

static GRAVE: Mutex<Grave> = Mutex::new(Grave { tasks: VecDeque::new(), digging: false });

pub(crate) struct Grave {
    tasks: VecDeque<Ready>,
    digging: bool,
}

// SAFETY: a `Ready` is the one handle to run a task, which may be done on any thread.
unsafe impl Send for Grave {}

fn grave() -> std::sync::MutexGuard<'static, Grave> {
    GRAVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nobody is at the grave while the guard is held: for a fork.
pub(crate) struct Closed(std::sync::MutexGuard<'static, Grave>);

pub(crate) fn close() -> Closed {
    Closed(grave())
}

impl Closed {
    /// In a child there is no thread that digs.
    pub(crate) fn abandon(&mut self) {
        self.0.digging = false;
    }
}

/// Has these tasks dropped soon.
pub(crate) fn bury(tasks: impl IntoIterator<Item = Ready>) {
    {
        let mut grave = grave();
        grave.tasks.extend(tasks);
        if grave.digging || grave.tasks.is_empty() {
            return;
        }
        grave.digging = true;
    }
    if sync::start_thread("corepool-rt-end".into(), dig).is_err() {
        // The next one tries again.
        grave().digging = false;
    }
}

fn dig() {
    loop {
        let mut grave = grave();
        let Some(task) = grave.tasks.pop_front() else {
            grave.digging = false;
            return;
        };
        drop(grave);
        task::cancel(task);
    }
}
