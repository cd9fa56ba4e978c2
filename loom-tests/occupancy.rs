//! New shards, the occupancy map, and `published`.
//!
//! There are four seats. Those of seats 0 and 2 share a bit of the map, and so do those of 1 and 3.

use loom::{sync::Arc, thread};

use super::{long_model, model, model_pool::ModelPool};
use crate::seat::{fence::FenceKind, seat::Seat};

/// The number of puts to an empty shard that leave one object in its chain.
const SPILL: usize = 2;

fn pool() -> Arc<ModelPool> {
    ModelPool::new(FenceKind::Asymmetric, usize::MAX)
}

/// Joins all four seats; `held` then returns them by id.
fn join_all(pool: &ModelPool) {
    (0..4).for_each(|id| assert_eq!(pool.seats.join().unwrap().id, id));
}

fn held(pool: &ModelPool, id: usize) -> &Seat {
    // SAFETY: joined by the main thread, and used by one thread of the model only.
    unsafe { pool.seats.held(id) }
}

/// The first push of a shard to its chain sets its bit. A thread that sees the bit finds the
/// object.
fn seen_is_found(name: &str, thief: usize) {
    model(name, Some(2), move || {
        let pool = pool();
        join_all(&pool);
        let seat = held(&pool, 0);
        pool.fill(seat, SPILL - 1);
        let thief = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let seat = held(&pool, thief);
                let seen = !pool.core.map.has_no_chains();
                let got = pool.get_shared(seat);
                assert!(got.is_some() || !seen, "a bit with nothing behind it");
                got
            })
        };
        pool.fill(seat, 1);
        let got = thief.join().unwrap().or_else(|| pool.core.take(None));
        pool.put(seat, got.expect("the marked object is found"));
        assert_eq!(pool.ledger.alive(), SPILL as isize);
    });
}

#[test]
fn occupancy_seen_is_found() {
    seen_is_found("occupancy_seen_is_found", 1);
}

/// The same with a thief whose shard shares the bit.
#[test]
fn occupancy_shared_is_found() {
    seen_is_found("occupancy_shared_is_found", 2);
}

/// The first push of a shard to its chain sets its bit during a search, which another bit has led into
/// the map. The search finds the object, or leaves it where the next one finds it.
#[test]
fn occupancy_marked_during_a_search() {
    model("occupancy_marked_during_a_search", Some(2), || {
        let pool = pool();
        join_all(&pool);
        // A bit with nothing behind it.
        let other = held(&pool, 1);
        pool.fill(other, SPILL);
        (0..SPILL).for_each(|_| drop(pool.get_shared(other)));
        assert!(!pool.core.map.has_no_chains());
        pool.fill(held(&pool, 0), SPILL - 1);
        let thief = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.get_shared(held(&pool, 3)))
        };
        pool.fill(held(&pool, 0), 1);
        let got = thief.join().unwrap().or_else(|| pool.core.take(None));
        pool.put(held(&pool, 0), got.expect("the object in the chain is found"));
    });
}

/// A bit may be lost when a thief that has found no object meets a push. The next push sets it
/// again.
fn lost_is_set_again(name: &str, thief: usize) {
    model(name, Some(2), move || {
        let pool = pool();
        join_all(&pool);
        let seat = held(&pool, 0);
        pool.fill(seat, SPILL);
        let thief = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let seat = held(&pool, thief);
                (pool.get_shared(seat), pool.get_shared(seat))
            })
        };
        pool.fill(seat, 1);
        drop(thief.join().unwrap());
        pool.fill(seat, 2);
        assert!(pool.core.take(None).is_some(), "an object in the chain");
    });
}

#[test]
fn occupancy_lost_is_set_again() {
    lost_is_set_again("occupancy_lost_is_set_again", 1);
}

#[test]
fn occupancy_lost_is_set_again_shared() {
    lost_is_set_again("occupancy_lost_is_set_again_shared", 2);
}

/// Two shards share a bit and hold an object each. Two thieves at these shards hide neither object.
#[test]
fn occupancy_shared_by_two() {
    model("occupancy_shared_by_two", Some(2), || {
        let pool = pool();
        join_all(&pool);
        pool.fill(held(&pool, 0), SPILL);
        pool.fill(held(&pool, 2), SPILL);
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.get_shared(held(&pool, 1)))
        };
        let mine = pool.core.take(None);
        let got = [mine, other.join().unwrap()];
        let rest = std::iter::from_fn(|| pool.core.take(None)).collect::<Vec<_>>();
        assert_eq!(got.iter().flatten().count() + rest.len(), 2, "an object was not found");
    });
}

/// A thread that knows of a put finds the object, even if an earlier search of it failed. The
/// thread with seat 0 searches; another thread runs `put`.
fn put_is_found(name: &str, bound: usize, put: impl Fn(&ModelPool) + Copy + Send + Sync + 'static) {
    model(name, Some(bound), move || {
        let pool = pool();
        join_all(&pool);
        let seat = held(&pool, 0);
        assert!(pool.get_shared(seat).is_none(), "its shard is made");
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || put(&pool))
        };
        let early = pool.get_shared(seat);
        other.join().unwrap();
        let got = early.or_else(|| pool.get_shared(seat)).expect("the object that was put");
        pool.put(seat, got);
    });
}

#[test]
fn put_is_found_in_a_chain() {
    put_is_found("put_is_found_in_a_chain", 2, |pool| pool.fill(held(pool, 1), SPILL));
}

/// The object is in a shard that is added during the search, and that shares a bit with the
/// searcher's own shard.
#[test]
fn put_is_found_behind_its_own_bit() {
    put_is_found("put_is_found_behind_its_own_bit", 2, |pool| pool.fill(held(pool, 2), SPILL));
}

#[test]
fn put_is_found_on_the_shelf() {
    put_is_found("put_is_found_on_the_shelf", 2, |pool| {
        assert!(pool.core.put(None, pool.ledger.object()).is_ok());
    });
}

#[test]
fn put_is_found_as_a_victim() {
    put_is_found("put_is_found_as_a_victim", 1, |pool| {
        pool.fill(held(pool, 1), 1);
        pool.collect();
    });
}

#[test]
fn put_is_found_as_a_victim_of_a_chain() {
    put_is_found("put_is_found_as_a_victim_of_a_chain", 1, |pool| {
        pool.fill(held(pool, 1), SPILL);
        let private = (0..SPILL - 1).map(|_| pool.get_shared(held(pool, 1)).unwrap());
        private.for_each(drop);
        pool.collect();
    });
}

/// Checks `published` of this seat's shard against its primary chain. No collect runs meanwhile.
fn check_published(pool: &ModelPool, seat: &Seat) {
    pool.with_own(seat, |shard| {
        // SAFETY: pinned.
        let generation = unsafe { shard.owner() }.generation();
        let published = shard.published() || shard.chain(generation).len() == 0;
        assert!(published, "an object is not published");
    });
}

/// An owner finds every object in its chain, while a thief empties one ring and advances to the
/// next.
#[test]
fn published_against_thief() {
    model("published_against_thief", Some(2), || {
        let pool = pool();
        let (seat, thief) = (pool.seats.join().unwrap(), pool.seats.join().unwrap());
        // Three objects in the chain, in two rings, and no private ones.
        pool.fill(seat, 5);
        (0..2).for_each(|_| drop(pool.get_shared(seat)));
        assert_eq!(pool.with_own(seat, |shard| shard.private.len()).unwrap(), 0);
        let thief = {
            let (pool, thief) = (Arc::clone(&pool), thief.id);
            thread::spawn(move || pool.get_shared(held(&pool, thief)).map(drop))
        };
        for _ in 0..2 {
            drop(pool.get_shared(seat));
            check_published(&pool, seat);
        }
        thief.join().unwrap();
        pool.fill(seat, SPILL);
        check_published(&pool, seat);
        while pool.get(seat).is_some() {}
        assert_eq!(pool.core.stats().idle, 0, "an object that is not published");
    });
}

/// The same while a collect makes the chain a victim.
#[test]
fn published_against_collect() {
    model("published_against_collect", Some(2), || {
        let pool = pool();
        let seat = pool.seats.join().unwrap();
        pool.fill(seat, SPILL);
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        pool.fill(seat, 1);
        check_published(&pool, seat);
        collector.join().unwrap();
        check_published(&pool, seat);
        while pool.get(seat).is_some() {}
        assert_eq!(pool.core.stats().idle, 0, "an object that is not published");
    });
}

/// The shard of a seat is added while a thief searches for the object in it.
fn growth_against_thief(name: &str, other: usize) {
    model(name, Some(2), move || {
        let pool = pool();
        join_all(&pool);
        let seat = held(&pool, 0);
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.fill(held(&pool, other), SPILL))
        };
        let early = pool.get_shared(seat);
        other.join().unwrap();
        let got = early.or_else(|| pool.get_shared(seat)).expect("the published object");
        pool.put(seat, got);
        assert_eq!(pool.ledger.alive(), SPILL as isize);
    });
}

#[test]
fn growth_unshared_bit_against_thief() {
    growth_against_thief("growth_unshared_bit_against_thief", 1);
}

#[test]
fn growth_shared_bit_against_thief() {
    growth_against_thief("growth_shared_bit_against_thief", 3);
}

/// The table of a seat grows while a thief searches for an object in one of its shards.
#[test]
fn growth_of_a_table_against_thief() {
    model("growth_of_a_table_against_thief", Some(2), || {
        let pool = pool();
        let more = ModelPool::with(&pool.seats, usize::MAX);
        join_all(&pool);
        pool.fill(held(&pool, 1), SPILL);
        let other = {
            let more = Arc::clone(&more);
            thread::spawn(move || more.fill(held(&more, 1), 1))
        };
        let got = pool.get(held(&pool, 0)).expect("the published object");
        other.join().unwrap();
        pool.put(held(&pool, 0), got);
        assert_eq!((pool.ledger.alive(), more.core.stats().idle), (SPILL as isize, 1));
    });
}

/// The table of a seat grows while another pool, whose shard is in it, ends.
#[test]
fn growth_of_a_table_against_end() {
    long_model("growth_of_a_table_against_end", 3, || {
        let pool = pool();
        let (ended, larger) =
            (ModelPool::with(&pool.seats, usize::MAX), ModelPool::with(&pool.seats, usize::MAX));
        join_all(&pool);
        ended.fill(held(&pool, 1), 1);
        let other = {
            let larger = Arc::clone(&larger);
            thread::spawn(move || larger.fill(held(&larger, 1), 1))
        };
        let index = ended.core.index();
        drop(ended);
        other.join().unwrap();
        assert!(
            held(&pool, 1).shared_shard(index, &pool.seats.read(None)).is_none(),
            "an ended pool's shard"
        );
    });
}

/// A shard is added to a table that has room for it, while another thread counts.
#[test]
fn growth_in_place_against_stats() {
    model("growth_in_place_against_stats", Some(2), || {
        let pool = pool();
        let more: Vec<_> = (0..3).map(|_| ModelPool::with(&pool.seats, usize::MAX)).collect();
        join_all(&pool);
        // The table that this makes has room for four pools.
        more[1].fill(held(&pool, 1), 1);
        let other = {
            let last = Arc::clone(&more[2]);
            thread::spawn(move || last.fill(held(&last, 1), 1))
        };
        assert!(more[2].core.stats().idle <= 1);
        other.join().unwrap();
        assert_eq!(more[2].core.stats().idle, 1);
    });
}

/// The table of a seat grows while another thread counts, and a collect frees what was removed before.
#[test]
fn growth_of_a_table_against_collect() {
    long_model("growth_of_a_table_against_collect", 2, || {
        let pool = pool();
        let more = ModelPool::with(&pool.seats, usize::MAX);
        join_all(&pool);
        pool.fill(held(&pool, 1), 1);
        // Something was removed, so that the collect looks for readers.
        pool.seats.note_removed();
        let other = {
            let (pool, more) = (Arc::clone(&pool), Arc::clone(&more));
            thread::spawn(move || {
                more.fill(held(&more, 1), 1);
                pool.collect();
            })
        };
        {
            let reading = &pool.seats.read(Some(held(&pool, 0)));
            assert!(pool.core.shards(reading).count() <= 1);
        }
        other.join().unwrap();
        assert_eq!(more.core.stats().idle, 1);
    });
}
