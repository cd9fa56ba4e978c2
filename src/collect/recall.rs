//! The recall: a thread takes what other threads keep private.
//!
//! It claims the seats of those threads, as a collector does. What it then does to their shards is
//! the pool's business.

use super::registry::Registry;
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

/// Claims the seats whose ids are `wanted`, and calls `recall` with each that was reached. Returns
/// `None` without doing so if another thread is collecting or recalling and `patience` is up.
///
/// `wanted` must not include the calling thread's own seat, which is not pinned.
pub(crate) fn recall_from(
    seats: &Seats,
    wanted: impl Fn(usize) -> bool,
    patience: Patience,
    mut recall: impl FnMut(&Seat),
) -> Option<()> {
    // bug: recall without the registry's lock
    let _registry = lock(patience)?;
    // SAFETY: the lock makes this the only claim.
    unsafe { Claim::of(seats, wanted) }.visit(|seat| {
        recall(seat);
        false
    });
    Some(())
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
