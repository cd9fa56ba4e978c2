//! A fork copies one thread and the memory of all: what the other threads were doing stays half done,
//! for ever.
//!
//! So a fork is a claim that is held across it. Before the fork, the forking thread locks what others
//! change under locks, and claims all seats as a collector does. Afterwards the parent lets go. In the
//! child the seats of all other threads are free, and what they held goes to the shelves. Lost (leaked,
//! in the child only) is what was in flight: held by the guards of other threads, being stolen, or
//! private to a thread that was stopped while pinned.
//!
//! `posix_spawn` and `vfork` run no handlers, and need none.

use std::sync::Once;

use super::registry::Registry;
use crate::{
    seat::{claim::Claim, current::current, table::Seats},
    sync::{self, MutexGuard, reclaim},
    util::fork_lock::ForkLock,
};

/// Asks the system to call the handlers below at each fork. If it has no memory for that, a child must
/// not use pools.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| sync::at_forks(before, after, after_in_child));
}

/// What a thread holds while it forks. Dropped in this order.
struct Held {
    claim: Claim<'static>,
    registry: MutexGuard<'static, Registry>,
}

static HELD: ForkLock<Held> = ForkLock::new();

extern "C" fn before() {
    // Now, so that the child does not find the collector of epochs half made.
    reclaim::collector();
    let registry = Registry::lock();
    // SAFETY: locked, until `after`.
    unsafe {
        let claim = Claim::new(Seats::process(), false);
        // bug: shelves not locked for a fork
        registry.pools().for_each(|pool| pool.lock_for_fork());
        HELD.hold(Held { claim, registry });
    }
}

/// Unlocks the shelves, and returns what else `before` has locked.
fn release() -> Held {
    // SAFETY: called once after `before`, by the thread that has forked.
    unsafe {
        let held = HELD.release().expect("`before` comes before");
        held.registry.pools().for_each(|pool| pool.unlock_after_fork());
        held
    }
}

extern "C" fn after() {
    drop(release());
}

extern "C" fn after_in_child() {
    reclaim::begin_anew();
    Seats::process().strategy().register_child();
    let mut held = release();
    let own = current().map(|seat| seat.id);
    for pool in held.registry.pools() {
        // SAFETY: locked, claimed, and the only thread.
        unsafe { pool.reset_after_fork(&mut held.claim.others(own)) };
    }
    // bug: own seat given away
    held.claim.reset_after_fork(own);
    held.registry.forget_janitors();
}
