//! The recall: a thread takes what other threads keep private.
//!
//! It claims the seats of those threads, as a collector does. What it then does to their shards is
//! the pool's business.

use super::{collect_thread::start, keeper::WATCH, registry::Registry};
use crate::{
    seat::{claim::Claim, seat::Seat, table::Seats},
    sync::{MutexGuard, spin_loop, test_size},
};

/// How often a thread that must not wait tries to lock the registry.
const TRIES: usize = test_size(200, 1);

/// Whether a thread waits while another one collects or recalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It waits.
    Waits,
    /// It gives up soon.
    GivesUp,
}

/// Claims the seats whose ids are `wanted`, and calls `recall` with each that was reached and with what
/// it has collected so far. When the seats are released, calls `store` with all of it, and returns the
/// result. Returns `None` without doing so if another thread is collecting or recalling and `patience`
/// is up.
///
/// Searches that find nothing meanwhile wait for the end, because objects are moved. `wanted` must not
/// include the calling thread's own seat, which is not pinned. `store` must not lock the registry.
pub(crate) fn recall_from<L: Default, R>(
    seats: &Seats,
    wanted: &dyn Fn(usize) -> bool,
    patience: Patience,
    mut recall: impl FnMut(&Seat, &mut L),
    store: impl FnOnce(L) -> R,
) -> Option<R> {
    if patience == Patience::Waits {
        // Not under the lock, which others need to put objects.
        seats.fence_kind().register();
    }
    // bug: recall without the registry's lock
    let _registry = lock(patience)?;
    let _moving = seats.moves().begin();
    let mut got = L::default();
    // SAFETY: the lock makes this the only claim.
    unsafe { Claim::of(seats, wanted) }.visit(&mut |seat| {
        recall(seat, &mut got);
        false
    });
    Some(store(got))
}

/// Returns whether a recall takes microseconds. In a process that has not been registered for the heavy
/// fence it does not; then the collect thread is started, which registers it.
pub(crate) fn is_quick(seats: &Seats) -> bool {
    if seats.fence_kind().is_registering().is_none() {
        let Some(mut registry) = Registry::try_lock() else { return false };
        start(&mut registry, &WATCH);
    }
    // Nobody does if the system refuses a thread: then the recall does.
    seats.fence_kind().is_registering() != Some(true)
}

/// Waits until no other thread collects, recalls, or ends.
pub(crate) fn wait_for_collector() {
    drop(Registry::lock());
}

fn lock(patience: Patience) -> Option<MutexGuard<'static, Registry>> {
    if patience == Patience::Waits {
        return Some(Registry::lock());
    }
    (0..TRIES).find_map(|_| {
        spin_loop();
        Registry::try_lock()
    })
}
