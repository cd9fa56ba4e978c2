//! The facade in a normal build: the items of `std`, and the few that `std` lacks.

#[cfg(feature = "rt")]
pub(crate) use rt::*;

pub(crate) use std::{
    hint::spin_loop,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU16, AtomicU32, AtomicUsize, fence},
    },
};
use std::{
    ptr::NonNull,
    sync::{
        PoisonError,
        atomic::{Ordering::SeqCst, compiler_fence},
    },
    time::Duration,
};
/// State that exists once in each process. In a model build, each run of a model counts as a
/// process.
pub(crate) use std::{
    sync::{
        LazyLock,
        atomic::{AtomicBool as ProcessBool, AtomicPtr as ProcessPtr, AtomicUsize as ProcessUsize},
    },
    thread_local,
};

#[cfg(feature = "metrics")]
pub(crate) use super::native_thread::without_signals;
pub(crate) use super::{heavy_fence::heavy_fence, native_thread::NativeThread};

/// Defines a pointer to a *placeholder*: a value that stands in for a missing one and is never
/// changed, so that the hit path need not compare pointers with null. A model's atomics cannot be
/// made at compile time, so in a model the pointer is null.
macro_rules! placeholder {
    ($(#[$meta:meta])* $vis:vis static $NAME:ident: $T:ty = $value:expr;) => {
        $(#[$meta])*
        $vis const $NAME: *mut $T = {
            static VALUE: $T = $value;
            (&raw const VALUE).cast_mut()
        };
    };
}
pub(crate) use placeholder;

/// Returns `pointer`, which may lead to a placeholder. Never `None` in a normal build.
///
/// # Safety
///
/// The pointer is not null in a normal build.
#[inline(always)]
pub(crate) unsafe fn or_placeholder<T>(pointer: *mut T) -> Option<NonNull<T>> {
    // SAFETY: the caller's promise.
    Some(unsafe { NonNull::new_unchecked(pointer) })
}

/// Frees retired memory by `free`. Models keep the memory, and end its life.
///
/// # Safety
///
/// As for `free`.
pub(crate) unsafe fn free_retired<R>(
    retired: *mut R,
    _life: fn(&R) -> &UseAfterFreeCheck,
    free: unsafe fn(*mut R),
) {
    // SAFETY: the caller's promise.
    unsafe { free(retired) };
}

/// Returns `real` in a normal build, and `model` under a model checker.
pub(crate) const fn model_limit(real: usize, _model: usize) -> usize {
    real
}

/// Returns `real` in a normal build, and `small` under a model checker or with
/// `--cfg corepool_tiny`.
pub(crate) const fn test_size(real: usize, small: usize) -> usize {
    if cfg!(corepool_tiny) { small } else { real }
}

/// Whether an atomic is as large as its value. Those of the model checkers are not.
pub(crate) const PLAIN_ATOMICS: bool = true;

/// Whether processes fork. They do not under a model checker.
pub(crate) const FORKS: bool = true;

/// Registers fork handlers: the system calls `before` ahead of each fork, and after it `parent` in
/// the parent process and `child` in the child.
pub(crate) fn at_forks(before: extern "C" fn(), parent: extern "C" fn(), child: extern "C" fn()) {
    #[cfg(all(unix, not(miri)))]
    // SAFETY: the three functions take no arguments and do not unwind.
    unsafe {
        // bug: no fork handler, threads at work; no fork handler, threads at rest; fork handler outlives its library
        libc::pthread_atfork(Some(before), Some(parent), Some(child));
    }
    #[cfg(not(all(unix, not(miri))))]
    let _ = (before, parent, child);
}

/// Registers a handler that the system calls when the process exits, or when it unloads the library
/// that holds this crate. The handler does not unwind.
pub(crate) fn at_exit(handler: extern "C" fn()) {
    #[cfg(all(unix, not(miri)))]
    // SAFETY: the function takes no arguments and does not unwind.
    unsafe {
        libc::atexit(handler);
    }
    #[cfg(not(all(unix, not(miri))))]
    let _ = handler;
}

/// Waits, with an optional timeout. Returns whether it timed out.
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

/// `std`'s `UnsafeCell` with the checker's interface.
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

/// The owner's side of a seat's asymmetric fence. A normal build needs no state for it: the light
/// side is a compiler fence, and one `membarrier` is the heavy side for all seats.
#[derive(Debug)]
pub(crate) struct LightFence;

impl LightFence {
    pub(crate) const fn new(_asymmetric: bool) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn light(&self) {
        compiler_fence(SeqCst);
    }
}

/// Stores. The store comes before any later SeqCst load of this thread.
///
/// SeqCst: a swap, which on x86 costs less than a store and a fence. Pairs with the fence of
/// `FenceKind::heavy`.
#[inline(always)]
pub(crate) fn full_store(place: &AtomicU32, value: u32) {
    place.swap(value, SeqCst);
}

/// Checks that memory which other threads may free is not used after it was freed.
///
/// A normal build checks nothing. With `--cfg corepool_tiny`, one `check` in 16 yields, so that
/// sanitizers see the use if another thread frees the memory too early.
#[derive(Debug)]
pub(crate) struct UseAfterFreeCheck;

impl UseAfterFreeCheck {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn check(&self) {
        #[cfg(corepool_tiny)]
        {
            static USES: AtomicUsize = AtomicUsize::new(0);
            if USES.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 16 == 0 {
                std::thread::yield_now();
            }
        }
    }
}

/// Items that only the runtime uses.
#[cfg(feature = "rt")]
mod rt {
    pub(crate) use std::thread_local as worker_local;
    use std::{io, thread, time::Duration};

    #[cfg(target_has_atomic = "64")]
    pub(crate) use std::sync::atomic::AtomicU64;

    use super::{AtomicPtr, SeqCst};

    /// For processors without atomics of 64 bits.
    #[cfg(not(target_has_atomic = "64"))]
    #[derive(Debug)]
    pub(crate) struct AtomicU64(crossbeam_utils::atomic::AtomicCell<u64>);

    #[cfg(not(target_has_atomic = "64"))]
    impl AtomicU64 {
        pub(crate) fn new(value: u64) -> Self {
            Self(crossbeam_utils::atomic::AtomicCell::new(value))
        }

        pub(crate) fn load(&self, _: std::sync::atomic::Ordering) -> u64 {
            self.0.load()
        }

        pub(crate) fn store(&self, value: u64, _: std::sync::atomic::Ordering) {
            self.0.store(value);
        }

        pub(crate) fn compare_exchange(
            &self,
            current: u64,
            new: u64,
            _: std::sync::atomic::Ordering,
            _: std::sync::atomic::Ordering,
        ) -> Result<u64, u64> {
            self.0.compare_exchange(current, new)
        }
    }

    /// Parking, for threads that are not workers.
    pub(crate) mod parking {
        pub(crate) use std::thread::{Thread, current, park};
    }

    /// Swaps. The swap, and all accesses before it, come before any later SeqCst load of this
    /// thread.
    ///
    /// SeqCst: the first half of *submit against park*, in the run queue's `put`.
    #[inline]
    pub(crate) fn full_swap<T>(place: &AtomicPtr<T>, value: *mut T) -> *mut T {
        place.swap(value, SeqCst)
    }

    /// A thread of the runtime.
    pub(crate) type Thread = thread::JoinHandle<()>;

    /// Starts a thread, with a stack of `stack` bytes or of the default size.
    pub(crate) fn start_thread(
        name: String,
        stack: Option<usize>,
        f: impl FnOnce() + Send + 'static,
    ) -> io::Result<Thread> {
        let builder = thread::Builder::new().name(name);
        match stack {
            Some(bytes) => builder.stack_size(bytes).spawn(f),
            None => builder.spawn(f),
        }
    }

    /// Returns whether `thread` has ended, so that joining it does not block.
    pub(crate) fn has_ended(thread: &Thread) -> bool {
        thread.is_finished()
    }

    /// Sleeps for the shortest time that the system supports.
    pub(crate) fn nap() {
        thread::sleep(Duration::from_micros(3));
    }
}
