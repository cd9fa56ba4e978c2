//! What holds when nobody is at work, whatever has been before.

use super::{
    actor::{Actor, below},
    seen::Event,
    world::{Pool, World},
};
use crate::sync::settled;

/// Checks a world whose threads have yet to leave. One of them may have been pinned all the time.
pub(super) fn before_leaving(world: &World, actors: &[Actor<'_>]) {
    let late = &actors[below(actors.len())];
    late.pinned(|| (0..below(3)).for_each(|_| world.collect()));
    if below(2) == 0 { all_but_private_is_found(world) } else { all_ages(world) }
}

/// Checks a world whose threads are gone, and ends it.
pub(super) fn after_leaving(mut world: World) {
    world.seen.add(Event::Ring, settled());
    counts_are_exact(&world);
    gates_are_open(&world);
    if below(2) == 0 {
        all_is_found(&world)
    } else {
        all_ages(&world)
    }
    units_are_back(&world);
    for pool in std::mem::take(&mut world.pools) {
        let stats = pool.core.stats();
        world.seen.add(Event::Steal, stats.steals as usize);
        world.seen.add(Event::Victim, stats.victim_hits as usize);
        world.seen.add(Event::Aged, stats.dropped as usize);
        world.close(pool);
    }
    world.ledgers().iter().for_each(|ledger| ledger.assert_settled());
}

/// The counters agree with the books.
pub(super) fn counts_are_exact(world: &World) {
    for pool in &world.pools {
        let (stats, books) = (pool.core.stats(), pool.ledger.books());
        assert_eq!(stats.idle as isize, books.kept);
        assert_eq!(stats.hits + stats.misses, books.searches);
        assert!(stats.idle as usize <= pool.bound, "more idle objects than the bound");
    }
}

/// A thread without a seat finds all that is for others to find.
fn all_but_private_is_found(world: &World) {
    let stranger = Actor::new(world, false);
    for pool in &world.pools {
        stranger.drain(pool);
        let private = private(pool);
        assert_eq!(pool.ledger.books().kept, private as isize, "an object for all is not found");
    }
}

/// Objects that only the holders of their seats can reach.
fn private(pool: &Pool) -> usize {
    pool.core.shards().map(|shard| shard.private.len()).sum()
}

fn gates_are_open(world: &World) {
    let seats: Vec<_> = std::iter::from_fn(|| world.seats.join()).collect();
    for seat in seats {
        // SAFETY: this thread's seat, and its only pin.
        assert!(unsafe { seat.pin() }.is_some(), "a gate has stayed closed");
        world.leave(seat);
    }
}

/// A thread finds all that others have left.
fn all_is_found(world: &World) {
    let heir = Actor::new(world, true);
    for pool in &world.pools {
        heir.drain(pool);
        assert_eq!(pool.ledger.books().kept, 0, "an object is not found");
    }
    heir.leave();
}

/// The second of two collects drops what nobody has used.
fn all_ages(world: &World) {
    (0..2).for_each(|_| world.collect());
    for pool in &world.pools {
        assert_eq!(pool.ledger.books().kept, 0, "an object does not age");
    }
}

fn units_are_back(world: &World) {
    for pool in &world.pools {
        let units = pool.core.quota.lease(usize::MAX);
        assert_eq!(units, pool.bound, "units were lost, or given back twice");
        pool.core.quota.release(units);
    }
}
