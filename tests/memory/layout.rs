//! What pools take besides their objects: it follows the pairs of a thread and a pool that are in use.

use std::{
    iter,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc,
    },
    thread,
};

use corepool::{OwnedPooled, Pool, collect};

use crate::{CHAOS, KIB, alone, exact_bytes, expect, more_than, on_threads, scope};

type Pools = Vec<Pool<u64>>;

const POOLS: usize = 300;
const THREADS: usize = if cfg!(miri) { 4 } else { 64 };

fn pools() -> Pools {
    iter::repeat_with(|| <Pool<u64>>::new(|| 0)).take(POOLS).collect()
}

fn touch(pools: &Pools) {
    pools.iter().for_each(|pool| drop(pool.get()));
}

/// Gives the calling thread its seat, and the epochs their memory, so that neither counts.
fn warm_up() {
    let pool = <Pool<u64>>::new(|| 0);
    drop(Vec::from_iter((0..200).map(|_| pool.get())));
    pool.clear();
}

/// Each pair of a thread and a pool takes at most 400 bytes while it is in use, and none four collects
/// later.
#[test]
fn memory_follows_use() {
    let _alone = alone();
    let pools = pools();
    let (there, go) = (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
    let begun = AtomicUsize::new(0);
    scope(|s| {
        let user = || {
            warm_up();
            there.wait();
            go.wait();
            touch(&pools);
            there.wait();
            go.wait();
        };
        let users = (0..THREADS).map(|_| s.spawn(user)).collect();
        there.wait();
        begun.store(exact_bytes(), Relaxed);
        go.wait();
        there.wait();
        let used = exact_bytes() - begun.load(Relaxed);
        (0..4).for_each(|_| collect());
        let left = exact_bytes().saturating_sub(begun.load(Relaxed));
        go.wait();
        assert!(used <= 400 * THREADS * POOLS, "{used} bytes in use");
        assert!(left <= KIB * POOLS, "{left} bytes when nothing is used");
        users
    });
    let calls: u64 = pools.iter().map(Pool::stats).map(|stats| stats.hits + stats.misses).sum();
    assert_eq!(calls, (THREADS * POOLS) as u64, "the counts of freed shards");
    let before = exact_bytes();
    drop(pools);
    assert!(before - exact_bytes() <= KIB * POOLS);
}

/// The shards of threads that have ended are freed as well.
#[test]
fn ended_threads_take_nothing() {
    let _alone = alone();
    let pools = pools();
    touch(&pools);
    (0..3).for_each(|_| collect());
    let before = exact_bytes();
    on_threads(THREADS, || touch(&pools));
    (0..3).for_each(|_| collect());
    let more = exact_bytes().saturating_sub(before);
    assert!(more <= 64 * KIB, "{more} bytes more");
}

/// A thread that comes late pays for itself, however many threads there are.
#[test]
fn a_late_thread_pays_for_itself() {
    static OTHER: Pool<u64> = Pool::new(|| 0);
    let _alone = alone();
    let end = Barrier::new(THREADS + 1);
    let there = Barrier::new(THREADS + 1);
    scope(|s| {
        let other = || {
            drop(OTHER.get());
            there.wait();
            end.wait();
        };
        let others = (0..THREADS).map(|_| s.spawn(other)).collect();
        there.wait();
        let used = thread::scope(|s| {
            let late = s.spawn(|| {
                warm_up();
                let (before, pools) = (exact_bytes(), pools());
                touch(&pools);
                exact_bytes() - before
            });
            late.join().unwrap()
        });
        end.wait();
        assert!(used <= (KIB + CHAOS) * POOLS, "{used} bytes for {POOLS} pools");
        others
    });
}

/// A pool takes at most a kibibyte for one thread and one object, and the magazine when there are more.
#[test]
fn a_pool_of_one_thread_is_small() {
    let _alone = alone();
    warm_up();
    let is_small = |&[small, large, left]: &[usize; 3]| {
        small <= KIB + CHAOS && large > small && large <= small + KIB + 64 && left == 0
    };
    expect(is_small, || {
        let before = exact_bytes();
        let pool = <Pool<u64>>::new(|| 0);
        drop(pool.get());
        let small = more_than(before) + size_of_val(&pool);
        drop((pool.get(), pool.get()));
        let large = more_than(before) + size_of_val(&pool);
        drop(pool);
        [small, large, more_than(before)]
    });
}

/// So is one that weighs, whose magazine takes a kibibyte more, for the weights. There is a ring, too.
#[test]
fn a_pool_that_weighs_is_small() {
    let _alone = alone();
    warm_up();
    let least = if cfg!(corepool_tiny) { 0 } else { KIB };
    let is_small = |&[small, large, left]: &[usize; 3]| {
        let magazine = large.saturating_sub(small);
        small <= KIB + CHAOS && magazine > least && magazine <= 2 * KIB + KIB / 2 && left == 0
    };
    expect(is_small, || {
        let before = exact_bytes();
        let pool = <Pool<u64>>::new(|| 0).with_weight(|_| 8).with_max_idle_bytes(1 << 20);
        (0..5).for_each(|_| drop(pool.get()));
        let small = more_than(before) + size_of_val(&pool);
        drop((pool.get(), pool.get()));
        drop((pool.get(), pool.get()));
        let large = more_than(before) + size_of_val(&pool);
        drop(pool);
        [small, large, more_than(before)]
    });
}

/// A thread that steals once gets no magazine for what it has stolen.
#[test]
fn a_first_theft_is_small() {
    let _alone = alone();
    expect(|&bytes| bytes <= KIB / 2, bytes_of_a_theft);
}

/// Returns what a thread's first theft takes.
fn bytes_of_a_theft() -> usize {
    const OTHERS: usize = 8;
    let bytes = AtomicUsize::new(0);
    let pool = <Pool<u64>>::new(|| 0);
    let (there, end) = (Barrier::new(OTHERS + 1), Barrier::new(OTHERS + 1));
    scope(|s| {
        let other = || {
            let object = pool.get();
            there.wait();
            drop(object);
            there.wait();
            end.wait();
        };
        let others = (0..OTHERS).map(|_| s.spawn(other)).collect();
        there.wait();
        there.wait();
        let used = thread::scope(|s| {
            let thief = s.spawn(|| {
                warm_up();
                let before = exact_bytes();
                drop(pool.try_get());
                let once = more_than(before);
                let all = Vec::from_iter(iter::from_fn(|| pool.try_get()));
                (once, all.len())
            });
            thief.join().unwrap()
        });
        end.wait();
        assert_eq!(used.1, OTHERS, "all within reach");
        bytes.store(used.0, Relaxed);
        others
    });
    bytes.into_inner()
}

/// A pool in use keeps its shards, and a collect that frees others loses no count.
#[test]
fn shards_in_use_are_kept() {
    let _alone = alone();
    let is_kept = |freed: &[usize; 5]| freed.iter().all(|&bytes| bytes <= 200);
    expect(is_kept, || {
        let pool = <Pool<u64>>::new(|| 0);
        drop(pool.get());
        let freed = [(); 5].map(|()| {
            drop(pool.get());
            let before = exact_bytes();
            collect();
            before.saturating_sub(exact_bytes())
        });
        assert_eq!((pool.stats().hits, pool.stats().misses), (5, 1));
        freed
    });
}

/// The last owned guard frees what its pool has left, however many threads and collects were between.
#[test]
fn owned_guards_leave_nothing() {
    let _alone = alone();
    warm_up();
    let round = || {
        let pool = <Pool<u64>>::new(|| 0);
        let mut guards: Vec<OwnedPooled<u64>> = (0..10).map(|_| pool.get_owned()).collect();
        for i in 0..30 {
            guards.push(pool.get_owned());
            drop(guards.swap_remove(i % 10));
        }
        thread::scope(|s| {
            let (some, pool) = (guards.split_off(5), &pool);
            let other = s.spawn(move || {
                (0..10).for_each(|_| drop(pool.get_owned()));
                drop(some);
                (0..4).for_each(|_| collect());
            });
            other.join().unwrap();
        });
        (0..4).for_each(|_| collect());
        drop(pool);
        let others = guards.split_off(2);
        thread::scope(|s| _ = s.spawn(move || drop(others)).join());
        drop(guards);
        (0..4).for_each(|_| collect());
    };
    const ROUNDS: usize = if cfg!(miri) { 3 } else { 100 };
    round();
    let before = exact_bytes();
    (0..ROUNDS).for_each(|_| round());
    let more = exact_bytes().saturating_sub(before);
    // The epochs keep a few KiB for threads that have ended, but a core takes 512 bytes.
    assert!(more < 24 * KIB, "{more} bytes are left");
}

/// A thread that drops guards of another one, and takes their objects, keeps few spare cells.
#[test]
fn cells_of_passed_guards_are_few() {
    const MANY: usize = if cfg!(miri) { 300 } else { 20_000 };
    let _alone = alone();
    let plain = || <Pool<[u64; 8]>>::new(|| [0; 8]);
    let pools = [
        plain(),
        plain().with_recycle(|_| true),
        plain().with_max_idle(4),
        plain().with_weight(|_| 64).with_max_idle_bytes(1 << 10),
    ];
    for (i, pool) in pools.iter().enumerate() {
        let (send, receive) = mpsc::sync_channel::<OwnedPooled<[u64; 8]>>(4);
        let more = thread::scope(|s| {
            let getting =
                s.spawn(move || (0..MANY).for_each(|_| send.send(pool.get_owned()).unwrap()));
            let dropping = s.spawn(move || {
                let before = exact_bytes();
                for guard in receive {
                    drop(guard);
                    let _ = pool.try_take();
                }
                exact_bytes().saturating_sub(before)
            });
            getting.join().unwrap();
            dropping.join().unwrap()
        });
        assert!(more <= 64 * KIB, "pool {i}: {more} bytes more");
    }
}
