//! Ageing: an idle object survives one collect and is dropped by the second. Collects, steals and
//! changes in the number of threads lose no object.

use std::sync::Arc;
use std::thread;

use corepool::{Pool, collect};

use crate::util::{
    BUFFERED, PRIVATE, Peer, alone, drain, live, on_thread, on_threads, repeat, sorted, watched,
};

fn empty() -> Pool<u32> {
    Pool::new(|| unreachable!())
}

#[test]
fn an_idle_object_survives_one_collect() {
    let _alone = alone();
    let pool = empty();
    pool.put(1);
    collect();
    assert_eq!(pool.try_take(), Some(1));
    assert_eq!(pool.stats().victim_hits, 1);
}

#[test]
fn an_idle_object_is_dropped_by_the_second_collect() {
    let _alone = alone();
    let token = Arc::new(());
    let pool: Pool<Arc<()>> = Pool::new(Arc::default);
    pool.put(token.clone());
    collect();
    assert_eq!(live(&token), 1);
    collect();
    assert_eq!(live(&token), 0);
}

/// Using an object makes it fresh again.
#[test]
fn a_used_object_survives_every_collect() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    let n = repeat(100, 10) as u32;
    for _ in 0..n {
        *pool.get() += 1;
        collect();
    }
    assert_eq!(pool.take(), n);
    assert_eq!(pool.stats().created, 1);
}

/// Idle objects continue to age beside one that is used.
#[test]
fn only_the_object_that_was_used_is_fresh() {
    let _alone = alone();
    let pool = empty();
    (0..10).for_each(|i| pool.put(i));
    collect();
    let used = *pool.try_get().unwrap();
    collect();
    assert_eq!(drain(&pool), [used]);
}

/// A collector gives owners a moment to acknowledge its claim. A thread that does not use pools at
/// that time never acknowledges it.
#[test]
fn a_collect_does_not_wait_for_idle_threads() {
    let _alone = alone();
    watched(|| {
        let pool: Pool<u32> = Pool::new(|| 0);
        thread::scope(|s| {
            let idle = Peer::new(s);
            idle.run(|| pool.put(1));
            collect();
            collect();
            assert_eq!(pool.try_take(), None);
        });
    });
}

#[test]
fn held_objects_do_not_age() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 7);
    let guard = pool.get();
    (0..3).for_each(|_| collect());
    drop(guard);
    collect();
    assert_eq!(pool.try_take(), Some(7));
}

/// A collect ages all pools, used and unused.
#[test]
fn a_collect_reaches_every_pool() {
    let _alone = alone();
    static POOL: Pool<Arc<()>> = Pool::new(Arc::default);
    let token = Arc::new(());
    let pools = Vec::from_iter((0..100).map(|_| <Pool<Arc<()>>>::new(Arc::default)));
    for pool in pools.iter().step_by(2).chain([&POOL]) {
        pool.put(token.clone());
    }
    collect();
    assert_eq!(live(&token), 51);
    collect();
    assert_eq!(live(&token), 0);
}

#[test]
fn trim_ages_one_pool_only() {
    let _alone = alone();
    let (aged, other) = (empty(), empty());
    for pool in [&aged, &other] {
        pool.put(1);
    }
    aged.trim();
    assert_eq!((aged.stats().idle, other.stats().idle), (1, 1));
    aged.trim();
    assert_eq!((aged.stats().idle, other.stats().idle), (0, 1));
    other.trim();
    collect();
    assert_eq!(other.stats().idle, 0, "trim and collect are the same step");
}

/// Every thread can take an object that has aged, even while its owner lives.
#[test]
fn every_thread_finds_victims_of_a_living_thread() {
    let _alone = alone();
    let pool = empty();
    thread::scope(|s| {
        let peers: Vec<_> = (0..4).map(|_| Peer::new(s)).collect();
        let pool = &pool;
        for (peer, n) in peers.iter().zip(0..) {
            peer.run(move || (n * PRIVATE..(n + 1) * PRIVATE).for_each(|i| pool.put(i)));
        }
        collect();
        assert_eq!(sorted(drain(pool)), Vec::from_iter(0..4 * PRIVATE));
        let stats = pool.stats();
        assert_eq!(stats.victim_hits, u64::from(4 * PRIVATE), "all were victims");
    });
}

/// A failed search does not hide the victims of the next collect.
#[test]
fn a_failed_search_hides_no_victims_from_others() {
    let _alone = alone();
    let pool = empty();
    thread::scope(|s| {
        let (one, two) = (Peer::new(s), Peer::new(s));
        collect();
        assert_eq!(one.run(|| pool.try_take()), None);
        two.run(|| pool.put(2));
        collect();
        assert_eq!(one.run(|| pool.try_take()), Some(2));
        assert_eq!(one.run(|| pool.try_take()), None);
        assert_eq!(two.run(|| pool.try_take()), None);
        two.run(|| pool.put(3));
        collect();
        assert_eq!(two.run(|| pool.try_take()), Some(3));
    });
}

/// A thread that starts after a collect finds victims too.
#[test]
fn new_threads_find_victims() {
    let _alone = alone();
    let pool = empty();
    (0..100).for_each(|i| pool.put(i));
    collect();
    let found = (0..100).map(|_| on_thread(|| pool.try_take().unwrap()));
    assert_eq!(sorted(found.collect()), Vec::from_iter(0..100));
}

/// More threads use the pool than before, and no object is lost.
#[test]
fn more_threads_lose_no_object() {
    let _alone = alone();
    let (token, threads) = (Arc::new(()), repeat(64, 8));
    let all = 100 + threads;
    let pool: Pool<Arc<()>> = Pool::new(|| unreachable!());
    (0..100).for_each(|_| pool.put(token.clone()));
    thread::scope(|s| {
        let peers: Vec<_> = (0..threads).map(|_| Peer::new(s)).collect();
        let (pool, token) = (&pool, &token);
        for peer in &peers {
            peer.run(|| pool.put(token.clone()));
        }
        assert_eq!(live(token), all);
        assert_eq!(pool.stats().idle, all as u64);
    });
    assert_eq!(drain(&pool).len(), all);
    assert_eq!(live(&token), 0);
}

/// Fewer threads use the pool than before, and no object is lost.
#[test]
fn fewer_threads_lose_no_object() {
    let _alone = alone();
    let pool = empty();
    let threads = repeat(64, 8);
    on_threads(threads, |i| (0..20).for_each(|_| pool.put(i as u32)));
    assert_eq!(drain(&pool).len(), threads * 20);
}

/// One search serves several gets, oldest objects first.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn a_steal_brings_more_than_one() {
    let _alone = alone();
    let pool = empty();
    thread::scope(|s| {
        let peer = Peer::new(s);
        peer.run(|| (0..200).for_each(|i| pool.put(i)));
        let first: Vec<_> = (0..8).map(|_| pool.take()).collect();
        assert!(first.iter().all(|i| (1..=32).contains(i)), "{first:?} are not the oldest");
        let rest = drain(&pool).len();
        let stats = pool.stats();
        assert_eq!((stats.hits, 8 + rest), (200, 200));
        assert!(stats.steals < stats.hits / 3, "{} steals", stats.steals);
    });
}

/// Threads without objects find all those of another one, private or not.
#[test]
fn many_starving_threads_take_all_from_one() {
    let _alone = alone();
    let pool = empty();
    for n in [1, BUFFERED, PRIVATE, repeat(500, 150) as u32] {
        (0..n).for_each(|i| pool.put(i));
        let mut found = on_threads(8, |_| drain(&pool)).concat();
        // A thread may give up while another one holds what it has just stolen.
        found.extend(drain(&pool));
        assert_eq!(sorted(found), Vec::from_iter(0..n));
    }
}

/// An owner that pushes while others steal loses no object.
#[test]
fn puts_beside_thieves_lose_no_object() {
    let _alone = alone();
    let (pool, n) = (empty(), repeat(20_000, 100) as u32);
    let mut found = thread::scope(|s| {
        let owner = Peer::new(s);
        let _end = owner.start(|| (0..n).for_each(|v| pool.put(v)));
        let steal = |_| Vec::from_iter((0..n / 2).filter_map(|_| pool.try_take()));
        on_threads(3, steal).concat()
    });
    found.extend(drain(&pool));
    assert_eq!(sorted(found), Vec::from_iter(0..n));
}

/// After many collects objects are placed as in a new pool.
#[test]
fn collects_do_not_change_where_objects_go() {
    let _alone = alone();
    let pool = empty();
    let rounds = repeat(20, 2) as u64;
    for _ in 0..rounds {
        (0..100).for_each(|i| pool.put(i));
        assert_eq!(pool.take(), 0);
        let rest = drain(&pool);
        assert_eq!(rest[..16], Vec::from_iter((84..100).rev()));
        assert_eq!(sorted(rest), Vec::from_iter(1..100));
        collect();
    }
    let stats = pool.stats();
    assert_eq!((stats.hits, stats.steals, stats.victim_hits), (rounds * 100, 0, 0));
}

/// A thread ends between two collects. None of its objects is dropped before the first of these,
/// and all are dropped after the two that follow its end.
#[test]
fn objects_of_ended_threads_age_as_all_others() {
    let _alone = alone();
    let token = Arc::new(());
    let pool: Pool<Arc<()>> = Pool::new(Arc::default);
    thread::scope(|s| {
        let peer = Peer::new(s);
        peer.run(|| (0..30).for_each(|_| pool.put(token.clone())));
        collect();
        drop(peer);
    });
    assert_eq!(live(&token), 30);
    collect();
    collect();
    assert_eq!(live(&token), 0);
    on_thread(|| pool.put(token.clone()));
    collect();
    assert_eq!(live(&token), 1);
}

/// Collects leave the number of objects that `with_min_idle` says, wherever they are, but no more than
/// the bound. `clear` leaves none.
#[test]
fn collects_leave_the_least_number_of_idle_objects() {
    let _alone = alone();
    let token = Arc::new(());
    for (bound, expected) in [(usize::MAX, 5), (20, 5), (3, 3)] {
        let source = token.clone();
        let pool = Pool::new(move || source.clone()).with_max_idle(bound).with_min_idle(5);
        let fill = || {
            on_threads(4, |_| drop([(); 6].map(|()| pool.get())));
            drop([(); 6].map(|()| pool.get()));
        };
        for _ in 0..3 {
            fill();
            let made = pool.stats().created;
            (0..5).for_each(|_| collect());
            let stats = pool.stats();
            assert_eq!(stats.idle, expected);
            assert_eq!(live(&token) - 1, expected as usize);
            assert_eq!(stats.created, stats.dropped + stats.idle);
            // They can be used.
            drop(pool.get());
            assert_eq!(pool.stats().created, made);
        }
        (0..2).for_each(|_| pool.trim());
        assert_eq!(pool.stats().idle, expected);
        pool.clear();
        assert_eq!((pool.stats().idle, live(&token)), (0, 1));
        drop(pool);
        assert_eq!(live(&token), 0);
    }
}
