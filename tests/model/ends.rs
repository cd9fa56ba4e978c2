//! The end of a pool, and of an execution.

use std::{collections::BTreeSet, sync::Mutex};

use corepool::{OwnedPooled, Pool};
use loom::{sync::Arc, thread};

/// An object that loom counts: it fails a model that leaks one.
type Counted = Arc<()>;

fn new() -> Counted {
    Arc::new(())
}

#[test]
fn idle_objects_are_dropped_with_their_pool() {
    loom::model(|| {
        let pool = Pool::new(new);
        pool.reserve(2);
        drop(pool.get());
    });
}

#[test]
fn owned_guards_outlive_their_pool() {
    loom::model(|| {
        let pool: Pool<Counted> = Pool::new(new);
        let guard = pool.get_owned();
        drop(pool.get_owned());
        drop(pool);
        assert_eq!(Arc::strong_count(&guard), 1);
        drop(guard);
    });
}

/// An owned guard that is dropped beside its pool finds it or does not. Either way the object is dropped.
#[test]
fn owned_guards_are_dropped_beside_their_pool() {
    static RECYCLED: Mutex<BTreeSet<bool>> = Mutex::new(BTreeSet::new());
    std::thread_local! {
        static HERE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    loom::model(|| {
        HERE.set(false);
        let pool = <Pool<Counted>>::new(new).with_recycle(|_| {
            HERE.set(true);
            true
        });
        let guard: OwnedPooled<Counted> = pool.get_owned();
        let other = thread::spawn(move || drop(guard));
        drop(pool);
        other.join().unwrap();
        RECYCLED.lock().unwrap().insert(HERE.get());
    });
    assert_eq!(*RECYCLED.lock().unwrap(), BTreeSet::from([false, true]));
}

#[test]
fn guards_may_be_dropped_by_other_threads() {
    loom::model(|| {
        let pool = std::sync::Arc::new(Pool::new(new));
        let guard = pool.get_owned();
        let other = {
            let pool = std::sync::Arc::clone(&pool);
            thread::spawn(move || {
                drop(guard);
                pool.stats().idle
            })
        };
        drop(pool.get());
        assert!((0..=2).contains(&other.join().unwrap()));
    });
}

/// A pool that all executions share is like a `static`.
#[test]
fn a_pool_may_be_shared_by_executions() {
    let pool = std::sync::Arc::new(Pool::new(new));
    let shared = std::sync::Arc::clone(&pool);
    loom::model(move || {
        assert_eq!(shared.stats().idle, 0);
        let pool = std::sync::Arc::clone(&shared);
        let other = thread::spawn(move || drop(pool.get()));
        drop(shared.get());
        other.join().unwrap();
    });
    drop(pool);
}

#[test]
#[should_panic(expected = "planned")]
fn a_model_that_fails_says_why() {
    loom::model(|| {
        let pool = std::sync::Arc::new(Pool::new(new));
        pool.reserve(1);
        let _guard = pool.get();
        let other = {
            let pool = std::sync::Arc::clone(&pool);
            thread::spawn(move || drop(pool.get_owned()))
        };
        assert!(pool.stats().idle > 0, "planned");
        other.join().unwrap();
    });
}
