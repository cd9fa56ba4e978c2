//! Owned guards, which may outlive their pool.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread;

use corepool::{OwnedPooled, Pool, collect};

use crate::util::{alone, join, live, on_thread, panics};

type Tokens = Pool<Arc<()>>;

fn tokens(token: &Arc<()>) -> Tokens {
    let pool: Tokens = Pool::new(|| unreachable!());
    (0..3).for_each(|_| pool.put(token.clone()));
    pool
}

/// The end of a pool drops its idle objects at once, and each guard drops its own object.
#[test]
fn an_owned_guard_outlives_its_pool() {
    let _alone = alone();
    let token = Arc::new(());
    let pool = tokens(&token);
    let (guard, other) = (pool.get_owned(), pool.get_owned());
    drop(pool);
    assert_eq!(live(&token), 2, "the idle one is dropped");
    drop(other);
    assert_eq!((live(&token), Arc::ptr_eq(&guard, &token)), (1, true));
    thread::spawn(move || drop(guard)).join().unwrap();
    assert_eq!(live(&token), 0);
}

#[test]
fn an_object_may_be_detached_after_the_end() {
    let _alone = alone();
    let token = Arc::new(());
    let pool = tokens(&token);
    let (guard, other) = (pool.get_owned(), pool.get_owned());
    drop(pool);
    let kept = OwnedPooled::detach(guard);
    OwnedPooled::discard(other);
    assert_eq!(live(&token), 1);
    drop(kept);
    assert_eq!(live(&token), 0);
}

/// A guard that another thread drops goes to that thread's shard, before the end of the pool and after
/// any number of collects.
#[test]
fn owned_guards_travel_between_threads() {
    let _alone = alone();
    let token = Arc::new(());
    let pool = tokens(&token);
    for round in 0..4 {
        let guard = pool.get_owned();
        (0..round).for_each(|_| collect());
        thread::spawn(move || drop(guard)).join().unwrap();
        assert_eq!(pool.stats().idle, live(&token) as u64);
        while pool.stats().idle < 3 {
            pool.put(token.clone());
        }
    }
    let guard = pool.get_owned();
    (0..4).for_each(|_| collect());
    drop(pool);
    assert_eq!(live(&token), 1);
    drop(guard);
    assert_eq!(live(&token), 0);
}

/// The hook does not run after the end, and a panic changes nothing.
#[test]
fn no_hook_runs_after_the_end() {
    static RECYCLED: AtomicUsize = AtomicUsize::new(0);
    let _alone = alone();
    let token = Arc::new(());
    let pool = <Tokens>::new(|| unreachable!()).with_recycle(|_| {
        RECYCLED.fetch_add(1, Relaxed);
        true
    });
    (0..3).for_each(|_| pool.put(token.clone()));
    let (first, second, third) = (pool.get_owned(), pool.get_owned(), pool.get_owned());
    drop(first);
    assert_eq!(RECYCLED.swap(0, Relaxed), 4);
    drop(pool);
    drop(second);
    let message = panics(move || {
        let _held = third;
        std::panic::resume_unwind(Box::new("planned"))
    });
    assert_eq!((message, RECYCLED.load(Relaxed), live(&token)), ("planned", 0, 0));
}

thread_local! {
    static HELD: RefCell<Vec<OwnedPooled<Arc<()>>>> = const { RefCell::new(Vec::new()) };
}

/// A thread-local may hold owned guards, of pools that have ended and of others. Its destructor runs
/// before the thread gives its seat back, or after.
#[test]
fn a_thread_local_may_hold_owned_guards() {
    let _alone = alone();
    for early in [false, true] {
        for ended in [false, true] {
            let token = Arc::new(());
            let pool = on_thread(|| {
                let pool = tokens(&token);
                if early {
                    HELD.with_borrow(|held| assert!(held.is_empty()));
                }
                HELD.set(vec![pool.get_owned(), pool.get_owned()]);
                if ended {
                    drop(pool);
                    return None;
                }
                Some(pool)
            });
            let idle = if ended { 0 } else { 3 };
            assert_eq!(
                (live(&token), pool.map_or(0, |pool| pool.stats().idle)),
                (idle, idle as u64)
            );
            assert_eq!(live(&token), 0);
        }
    }
}

/// Pools end while other threads drop their guards.
#[test]
fn a_pool_may_end_while_its_guards_are_dropped() {
    let _alone = alone();
    let token = Arc::new(());
    for round in 0..300 {
        let pool: Tokens = Pool::new(|| unreachable!());
        (0..8).for_each(|_| pool.put(token.clone()));
        let start = Barrier::new(3);
        thread::scope(|scope| {
            let threads = [(); 2].map(|()| {
                let guards: Vec<_> = (0..4).map(|_| pool.get_owned()).collect();
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    for guard in guards {
                        drop(guard);
                        (0..round % 50).for_each(|_| std::hint::spin_loop());
                    }
                })
            });
            start.wait();
            (0..round % 70).for_each(|_| std::hint::spin_loop());
            drop(pool);
            threads.into_iter().for_each(join);
        });
        // If a thread was stopped inside a pin, the pool has left that thread's objects to collects.
        (0..3).for_each(|_| corepool::collect());
        assert_eq!(live(&token), 0);
    }
}

/// The index of a pool is used again only when the last of its guards is dropped.
#[test]
fn guards_of_an_ended_pool_do_not_reach_the_next_pool() {
    let _alone = alone();
    let token = Arc::new(());
    for _ in 0..20 {
        let pool = tokens(&token);
        let guard = pool.get_owned();
        drop(pool);
        let next: Vec<Pool<Box<u64>>> =
            (0..4).map(|_| <Pool<Box<u64>>>::new(|| Box::new(7))).collect();
        next.iter().for_each(|pool| drop(pool.get()));
        drop(guard);
        let more: Pool<Box<u64>> = Pool::new(|| Box::new(7));
        more.put(Box::new(7));
        assert!(next.iter().chain([&more]).all(|pool| **pool.get() == 7));
        assert_eq!(live(&token), 0);
    }
}
