//! Where objects are stored, as far as the public interface shows it.
//!
//! The peer's thread lives throughout each test, so only a recall reaches its private objects.

use std::collections::HashSet;
use std::thread;

use corepool::{Pool, collect};

use crate::util::{BUFFERED, PRIVATE, Peer, alone, drain, on_thread, repeat, sorted};

fn empty<T>() -> Pool<T> {
    Pool::new(|| unreachable!())
}

/// A pool into which `peer` has put `0..n`.
fn put_by<'s>(peer: &Peer<'s>, pool: &'s Pool<u32>, n: u32) {
    peer.run(move || (0..n).for_each(|i| pool.put(i)));
}

/// A get takes the object in the slot first, then the newest one.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
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

/// A thread that takes nothing keeps few objects private, and others find those, too.
#[test]
fn other_threads_reach_every_object() {
    let _alone = alone();
    for n in [1, 2, BUFFERED, PRIVATE, 3 * PRIVATE] {
        let pool = empty();
        thread::scope(|s| {
            let peer = Peer::new(s);
            put_by(&peer, &pool, n);
            assert_eq!(sorted(drain(&pool)), Vec::from_iter(0..n));
            assert_eq!(peer.run(|| pool.try_take()), None);
        });
    }
}

/// After a recall, a thread that puts only shares its objects, so that others need no other recall.
/// When it has taken back what it puts a few times, it keeps objects again.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn a_recalled_thread_shares_its_objects() {
    let _alone = alone();
    let pool = &empty();
    thread::scope(|s| {
        let peer = Peer::new(s);
        let take_and_put = || {
            let pool = &pool;
            peer.run(move || pool.put(pool.take()));
        };
        put_by(&peer, pool, 1);
        assert_eq!(pool.try_take(), Some(0));
        for _ in 0..100 {
            put_by(&peer, pool, 2);
            // The older one first: both are in the chain.
            assert_eq!((pool.try_take(), pool.try_take()), (Some(0), Some(1)));
        }
        peer.run(|| pool.put(1_000));
        (0..5000).for_each(|_| take_and_put());
        put_by(&peer, pool, 3);
        // The oldest one is in its slot, and only a recall reaches it.
        let trace = drain(pool);
        assert!(trace.len() == 4 && trace[0] != 1_000 && trace.contains(&1_000), "{trace:?}");
    });
}

/// Thieves take the oldest objects first, and those that were private last.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn private_objects_are_recalled_last() {
    let _alone = alone();
    let pool = empty();
    thread::scope(|s| {
        let peer = Peer::new(s);
        put_by(&peer, &pool, 300);
        // 0 sits in the slot, the newest ones in the magazine.
        let trace = drain(&pool);
        let shared = trace.iter().position(|&i| i == 0).unwrap() as u32;
        assert!((300 - BUFFERED..300).contains(&shared), "{shared} were shared");
        assert!((1..8).contains(&trace[0]));
        assert!(trace[..shared as usize].iter().all(|&i| i <= shared), "{trace:?}");
        assert_eq!(sorted(trace), Vec::from_iter(0..300));
    });
}

/// Chains that have become empty do not hide a full one for long.
#[test]
fn empty_chains_do_not_hide_a_full_one() {
    let _alone = alone();
    let pool = empty();
    thread::scope(|s| {
        let threads = repeat(30, 5);
        let peers: Vec<_> = (0..threads).map(|_| Peer::new(s)).collect();
        for full in [0, threads / 2, threads - 1] {
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

/// First other chains, then the shelf, then what is private to others.
#[test]
fn other_chains_are_searched_before_the_shelf() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 1_000);
    pool.reserve(1);
    thread::scope(|s| {
        let peer = Peer::new(s);
        put_by(&peer, &pool, PRIVATE + 1);
        let found = drain(&pool);
        assert_eq!(found.len() as u32, PRIVATE + 2);
        let shelf = found.iter().position(|&i| i == 1_000).unwrap();
        let slot = found.iter().position(|&i| i == 0).unwrap();
        assert!(shelf as u32 > PRIVATE - BUFFERED && shelf < slot, "{found:?}");
    });
}

/// The victims come after the shelf, and before what is private to others.
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
        let shelf = found.iter().position(|&i| i == 1_000).unwrap();
        assert!(shelf as u32 > PRIVATE - BUFFERED, "{found:?}");
        assert_eq!(found[shelf..shelf + 3], [1_000, 2_000, 0]);
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

/// Puts this number of objects on a thread that lives on, and takes all of them on another.
fn reaches_all<T: Send + 'static>(puts: usize, make: fn() -> T) {
    let pool: Pool<T> = Pool::new(make);
    thread::scope(|s| {
        let peer = Peer::new(s);
        peer.run(|| (0..puts).for_each(|_| pool.put(make())));
        assert_eq!(drain(&pool).len(), puts);
    });
}

#[test]
fn objects_of_every_size_are_reached() {
    let _alone = alone();
    reaches_all(100, || ());
    reaches_all(100, || [0_u8; 4 << 10]);
    reaches_all(50, || [0_u8; 16 << 10]);
    reaches_all(20, || [0_u8; 40 << 10]);
    reaches_all(20, || [0_u8; 70 << 10]);
}
