//! Helpers of all modules: taking turns, threads in lock step, and draining pools.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;
use std::{iter, mem};

use corepool::{Manage, Pool, collect, set_collect_interval};

/// The most objects that are private to a thread: the slot and a full magazine.
pub(crate) const PRIVATE: u32 = if cfg!(corepool_tiny) { 5 } else { 129 };

/// The most objects that are private to a thread which only puts: the slot and a batch.
pub(crate) const BUFFERED: u32 = if cfg!(corepool_tiny) { 2 } else { 33 };

/// Returns `many`, or `few` under Miri, which is hundreds of times slower than other builds. With small
/// sizes, which is how sanitizers run the tests, thousands are divided by 4.
pub(crate) const fn repeat(many: usize, few: usize) -> usize {
    match many {
        _ if cfg!(miri) => few,
        1000.. if cfg!(corepool_tiny) => many / 4,
        _ => many,
    }
}

/// The test that has this is the only one that uses pools.
#[must_use]
pub(crate) struct Alone;

/// From here on the calling test is the only one that uses pools, and no collect runs by the clock. It
/// must not have used a pool before.
///
/// The next test begins when this one's thread has ended and given back its seat. Meanwhile a `get` may
/// create an object although another thread has one, and a `put` may drop one.
pub(crate) fn alone() -> Alone {
    static ALONE: Mutex<()> = Mutex::new(());
    thread_local! {
        // Thread-locals are destroyed in the reverse order of their first use.
        static TURN: RefCell<Option<MutexGuard<'static, ()>>> = const { RefCell::new(None) };
    }
    TURN.with_borrow_mut(|turn| {
        turn.get_or_insert_with(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner));
    });
    // Not earlier: the call takes the lock of the registry.
    set_collect_interval(None);
    Alone
}

/// Takes idle objects until there are none.
pub(crate) fn drain<T: Send + 'static, M: Manage<T>>(pool: &Pool<T, M>) -> Vec<T> {
    iter::from_fn(|| pool.try_take()).collect()
}

/// Sorts the results of threads, which come in any order.
pub(crate) fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

/// The number of live clones of `token`, besides itself.
pub(crate) fn live(token: &Arc<()>) -> usize {
    Arc::strong_count(token) - 1
}

/// Runs `f` on a thread of its own, and waits until that thread and its thread-local destructors
/// have ended. The end of a scope does not wait for the destructors.
pub(crate) fn on_thread<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    thread::scope(|s| join(s.spawn(f)))
}

/// Runs `f` on `n` threads at once, and waits until all of them have ended.
pub(crate) fn on_threads<R: Send>(n: usize, f: impl Fn(usize) -> R + Sync) -> Vec<R> {
    thread::scope(|s| {
        let f = &f;
        let threads: Vec<_> = (0..n).map(|i| s.spawn(move || f(i))).collect();
        threads.into_iter().map(join).collect()
    })
}

/// Waits until the thread and its thread-local destructors have ended.
pub(crate) fn join<R>(thread: ScopedJoinHandle<'_, R>) -> R {
    thread.join().unwrap_or_else(|cause| panic::resume_unwind(cause))
}

/// Runs `f`. In a build with small sizes, another thread keeps collecting until `f` returns.
pub(crate) fn amid_collects<R>(f: impl FnOnce() -> R) -> R {
    let done = AtomicBool::new(!cfg!(corepool_tiny));
    let collects = || {
        while !done.load(Relaxed) {
            collect();
            thread::sleep(Duration::from_micros(50));
        }
    };
    thread::scope(|s| {
        let collector = s.spawn(collects);
        let result = panic::catch_unwind(AssertUnwindSafe(f));
        done.store(true, Relaxed);
        join(collector);
        result.unwrap_or_else(|cause| panic::resume_unwind(cause))
    })
}

/// Runs `f` with a time limit, so that a deadlock is a failure and not a hang.
pub(crate) fn watched(f: impl FnOnce() + Send + 'static) {
    let (done, end) = mpsc::channel();
    let thread = thread::spawn(move || {
        f();
        let _ = done.send(());
    });
    let limit = Duration::from_secs(if cfg!(miri) { 1000 } else { 300 });
    match end.recv_timeout(limit) {
        Ok(()) => thread.join().unwrap(),
        Err(RecvTimeoutError::Timeout) => panic!("deadlock"),
        Err(RecvTimeoutError::Disconnected) => panic::resume_unwind(thread.join().unwrap_err()),
    }
}

/// The text that `f` panics with.
pub(crate) fn panics<R>(f: impl FnOnce() -> R) -> &'static str {
    let cause = panic::catch_unwind(AssertUnwindSafe(f)).err();
    let cause = cause.expect("a panic");
    let text = cause.downcast_ref().copied();
    text.or(cause.is::<InDrop>().then_some("drop")).expect("a planned panic")
}

/// Panics with `text`, silently.
pub(crate) fn fail(text: &'static str) -> ! {
    let cause: Box<dyn Any + Send> = Box::new(text);
    panic::resume_unwind(cause)
}

/// A payload that needs no memory: if many destructors panic, only the first panic is reported.
struct InDrop;

/// Panics with "drop", silently.
pub(crate) fn fail_in_drop() -> ! {
    panic::resume_unwind(Box::new(InDrop))
}

type Step<'scope> = Box<dyn FnOnce() + Send + 'scope>;

/// A second thread that runs given steps, one at a time, and ends when this is dropped.
pub(crate) struct Peer<'scope> {
    steps: Option<Sender<Step<'scope>>>,
    thread: Option<ScopedJoinHandle<'scope, ()>>,
}

impl<'scope> Peer<'scope> {
    pub(crate) fn new<'env>(scope: &'scope Scope<'scope, 'env>) -> Self {
        let (steps, inbox) = mpsc::channel::<Step<'scope>>();
        let thread = scope.spawn(move || inbox.iter().for_each(|step| step()));
        Self { steps: Some(steps), thread: Some(thread) }
    }

    /// Makes the peer run `step`, and waits for the result.
    pub(crate) fn run<R: Send + 'scope>(&self, step: impl FnOnce() -> R + Send + 'scope) -> R {
        self.start(step).recv().expect("the peer panicked")
    }

    /// Makes the peer start `step`, and does not wait.
    pub(crate) fn start<R: Send + 'scope>(
        &self,
        step: impl FnOnce() -> R + Send + 'scope,
    ) -> Receiver<R> {
        let (answer, result) = mpsc::channel();
        let step = move || mem::drop(answer.send(step()));
        let steps = self.steps.as_ref().unwrap();
        steps.send(Box::new(step)).expect("the peer panicked");
        result
    }
}

impl Drop for Peer<'_> {
    fn drop(&mut self) {
        self.steps = None;
        let end = self.thread.take().map(ScopedJoinHandle::join);
        assert!(matches!(end, Some(Ok(()))) || thread::panicking());
    }
}
