//! Pools that weigh: the state of a `WeightLimit`, which a pool and its pending objects share, and the
//! weight that owners have reserved for their magazines.

use loom::{sync::Arc, thread};

use super::{
    ledger::{Ledger, Object},
    long_model, model,
    model_pool::{ModelPool, WEIGHT},
};
use crate::{
    collect::recall::Patience,
    containers::{
        cell::{CellBox, List},
        weight::WeightLimit,
    },
    seat::seat::Seat,
    shard::shard::Shard,
};

fn held(pool: &ModelPool, id: usize) -> &Seat {
    // SAFETY: joined by the main thread, and used by one thread of the model only.
    unsafe { pool.seats.held(id) }
}

/// A pool for `objects` objects, and for two threads, of which that of seat 0 has put two objects.
fn pool(objects: usize) -> Arc<ModelPool> {
    let pool = ModelPool::weighed(WEIGHT * objects);
    (0..2).for_each(|id| assert_eq!(pool.seats.join().unwrap().id, id));
    pool.fill(held(&pool, 0), 2);
    pool
}

/// Gets both objects of seat 0, so that there is evidence for a place in a magazine.
fn get_both(pool: &ModelPool) -> [CellBox<Object>; 2] {
    [(); 2].map(|()| pool.get_shared(held(pool, 0)).expect("an object"))
}

/// Checks that the idle objects weigh what the pool's sum says, and that one thread finds them all.
fn check_idle(pool: &ModelPool, expected: usize) {
    let stats = pool.core.stats();
    assert_eq!((stats.idle as usize, stats.idle_bytes as usize), (expected, WEIGHT * expected));
    let all: Vec<_> = (0..expected).map(|_| pool.get(held(pool, 1)).expect("idle")).collect();
    assert!(pool.get(held(pool, 1)).is_none());
    assert_eq!(pool.core.stats().idle_bytes, 0);
    drop(all);
}

/// The state is freed once, with the last handle, after every use.
#[test]
fn weight_end() {
    model("weight_end", None, || {
        let ledger = Ledger::new();
        let scale = WeightLimit::try_new(|_| 3, 8).unwrap();
        let mut garbage = [List::new(), List::new()];
        for list in &mut garbage {
            let object = ledger.object();
            assert!(scale.add(scale.weigh(object.get())));
            list.push(object);
        }
        let sweepers = garbage.map(|objects| {
            let scale = scale.share();
            thread::spawn(move || scale.drop_all(objects))
        });
        assert!(scale.held() <= 6);
        drop(scale);
        sweepers.into_iter().for_each(|sweeper| sweeper.join().unwrap());
        assert_eq!(ledger.alive(), 0);
    });
}

/// A thread that reads the weights of a magazine, which its owner is adding, sees them complete.
#[test]
fn weights_of_a_new_magazine() {
    model("weights_of_a_new_magazine", Some(1), || {
        let pool = pool(2);
        let [first, second] = get_both(&pool);
        pool.put(held(&pool, 0), first);
        let reader = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || assert!(pool.core.stats().idle_bytes <= 2 * WEIGHT as u64))
        };
        pool.put(held(&pool, 0), second);
        reader.join().unwrap();
        check_idle(&pool, 2);
    });
}

/// An owner gives an object back to its magazine by a hit, while another thread recalls what is reserved
/// for it. The thread that comes second finds no
/// weight left. No weight is lost, and none is made.
#[test]
fn weights_recalled_against_hit() {
    long_model("weights_recalled_against_hit", 3, || {
        let pool = pool(2);
        let seat = held(&pool, 0);
        get_both(&pool).into_iter().for_each(|full| pool.put(seat, full));
        let pop = |shard: &Shard<Object>| {
            // SAFETY: pinned.
            let owner = unsafe { shard.owner() };
            owner.private().pop()
        };
        let [first, lent] = [(); 2].map(|()| pool.with_own(seat, pop).flatten().expect("private"));
        pool.put(seat, first);
        let putter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let seat = Some(held(&pool, 1));
                let put = pool.core.put_weighed(seat, pool.ledger.object(), WEIGHT);
                let again = |full| {
                    pool.core.recall_units(seat, Patience::GivesUp);
                    pool.core.put_weighed(seat, full, WEIGHT)
                };
                put.or_else(again).is_ok()
            })
        };
        let hit = pool.with_own(seat, |shard| {
            // SAFETY: pinned.
            let owner = unsafe { shard.owner() };
            owner.private().push_top_weighed(lent.as_raw(), WEIGHT)
        });
        let hit = hit == Some(true);
        if hit {
            std::mem::forget(lent);
        } else {
            drop(lent);
        }
        let kept = usize::from(hit) + usize::from(putter.join().unwrap());
        assert!(kept <= 1, "{} objects for the weight of two", 1 + kept);
        check_idle(&pool, 1 + kept);
    });
}

/// A thief takes an object whose weight the owner has noted in the cell, or the owner takes it back.
#[test]
fn weights_follow_stolen_objects() {
    model("weights_follow_stolen_objects", Some(1), || {
        let pool = pool(9);
        let thief = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.get_shared(held(&pool, 1)))
        };
        let both = [(); 2].map(|()| pool.get_shared(held(&pool, 0)));
        let stolen = thief.join().unwrap();
        let all = both.into_iter().chain([stolen]).flatten();
        assert_eq!(all.map(|full| pool.put(held(&pool, 0), full)).count(), 2);
        check_idle(&pool, 2);
    });
}
