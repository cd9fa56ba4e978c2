//! What every pool promises, whatever its layout: rows A1 to A17.
//!
//! Rows A13, A15 and A16 (user code runs with nothing held) are in `hooks`,
//! A8 (publication) in `ledger`, A10 (no copies) in `types` and `statics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;

use corepool::{Pool, collect};

use crate::util::{alone, amid_collects, drain, live, on_thread, on_threads, sorted};

/// Row A1.
#[test]
fn a_pool_needs_only_a_way_to_create() {
    let _alone = alone();
    let pool = Pool::new(|| String::from("new"));
    assert_eq!(*pool.get(), "new");
    assert_eq!(pool.take(), "new");
    pool.put("old".into());
    assert_eq!(pool.take(), "old");
    assert!(pool.try_take().is_none());
}

/// Row A2.
#[test]
fn many_threads_share_a_pool_and_no_object() {
    let _alone = alone();
    let pool: Pool<AtomicBool> = Pool::new(|| AtomicBool::new(false));
    let use_it = |_| {
        for _ in 0..2_000 {
            let held = pool.get();
            assert!(!held.swap(true, Relaxed), "held twice");
            thread::yield_now();
            assert!(held.swap(false, Relaxed));
        }
    };
    amid_collects(|| on_threads(8, use_it));
    let stats = pool.stats();
    assert_eq!(stats.hits + stats.misses, 16_000);
    assert_eq!(stats.created, stats.misses);
    assert_eq!(stats.idle + stats.dropped, stats.created);
}

/// Row A3.
#[test]
fn objects_vanish_unannounced_and_get_still_serves() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    pool.put(1);
    collect();
    collect();
    assert_eq!(pool.try_take(), None);
    assert_eq!(pool.take(), 0);
}

/// Row A4.
#[test]
fn an_object_is_handed_out_once() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    (1..=1_000).for_each(|i| pool.put(i));
    let mut seen: Vec<u32> = on_threads(4, |_| drain(&pool)).concat();
    seen.extend(drain(&pool));
    assert_eq!(sorted(seen), Vec::from_iter(1..=1_000));
}

/// Row A5.
#[test]
fn get_never_waits_for_a_held_object() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    let held: Vec<_> = (0..100).map(|_| pool.get()).collect();
    let mut places: Vec<_> = held.iter().map(|guard| &raw const **guard).collect();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 100);
}

/// Rows A6 and A9.
#[test]
fn create_is_asked_only_when_nothing_is_idle() {
    let _alone = alone();
    let next = AtomicU32::new(1);
    let pool = Pool::new(move || next.fetch_add(1, Relaxed));
    assert_eq!(pool.take(), 1);
    assert_eq!(pool.take(), 2);
    pool.put(42);
    assert_eq!(pool.take(), 42);
    assert_eq!(pool.take(), 3);
}

/// Row A6.
#[test]
fn tries_never_create() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| unreachable!());
    assert!(pool.try_get().is_none());
    assert!(pool.try_take().is_none());
    pool.put(5);
    assert_eq!(*pool.try_get().unwrap(), 5);
    assert_eq!(pool.try_take(), Some(5));
    assert_eq!(pool.stats().created, 0);
}

/// Rows A11 and A14: no value of `T` stands for "nothing".
#[test]
fn none_is_an_object_like_any_other() {
    let _alone = alone();
    let pool: Pool<Option<Box<u32>>> = Pool::new(|| Some(Box::new(1)));
    pool.put(None);
    pool.put(None);
    assert_eq!(pool.stats().idle, 2);
    assert_eq!(pool.try_take(), Some(None));
    assert_eq!(pool.take(), None);
    assert_eq!(pool.take(), Some(Box::new(1)));
}

/// Row A12: there is no nil pool; the nearest is one that was never used.
#[test]
fn an_unused_pool_answers_everything() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| unreachable!());
    pool.trim();
    pool.clear();
    pool.reserve(0);
    collect();
    assert!(pool.try_get().is_none());
    assert_eq!(pool.stats().idle, 0);
    drop(pool);
    drop(<Pool<u32>>::new(|| 0));
}

/// Row A17.
#[test]
fn without_a_collect_every_put_is_kept() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| unreachable!());
    (0..100_000).for_each(|i| pool.put(i));
    assert_eq!(pool.stats().idle, 100_000);
    assert_eq!(sorted(drain(&pool)), Vec::from_iter(0..100_000));
    assert_eq!(pool.stats().idle, 0);
}

/// Row A17, at every filling: what goes out comes back, and beside the rest.
#[test]
fn a_get_and_its_return_lose_nothing() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| unreachable!());
    for i in 0..200 {
        pool.put(i);
        drop(pool.get());
        drop([pool.try_get(), pool.try_get()]);
        pool.put(pool.take());
        assert_eq!(pool.stats().idle, u64::from(i) + 1);
    }
    assert_eq!(sorted(drain(&pool)), Vec::from_iter(0..200));
}

/// The life of a few objects over two collects.
#[test]
fn objects_age_in_two_steps() {
    let _alone = alone();
    let pool: Pool<&str> = Pool::new(|| unreachable!());
    pool.put("a");
    pool.put("b");
    assert_eq!(pool.try_take(), Some("a"));
    assert_eq!(pool.try_take(), Some("b"));
    assert_eq!(pool.try_take(), None);
    (0..100).for_each(|_| pool.put("c"));
    collect();
    assert_eq!(pool.try_take(), Some("c"));
    collect();
    assert_eq!(pool.try_take(), None);
}

/// What was taken out is forgotten: the pool keeps nothing alive.
#[test]
fn a_drained_pool_holds_nothing() {
    let _alone = alone();
    let token = Arc::new(());
    let pool: Pool<Arc<()>> = Pool::new(Arc::default);
    (0..100).for_each(|_| pool.put(token.clone()));
    for taken in 1..=100 {
        drop(pool.take());
        assert_eq!(live(&token), 100 - taken);
    }
}

/// What nobody asks for is let go, wherever it sits.
#[test]
fn two_collects_let_go_of_everything() {
    let _alone = alone();
    let token = Arc::new(());
    let pool: Pool<Arc<()>> = Pool::new(Arc::default);
    (0..100).for_each(|_| pool.put(token.clone()));
    on_thread(|| (0..100).for_each(|_| pool.put(token.clone())));
    collect();
    assert_eq!(live(&token), 200);
    collect();
    assert_eq!(live(&token), 0);
}

/// Nothing comes out that was not put in.
#[test]
fn only_what_was_put_comes_out() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| unreachable!());
    let put_and_take = |_| {
        let step = |_: &u32| {
            pool.put(7);
            pool.try_take().is_some_and(|v| {
                assert_eq!(v, 7);
                true
            })
        };
        (0..2_000).filter(step).count()
    };
    let taken: usize = amid_collects(|| on_threads(10, put_and_take)).iter().sum();
    let left = drain(&pool).len();
    assert_eq!(taken + left + pool.stats().dropped as usize, 20_000);
}

#[test]
fn reserved_objects_are_there_for_every_thread() {
    let _alone = alone();
    let made = Arc::new(AtomicU32::new(0));
    let count = made.clone();
    let pool = Pool::new(move || count.fetch_add(1, Relaxed));
    pool.reserve(10);
    assert_eq!(made.load(Relaxed), 10);
    assert_eq!(pool.stats().idle, 10);
    let mut seen = on_thread(|| (0..5).map(|_| pool.take()).collect::<Vec<_>>());
    seen.extend((0..5).map(|_| pool.take()));
    assert_eq!(sorted(seen), Vec::from_iter(0..10));
    assert_eq!(pool.stats().misses, 0);
}

#[test]
fn clear_empties_every_corner() {
    let _alone = alone();
    let token = Arc::new(());
    let source = token.clone();
    let pool = Pool::new(move || source.clone());
    let source = 1;
    on_thread(|| (0..50).for_each(|_| pool.put(token.clone())));
    pool.trim();
    (0..50).for_each(|_| pool.put(token.clone()));
    pool.reserve(50);
    assert_eq!(live(&token), 150 + source);
    pool.clear();
    assert_eq!(live(&token), source);
    assert_eq!(pool.stats().idle, 0);
    assert!(pool.try_get().is_none());
}
