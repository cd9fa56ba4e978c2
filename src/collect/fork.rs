//! A fork copies one thread and the memory of all. What the other threads were doing stays half
//! done forever.
//!
//! So the library holds a claim across the fork. Before the fork, the forking thread locks what
//! others change under locks, and claims all seats as a collector does. After it, the parent
//! releases everything. In the child, the seats of all other threads are freed, and what they held
//! moves to the shelves. What was in flight is leaked, in the child only: objects in the guards of
//! other threads, objects that were being stolen, and the private part of a thread that was stopped
//! while pinned, or may have been: a system that refuses `membarrier` does not tell.
//!
//! `posix_spawn` and `vfork` run no handlers, and need none.

use std::sync::Once;

use super::{
    keeper::{Keeper, WATCH},
    registry::Registry,
};
use crate::{
    chaos_mode,
    seat::{claim::Claim, current::current, fence, seat::Seat, table::Seats},
    sync::{self, MutexGuard, heavy_fence, reclaim},
    util::fork_lock::ForkLock,
};

/// Registers the handlers below with the system, once. If the system has no memory for that, a
/// forked child must not use pools.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    if ONCE.is_completed() {
        return;
    }
    // First: it locks the environment, which a forking thread may hold while it waits for `ONCE`.
    fence::read_switch();
    ONCE.call_once(|| {
        // Before the seats, so that a fork waits for them: the system may take milliseconds.
        sync::at_forks(before, after, after_in_child);
        if sync::FORKS {
            Seats::process();
        }
    });
}

/// What the forking thread holds across the fork. The fields are dropped in this order.
struct Held {
    claim: Claim<'static>,
    registry: MutexGuard<'static, Registry>,
}

static HELD: ForkLock<Held> = ForkLock::new();

extern "C" fn before() {
    // Waits until nothing that the child may need is half initialised by another thread.
    watch();
    reclaim::collector();
    // Not under the lock, which others need to put objects.
    Seats::process().fence_kind().register();
    let registry = Registry::lock();
    // SAFETY: locked, until `after`.
    unsafe {
        let claim = Claim::new(Seats::process(), false);
        claim.wait();
        // bug: shelves not locked for a fork
        registry.pools().for_each(|pool| pool.lock_for_fork());
        chaos_mode::lock_for_fork();
        HELD.hold(Held { claim, registry });
    }
}

/// Unlocks the shelves, and returns what else `before` has locked.
fn release() -> Held {
    // SAFETY: called once after `before`, by the thread that has forked.
    unsafe {
        let held = HELD.release().expect("`before` has run");
        chaos_mode::unlock_after_fork();
        held.registry.pools().for_each(|pool| pool.unlock_after_fork());
        held
    }
}

extern "C" fn after() {
    drop(release());
}

extern "C" fn after_in_child() {
    reclaim::begin_anew();
    heavy_fence::forget_registration();
    let mut held = release();
    let own = current().map(|seat| seat.id);
    for pool in held.registry.pools() {
        // SAFETY: locked, claimed, and the only thread.
        unsafe { pool.reset_after_fork(&mut held.claim.others(own)) };
    }
    // bug: own seat freed by a fork
    held.claim.reset_after_fork(own);
    held.registry.forget_threads();
    WATCH.set(Keeper::Nobody);
    // What is idle may be used by hits alone, or not at all.
    // bug: hits of a child age nothing
    current().into_iter().for_each(Seat::unwatch);
}
