//! Pools whose objects borrow: no collect reaches them.

use std::{
    mem,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use corepool::{Manage, Pool, Scoped, collect};

use crate::util::{alone, on_thread, on_threads, sorted};

/// Counts its drops in what it borrows.
struct Object<'a>(&'a AtomicUsize);

impl Drop for Object<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn objects_and_managers_may_borrow() {
    struct Words<'t>(&'t str);

    impl<'t> Manage<Vec<&'t str>> for Words<'t> {
        fn create(&self) -> Vec<&'t str> {
            self.0.split(' ').collect()
        }

        fn recycle(&self, words: &mut Vec<&'t str>) -> bool {
            words.truncate(2);
            true
        }
    }

    let _alone = alone();
    let text = String::from("one two three");
    let pool: Pool<Vec<&str>, _, Scoped> = Pool::scoped(Words(&text));
    on_threads(2, |_| assert!(pool.get().len() >= 2));
    assert_eq!(pool.try_take().as_deref(), Some(&["one", "two"][..]));
}

#[test]
fn no_collect_drops_an_object_that_borrows() {
    let _alone = alone();
    let dropped = AtomicUsize::new(0);
    let pool: Pool<Object<'_>, _, Scoped> = Pool::scoped(|| Object(&dropped));
    drop((pool.get(), pool.get()));
    pool.reserve(3);
    (0..4).for_each(|_| collect());
    assert_eq!((dropped.load(Relaxed), pool.stats().idle), (0, 5));
    pool.trim();
    assert_eq!((dropped.load(Relaxed), pool.stats().idle), (0, 5));
    pool.trim();
    assert_eq!((dropped.load(Relaxed), pool.stats().idle), (5, 0));
    drop(pool.get());
    pool.clear();
    assert_eq!(dropped.load(Relaxed), 6);
    drop(pool.get());
    drop(pool);
    assert_eq!(dropped.load(Relaxed), 7);
}

/// A collect removes a shard that was not used for long. What the shard had for objects that are lent,
/// or gone, is given back.
#[test]
fn collects_of_unused_shards_give_everything_back() {
    let _alone = alone();
    let unused = || (0..4).for_each(|_| collect());
    let bounded: Pool<u64, _, Scoped> = Pool::scoped(|| 0).with_max_idle(1);
    let weighed: Pool<u64, _, Scoped> =
        Pool::scoped(|| 0).with_weight(|_| 8).with_max_idle_bytes(4 * 8);
    for _ in 0..3 {
        drop(bounded.get());
        let lent = bounded.get();
        unused();
        drop(lent);
        assert_eq!(bounded.stats().idle, 1, "the unit is lost");
        drop([(); 4].map(|()| weighed.get()));
        let lent = [(); 4].map(|()| weighed.get());
        unused();
        assert_eq!(weighed.stats().idle_bytes, 0, "weight is held by nothing");
        drop(lent);
        assert_eq!(weighed.stats().idle, 4, "weight is lost");
    }
    // The spare cells of these are freed.
    let values: Pool<Vec<u8>, _, Scoped> = Pool::scoped(Vec::new);
    (0..10).for_each(|_| values.put(Vec::new()));
    assert_eq!(values.drain().count(), 10);
    unused();
}

/// Its objects may not be touched any more, so that nothing drops them.
#[test]
fn a_forgotten_pool_drops_nothing() {
    let _alone = alone();
    let dropped = AtomicUsize::new(0);
    let pool: Pool<Object<'_>, _, Scoped> = Pool::scoped(|| Object(&dropped));
    on_thread(|| drop((pool.get(), pool.get())));
    drop((pool.get(), pool.get(), pool.get()));
    let objects = pool.stats().idle as usize;
    mem::forget(pool);
    (0..4).for_each(|_| collect());
    assert_eq!(dropped.load(Relaxed), 0);
    assert!(objects >= 3);
}

#[test]
fn objects_of_ended_threads_are_found() {
    let _alone = alone();
    let numbers = Vec::from_iter(0..10);
    let pool: Pool<&u32, _, Scoped> = Pool::scoped(|| unreachable!());
    thread::scope(|s| {
        s.spawn(|| numbers.iter().for_each(|number| pool.put(number))).join().unwrap();
    });
    collect();
    assert_eq!(sorted(pool.drain().collect()), numbers.iter().collect::<Vec<_>>());
}
