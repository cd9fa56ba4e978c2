//! The facade: every atomic, cell, lock and fence of the crate comes through this file, which is
//! the only one that knows about the model checker.
//!
//! In a normal build the names are those of `std`. In a model build (`--cfg loom` or `--cfg
//! shuttle`, tests only) they are the checker's, and the asymmetric fence becomes something that the
//! checker understands: see [`Token`]. There, and with `--cfg corepool_tiny`, sizes shrink so that
//! growth and wrap-around are in reach of a small program.

/// Initialised under a lock, or by whoever comes first to the same value: never part of a model.
pub(crate) use std::sync::OnceLock;
/// Counts that order nothing, and are no part of a model.
pub(crate) use std::sync::atomic::AtomicUsize as Plain;
#[cfg(feature = "rt")]
pub(crate) use std::sync::atomic::Ordering::AcqRel;
pub(crate) use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
/// What a process has once, and the way in which retired memory goes. Each run of a model is a
/// process of its own.
#[cfg(not(all(test, loom)))]
pub(crate) use std::{
    mem::drop as free,
    sync::{
        LazyLock,
        atomic::{AtomicBool as OnceFlag, AtomicPtr as OncePtr},
    },
    thread_local,
};

pub(crate) use imp::*;

/// Where a thread keeps what it is to a runtime.
#[cfg(all(feature = "rt", not(all(test, shuttle))))]
pub(crate) use std::thread_local as worker_local;

#[cfg(all(feature = "rt", not(all(test, any(loom, shuttle)))))]
pub(crate) use rt::*;

/// What the runtime needs besides.
#[cfg(all(feature = "rt", not(all(test, any(loom, shuttle)))))]
mod rt {
    pub(crate) use std::sync::Condvar;
    /// How a thread waits that is no worker.
    pub(crate) mod parking {
        pub(crate) use std::thread::{Thread, current, park};
    }
    use std::{
        io,
        sync::{MutexGuard, PoisonError},
        thread,
        time::Duration,
    };

    use super::{AtomicPtr, SeqCst};

    /// A swap that orders what comes before it, and itself, before a SeqCst load that comes after it.
    #[inline]
    pub(crate) fn full_swap<T>(place: &AtomicPtr<T>, value: *mut T) -> *mut T {
        place.swap(value, SeqCst)
    }

    /// Waits for a condition, perhaps not longer than this. Says whether it took longer.
    pub(crate) fn wait_timeout<'a, T>(
        condition: &Condvar,
        guard: MutexGuard<'a, T>,
        limit: Option<Duration>,
    ) -> (MutexGuard<'a, T>, bool) {
        let Some(limit) = limit else {
            return (condition.wait(guard).unwrap_or_else(PoisonError::into_inner), false);
        };
        let (guard, result) =
            condition.wait_timeout(guard, limit).unwrap_or_else(PoisonError::into_inner);
        (guard, result.timed_out())
    }

    /// A thread of the runtime.
    pub(crate) type Thread = thread::JoinHandle<()>;

    pub(crate) fn start_thread(
        name: String,
        f: impl FnOnce() + Send + 'static,
    ) -> io::Result<Thread> {
        thread::Builder::new().name(name).spawn(f)
    }

    /// Whether there is nothing left to wait for.
    pub(crate) fn has_ended(thread: &Thread) -> bool {
        thread.is_finished()
    }

    /// Sleeps as shortly as the system can.
    pub(crate) fn nap() {
        thread::sleep(Duration::from_micros(3));
    }

    /// Has the system call these: before each fork, and after it, in the parent and in the child.
    pub(crate) fn at_forks(
        before: extern "C" fn(),
        parent: extern "C" fn(),
        child: extern "C" fn(),
    ) {
        #[cfg(unix)]
        // SAFETY: the three take no arguments, and do not unwind.
        unsafe {
            libc::pthread_atfork(Some(before), Some(parent), Some(child));
        }
        #[cfg(not(unix))]
        let _ = (before, parent, child);
    }
}

#[cfg(not(all(test, any(loom, shuttle))))]
mod imp {
    use std::sync::atomic::compiler_fence;
    pub(crate) use std::{
        hint::spin_loop,
        sync::{
            Mutex, MutexGuard,
            atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering::SeqCst, fence},
        },
    };

    pub(crate) use crate::{fence::membarrier, fork::watch as watch_forks, reclaim::pin};

    /// A limit of the real thing, and its stand-in for models.
    pub(crate) const fn limit(real: usize, _model: usize) -> usize {
        real
    }

    /// A size of the real thing, and its stand-in where growth is to be seen soon.
    pub(crate) const fn scaled(real: usize, small: usize) -> usize {
        if cfg!(corepool_tiny) { small } else { real }
    }

    /// `std`'s cell with the checker's interface.
    #[derive(Debug)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        #[inline(always)]
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        #[inline(always)]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

    /// The seat's half of the asymmetric fence. Nothing at all in a normal build: the light side is
    /// a compiler fence, and one `membarrier` is the heavy side for every seat.
    #[derive(Debug)]
    pub(crate) struct Token;

    impl Token {
        pub(crate) const fn new(_asymmetric: bool) -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn light(&self) {
            compiler_fence(SeqCst);
        }
    }

    /// Watches over the lifetime of what is freed under others' eyes. Nothing at all in a normal
    /// build; where sizes are small, now and then a moment for others to free it too early.
    #[derive(Debug)]
    pub(crate) struct Life;

    impl Life {
        pub(crate) const fn new() -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn alive(&self) {
            #[cfg(corepool_tiny)]
            {
                static USES: AtomicUsize = AtomicUsize::new(0);
                if USES.fetch_add(1, super::Relaxed) % 16 == 0 {
                    std::thread::yield_now();
                }
            }
        }
    }
}

#[cfg(all(test, loom))]
#[path = "../loom-tests/facade.rs"]
mod imp;

#[cfg(all(test, loom))]
#[path = "../loom-tests/mod.rs"]
mod models;

#[cfg(all(test, shuttle))]
#[path = "../tests/schedules/facade.rs"]
mod imp;

#[cfg(all(test, shuttle))]
#[path = "../tests/schedules/mod.rs"]
mod schedules;

#[cfg(any(all(test, not(any(loom, shuttle))), fuzzing))]
#[allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    reason = "a door for the fuzzer"
)]
#[path = "../tests/programs/mod.rs"]
pub mod programs;

#[cfg(all(test, not(any(loom, shuttle))))]
#[path = "../tests/white_box/mod.rs"]
mod white_box;
