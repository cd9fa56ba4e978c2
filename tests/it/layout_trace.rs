//! Where objects are stored, as far as the public interface shows it.
//!
//! The peer's thread lives throughout each test, so its private objects stay private.

use std::collections::HashSet;
use std::thread;

use corepool::{Pool, collect};

use crate::util::{PRIVATE, Peer, SPILL, alone, drain, on_thread, sorted};

fn empty<T>() -> Pool<T> {
    Pool::new(|| unreachable!())
}

/// A pool into which `peer` has put `0..n`.
fn put_by<'s>(peer: &Peer<'s>, pool: &'s Pool<u32>, n: u32) {
    peer.run(move || (0..n).for_each(|i| pool.put(i)));
}

/// A get takes the object in the slot first, then the newest one.
#[test]
fn a_thread_gets_its_slot_and_then_its_newest_object() {
    let _alone = alone();
    let pool = empty();
    for name in ["a", "b", "c", "d"] {
        pool.put(name);
    }
    let trace = [(); 5].map(|()| pool.try_take());
    assert_eq!(trace, [Some("a"), Some("d"), Some("c"), Some("b"), None]);
}

/// The same with objects in the chain: the owner takes the newest first.
#[test]
fn the_newest_object_comes_first_from_the_chain_too() {
    let _alone = alone();
    let pool = empty();
    (0..1_000).for_each(|i| pool.put(i));
    assert_eq!(pool.take(), 0);
    let rest = drain(&pool);
    assert_eq!(rest[..400], Vec::from_iter((600..1_000).rev()));
    assert_eq!(sorted(rest), Vec::from_iter(1..1_000));
    assert_eq!(pool.stats().steals, 0);
}

/// Each thread has a slot of its own.
#[test]
fn threads_get_back_what_they_put() {
    let _alone = alone();
    let pool = empty();
    thread::scope(|s| {
        let peer = Peer::new(s);
        let pool = &pool;
        pool.put("mine");
        peer.run(|| pool.put("yours"));
        assert_eq!(pool.try_take(), Some("mine"));
        assert_eq!(peer.run(|| pool.try_take()), Some("yours"));
        assert_eq!(pool.stats().steals, 0);
    });
}

#[test]
fn a_few_objects_stay_private_to_their_thread() {
    let _alone = alone();
    let pool = empty();
    thread::scope(|s| {
        let peer = Peer::new(s);
        put_by(&peer, &pool, PRIVATE);
        assert_eq!(pool.try_take(), None);
        let mine = peer.run(|| drain(&pool));
        assert_eq!(sorted(mine), Vec::from_iter(0..PRIVATE));
    });
}

/// Other threads can steal the oldest objects of a full magazine.
#[test]
fn a_full_magazine_spills_its_oldest_objects() {
    let _alone = alone();
    let pool = empty();
    thread::scope(|s| {
        let peer = Peer::new(s);
        put_by(&peer, &pool, PRIVATE + 1);
        // 0 sits in the slot, 1 to SPILL in the chain, the rest in the magazine.
        let half = SPILL.div_ceil(2);
        let oldest = (0..half).map_while(|_| pool.try_take());
        assert_eq!(sorted(oldest.collect()), Vec::from_iter(1..=half), "the oldest half");
        assert_eq!(sorted(drain(&pool)), Vec::from_iter(half + 1..=SPILL));
        let kept = peer.run(|| drain(&pool));
        assert_eq!(kept.len() as u32, PRIVATE + 1 - SPILL);
        assert_eq!(kept[0], 0);
    });
}

/// A thread that only puts keeps few objects private.
#[test]
fn of_many_objects_few_are_stranded() {
    let _alone = alone();
    let pool = empty();
    thread::scope(|s| {
        let peer = Peer::new(s);
        put_by(&peer, &pool, 2 * PRIVATE);
        let mut all = drain(&pool);
        assert!(all.len() as u32 >= PRIVATE, "{} reachable", all.len());
        all.extend(peer.run(|| drain(&pool)));
        assert_eq!(sorted(all), Vec::from_iter(0..2 * PRIVATE));
    });
}

/// Chains that have become empty do not hide a full one for long.
#[test]
fn empty_chains_do_not_hide_a_full_one() {
    let _alone = alone();
    let pool = empty();
    thread::scope(|s| {
        let peers: Vec<_> = (0..30).map(|_| Peer::new(s)).collect();
        for full in [0, 15, 29] {
            for peer in &peers {
                put_by(peer, &pool, 2 * PRIVATE);
                assert_eq!(peer.run(|| drain(&pool).len()) as u32, 2 * PRIVATE);
            }
            put_by(&peers[full], &pool, 2 * PRIVATE);
            let found = (0..10).filter(|_| pool.try_take().is_some());
            assert!(found.count() > 0);
            pool.clear();
        }
    });
}

/// An object from the thread's own chain does not count as stolen.
#[test]
fn the_own_chain_is_searched_before_others() {
    let _alone = alone();
    let pool = empty();
    thread::scope(|s| {
        let peer = Peer::new(s);
        put_by(&peer, &pool, 2 * PRIVATE);
        (1000..1000 + 2 * PRIVATE).for_each(|i| pool.put(i));
        let own: HashSet<u32> = (0..2 * PRIVATE).map(|_| pool.take()).collect();
        assert_eq!(own, HashSet::from_iter(1000..1000 + 2 * PRIVATE));
        assert_eq!(pool.stats().steals, 0);
        assert!(pool.take() < 2 * PRIVATE);
        assert_eq!(pool.stats().steals, 1);
    });
}

#[test]
fn other_chains_are_searched_before_the_shelf() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 1_000);
    pool.reserve(1);
    thread::scope(|s| {
        let peer = Peer::new(s);
        put_by(&peer, &pool, PRIVATE + 1);
        let found = drain(&pool);
        assert_eq!(found.len() as u32, SPILL + 1);
        assert_eq!(found.last(), Some(&1_000));
    });
}

#[test]
fn fresh_objects_are_taken_before_victims() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 1_000);
    pool.put(2_000);
    collect();
    pool.reserve(1);
    thread::scope(|s| {
        let peer = Peer::new(s);
        put_by(&peer, &pool, PRIVATE + 1);
        let found = drain(&pool);
        let last: Vec<_> = found[SPILL as usize..].to_vec();
        assert_eq!(last, [1_000, 2_000]);
        assert_eq!(pool.stats().victim_hits, 1);
    });
}

#[test]
fn own_victims_are_taken_before_those_of_others() {
    let _alone = alone();
    let pool = empty();
    thread::scope(|s| {
        let peer = Peer::new(s);
        put_by(&peer, &pool, 3);
        (1_000..1_003).for_each(|i| pool.put(i));
        collect();
        assert!(pool.try_take().is_some_and(|v| v >= 1_000));
        assert!(peer.run(|| pool.try_take()).is_some_and(|v| v < 3));
    });
}

/// All threads can take the objects of a thread that has ended.
#[test]
fn a_thread_that_ends_strands_no_object() {
    let _alone = alone();
    let pool = empty();
    for n in [1, PRIVATE, PRIVATE + 1, 3 * PRIVATE] {
        on_thread(|| (0..n).for_each(|i| pool.put(i)));
        assert_eq!(sorted(drain(&pool)), Vec::from_iter(0..n));
    }
}

/// Returns how many objects stay out of reach of others while their owner lives.
fn stranded<T: Send + 'static>(puts: usize, make: fn() -> T) -> usize {
    let pool: Pool<T> = Pool::new(make);
    thread::scope(|s| {
        let peer = Peer::new(s);
        peer.run(|| (0..puts).for_each(|_| pool.put(make())));
        let reached = drain(&pool).len();
        let kept = peer.run(|| drain(&pool).len());
        assert_eq!(reached + kept, puts);
        kept
    })
}

/// The magazine is limited in bytes, so large objects are shared sooner.
#[test]
fn fewer_large_objects_are_stranded() {
    let _alone = alone();
    assert!(stranded(100, || [0_u8; 4 << 10]) <= 17);
    assert!(stranded(50, || [0_u8; 16 << 10]) <= 5);
    assert!(stranded(20, || [0_u8; 40 << 10]) <= 1);
}
