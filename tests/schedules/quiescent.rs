//! Properties of a quiescent process, in which no thread is at work. They hold after every
//! schedule.

use super::{
    actor::{Actor, below},
    coverage::Event,
    process::Process,
};
use crate::sync::settled;

/// Checks a process whose threads have not left yet. One of them is pinned during up to two
/// collects.
pub(super) fn before_leaving(process: &Process, actors: &[Actor<'_>]) {
    let late = &actors[below(actors.len())];
    late.pinned(|| (0..below(3)).for_each(|_| process.collect()));
    if below(2) == 0 { a_stranger_finds_all(process) } else { all_ages(process) }
}

/// Checks a process whose threads have left, and ends it.
pub(super) fn after_leaving(mut process: Process) {
    process.coverage.add(Event::Ring, settled());
    counts_are_exact(&process);
    gates_are_open(&process);
    if below(2) == 0 {
        all_is_found(&process)
    } else {
        all_ages(&process)
    }
    units_are_back(&process);
    for pool in std::mem::take(&mut process.pools) {
        let stats = pool.core.stats();
        process.coverage.add(Event::Steal, stats.steals as usize);
        process.coverage.add(Event::Victim, stats.victim_hits as usize);
        process.coverage.add(Event::Aged, stats.dropped as usize);
        process.close(pool);
    }
    process.ledgers().iter().for_each(|ledger| ledger.assert_settled());
}

/// Checks that the counters agree with the ledger.
pub(super) fn counts_are_exact(process: &Process) {
    for pool in &process.pools {
        let (stats, books) = (pool.core.stats(), pool.ledger.books());
        assert_eq!(stats.idle as isize, books.kept);
        assert_eq!(stats.hits + stats.misses, books.searches);
        assert!(stats.idle as usize <= pool.bound, "more idle objects than the bound");
    }
}

/// Checks that a thread without a seat finds every object, even those that others keep private.
fn a_stranger_finds_all(process: &Process) {
    let stranger = Actor::new(process, false);
    for pool in &process.pools {
        stranger.drain(pool);
        assert_eq!(pool.ledger.books().kept, 0, "an object is out of reach");
    }
}

fn gates_are_open(process: &Process) {
    let seats: Vec<_> = std::iter::from_fn(|| process.seats.join()).collect();
    for seat in seats {
        // SAFETY: this thread's seat, and its only pin.
        assert!(unsafe { seat.pin() }.is_some(), "a gate has stayed closed");
        process.leave(seat);
    }
}

/// Checks that a thread finds every object of the threads that have left.
fn all_is_found(process: &Process) {
    let heir = Actor::new(process, true);
    for pool in &process.pools {
        heir.drain(pool);
        assert_eq!(pool.ledger.books().kept, 0, "an object is not found");
    }
    heir.leave();
}

/// Checks that the second of two collects drops every idle object.
fn all_ages(process: &Process) {
    (0..2).for_each(|_| process.collect());
    for pool in &process.pools {
        assert_eq!(pool.ledger.books().kept, 0, "an object does not age");
    }
}

fn units_are_back(process: &Process) {
    for pool in &process.pools {
        let units = pool.core.quota.lease(usize::MAX);
        assert_eq!(units, pool.bound, "units were lost, or given back twice");
        pool.core.quota.release(units);
    }
}
