//! Threads started with `pthread_create`. `std` takes a lock when a thread starts or ends; if
//! another thread holds it at a fork, the child can start no thread.

use std::{
    ffi::c_void,
    mem::MaybeUninit,
    ptr,
    sync::{Barrier, Mutex},
};

type Job<'a> = Box<dyn FnOnce() + Send + 'a>;

/// A thread. It must be joined, unless the process ends.
#[must_use = "a thread must be joined"]
#[derive(Debug)]
pub(crate) struct Thread(libc::pthread_t);

/// Starts a thread.
pub(crate) fn spawn(job: impl FnOnce() + Send + 'static) -> Thread {
    // SAFETY: the job borrows only statics.
    unsafe { start(Box::new(job)) }
}

/// # Safety
///
/// The thread is joined before anything that the job borrows is dropped.
unsafe fn start(job: Job<'_>) -> Thread {
    extern "C" fn run(job: *mut c_void) -> *mut c_void {
        // SAFETY: from `start`, and used by this thread only.
        let job: Box<Job<'_>> = unsafe { Box::from_raw(job.cast()) };
        job();
        ptr::null_mut()
    }
    let mut thread = MaybeUninit::uninit();
    let job = Box::into_raw(Box::new(job)).cast();
    // SAFETY: `run` gets the pointer that it expects, once.
    let error = unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), run, job) };
    assert_eq!(error, 0, "no thread");
    // SAFETY: there was no error.
    Thread(unsafe { thread.assume_init() })
}

impl Thread {
    /// Waits until the thread has ended, with its exit code.
    pub(crate) fn join(self) {
        // SAFETY: a thread that is not joined yet.
        assert_eq!(unsafe { libc::pthread_join(self.0, ptr::null_mut()) }, 0);
    }
}

/// Runs `f` on several threads, all alive at once, and waits until they have ended. Returns the
/// results in any order.
pub(crate) fn on_threads<R: Send>(threads: usize, f: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let (start_line, results) = (Barrier::new(threads), Mutex::new(Vec::new()));
    let run = |i| {
        start_line.wait();
        let result = f(i);
        results.lock().unwrap().push(result);
    };
    let run = &run;
    let start = |i| {
        // SAFETY: joined below; a panic ends the process.
        unsafe { start(Box::new(move || run(i))) }
    };
    let threads: Vec<_> = (0..threads).map(start).collect();
    threads.into_iter().for_each(Thread::join);
    results.into_inner().unwrap()
}
