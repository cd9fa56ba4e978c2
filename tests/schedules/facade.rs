//! The facade of `src/sync` in shuttle schedules: shuttle's types instead of those of `std`.
//!
//! All threads of a schedule are coroutines of one OS thread. They switch at each atomic access and
//! at each lock, and nowhere else. Every access is sequentially consistent, so schedules find
//! errors in the order of steps. The models in `loom-tests` find errors in memory orderings.

mod cell;
mod epochs;

use std::{ops::Deref, time::Duration};
pub(crate) use std::{
    sync::atomic::{
        AtomicBool as ProcessBool, AtomicPtr as ProcessPtr, AtomicUsize as ProcessUsize,
    },
    thread_local,
};

pub(crate) use shuttle::{
    hint::spin_loop,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU16, AtomicU32, AtomicUsize, fence},
    },
};

pub(crate) use self::{
    cell::UnsafeCell,
    epochs::{EpochGuard, UseAfterFreeCheck, free_retired, pin_epoch, reset, settled},
};

/// A schedule has no placeholders: the pointer is null.
macro_rules! placeholder {
    ($(#[$meta:meta])* $vis:vis static $NAME:ident: $T:ty = $value:expr;) => {
        $(#[$meta])*
        $vis const $NAME: *mut $T = std::ptr::null_mut();
    };
}
pub(crate) use placeholder;

/// # Safety
///
/// Always safe in schedules.
pub(crate) unsafe fn or_placeholder<T>(pointer: *mut T) -> Option<std::ptr::NonNull<T>> {
    std::ptr::NonNull::new(pointer)
}

#[cfg(feature = "rt")]
pub(crate) use self::rt::*;

/// Seats for every thread of a scenario.
pub(crate) const fn model_limit(_real: usize, _model: usize) -> usize {
    8
}

/// Sizes are small, but larger than for models: batches hold two objects.
pub(crate) const fn test_size(_real: usize, small: usize) -> usize {
    2 * small
}

/// The value of a `static`, created at its first use. Each schedule creates a new one.
pub(crate) struct LazyLock<T: Sync + 'static>(shuttle::lazy_static::Lazy<T>);

impl<T: Sync> LazyLock<T> {
    pub(crate) const fn new(init: fn() -> T) -> Self {
        Self(shuttle::lazy_static::Lazy::new(init))
    }
}

impl<T: Sync> Deref for LazyLock<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: all values of this type are statics.
        let lazy: &'static shuttle::lazy_static::Lazy<T> = unsafe { &*std::ptr::from_ref(&self.0) };
        lazy.get()
    }
}

std::thread_local! {
    static TURN: AtomicBool = const { AtomicBool::new(false) };
}

/// A point at which any other thread may run. It is a load of a location that is never stored to,
/// so it orders nothing.
fn turn() {
    TURN.with(|turn| turn.load(super::SeqCst));
}

/// Schedules are sequentially consistent, so the asymmetric fence does nothing.
#[derive(Debug)]
pub(crate) struct LightFence;

impl LightFence {
    pub(crate) fn new(_asymmetric: bool) -> Self {
        Self
    }

    pub(crate) fn light(&self) {}
}

/// Schedules are sequentially consistent.
pub(crate) fn full_store(place: &AtomicU32, value: u32) {
    place.store(value, super::SeqCst);
}

/// Does nothing, as above.
pub(crate) fn heavy_fence() -> bool {
    true
}

/// Atomics of the scheduler are larger than their values.
pub(crate) const PLAIN_ATOMICS: bool = false;

/// No process forks.
pub(crate) const FORKS: bool = false;

pub(crate) fn at_forks(_: extern "C" fn(), _: extern "C" fn(), _: extern "C" fn()) {}

/// Time does not pass in a schedule: a wait with a limit ends at once. The lock is released
/// once, so that a caller in a loop lets other threads run.
pub(crate) fn wait_timeout<'a, T>(
    condition: &Condvar,
    guard: MutexGuard<'a, T>,
    limit: Option<Duration>,
) -> (MutexGuard<'a, T>, bool) {
    if limit.is_none() {
        return (condition.wait(guard).unwrap(), false);
    }
    (guard, true)
}

pub(crate) fn at_exit(_: extern "C" fn()) {}

/// No schedule has such a thread: pools age in their own calls.
pub(crate) struct NativeThread;

impl NativeThread {
    pub(crate) fn start(_: fn()) -> Option<Self> {
        None
    }

    pub(crate) fn is_current(&self) -> bool {
        false
    }

    pub(crate) fn join(self) {}

    pub(crate) fn detach(self) {}
}

/// Further items that the runtime needs.
#[cfg(feature = "rt")]
mod rt {
    use std::{io, sync::atomic::Ordering::SeqCst};

    pub(crate) use shuttle::thread_local as worker_local;
    pub(crate) mod parking {
        pub(crate) use shuttle::thread::{Thread, current, park};
    }
    use shuttle::thread;

    pub(crate) use shuttle::sync::atomic::AtomicU64;

    use super::AtomicPtr;

    pub(crate) fn full_swap<T>(place: &AtomicPtr<T>, value: *mut T) -> *mut T {
        place.swap(value, SeqCst)
    }

    pub(crate) type Thread = thread::JoinHandle<()>;

    pub(crate) fn start_thread(
        name: String,
        _stack: Option<usize>,
        f: impl FnOnce() + Send + 'static,
    ) -> io::Result<Thread> {
        thread::Builder::new().name(name).spawn(f)
    }

    pub(crate) fn has_ended(_: &Thread) -> bool {
        false
    }

    pub(crate) fn nap() {
        thread::yield_now();
    }
}
