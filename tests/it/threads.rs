//! Any number of threads may start, use pools and end.

use std::sync::{Arc, Barrier};
use std::thread;

use corepool::{Pool, collect};

use crate::util::{Peer, alone, drain, live, on_thread, on_threads, repeat, sorted};

/// More threads than most programs run at once.
const MANY: usize = repeat(600, 10);

/// Runs `f` on `MANY` threads, all alive at once, and waits until all have ended.
fn on_many(f: impl Fn(usize) + Sync) {
    let f = &f;
    thread::scope(|s| {
        let start = |i| {
            let small = thread::Builder::new().stack_size(128 << 10);
            small.spawn_scoped(s, move || f(i)).unwrap()
        };
        let threads: Vec<_> = (0..MANY).map(start).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Seats are reused: the next thread gets the object that an ended thread left.
#[test]
fn ten_thousand_threads_need_few_objects() {
    let _alone = alone();
    let pool: Pool<usize> = Pool::new(|| 0);
    let n = repeat(2_500, 10);
    for _ in 0..n {
        on_threads(4, |_| *pool.get() += 1);
    }
    let stats = pool.stats();
    assert_eq!(stats.hits + stats.misses, 4 * n as u64);
    assert!(stats.created <= 16, "{} created", stats.created);
    assert_eq!(drain(&pool).iter().sum::<usize>(), 4 * n);
}

/// Threads that run one after the other share a single object.
#[test]
fn a_thread_reuses_the_object_of_the_one_before() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    let n = repeat(1_000, 30) as u32;
    for _ in 0..n {
        on_thread(|| *pool.get() += 1);
    }
    assert_eq!((pool.take(), pool.stats().created), (n, 1));
}

#[test]
fn hundreds_of_ended_threads_leave_all_their_objects() {
    let _alone = alone();
    let pool: Pool<usize> = Pool::new(|| unreachable!());
    let all_here = Barrier::new(MANY);
    on_many(|i| {
        pool.put(i);
        all_here.wait();
    });
    assert_eq!(pool.stats().idle, MANY as u64);
    assert_eq!(sorted(drain(&pool)), Vec::from_iter(0..MANY));
}

/// A thread that finds no seat is served as well.
#[test]
fn hundreds_of_threads_at_once_are_served() {
    let _alone = alone();
    let token = Arc::new(());
    let source = token.clone();
    let pool = Pool::new(move || source.clone());
    let all_here = Barrier::new(MANY);
    on_many(|_| {
        let held = pool.get();
        all_here.wait();
        drop(held);
        drop(pool.try_get());
        all_here.wait();
        assert!(Arc::strong_count(&pool.get()) > MANY);
    });
    assert_eq!(pool.stats().created, MANY as u64);
    collect();
    collect();
    assert_eq!(live(&token), 1);
}

/// One collect reaches the private objects of hundreds of living threads.
#[test]
fn a_collect_reaches_hundreds_of_living_threads() {
    let _alone = alone();
    let pool: Pool<usize> = Pool::new(|| unreachable!());
    let step = Barrier::new(MANY + 1);
    thread::scope(|s| {
        let threads = s.spawn(|| {
            on_many(|i| {
                pool.put(i);
                step.wait();
                step.wait();
            });
        });
        step.wait();
        collect();
        let found = sorted(drain(&pool));
        step.wait();
        threads.join().unwrap();
        assert_eq!(found, Vec::from_iter(0..MANY));
    });
}

/// The pool is dropped first; the threads that used it end later.
#[test]
fn threads_may_outlive_the_pools_they_used() {
    let _alone = alone();
    let token = &Arc::new(());
    thread::scope(|s| {
        let peer = Peer::new(s);
        for _ in 0..10 {
            let pool: Arc<Pool<Arc<()>>> = Arc::new(Pool::new(Arc::default));
            let there = pool.clone();
            peer.run(move || (0..100).for_each(|_| there.put(token.clone())));
            assert_eq!(live(token), 100);
            drop(pool);
            assert_eq!(live(token), 0);
        }
    });
    assert_eq!(on_thread(|| Pool::new(|| 1).take()), 1);
}

/// Several threads use a pool for the first time at once.
#[test]
fn concurrent_first_uses_agree_on_one_pool() {
    let _alone = alone();
    for _ in 0..repeat(50, 3) {
        let pool: Pool<usize> = Pool::new(|| unreachable!());
        let start = Barrier::new(8);
        on_threads(8, |i| {
            start.wait();
            pool.put(i);
        });
        assert_eq!(sorted(drain(&pool)), Vec::from_iter(0..8));
    }
}
