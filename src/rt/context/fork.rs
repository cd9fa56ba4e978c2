//! A fork: the child has the thread that forks, and none of a runtime. It can have a runtime of its
//! own, so that what all runtimes share is locked across the fork; and the forking thread belongs
//! to none any more.

use std::{cell::UnsafeCell, sync::Once};

use super::{context, grave};
use crate::sync;

struct Frozen {
    runtimes: context::Frozen,
    grave: grave::Closed,
}

/// Used by who holds the locks.
struct Place(UnsafeCell<Option<Frozen>>);

// SAFETY: one thread at a time, the one that forks, holds the locks from `before` on until it has
// taken them from here; or its copy in the child.
unsafe impl Sync for Place {}

static FROZEN: Place = Place(UnsafeCell::new(None));

/// Has the system call us from now on.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| sync::at_forks(before, in_parent, in_child));
}

extern "C" fn before() {
    let frozen = Frozen { runtimes: context::freeze(), grave: grave::close() };
    // SAFETY: locked.
    unsafe { *FROZEN.0.get() = Some(frozen) };
}

fn thaw() -> Option<Frozen> {
    // SAFETY: called after `before` by the thread that holds the locks.
    unsafe { (*FROZEN.0.get()).take() }
}

extern "C" fn in_parent() {
    drop(thaw());
}

extern "C" fn in_child() {
    if let Some(mut frozen) = thaw() {
        frozen.runtimes.abandon();
        frozen.grave.abandon();
    }
    context::leave_for_good();
}
