//! A fork copies one thread and everybody's memory: what the other threads were about stays as it
//! was, for ever.
//!
//! So a fork is a claim that is held across it. Before, the forking thread locks what others change
//! under locks, and claims all seats as a collector does. After, the parent lets go. In the child
//! the seats of all other threads are free, and what they held goes to the shelves. Lost (leaked, in
//! the child only) is what was in flight: held by other threads' guards, on the way of a thief, or
//! private to a thread that was stopped while pinned.
//!
//! `posix_spawn` and `vfork` do not come here, and need not.

#![allow(dead_code, unused_imports, reason = "models do not fork")]

pub(crate) use imp::watch;

#[cfg(unix)]
mod imp {
    use std::cell::UnsafeCell;

    use crate::{
        collect::Registry,
        reclaim,
        seat::{self, Seat},
        seats::{Claim, Seats},
        sync::MutexGuard,
    };

    /// Has the system call us before and after each fork. If it has no memory for that, a child
    /// must not use pools.
    pub(crate) fn watch() {
        // Now, so that no fork finds them half made.
        let _ = (Seats::process(), reclaim::collector());
        // SAFETY: the three take no arguments, and do not unwind.
        // bug: no fork handler, and no rest; no fork handler, at rest
        // bug: fork handler outlives its library
        unsafe { libc::pthread_atfork(Some(before), Some(after), Some(after_in_child)) };
    }

    /// What a forking thread holds on to. Dropped in this order.
    struct Frozen {
        claim: Claim<'static>,
        registry: MutexGuard<'static, Registry>,
    }

    /// Used by the holder of the registry's lock.
    struct Place(UnsafeCell<Option<Frozen>>);

    // SAFETY: one thread at a time, the one that forks, holds the registry's lock from `before` to
    // `after`; or its copy in the child.
    unsafe impl Sync for Place {}

    static FROZEN: Place = Place(UnsafeCell::new(None));

    extern "C" fn before() {
        let registry = Registry::lock();
        // SAFETY: locked, until `after`.
        unsafe {
            let claim = Claim::new(Seats::process(), false);
            // bug: shelves not locked for a fork
            registry.pools().for_each(|pool| pool.freeze());
            *FROZEN.0.get() = Some(Frozen { claim, registry });
        }
    }

    /// What `before` has locked, the shelves apart.
    fn thaw() -> Frozen {
        // SAFETY: called once after `before`, by the thread that has forked.
        unsafe {
            let frozen = (*FROZEN.0.get()).take().expect("`before` comes before");
            frozen.registry.pools().for_each(|pool| pool.thaw());
            frozen
        }
    }

    extern "C" fn after() {
        drop(thaw());
    }

    extern "C" fn after_in_child() {
        reclaim::begin_anew();
        Seats::process().strategy().again();
        let mut frozen = thaw();
        let own = seat::current().map(|seat: &Seat| seat.id);
        for pool in frozen.registry.pools() {
            // SAFETY: locked, claimed, and the only thread.
            unsafe { pool.inherit(&mut frozen.claim.others(own)) };
        }
        // bug: own seat given away
        frozen.claim.inherit(own);
        // Their threads are no more. Not dropped: this is no place to free memory.
        // bug: child with the janitor of its parent
        std::mem::forget(std::mem::take(&mut frozen.registry.bells));
    }
}

#[cfg(not(unix))]
mod imp {
    pub(crate) fn watch() {}
}
