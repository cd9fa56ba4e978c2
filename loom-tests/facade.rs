//! The facade of `src/sync` for loom models: it uses loom's types instead of those of `std`.

mod reclaim;

use std::{
    cell::Cell,
    marker::PhantomData,
    ops::Deref,
    ptr,
    sync::{
        Arc, OnceLock,
        atomic::Ordering::{self, AcqRel, Relaxed},
    },
    time::Duration,
};

pub(crate) use loom::{
    cell::UnsafeCell,
    hint::spin_loop,
    sync::{Condvar, Mutex, MutexGuard},
    thread_local,
};

pub(crate) use self::reclaim::{
    EpochGuard, UseAfterFreeCheck, free_retired, freed, hurry, pin_epoch,
};

/// A model has no placeholders: the pointer is null.
macro_rules! placeholder {
    ($(#[$meta:meta])* $vis:vis static $NAME:ident: $T:ty = $value:expr;) => {
        $(#[$meta])*
        $vis const $NAME: *mut $T = std::ptr::null_mut();
    };
}
pub(crate) use placeholder;

/// # Safety
///
/// Always safe in models.
pub(crate) unsafe fn or_placeholder<T>(pointer: *mut T) -> Option<ptr::NonNull<T>> {
    ptr::NonNull::new(pointer)
}

/// Limits and sizes are small in models.
pub(crate) const fn model_limit(_real: usize, model: usize) -> usize {
    model
}

pub(crate) const fn test_size(_real: usize, small: usize) -> usize {
    small
}

static TURN: LazyLock<loom::sync::atomic::AtomicUsize> =
    LazyLock::new(|| loom::sync::atomic::AtomicUsize::new(0));

/// Begins a run of a model. The first use of a static orders the writes before it for all later
/// users, so a thread that has written nothing yet must make it.
pub(crate) fn start() {
    TURN.load(Relaxed);
    TOKENS.lock().unwrap().clear();
    REFUSED.set(false);
    drop(pin_epoch());
}

/// Makes the access just before this call a *turn*: after it, any other thread may run.
///
/// The checker skips orders that it considers equivalent. To decide that, it remembers only the
/// last access to each location, so a thread that loads before it stores hides other threads' loads
/// from its own store. A relaxed read-modify-write of one location that all threads share orders
/// nothing, and is never skipped. No other thread runs between the access and this
/// read-modify-write.
fn turn<R>(result: R) -> R {
    loom::stop_exploring();
    TURN.fetch_add(1, Relaxed);
    loom::explore();
    result
}

/// Wraps an atomic so that each access of it is a [`turn`].
macro_rules! atomic {
    ($Name:ident $(<$T:ident>)?, $Value:ty) => {
        #[derive(Debug)]
        pub(crate) struct $Name $(<$T>)? (loom::sync::atomic::$Name $(<$T>)?);

        #[allow(dead_code, reason = "not every model build uses all methods")]
        impl $(<$T>)? $Name $(<$T>)? {
            pub(crate) fn new(value: $Value) -> Self {
                Self(loom::sync::atomic::$Name::new(value))
            }

            pub(crate) fn load(&self, order: Ordering) -> $Value {
                turn(self.0.load(order))
            }

            pub(crate) fn store(&self, value: $Value, order: Ordering) {
                turn(self.0.store(value, order));
            }

            pub(crate) fn swap(&self, value: $Value, order: Ordering) -> $Value {
                turn(self.0.swap(value, order))
            }

            pub(crate) fn compare_exchange(
                &self,
                current: $Value,
                new: $Value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$Value, $Value> {
                turn(self.0.compare_exchange(current, new, success, failure))
            }

            pub(crate) fn compare_exchange_weak(
                &self,
                current: $Value,
                new: $Value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$Value, $Value> {
                self.compare_exchange(current, new, success, failure)
            }
        }
    };
}

/// Arithmetic methods of an atomic. Each call is a [`turn`].
macro_rules! arithmetic {
    ($Name:ident, $Value:ty: $($method:ident)*) => {
        impl $Name {
            $(pub(crate) fn $method(&self, value: $Value, order: Ordering) -> $Value {
                turn(self.0.$method(value, order))
            })*
        }
    };
}

atomic!(AtomicBool, bool);
atomic!(AtomicU16, u16);
atomic!(AtomicU32, u32);
#[cfg(feature = "rt")]
atomic!(AtomicU64, u64);
atomic!(AtomicUsize, usize);
atomic!(AtomicPtr<T>, *mut T);
arithmetic!(AtomicU32, u32: fetch_or fetch_and);
arithmetic!(AtomicUsize, usize: fetch_add fetch_sub fetch_or fetch_and);

/// Like the checker's own `fetch_update`, with a turn between load and exchange.
macro_rules! update {
    ($Name:ident, $Value:ty) => {
        impl $Name {
            pub(crate) fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut f: impl FnMut($Value) -> Option<$Value>,
            ) -> Result<$Value, $Value> {
                let mut now = self.load(fetch);
                while let Some(next) = f(now) {
                    match self.compare_exchange(now, next, set, fetch) {
                        Ok(before) => return Ok(before),
                        Err(other) => now = other,
                    }
                }
                Err(now)
            }
        }
    };
}

update!(AtomicU32, u32);
update!(AtomicUsize, usize);

pub(crate) fn fence(order: Ordering) {
    // Other threads may run before the fence.
    TURN.fetch_add(1, Relaxed);
    loom::sync::atomic::fence(order);
}

/// The checker treats SeqCst accesses as AcqRel, but implements SeqCst fences correctly.
pub(crate) fn full_store(place: &AtomicU32, value: u32) {
    place.swap(value, AcqRel);
    fence(Ordering::SeqCst);
}

/// Further items that the runtime needs.
#[cfg(feature = "rt")]
mod rt {
    use std::{
        io,
        sync::atomic::Ordering::{AcqRel, SeqCst},
    };

    pub(crate) use std::thread_local as worker_local;

    /// Replaces the checker's own parking, whose `unpark` wakes a thread from any wait, not only
    /// from `park`.
    pub(crate) mod parking {
        use std::sync::Arc;

        use loom::sync::{Condvar, Mutex};

        #[derive(Clone)]
        pub(crate) struct Thread(Arc<(Mutex<bool>, Condvar)>);

        loom::thread_local! {
            static HERE: Thread = Thread(Arc::new((Mutex::new(false), Condvar::new())));
        }

        impl Thread {
            pub(crate) fn unpark(&self) {
                *self.0.0.lock().unwrap() = true;
                self.0.1.notify_one();
            }
        }

        pub(crate) fn current() -> Thread {
            HERE.with(Thread::clone)
        }

        pub(crate) fn park() {
            let here = current();
            let mut unparked = here.0.0.lock().unwrap();
            while !*unparked {
                unparked = here.0.1.wait(unparked).unwrap();
            }
            *unparked = false;
        }
    }

    use super::{AtomicPtr, fence};

    /// The checker treats SeqCst accesses as AcqRel, but implements SeqCst fences correctly.
    pub(crate) fn full_swap<T>(place: &AtomicPtr<T>, value: *mut T) -> *mut T {
        let before = place.swap(value, AcqRel);
        fence(SeqCst);
        before
    }

    pub(crate) type Thread = loom::thread::JoinHandle<()>;

    pub(crate) fn start_thread(
        _: String,
        _: Option<usize>,
        f: impl FnOnce() + Send + 'static,
    ) -> io::Result<Thread> {
        Ok(loom::thread::spawn(f))
    }

    pub(crate) fn has_ended(_: &Thread) -> bool {
        false
    }

    pub(crate) fn nap() {
        loom::thread::yield_now();
    }
}

#[cfg(feature = "rt")]
pub(crate) use self::rt::*;

static TOKENS: LazyLock<std::sync::Mutex<Vec<LightFence>>> = LazyLock::new(Default::default);

/// A fence pair of which one side is heavy is modelled as two read-modify-writes of one location
/// that belongs to the seat: they are totally ordered, and the later one sees what preceded the
/// earlier one. Two light sides belong to different seats, so they order nothing, as on the
/// hardware.
#[derive(Clone, Debug)]
pub(crate) struct LightFence(Option<Arc<AtomicUsize>>);

impl LightFence {
    /// With `asymmetric: false` there is no token, and only the SeqCst fences order the two sides.
    pub(crate) fn new(asymmetric: bool) -> Self {
        let token = Self(asymmetric.then(|| Arc::new(AtomicUsize::new(0))));
        TOKENS.lock().unwrap().push(token.clone());
        token
    }

    pub(crate) fn light(&self) {
        if let Some(token) = &self.0 {
            token.fetch_add(1, AcqRel);
        }
    }
}

/// Atomics of the checker are larger than their values.
pub(crate) const PLAIN_ATOMICS: bool = false;

/// No process forks in a model.
pub(crate) const FORKS: bool = false;

pub(crate) fn at_forks(_: extern "C" fn(), _: extern "C" fn(), _: extern "C" fn()) {}

/// Time does not pass in a model.
pub(crate) fn wait_timeout<'a, T>(
    condition: &Condvar,
    guard: MutexGuard<'a, T>,
    _: Option<Duration>,
) -> (MutexGuard<'a, T>, bool) {
    (condition.wait(guard).unwrap(), false)
}

pub(crate) fn at_exit(_: extern "C" fn()) {}

/// A thread that is only said to run: a model plays it.
pub(crate) struct NativeThread;

impl NativeThread {
    pub(crate) fn start(_: fn()) -> Option<Self> {
        Some(Self)
    }

    pub(crate) fn is_current(&self) -> bool {
        false
    }

    pub(crate) fn join(self) {}

    pub(crate) fn detach(self) {}
}

std::thread_local! {
    /// The number of heavy fences in all runs of the model that this OS thread runs.
    static HEAVY: Cell<usize> = const { Cell::new(0) };
    /// Whether the system refuses heavy fences in this run of the model.
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Refuses heavy fences until the end of this run of the model.
pub(crate) fn refuse_heavy_fences() {
    REFUSED.set(true);
}

pub(crate) fn heavy_fences() -> usize {
    HEAVY.get()
}

/// The heavy side of every seat's fence.
pub(crate) fn heavy_fence() -> bool {
    if REFUSED.get() {
        return false;
    }
    HEAVY.set(HEAVY.get() + 1);
    let tokens = TOKENS.lock().unwrap().clone();
    tokens.iter().for_each(LightFence::light);
    true
}

/// The value of a `static`, created at its first use. Each run of a model creates a new one.
pub(crate) struct LazyLock<T: 'static>(loom::lazy_static::Lazy<T>);

impl<T> LazyLock<T> {
    pub(crate) const fn new(init: fn() -> T) -> Self {
        Self(loom::lazy_static::Lazy { init, _p: PhantomData })
    }
}

impl<T> Deref for LazyLock<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: all values of this type are statics.
        let lazy: &'static loom::lazy_static::Lazy<T> = unsafe { &*ptr::from_ref(&self.0) };
        lazy.get()
    }
}

/// A pointer that a `static` can hold. The checker's atomic is created by the first access, which
/// must happen before all others.
pub(crate) struct ProcessPtr<T> {
    unused: std::sync::atomic::AtomicPtr<T>,
    used: OnceLock<AtomicPtr<T>>,
}

impl<T> ProcessPtr<T> {
    pub(crate) const fn new(null: *mut T) -> Self {
        Self { unused: std::sync::atomic::AtomicPtr::new(null), used: OnceLock::new() }
    }

    /// For `CoreHandle::is_unused`, which runs before the pool is shared.
    pub(crate) const fn as_ptr(&self) -> *mut *mut T {
        self.unused.as_ptr()
    }

    fn used(&self) -> &AtomicPtr<T> {
        self.used.get_or_init(|| AtomicPtr::new(ptr::null_mut()))
    }

    pub(crate) fn load(&self, order: Ordering) -> *mut T {
        self.used().load(order)
    }

    pub(crate) fn store(&self, value: *mut T, order: Ordering) {
        self.used().store(value, order);
    }

    pub(crate) fn compare_exchange(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        self.used().compare_exchange(current, new, success, failure)
    }
}

/// A number that a `static` can hold, like a [`ProcessPtr`].
pub(crate) struct ProcessUsize {
    initial: usize,
    used: OnceLock<AtomicUsize>,
}

impl ProcessUsize {
    pub(crate) const fn new(initial: usize) -> Self {
        Self { initial, used: OnceLock::new() }
    }

    fn used(&self) -> &AtomicUsize {
        self.used.get_or_init(|| AtomicUsize::new(self.initial))
    }

    pub(crate) fn load(&self, order: Ordering) -> usize {
        self.used().load(order)
    }

    pub(crate) fn store(&self, value: usize, order: Ordering) {
        self.used().store(value, order);
    }
}

/// A flag that a `static` can hold, like a [`ProcessPtr`].
#[derive(Debug)]
pub(crate) struct ProcessBool(OnceLock<AtomicBool>);

impl ProcessBool {
    /// A new flag, which is not set.
    pub(crate) const fn new(_down: bool) -> Self {
        Self(OnceLock::new())
    }

    fn used(&self) -> &AtomicBool {
        self.0.get_or_init(|| AtomicBool::new(false))
    }

    pub(crate) fn load(&self, order: Ordering) -> bool {
        self.used().load(order)
    }

    pub(crate) fn swap(&self, value: bool, order: Ordering) -> bool {
        self.used().swap(value, order)
    }
}
