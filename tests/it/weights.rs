//! `with_weight` and `with_max_idle_bytes` limit the weight of idle objects.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier};

use corepool::{Pool, collect};

use crate::rng::Rng;
use crate::util::{alone, drain, fail, live, on_thread, on_threads, panics, repeat};

type Weighed = Pool<(usize, Arc<()>)>;

fn weighed(most: usize) -> Weighed {
    <Weighed>::new(Default::default).with_weight(|object| object.0).with_max_idle_bytes(most)
}

fn idle(pool: &Weighed) -> (u64, u64) {
    let stats = pool.stats();
    (stats.idle, stats.idle_bytes)
}

#[test]
fn an_object_over_the_weight_is_dropped() {
    let _alone = alone();
    let (pool, token) = (weighed(100), Arc::new(()));
    for (weight, expected) in
        [(60, (1, 60)), (50, (1, 60)), (40, (2, 100)), (1, (2, 100)), (0, (3, 100))]
    {
        pool.put((weight, token.clone()));
        assert_eq!(idle(&pool), expected);
    }
    assert_eq!(live(&token), 3);
    assert_eq!(pool.stats().dropped, 2);
    assert_eq!(drain(&pool).len(), 3);
    assert_eq!(idle(&pool), (0, 0));
    pool.put((101, token.clone()));
    assert_eq!(idle(&pool), (0, 0));
}

/// The weight counts as it is at the return, not as it was at the get.
#[test]
fn an_object_is_weighed_when_it_comes_back() {
    let _alone = alone();
    let pool = weighed(100);
    pool.put((10, Arc::default()));
    let mut held = pool.get();
    assert_eq!(idle(&pool), (0, 0));
    held.0 = 90;
    drop(held);
    assert_eq!(idle(&pool), (1, 90));
    pool.get().0 = 200;
    assert_eq!(idle(&pool), (0, 0));
}

/// So does the weight of a value.
#[test]
fn a_value_is_weighed_when_it_comes_back() {
    let _alone = alone();
    let (pool, token) = (weighed(100), Arc::new(()));
    pool.put((10, token.clone()));
    for (weight, expected) in
        [(10, (1, 10)), (6, (1, 6)), (9, (1, 9)), (90, (1, 90)), (1, (1, 1)), (200, (0, 0))]
    {
        let mut value = pool.take();
        assert_eq!(idle(&pool), (0, 0));
        value.0 = weight;
        pool.put(value);
        assert_eq!(idle(&pool), expected, "{weight}");
    }
    assert_eq!(live(&token), 0);
    assert_eq!(pool.stats().dropped, 1);
}

/// Ageing, clearing and trimming make room again, exact to the byte.
#[test]
fn dropped_objects_make_room() {
    let _alone = alone();
    let steps: [fn(&Weighed); 4] = [
        |_| (0..2).for_each(|_| collect()),
        |pool| (0..2).for_each(|_| pool.trim()),
        Weighed::clear,
        |pool| drop(on_thread(|| drain(pool))),
    ];
    for step in steps {
        let (pool, token) = (weighed(1000), Arc::new(()));
        for _ in 0..3 {
            (0..200).for_each(|_| pool.put((10, token.clone())));
            assert_eq!(idle(&pool), (100, 1000));
            step(&pool);
            assert_eq!((idle(&pool), live(&token)), ((0, 0), 0));
        }
    }
}

#[test]
fn victims_count_towards_the_weight() {
    let _alone = alone();
    let pool = weighed(100);
    pool.put((70, Arc::default()));
    collect();
    pool.put((40, Arc::default()));
    assert_eq!(idle(&pool), (1, 70));
    assert_eq!(pool.take().0, 70);
    assert_eq!(pool.stats().victim_hits, 1);
    assert_eq!(idle(&pool), (0, 0));
}

#[test]
fn reserve_stops_at_the_weight() {
    let _alone = alone();
    let pool = <Pool<Vec<u8>>>::new(|| Vec::with_capacity(40))
        .with_weight(Vec::capacity)
        .with_max_idle_bytes(100);
    pool.reserve(10);
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.idle_bytes, stats.created, stats.dropped), (2, 80, 3, 1));
}

/// Without a weight function an object weighs the size of its type.
#[test]
fn the_stricter_of_two_bounds_holds() {
    let _alone = alone();
    let pool = weighed(100).with_max_idle(3);
    (0..10).for_each(|_| pool.put((1, Arc::default())));
    assert_eq!(idle(&pool), (3, 3));
    let plain = <Pool<[u8; 16]>>::new(|| [0; 16]).with_max_idle_bytes(100);
    (0..10).for_each(|_| plain.put([0; 16]));
    assert_eq!(plain.stats().idle, 6);
    let unbounded = <Pool<u64>>::new(|| 0).with_weight(|_| panic!("weighed for nothing"));
    unbounded.put(1);
    assert_eq!(unbounded.stats().idle, 1);
    let none = <Pool<u64>>::new(|| 0).with_max_idle_bytes(0);
    none.put(1);
    assert_eq!(none.stats().idle, 0);
}

/// The weight stays within its bound while threads and collects run, and is exact at rest.
#[test]
fn threads_stay_within_the_weight() {
    const MOST: usize = 500;
    let _alone = alone();
    for (threads, held) in [(1, 6), (2, 6), (8, 6), (1, 40), (2, 40), (8, 40)] {
        let (pool, quiet) = (weighed(MOST), Barrier::new(threads));
        let most = AtomicU64::new(0);
        on_threads(threads, |i| {
            let mut rng = Rng::new(i);
            for _ in 0..repeat(200, 5) {
                let mut held = Vec::from_iter((0..rng.below(held)).map(|_| pool.get()));
                held.iter_mut().for_each(|object| object.0 = rng.below(100));
                drop(held);
                if rng.below(50) == 0 {
                    collect();
                }
                most.fetch_max(pool.stats().idle_bytes, Relaxed);
            }
            quiet.wait();
        });
        assert!(most.into_inner() <= MOST as u64);
        let bytes = pool.stats().idle_bytes as usize;
        assert_eq!(drain(&pool).iter().map(|object| object.0).sum::<usize>(), bytes);
        assert_eq!(idle(&pool), (0, 0));
    }
}

/// A thread that holds several objects at a time, changes them, and gives them back in any order finds
/// the sum to be what they weigh, and creates no further ones.
#[test]
fn batches_weigh_what_their_objects_weigh() {
    let _alone = alone();
    for held in [1, 2, 8, 32, 200] {
        let (pool, mut rng) = (weighed(usize::MAX - 1), Rng::new(held));
        for round in 0..repeat(100, 4) {
            let mut all = Vec::from_iter((0..held).map(|_| pool.get()));
            assert_eq!(idle(&pool), (0, 0), "round {round}");
            let mut sum = 0;
            for count in 1..=held {
                let mut object = all.swap_remove(rng.below(all.len()));
                object.0 = if round % 2 == 0 { 50 } else { rng.below(100) };
                sum += object.0 as u64;
                drop(object);
                assert_eq!(idle(&pool), (count as u64, sum), "round {round}");
            }
        }
        assert_eq!(pool.stats().created, held as u64);
    }
}

/// So does one that takes and puts values, or now a value and now a guard.
#[test]
fn batches_of_values_weigh_what_they_weigh() {
    let _alone = alone();
    for held in [2, 8, 32, 200] {
        let (pool, mut rng) = (weighed(usize::MAX - 1), Rng::new(held));
        for round in 0..repeat(100, 4) {
            let (mut values, mut guards) = (Vec::new(), Vec::new());
            for _ in 0..held {
                match round % 3 == 0 || round % 3 == 1 && rng.below(2) == 0 {
                    true => values.push(pool.take()),
                    false => guards.push(pool.get()),
                }
            }
            let mut sum = 0;
            for count in 1..=held as u64 {
                let weight = rng.below(100);
                sum += weight as u64;
                match values.pop() {
                    Some((_, token)) => pool.put((weight, token)),
                    None => guards.pop().expect("an object").0 = weight,
                }
                assert_eq!(idle(&pool), (count, sum), "round {round}");
            }
        }
        assert_eq!(pool.stats().created, held as u64);
    }
}

/// Objects are heavier than allowed when all have come back. Those that were dropped, and only those,
/// are missing from the sum.
#[test]
fn batches_that_are_too_heavy_are_kept_in_part() {
    let _alone = alone();
    let (pool, token) = (weighed(1000), Arc::new(()));
    let mut rng = Rng::new(1);
    for _ in 0..repeat(200, 10) {
        let mut all = Vec::from_iter((0..20).map(|_| pool.take()));
        let (mut kept, mut sum) = (0, 0);
        for object in &mut all {
            *object = (rng.below(150), token.clone());
        }
        for object in all {
            let weight = object.0 as u64;
            pool.put(object);
            if sum + weight <= 1000 {
                (kept, sum) = (kept + 1, sum + weight);
            }
            assert_eq!(idle(&pool), (kept, sum));
        }
        assert_eq!(live(&token) as u64, kept);
    }
}

/// A weight function that panics drops the object, which is counted, and leaves the pool unchanged.
#[test]
fn a_weight_that_panics_drops_its_object() {
    static FAILS: AtomicBool = AtomicBool::new(false);
    let _alone = alone();
    let token = Arc::new(());
    let weigh = |_: &Arc<()>| if FAILS.load(Relaxed) { fail("weight") } else { 10 };
    let pool = <Pool<Arc<()>>>::new(Arc::default).with_weight(weigh).with_max_idle_bytes(100);
    FAILS.store(true, Relaxed);
    assert_eq!(panics(|| pool.put(token.clone())), "weight");
    assert_eq!((live(&token), pool.stats().dropped), (0, 1));
    FAILS.store(false, Relaxed);
    (0..2).for_each(|_| pool.put(token.clone()));
    FAILS.store(true, Relaxed);
    assert!(pool.try_take().is_some(), "a thread's own object is not weighed when it leaves");
    assert_eq!(panics(|| pool.try_take()), "weight");
    assert_eq!((live(&token), pool.stats().dropped), (0, 2));
    FAILS.store(false, Relaxed);
    (0..2).for_each(|_| pool.put(token.clone()));
    collect();
    FAILS.store(true, Relaxed);
    assert_eq!(panics(collect), "weight");
    assert_eq!(live(&token), 0);
    FAILS.store(false, Relaxed);
}

/// So does one that panics while a batch comes back. The others are kept, and are private, so that they
/// are not weighed when they leave.
#[test]
fn a_weight_that_panics_in_a_batch_drops_its_object() {
    static FAILS_AT: AtomicU64 = AtomicU64::new(u64::MAX);
    let _alone = alone();
    let weigh = |object: &(u64, Arc<()>)| {
        if object.0 == FAILS_AT.load(Relaxed) { fail("weight") } else { 10 }
    };
    let token = Arc::new(());
    let pool = <Pool<(u64, Arc<()>)>>::new(Default::default).with_weight(weigh);
    let pool = pool.with_max_idle_bytes(100);
    let get = || Vec::from_iter((0..8).map(|_| pool.get()));
    // Twice, so that there is evidence for eight private places.
    (0..2).for_each(|_| drop(get()));
    for i in 0..8 {
        let mut all = get();
        (0..).zip(&mut all).for_each(|(n, object)| **object = (n, token.clone()));
        FAILS_AT.store(i, Relaxed);
        assert_eq!(panics(|| all.into_iter().for_each(drop)), "weight");
        let stats = pool.stats();
        assert_eq!((stats.idle_bytes, stats.idle), (10 * stats.idle, live(&token) as u64));
        assert!((0..stats.idle).all(|_| pool.try_take().is_some()));
        assert_eq!((idle_of(&pool), live(&token)), ((0, 0), 0));
        FAILS_AT.store(u64::MAX, Relaxed);
        drop(get());
        assert_eq!(idle_of(&pool), (8, 80));
    }
}

fn idle_of<T: Send>(pool: &Pool<T>) -> (u64, u64) {
    let stats = pool.stats();
    (stats.idle, stats.idle_bytes)
}

#[test]
fn a_weight_after_the_first_use_panics() {
    let _alone = alone();
    let sets: [fn(Pool<u8>); 2] =
        [|pool| drop(pool.with_weight(|_| 1)), |pool| drop(pool.with_max_idle_bytes(1))];
    for set in sets {
        let pool = <Pool<u8>>::new(|| 0);
        pool.put(1);
        assert!(panics(|| set(pool)).contains("before the pool is used"));
    }
}
