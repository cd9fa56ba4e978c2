//! What every pool promises, whatever its layout. Further promises have modules of their own: user
//! code runs with no lock held (`hooks`), objects are seen as their last holder left them
//! (`ledger`), pools are not copied (`types`, `statics`).

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread;

use corepool::{Pool, collect};

use crate::util::{alone, amid_collects, drain, live, on_thread, on_threads, repeat, sorted};

#[test]
fn a_pool_needs_only_a_create_function() {
    let _alone = alone();
    let pool = Pool::new(|| String::from("new"));
    assert_eq!(*pool.get(), "new");
    assert_eq!(pool.take(), "new");
    pool.put("old".into());
    assert_eq!(pool.take(), "old");
    assert!(pool.try_take().is_none());
}

#[test]
fn many_threads_share_a_pool_and_no_object() {
    let _alone = alone();
    let pool: Pool<AtomicBool> = Pool::new(|| AtomicBool::new(false));
    let times = repeat(2_000, 20);
    let use_it = |_| {
        for _ in 0..times {
            let held = pool.get();
            assert!(!held.swap(true, Relaxed), "held twice");
            thread::yield_now();
            assert!(held.swap(false, Relaxed));
        }
    };
    amid_collects(|| on_threads(8, use_it));
    let stats = pool.stats();
    assert_eq!(stats.hits + stats.misses, 8 * times as u64);
    assert_eq!(stats.created, stats.misses);
    assert_eq!(stats.idle + stats.dropped, stats.created);
}

/// Idle objects may be dropped at any time. Then `take` creates one.
#[test]
fn take_creates_an_object_after_collects() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    pool.put(1);
    collect();
    collect();
    assert_eq!(pool.try_take(), None);
    assert_eq!(pool.take(), 0);
}

#[test]
fn an_object_is_handed_out_once() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    let n = repeat(1_000, 100) as u32;
    (1..=n).for_each(|i| pool.put(i));
    let mut seen: Vec<u32> = on_threads(4, |_| drain(&pool)).concat();
    seen.extend(drain(&pool));
    assert_eq!(sorted(seen), Vec::from_iter(1..=n));
}

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

#[test]
fn create_is_called_only_when_no_object_is_idle() {
    let _alone = alone();
    let next = AtomicU32::new(1);
    let pool = Pool::new(move || next.fetch_add(1, Relaxed));
    assert_eq!(pool.take(), 1);
    assert_eq!(pool.take(), 2);
    pool.put(42);
    assert_eq!(pool.take(), 42);
    assert_eq!(pool.take(), 3);
}

#[test]
fn try_get_and_try_take_never_create() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| unreachable!());
    assert!(pool.try_get().is_none());
    assert!(pool.try_take().is_none());
    pool.put(5);
    assert_eq!(*pool.try_get().unwrap(), 5);
    assert_eq!(pool.try_take(), Some(5));
    assert_eq!(pool.stats().created, 0);
}

/// No value of `T` stands for an absent object.
#[test]
fn none_can_be_pooled_like_any_object() {
    let _alone = alone();
    let pool: Pool<Option<Box<u32>>> = Pool::new(|| Some(Box::new(1)));
    pool.put(None);
    pool.put(None);
    assert_eq!(pool.stats().idle, 2);
    assert_eq!(pool.try_take(), Some(None));
    assert_eq!(pool.take(), None);
    assert_eq!(pool.take(), Some(Box::new(1)));
}

#[test]
fn an_unused_pool_supports_every_operation() {
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

#[test]
fn without_a_collect_every_put_is_kept() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| unreachable!());
    let n = repeat(100_000, 300) as u32;
    (0..n).for_each(|i| pool.put(i));
    assert_eq!(pool.stats().idle, u64::from(n));
    assert_eq!(sorted(drain(&pool)), Vec::from_iter(0..n));
    assert_eq!(pool.stats().idle, 0);
}

/// At every fill level a taken object can be returned, and the others stay.
#[test]
fn a_get_and_its_return_lose_no_object() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| unreachable!());
    let n = repeat(200, 40) as u32;
    for i in 0..n {
        pool.put(i);
        drop(pool.get());
        drop([pool.try_get(), pool.try_get()]);
        pool.put(pool.take());
        assert_eq!(pool.stats().idle, u64::from(i) + 1);
    }
    assert_eq!(sorted(drain(&pool)), Vec::from_iter(0..n));
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

/// A pool keeps no reference to an object that was taken.
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

/// Two collects drop all unused objects, wherever they are.
#[test]
fn two_collects_drop_every_idle_object() {
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

#[test]
fn take_returns_only_objects_that_were_put() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| unreachable!());
    let times = repeat(2_000, 20);
    let put_and_take = |_| {
        let step = |_: &usize| {
            pool.put(7);
            pool.try_take().is_some_and(|v| {
                assert_eq!(v, 7);
                true
            })
        };
        (0..times).filter(step).count()
    };
    let taken: usize = amid_collects(|| on_threads(10, put_and_take)).iter().sum();
    let left = drain(&pool).len();
    assert_eq!(taken + left + pool.stats().dropped as usize, 10 * times);
}

#[test]
fn every_thread_can_take_reserved_objects() {
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
fn clear_drops_every_idle_object() {
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

/// There is one pool for each type, whichever thread asks for it.
#[test]
fn a_type_has_one_pool() {
    #[derive(Default)]
    struct Wrapped<T>(T);
    fn address<T: Default + Send + 'static>() -> usize {
        std::ptr::from_ref(corepool::of::<Wrapped<T>>()).addr()
    }
    fn addresses() -> Vec<usize> {
        // More than a thread remembers.
        let mut all = vec![address::<u8>(), address::<u16>(), address::<u32>(), address::<u64>()];
        all.extend([address::<[u8; 1]>(), address::<[u8; 2]>(), address::<[u8; 3]>()]);
        all.extend([address::<[u8; 4]>(), address::<[u8; 5]>(), address::<[u8; 6]>()]);
        all.extend([address::<[u16; 1]>(), address::<[u16; 2]>(), address::<[u16; 3]>()]);
        all.extend([address::<[u16; 4]>(), address::<[u16; 5]>(), address::<[u16; 6]>()]);
        all.extend([address::<[u32; 1]>(), address::<[u32; 2]>(), address::<[u32; 3]>()]);
        all
    }
    let _alone = alone();
    let ready = Barrier::new(4);
    let found = on_threads(4, |_| {
        ready.wait();
        (addresses(), addresses())
    });
    let all = addresses();
    assert!(found.iter().all(|(first, second)| *first == all && *second == all));
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    let mut object = corepool::of::<Wrapped<u64>>().get();
    object.0 = 7;
    drop(object);
    assert_eq!(corepool::of::<Wrapped<u64>>().get().0, 7);
}
