//! Where no thread can be had, pools age in their own calls: a call on the slow path ages the pool
//! that it is made on, and no other, so that it runs no destructors of other pools' objects.
//!
//! What would be a collect of all pools is a *round* here. Each pool takes part in a round with its
//! first slow-path call after the round's beginning.

use std::{cell::Cell, thread::panicking};

use super::{
    collect::{Which, age_pools},
    registry::Registry,
    schedule,
};
use crate::{
    seat::table::Seats,
    sync::{Relaxed, Untracked},
    util::panics::catch_and_discard,
};

/// The number of rounds that have begun. It wraps: a pool that was unused for all its values misses one
/// round.
static ROUND: Untracked = Untracked::new(0);

thread_local! {
    /// Whether this thread is ageing a pool in a call of that pool.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// The last round in which a pool has taken part. A new pool has taken part in all before.
#[derive(Debug)]
pub(crate) struct OwnAge(Untracked);

impl OwnAge {
    pub(crate) fn new() -> Self {
        Self(Untracked::new(ROUND.load(Relaxed)))
    }

    /// Takes part in the present round. Returns false if the pool has done so already.
    fn take_part(&self) -> bool {
        let round = ROUND.load(Relaxed);
        // bug: pool ages in each of its calls
        self.0.swap(round, Relaxed) != round
    }
}

/// Begins a round, which answers all requests for a collect made before.
pub(crate) fn begin_round() {
    schedule::answer();
    ROUND.fetch_add(1, Relaxed);
}

/// Ages the calling pool by one generation, unless it has taken part in the present round. `index`
/// is its index in the registry. Panics of destructors are reported, and go no further. Does
/// nothing inside such a call, whose destructors may get here, or while the thread panics.
pub(crate) fn take_part(age: &OwnAge, index: usize) {
    // bug: pool ages inside its own ageing
    if BUSY.get() || panicking() || !age.take_part() {
        return;
    }
    BUSY.set(true);
    // bug: panic of an object that has aged in a call propagates; call runs destructors of other pools
    catch_and_discard(|| age_one(index));
    BUSY.set(false);
}

fn age_one(index: usize) {
    let pending = {
        let registry = Registry::lock();
        let Some(pool) = registry.pool(index) else { return };
        // SAFETY: locked.
        unsafe {
            age_pools(Seats::process(), Which::one(&registry, pool));
            pool.take_pending()
        }
    };
    drop(pending);
}
