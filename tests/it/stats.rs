//! The counters of `Stats`: each counts what its documentation says.

use std::sync::Arc;
use std::thread;

use corepool::{OwnedPooled, Pool, Pooled, Stats, collect};

use crate::util::{PRIVATE, Peer, alone, amid_collects, drain, fail, on_threads, panics, repeat};

#[test]
fn a_new_pool_counts_nothing() {
    let _alone = alone();
    let Stats { idle, hits, misses, steals, victim_hits, created, dropped, .. } =
        Pool::new(|| 0).stats();
    let all: [u64; 7] = [idle, hits, misses, steals, victim_hits, created, dropped];
    assert_eq!(all, [0; 7]);
}

#[test]
fn every_get_is_a_hit_or_a_miss() {
    let _alone = alone();
    let pool: Arc<Pool<u32>> = Arc::new(Pool::new(|| 0));
    assert!(pool.try_get().is_none());
    assert!(pool.try_take().is_none());
    drop(pool.get()); // Creates an object.
    drop(pool.get_owned());
    drop(pool.try_get().unwrap());
    pool.put(pool.take());
    pool.put(pool.try_take().unwrap());
    let stats = pool.stats();
    assert_eq!((stats.hits, stats.misses, stats.created), (4, 3, 1));
}

#[test]
fn the_counts_of_all_threads_add_up() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    let times = repeat(500, 5);
    let use_it = |_| {
        for _ in 0..times {
            drop(pool.get());
            drop(pool.try_get());
            pool.put(pool.take());
        }
    };
    amid_collects(|| on_threads(8, use_it));
    let stats = pool.stats();
    assert_eq!(stats.hits + stats.misses, 8 * 3 * times as u64);
    assert!(stats.created <= stats.misses);
    assert_eq!(stats.idle + stats.dropped, stats.created);
}

#[test]
fn idle_follows_every_step() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    let n = repeat(200, 40) as u32;
    for i in 0..n {
        assert_eq!(pool.stats().idle, u64::from(i));
        pool.put(i);
    }
    let mut held = Vec::new();
    for i in (0..n).rev() {
        held.push(pool.get());
        assert_eq!(pool.stats().idle, u64::from(i));
    }
    drop(held);
    assert_eq!(pool.stats().idle, u64::from(n));
}

#[test]
fn idle_counts_all_threads_and_both_ages() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    on_threads(4, |_| (0..30).for_each(|i| pool.put(i)));
    assert_eq!(pool.stats().idle, 120);
    collect();
    assert_eq!(pool.stats().idle, 120);
    pool.put(1);
    pool.reserve(4);
    assert_eq!(pool.stats().idle, 125);
    collect();
    assert_eq!(pool.stats().idle, 5);
}

#[test]
fn created_counts_the_calls_of_create() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    pool.put(1); // Not created by the pool.
    pool.reserve(3);
    (0..6).for_each(|_| assert!(pool.take() < 2));
    let stats = pool.stats();
    assert_eq!((stats.created, stats.hits, stats.misses), (5, 4, 2));
}

#[test]
fn dropped_counts_every_dropped_object() {
    let _alone = alone();
    let even = |v: &mut u32| *v % 2 == 0;
    let pool = <Pool<u32>>::new(|| 0).with_recycle(even).with_max_idle(4);
    let dropped = || pool.stats().dropped;
    pool.put(1);
    assert_eq!(dropped(), 1, "refused");
    (0..6).for_each(|_| pool.put(2));
    assert_eq!(dropped(), 3, "over the bound");
    Pooled::discard(pool.get());
    assert_eq!(dropped(), 4, "discarded");
    assert_eq!(Pooled::detach(pool.get()), 2);
    assert_eq!(dropped(), 4, "detached");
    collect();
    assert_eq!(dropped(), 4, "still a victim");
    collect();
    assert_eq!(dropped(), 6, "aged");
    pool.put(2);
    pool.clear();
    assert_eq!(dropped(), 7, "cleared");
}

/// The reasons of `dropped`, in the order of its parts.
fn parts(stats: &Stats) -> [u64; 6] {
    [
        stats.dropped_aged,
        stats.dropped_cleared,
        stats.dropped_full,
        stats.dropped_refused,
        stats.dropped_discarded,
        stats.dropped_panicking,
    ]
}

#[test]
fn every_drop_has_a_reason() {
    let _alone = alone();
    let fits = |v: &mut u32| if *v > 7 { fail("too large") } else { *v < 6 };
    let pool = <Pool<u32>>::new(|| 0).with_recycle(fits).with_max_idle(3);
    let reasons = || {
        let stats = pool.stats();
        assert_eq!(stats.dropped, parts(&stats).iter().sum());
        parts(&stats)
    };
    (0..4).for_each(|_| pool.put(1));
    assert_eq!(reasons(), [0, 0, 1, 0, 0, 0], "over the bound");
    pool.put(6);
    assert_eq!(reasons(), [0, 0, 1, 1, 0, 0], "refused");
    panics(|| pool.put(8));
    assert_eq!(reasons(), [0, 0, 1, 2, 0, 0], "the hook has panicked");
    Pooled::discard(pool.get());
    OwnedPooled::discard(pool.get_owned());
    assert_eq!(reasons(), [0, 0, 1, 2, 2, 0], "discarded");
    panics(|| {
        let _object = pool.get();
        fail("with an object in hand")
    });
    assert_eq!(reasons(), [0, 0, 1, 2, 2, 1], "its holder has panicked");
    pool.put(1);
    (0..2).for_each(|_| pool.trim());
    assert_eq!(reasons(), [1, 0, 1, 2, 2, 1], "aged");
    (0..2).for_each(|_| pool.put(1));
    pool.trim();
    pool.put(1);
    pool.clear();
    assert_eq!(reasons(), [1, 3, 1, 2, 2, 1], "cleared, at any age");
    pool.put(1);
    (0..2).for_each(|_| collect());
    assert_eq!(reasons(), [2, 3, 1, 2, 2, 1], "aged again");
}

/// Objects that a collect leaves are not counted as dropped, for whichever reason it takes them out.
#[test]
fn what_stays_idle_has_no_reason() {
    let _alone = alone();
    let pool = <Pool<u32>>::new(|| 0).with_min_idle(2);
    pool.reserve(3);
    (0..3).for_each(|_| pool.trim());
    assert_eq!((parts(&pool.stats()), pool.stats().dropped), ([1, 0, 0, 0, 0, 0], 1));
    pool.clear();
    assert_eq!((parts(&pool.stats()), pool.stats().dropped), ([1, 2, 0, 0, 0, 0], 3));
}

#[test]
fn every_ageing_step_is_counted() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    pool.trim();
    assert_eq!(pool.stats().collects, 0, "not used yet");
    pool.put(1);
    pool.trim();
    pool.clear();
    collect();
    assert_eq!(pool.stats().collects, 3);
}

#[test]
fn steals_and_victim_hits_are_told_apart() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| unreachable!());
    let counts = || {
        let stats = pool.stats();
        (stats.hits, stats.steals, stats.victim_hits)
    };
    thread::scope(|s| {
        let peer = Peer::new(s);
        peer.run(|| (0..=PRIVATE).for_each(|i| pool.put(i)));
        assert!(pool.try_take().is_some());
        assert_eq!(counts(), (1, 1, 0));
        drop(drain(&pool));
        let (hits, steals, victims) = counts();
        assert_eq!(
            (hits, victims),
            (u64::from(PRIVATE) + 1, 0),
            "the private ones count as stolen"
        );
        assert!(steals > 1);
        peer.run(|| pool.put(0));
        collect();
        assert!(pool.try_take().is_some());
        assert_eq!(counts(), (hits + 1, steals, 1));
    });
}

/// Objects on the shelf age as well.
#[test]
fn victims_on_the_shelf_count_as_victims() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    pool.reserve(1);
    collect();
    drop(pool.get());
    let stats = pool.stats();
    assert_eq!((stats.hits, stats.victim_hits), (1, 1));
}

#[test]
fn stats_are_plain_values() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    drop(pool.get());
    let before = pool.stats();
    let copy = before.clone();
    drop(pool.get());
    assert_eq!((copy.hits, pool.stats().hits), (0, 1));
    assert!(format!("{before:?}").contains("misses: 1"));
    assert_eq!(Stats::default().hits, 0);
}
