//! The runtime that the calling thread belongs to, and the P that it has.

use std::{cell::Cell, marker::PhantomData, ptr};

use crate::{
    rt::sched::{proc::P, shared::Shared},
    sync::worker_local,
};

/// Without a destructor, so that it can be used in the destructors of other thread-locals.
struct Context {
    /// The number of the runtime, or 0.
    runtime: Cell<u64>,
    shared: Cell<*const Shared>,
    /// Null on a thread that is not a worker.
    p: Cell<*const P>,
    /// The thread is inside `blocking`.
    blocking: Cell<bool>,
    /// While the thread fires timers, as no worker: the P for the tasks that these wake, or null.
    firing: Cell<*const P>,
}

worker_local! {
    static CONTEXT: Context = const {
        Context {
            runtime: Cell::new(0),
            shared: Cell::new(ptr::null()),
            p: Cell::new(ptr::null()),
            blocking: Cell::new(false),
            firing: Cell::new(ptr::null()),
        }
    };
}

/// Takes the calling thread out of its runtime, in the child of a fork.
pub(crate) fn reset_after_fork() {
    CONTEXT.with(|context| {
        context.runtime.set(0);
        context.shared.set(ptr::null());
        context.p.set(ptr::null());
        context.firing.set(ptr::null());
    });
}

/// A guard: until it is dropped, the calling thread belongs to a runtime. Then the thread belongs
/// again to its previous runtime, if any.
pub(crate) struct Entered<'a> {
    before: (u64, *const Shared, *const P, bool, *const P),
    shared: &'a Shared,
}

/// Makes the calling thread belong to a runtime, without a P.
pub(crate) fn enter(shared: &Shared) -> Entered<'_> {
    CONTEXT.with(|context| {
        let before = (
            context.runtime.replace(shared.id),
            context.shared.replace(shared),
            context.p.replace(ptr::null()),
            context.blocking.replace(false),
            context.firing.replace(ptr::null()),
        );
        Entered { before, shared }
    })
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        CONTEXT.with(|context| {
            // If the thread has forked since, this is the child: it stays outside the runtimes of
            // its parent.
            // bug: child enters a runtime of its parent
            if context.runtime.get() != self.shared.id {
                return;
            }
            let (runtime, shared, p, blocking, firing) = self.before;
            context.runtime.set(runtime);
            context.shared.set(shared);
            context.p.set(p);
            context.blocking.set(blocking);
            context.firing.set(firing);
        });
    }
}

/// Calls `f` with the runtime of the calling thread, if it belongs to one, and the P if the thread is a
/// worker.
pub(crate) fn here<R>(f: impl FnOnce(Option<(&Shared, Option<&P>)>) -> R) -> R {
    let (shared, p) = CONTEXT.with(|context| (context.shared.get(), context.p.get()));
    // SAFETY: as in `worker` and `current`.
    f(unsafe { shared.as_ref() }.map(|shared| (shared, unsafe { p.as_ref() })))
}

/// Sets the P of the calling thread, which is inside `enter` of that P's runtime.
pub(crate) fn set_p(p: Option<&P>) {
    CONTEXT.with(|context| context.p.set(p.map_or(ptr::null(), ptr::from_ref)));
}

/// Calls `f` with the runtime and the P of the calling thread, if it is a worker.
#[inline]
pub(crate) fn worker<R>(f: impl FnOnce(Option<(&Shared, &P)>) -> R) -> R {
    let (shared, p) = CONTEXT.with(|context| (context.shared.get(), context.p.get()));
    // SAFETY: a thread has a P only within `enter`, which borrows the runtime; and the runtime owns
    // its Ps.
    f(unsafe { p.as_ref() }.map(|p| (unsafe { &*shared }, p)))
}

/// Calls `f` as `worker` does, if the calling thread is a worker of the runtime `id`; otherwise
/// with `None`.
#[inline]
pub(crate) fn worker_of<R>(id: u64, f: impl FnOnce(Option<(&Shared, &P)>) -> R) -> R {
    let here = CONTEXT.with(|context| context.runtime.get() == id);
    if here { worker(f) } else { f(None) }
}

/// Calls `f` with the runtime of the calling thread, and the P if the thread is a worker; with
/// `None` if the thread does not belong to the runtime `id`.
#[inline]
pub(crate) fn member_of<R>(id: u64, f: impl FnOnce(Option<(&Shared, Option<&P>)>) -> R) -> R {
    let (runtime, shared, p) =
        CONTEXT.with(|context| (context.runtime.get(), context.shared.get(), context.p.get()));
    if runtime != id {
        return f(None);
    }
    // SAFETY: as in `worker` and `current`.
    f(unsafe { shared.as_ref() }.map(|shared| (shared, unsafe { p.as_ref() })))
}

/// Calls `f` with the runtime of the calling thread, if it belongs to one.
#[inline]
pub(crate) fn current<R>(f: impl FnOnce(Option<&Shared>) -> R) -> R {
    let shared = CONTEXT.with(|context| context.shared.get());
    // SAFETY: within `enter`, which borrows the runtime.
    f(unsafe { shared.as_ref() })
}

/// A guard: until it is dropped, the calling thread fires timers. It is no worker meanwhile, and the
/// tasks that it wakes go to the queue of a P.
pub(crate) struct Firing<'a> {
    runtime: u64,
    p: *const P,
    before: *const P,
    borrows: PhantomData<&'a P>,
}

/// Begins to fire timers, on a thread that is inside `enter`, and has `p` if there is one. The tasks
/// that are woken go to the queue of `to`, which is this P; or else to the global queue.
pub(crate) fn begin_firing<'a>(to: Option<&'a P>) -> Firing<'a> {
    let to = to.map_or(ptr::null(), ptr::from_ref);
    CONTEXT.with(|context| Firing {
        runtime: context.runtime.get(),
        p: context.p.replace(ptr::null()),
        before: context.firing.replace(to),
        borrows: PhantomData,
    })
}

impl Drop for Firing<'_> {
    fn drop(&mut self) {
        CONTEXT.with(|context| {
            // Otherwise the thread has forked, and is in the child.
            if context.runtime.get() == self.runtime {
                context.p.set(self.p);
                context.firing.set(self.before);
            }
        });
    }
}

/// Calls `f` with the P for the tasks that the calling thread wakes, while it fires timers.
pub(crate) fn firing<R>(f: impl FnOnce(Option<&P>) -> R) -> R {
    let p = CONTEXT.with(|context| context.firing.get());
    // SAFETY: within the guard of `begin_firing`, which borrows the P.
    f(unsafe { p.as_ref() })
}

/// Sets whether the calling thread is inside `blocking`, and returns whether it was.
pub(crate) fn set_blocking(blocking: bool) -> bool {
    CONTEXT.with(|context| context.blocking.replace(blocking))
}

/// Returns whether the calling thread is a worker, and not inside `blocking`.
pub(crate) fn must_not_block() -> bool {
    CONTEXT.with(|context| !context.p.get().is_null() && !context.blocking.get())
}
