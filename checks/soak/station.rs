//! Stations: places at which one thread after the other works.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::local::Op;

/// Nobody is at work.
pub const VACANT: u8 = 0;
pub const WORKING: u8 = 1;
/// The thread waits until the pause is over.
pub const PAUSED: u8 = 2;
/// The thread has nothing more to do, and may be joined.
pub const ENDED: u8 = 3;

#[repr(align(128))]
pub struct Station {
    pub state: AtomicU8,
    /// Counts up while the thread gets on.
    pub steps: AtomicU64,
    /// What it did last, and with which pool.
    pub op: AtomicUsize,
    pub pool: AtomicUsize,
    /// The thread, as long as it may be signalled.
    #[cfg(target_os = "linux")]
    thread: Mutex<Option<libc::pthread_t>>,
}

impl Station {
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

    /// The thread gets on.
    pub fn step(&self) {
        self.steps.store(self.steps.load(Relaxed) + 1, Relaxed);
    }

    pub fn doing(&self) -> String {
        let op = Op::ALL[self.op.load(Relaxed)];
        format!("{op:?} on pool {}, step {}", self.pool.load(Relaxed), self.steps.load(Relaxed))
    }

    /// The thread may be signalled from now on, or no more.
    #[cfg(target_os = "linux")]
    pub fn expose(&self, exposed: bool) {
        // SAFETY: asks for the calling thread.
        *lock(&self.thread) = exposed.then(|| unsafe { libc::pthread_self() });
    }

    #[cfg(not(target_os = "linux"))]
    pub fn expose(&self, _exposed: bool) {}

    /// Calls `f` with the thread, which does not end meanwhile.
    #[cfg(target_os = "linux")]
    pub fn with_thread(&self, f: impl FnOnce(libc::pthread_t)) {
        lock(&self.thread).map(f);
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
