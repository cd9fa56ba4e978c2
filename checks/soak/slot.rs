//! Slots for threads: when a thread ends, its slot is used for the next one.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::local::Op;

/// The slot has no thread.
pub const VACANT: u8 = 0;
pub const WORKING: u8 = 1;
/// The thread waits until the pause ends.
pub const PAUSED: u8 = 2;
/// The thread has nothing left to do, and can be joined.
pub const ENDED: u8 = 3;

#[repr(align(128))]
pub struct ThreadSlot {
    pub state: AtomicU8,
    /// Counts the thread's steps. It grows while the thread makes progress.
    pub steps: AtomicU64,
    /// The thread's last operation, and the pool of it.
    pub op: AtomicUsize,
    pub pool: AtomicUsize,
    /// The thread, while it may be signalled.
    #[cfg(target_os = "linux")]
    thread: Mutex<Option<libc::pthread_t>>,
}

impl ThreadSlot {
    pub fn new() -> Self {
        Self {
            state: AtomicU8::new(VACANT),
            steps: AtomicU64::new(0),
            op: AtomicUsize::new(0),
            pool: AtomicUsize::new(0),
            #[cfg(target_os = "linux")]
            thread: Mutex::new(None),
        }
    }

    /// Records that the thread makes progress.
    pub fn step(&self) {
        self.steps.store(self.steps.load(Relaxed) + 1, Relaxed);
    }

    pub fn doing(&self) -> String {
        let op = Op::ALL[self.op.load(Relaxed)];
        format!("{op:?} on pool {}, step {}", self.pool.load(Relaxed), self.steps.load(Relaxed))
    }

    /// Sets whether the calling thread may be signalled.
    #[cfg(target_os = "linux")]
    pub fn expose(&self, exposed: bool) {
        // SAFETY: returns the calling thread's id.
        *lock(&self.thread) = exposed.then(|| unsafe { libc::pthread_self() });
    }

    #[cfg(not(target_os = "linux"))]
    pub fn expose(&self, _exposed: bool) {}

    /// Calls `f` with the thread, if it may be signalled. The thread does not end meanwhile.
    #[cfg(target_os = "linux")]
    pub fn with_thread(&self, f: impl FnOnce(libc::pthread_t)) {
        lock(&self.thread).map(f);
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
