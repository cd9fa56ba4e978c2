//! Pools whose objects borrow: no collect reaches them.

use std::{
    mem,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use corepool::{Manage, Pool, Scoped, collect};

use crate::util::{alone, sorted};

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
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| assert!(pool.get().len() >= 2));
        }
    });
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

/// Its objects may not be touched any more, so that nothing drops them.
#[test]
fn a_forgotten_pool_drops_nothing() {
    let _alone = alone();
    let dropped = AtomicUsize::new(0);
    let pool: Pool<Object<'_>, _, Scoped> = Pool::scoped(|| Object(&dropped));
    thread::scope(|s| {
        let used = s.spawn(|| drop((pool.get(), pool.get())));
        used.join().unwrap();
        drop((pool.get(), pool.get(), pool.get()));
    });
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
