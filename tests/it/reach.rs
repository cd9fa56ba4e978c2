//! No idle object, and no unit of a bound, is out of reach of any thread.

use std::sync::{
    Arc, Barrier,
    atomic::{AtomicBool, Ordering::Relaxed},
};
use std::thread;

use corepool::{Manage, OwnedPooled, Pool, Pooled};

use crate::relay::{UNDER_WAY, relay};
use crate::util::{Peer, alone, drain, join, on_thread, repeat, sorted};

/// Each number of threads, and each bound.
const CASES: [(usize, usize); 20] = {
    let (droppers, bounds) = ([5, 24, 32, 48], [20, 64, 100, 256, usize::MAX]);
    let mut cases = [(0, 0); 20];
    let mut i = 0;
    while i < cases.len() {
        cases[i] = (droppers[i / bounds.len()], bounds[i % bounds.len()]);
        i += 1;
    }
    cases
};

/// The most objects that serve a relay: those under way, and a few that were created while another
/// thread moved some.
const MOST: u64 = if cfg!(corepool_tiny) { 64 } else { 3 * UNDER_WAY as u64 };

fn pool(bound: usize) -> Pool<Vec<u8>> {
    <Pool<Vec<u8>>>::new(|| vec![0; 64]).with_max_idle(bound)
}

/// One thread gets and others drop. The objects come back to the one that gets, so that few are
/// created, and not more if the load goes on.
fn serves<T: Send>(
    created: impl Fn() -> u64,
    (droppers, bound): (usize, usize),
    get: impl Fn() -> T,
    give_back: impl Fn(T) + Sync,
) {
    let count = 20 * droppers;
    for count in [count, 10 * count] {
        relay(droppers, count, &get, &give_back);
        let created = created();
        assert!(created <= MOST, "{created} for {droppers} threads, {count} gets, {bound} idle");
    }
}

#[test]
fn guards_come_back_from_other_threads() {
    let _alone = alone();
    for case in CASES {
        let pool = pool(case.1);
        serves(|| pool.stats().created, case, || pool.get(), drop::<Pooled<'_, _>>);
    }
}

#[test]
fn values_come_back_from_other_threads() {
    let _alone = alone();
    for case in CASES {
        let pool = pool(case.1);
        serves(|| pool.stats().created, case, || pool.take(), |value| pool.put(value));
    }
}

#[test]
fn owned_guards_come_back_from_other_threads() {
    let _alone = alone();
    for case in CASES {
        let pool = Arc::new(pool(case.1));
        serves(|| pool.stats().created, case, || pool.get_owned(), drop::<OwnedPooled<_>>);
    }
}

/// Pools with a hook, and pools that weigh, take other paths.
#[test]
fn objects_with_hooks_and_weights_come_back_from_other_threads() {
    let _alone = alone();
    for case in CASES {
        let pool = pool(case.1).with_recycle(|_| true);
        serves(|| pool.stats().created, case, || pool.get(), drop::<Pooled<'_, _>>);
    }
    for (droppers, _) in CASES {
        let weighs = <Pool<Vec<u8>>>::new(|| vec![0; 64]).with_weight(Vec::len);
        let pool = weighs.with_max_idle_bytes(64 * 64);
        let case = (droppers, 64);
        serves(|| pool.stats().created, case, || pool.get(), drop::<Pooled<'_, _>>);
    }
}

/// Threads that live on and do nothing have put back `each` objects. One thread gets all of them,
/// and after a trim, too.
fn drains(each: u32, take: impl Fn(&Pool<u32>) -> Vec<u32>) {
    const THREADS: u32 = 12;
    let pool = &<Pool<u32>>::new(|| unreachable!());
    thread::scope(|scope| {
        let peers: Vec<_> = (0..THREADS).map(|_| Peer::new(scope)).collect();
        for trims in [0, 1, 0, 1] {
            for (peer, i) in peers.iter().zip(0..) {
                peer.run(move || (i * each..(i + 1) * each).for_each(|n| pool.put(n)));
            }
            (0..trims).for_each(|_| pool.trim());
            assert_eq!(sorted(take(pool)), Vec::from_iter(0..THREADS * each), "{trims} trims");
            assert_eq!(pool.stats().idle, 0);
        }
    });
}

#[test]
fn try_take_gets_all_that_idle_threads_have_put() {
    let _alone = alone();
    [1, 30, 150].into_iter().for_each(|each| drains(each, drain));
}

#[test]
fn try_get_gets_all_that_idle_threads_have_put() {
    let _alone = alone();
    let drain = |pool: &Pool<u32>| {
        let guards: Vec<_> = std::iter::from_fn(|| pool.try_get()).collect();
        guards.into_iter().map(Pooled::detach).collect()
    };
    [1, 30, 150].into_iter().for_each(|each| drains(each, drain));
}

/// The same for threads that have also taken back what they put, and so keep more private.
#[test]
fn try_take_gets_all_that_busy_threads_have_put() {
    let _alone = alone();
    let pool = &<Pool<u32>>::new(|| 0);
    thread::scope(|scope| {
        let peers: Vec<_> = (0..12).map(|_| Peer::new(scope)).collect();
        for _ in 0..3 {
            for peer in &peers {
                peer.run(|| {
                    for _ in 0..20 {
                        let all: Vec<_> = (0..100).map(|_| pool.get()).collect();
                        drop(all);
                    }
                });
            }
            let idle = pool.stats().idle;
            assert_eq!(drain(pool).len() as u64, idle);
            assert_eq!(pool.stats().idle, 0);
        }
    });
}

/// Puts objects until `most` are idle, and one more. A put drops its object while another thread
/// collects or ends a pool, and tests of other pools run at the same time.
fn fill<T: Send + 'static, M: Manage<T>>(pool: &Pool<T, M>, most: usize, object: impl Fn() -> T) {
    let full = || pool.stats().idle as usize == most;
    for _ in (0..1000 + most).take_while(|_| !full()) {
        pool.put(object());
    }
    assert!(full(), "the bound is not filled");
    pool.put(object());
    assert!(full(), "the bound is exceeded");
}

/// A thread that has leased units and lent its objects, or had them taken, is idle. Another thread
/// can fill the bound exactly.
#[test]
fn units_of_idle_threads_are_recalled() {
    let _alone = alone();
    for bound in [1, 2, 4, 20, 100, 1000] {
        let pool = <Pool<usize>>::new(|| 0).with_max_idle(bound);
        let pool = &pool;
        thread::scope(|scope| {
            let peers: Vec<_> = (0..3).map(|_| Peer::new(scope)).collect();
            for _ in 0..3 {
                // Each thread in turn fills the pool, and takes everything out again.
                for peer in &peers {
                    peer.run(move || {
                        fill(pool, bound, || 0);
                        assert_eq!(drain(pool).len(), bound);
                    });
                }
                fill(pool, bound, || 0);
                assert_eq!(drain(pool).len(), bound);
            }
        });
    }
}

/// The same while the idle threads hold guards whose places they keep.
#[test]
fn units_of_lent_objects_are_recalled() {
    let _alone = alone();
    let pool = <Pool<usize>>::new(|| 0).with_max_idle(4);
    let pool = &pool;
    thread::scope(|scope| {
        let peers: Vec<_> = (0..4).map(|_| Peer::new(scope)).collect();
        for _ in 0..10 {
            let hold = |peer| Peer::run(peer, move || pool.get());
            for peer in &peers {
                peer.run(|| drop(pool.get()));
            }
            let lent: Vec<_> = peers.iter().map(hold).collect();
            pool.clear();
            fill(pool, 4, || 0);
            assert_eq!(drain(pool).len(), 4);
            lent.into_iter().for_each(|guard| _ = Pooled::detach(guard));
        }
    });
}

/// Weight that an idle thread has reserved, for an object that it holds or for one that has become
/// lighter, can be used by another one.
#[test]
fn weights_of_idle_threads_are_recalled() {
    let _alone = alone();
    let pool = <Pool<Vec<u8>>>::new(|| vec![0; 100]).with_weight(Vec::len);
    let pool = &pool.with_max_idle_bytes(1000);
    thread::scope(|scope| {
        let peers: Vec<_> = (0..5).map(|_| Peer::new(scope)).collect();
        for _ in 0..5 {
            for peer in &peers {
                peer.run(|| {
                    drop(pool.get());
                    // Its weight stays reserved.
                    let guard = pool.get();
                    _ = Pooled::detach(guard);
                });
            }
            fill(pool, 10, || vec![0; 100]);
            assert_eq!(pool.stats().idle_bytes, 1000);
            assert_eq!(drain(pool).len(), 10);
            assert_eq!(pool.stats().idle_bytes, 0);
        }
    });
}

/// Sets a flag at its end, even if a panic ends it.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Runs `f`, while other threads claim seats all the time: a recall, a trim, and the end of a pool that
/// has lent an object.
fn beside_claims(f: impl FnOnce()) {
    let done = AtomicBool::new(false);
    let claims = || {
        let other = &<Pool<u32>>::new(|| 0);
        while !done.load(Relaxed) {
            other.trim();
            on_thread(|| drop(other.get()));
            let _moved = other.try_take();
            let ended = <Pool<u32>>::new(|| 0);
            drop(ended.get_owned());
        }
    };
    thread::scope(|s| {
        let claiming = s.spawn(claims);
        let end = SetAtEnd(&done);
        f();
        drop(end);
        join(claiming);
    });
}

/// A thread always finds its own object, whatever other threads do with other pools.
#[test]
fn own_objects_are_found_beside_claims() {
    let _alone = alone();
    let pool = <Pool<u32>>::new(|| 0);
    pool.put(1);
    beside_claims(|| {
        for _ in 0..repeat(30_000, 100) {
            drop(pool.try_get().expect("the only object"));
        }
    });
    assert_eq!(pool.stats().idle, 1);
}

/// A thread that has a unit for its object hardly ever drops the object because its seat is claimed.
#[test]
#[cfg_attr(corepool_tiny, ignore = "claims last longer than a put waits")]
fn own_units_are_used_beside_claims() {
    let _alone = alone();
    let pool = <Pool<u32>>::new(|| 0).with_max_idle(1);
    // If the claiming thread is stopped, all puts drop their objects until it goes on: they count as one.
    let (uses, mut claims, mut drops) = (repeat(100_000, 100), 0, false);
    beside_claims(|| {
        for _ in 0..uses {
            pool.put(1);
            let dropped = pool.try_take().is_none();
            claims += usize::from(dropped && !drops);
            drops = dropped;
        }
    });
    assert!(claims <= uses / 1000 + 1, "{claims} claims in {uses} uses had objects dropped");
}

/// What a thread has reserved for a heavier object can be used by its next put.
#[test]
fn a_reservation_is_used_by_its_own_thread() {
    let _alone = alone();
    let pool = <Pool<Vec<u8>>>::new(Vec::new).with_weight(Vec::len).with_max_idle_bytes(100);
    pool.put(vec![0; 100]);
    let mut lent = pool.get();
    lent.truncate(50);
    drop(lent);
    pool.put(vec![0; 50]);
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.idle_bytes, stats.dropped), (2, 100, 0));
}

/// A thread that holds several objects at a time has them in its magazine when they are idle, and keeps
/// their weight reserved while they are lent. Other threads reach both.
#[test]
fn weights_of_batches_are_recalled() {
    const MOST: usize = 1000;
    let _alone = alone();
    for held in [2, 8, 10] {
        let pool = <Pool<Vec<u8>>>::new(|| vec![0; 100]).with_weight(Vec::len);
        let pool = &pool.with_max_idle_bytes(MOST);
        let batch = || Vec::from_iter((0..held).map(|_| pool.get()));
        thread::scope(|scope| {
            let peers: Vec<_> = (0..3).map(|_| Peer::new(scope)).collect();
            for (round, peer) in peers.iter().cycle().take(9).enumerate() {
                // Repeatedly, so that there is evidence for private places.
                peer.run(|| (0..4).for_each(|_| drop(batch())));
                assert_eq!(pool.stats().idle_bytes, 100 * held as u64, "round {round}");
                let lent = peer.run(batch);
                assert_eq!(pool.stats().idle_bytes, 0);
                fill(pool, MOST / 100, || vec![0; 100]);
                assert_eq!(pool.stats().idle_bytes, MOST as u64, "what was reserved is used");
                peer.run(|| drop(lent));
                assert_eq!(pool.stats().idle_bytes, MOST as u64);
                assert_eq!(drain(pool).len(), MOST / 100);
                assert_eq!(pool.stats().idle_bytes, 0);
                peer.run(|| (0..4).for_each(|_| drop(batch())));
                assert_eq!(drain(pool).len(), held, "those of another thread");
                assert_eq!(pool.stats().idle_bytes, 0);
            }
        });
    }
}

/// `reserve` uses the units and the weight that threads have leased for objects which they hold.
#[test]
fn reserve_uses_what_is_leased_for_lent_objects() {
    let _alone = alone();
    let bounded = <Pool<Vec<u8>>>::new(|| vec![0; 10]).with_max_idle(2);
    let weighed =
        <Pool<Vec<u8>>>::new(|| vec![0; 10]).with_weight(Vec::len).with_max_idle_bytes(20);
    for pool in [bounded, weighed] {
        let (there, end) = (Barrier::new(2), Barrier::new(2));
        let lend = || {
            drop(pool.get());
            pool.get()
        };
        thread::scope(|s| {
            let other = s.spawn(|| {
                let _lent = lend();
                there.wait();
                end.wait();
            });
            let lent = lend();
            there.wait();
            pool.reserve(2);
            let idle = pool.stats().idle;
            drop(lent);
            end.wait();
            join(other);
            assert_eq!(idle, 2);
        });
        let stats = pool.stats();
        assert_eq!((stats.idle, stats.dropped), (2, 2));
    }
}

/// However many threads hold leases for lent objects, `reserve` gets all of them.
#[test]
fn reserve_recalls_from_many_threads() {
    const OTHERS: usize = 20;
    let _alone = alone();
    let bounded = <Pool<Vec<u8>>>::new(|| vec![0; 10]).with_max_idle(OTHERS);
    let weighed =
        <Pool<Vec<u8>>>::new(|| vec![0; 10]).with_weight(Vec::len).with_max_idle_bytes(10 * OTHERS);
    let both = <Pool<Vec<u8>>>::new(|| vec![0; 10])
        .with_max_idle(OTHERS)
        .with_weight(Vec::len)
        .with_max_idle_bytes(10 * OTHERS);
    for pool in [bounded, weighed, both] {
        let (there, end) = (Barrier::new(OTHERS + 1), Barrier::new(OTHERS + 1));
        thread::scope(|s| {
            let hold = |_| {
                s.spawn(|| {
                    // All at once, so that each has an object of its own.
                    let first = pool.get();
                    there.wait();
                    drop(first);
                    there.wait();
                    let _lent = pool.get();
                    there.wait();
                    end.wait();
                })
            };
            let threads: Vec<_> = (0..OTHERS).map(hold).collect();
            (0..3).for_each(|_| _ = there.wait());
            pool.reserve(OTHERS);
            let idle = pool.stats().idle;
            end.wait();
            threads.into_iter().for_each(join);
            assert_eq!(idle, OTHERS as u64);
        });
    }
}
