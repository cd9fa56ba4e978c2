//! Which runtime the calling thread belongs to, and which P it has.

use std::{
    cell::Cell,
    collections::HashMap,
    mem, ptr,
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
};

use super::{proc::P, shared::Shared};
use crate::sync::worker_local;

/// Without a destructor, so that it works in those of other thread-locals.
struct Context {
    /// The runtime's number, or 0.
    runtime: Cell<u64>,
    shared: Cell<*const Shared>,
    /// Null on a thread that is no worker.
    p: Cell<*const P>,
    /// Inside `blocking`.
    blocking: Cell<bool>,
    /// The number of the runtime that has started the thread, or 0.
    thread_of: Cell<u64>,
}

worker_local! {
    static CONTEXT: Context = const {
        Context {
            runtime: Cell::new(0),
            shared: Cell::new(ptr::null()),
            p: Cell::new(ptr::null()),
            blocking: Cell::new(false),
            thread_of: Cell::new(0),
        }
    };
}

/// The runtimes that there are, by their numbers. A task knows its runtime by the number only, so
/// that to spawn one counts no references. Locked by threads that do not belong to the runtime.
static RUNTIMES: LazyLock<Mutex<Runtimes>> = LazyLock::new(Mutex::default);

#[derive(Default)]
pub(crate) struct Runtimes {
    last: u64,
    live: HashMap<u64, Weak<Shared>>,
}

fn runtimes() -> std::sync::MutexGuard<'static, Runtimes> {
    RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// No runtime comes or goes, and none is looked for, while this is held: for a fork.
pub(crate) struct Frozen(std::sync::MutexGuard<'static, Runtimes>);

pub(crate) fn freeze() -> Frozen {
    Frozen(runtimes())
}

impl Frozen {
    /// In a child the runtimes are gone. Not dropped: this is no place to free memory.
    pub(crate) fn abandon(&mut self) {
        mem::forget(mem::take(&mut self.0.live));
    }
}

/// In a child the thread belongs to no runtime.
pub(crate) fn leave_for_good() {
    CONTEXT.with(|context| {
        context.runtime.set(0);
        context.shared.set(ptr::null());
        context.p.set(ptr::null());
        context.thread_of.set(0);
    });
}

/// Makes a runtime, and a number for it.
pub(crate) fn register(make: impl FnOnce(u64, &Weak<Shared>) -> Shared) -> Arc<Shared> {
    super::forks::watch();
    let id = {
        let mut runtimes = runtimes();
        runtimes.last += 1;
        runtimes.last
    };
    let shared = Arc::new_cyclic(|weak| make(id, weak));
    runtimes().live.insert(id, Arc::downgrade(&shared));
    shared
}

pub(crate) fn unregister(id: u64) {
    runtimes().live.remove(&id);
}

/// The runtime with this number, unless it is gone.
pub(crate) fn find(id: u64) -> Option<Arc<Shared>> {
    runtimes().live.get(&id)?.upgrade()
}

/// The calling thread belongs to a runtime until this goes.
pub(crate) struct Entered<'a> {
    before: (u64, *const Shared, *const P, bool),
    _shared: &'a Shared,
}

pub(crate) fn enter(shared: &Shared) -> Entered<'_> {
    CONTEXT.with(|context| {
        let before = (
            context.runtime.replace(shared.id),
            context.shared.replace(shared),
            context.p.replace(ptr::null()),
            context.blocking.replace(false),
        );
        Entered { before, _shared: shared }
    })
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        CONTEXT.with(|context| {
            let (runtime, shared, p, blocking) = self.before;
            context.runtime.set(runtime);
            context.shared.set(shared);
            context.p.set(p);
            context.blocking.set(blocking);
        });
    }
}

/// The calling thread is one of this runtime's, for good.
pub(crate) fn become_thread_of(id: u64) {
    CONTEXT.with(|context| context.thread_of.set(id));
}

/// Whether it is, wherever in foreign code, and inside whichever `block_on`.
pub(crate) fn is_thread_of(id: u64) -> bool {
    CONTEXT.with(|context| context.thread_of.get() == id)
}

/// The calling thread, which has entered, has this P until it says otherwise.
pub(crate) fn set_p(p: Option<&P>) {
    CONTEXT.with(|context| context.p.set(p.map_or(ptr::null(), ptr::from_ref)));
}

/// What a worker has: its runtime, and its P.
#[inline]
pub(crate) fn worker<R>(f: impl FnOnce(Option<(&Shared, &P)>) -> R) -> R {
    let (shared, p) = CONTEXT.with(|context| (context.shared.get(), context.p.get()));
    // SAFETY: a thread has a P within `enter`, which borrows the runtime; and the Ps are its.
    f(unsafe { p.as_ref() }.map(|p| (unsafe { &*shared }, p)))
}

/// As `worker`, if it is one of this runtime.
#[inline]
pub(crate) fn worker_of<R>(id: u64, f: impl FnOnce(Option<(&Shared, &P)>) -> R) -> R {
    let here = CONTEXT.with(|context| context.runtime.get() == id);
    if here { worker(f) } else { f(None) }
}

/// The runtime of the calling thread.
pub(crate) fn current<R>(f: impl FnOnce(Option<&Shared>) -> R) -> R {
    let shared = CONTEXT.with(|context| context.shared.get());
    // SAFETY: within `enter`, which borrows it.
    f(unsafe { shared.as_ref() })
}

/// Sets whether the thread is inside `blocking`, and returns whether it was.
pub(crate) fn set_blocking(blocking: bool) -> bool {
    CONTEXT.with(|context| context.blocking.replace(blocking))
}

/// Whether the thread is a worker that has not said that it may block.
pub(crate) fn must_not_block() -> bool {
    CONTEXT.with(|context| !context.p.get().is_null() && !context.blocking.get())
}
