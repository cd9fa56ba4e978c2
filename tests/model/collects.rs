//! Collects, which happen only where a model calls them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use corepool::{Pool, collect};
use loom::thread;

#[test]
fn an_idle_object_survives_one_collect() {
    loom::model(|| {
        let pool = Pool::new(|| 0);
        pool.reserve(2);
        collect();
        assert_eq!(pool.take(), 0);
        assert_eq!(pool.stats().victim_hits, 1);
        collect();
        assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 1));
    });
}

#[test]
fn collects_leave_what_they_are_told_to() {
    loom::model(|| {
        let pool = Pool::new(|| 0).with_min_idle(2);
        pool.reserve(5);
        (0..3).for_each(|_| collect());
        assert_eq!((pool.stats().idle, pool.stats().dropped), (2, 3));
        (0..3).for_each(|_| pool.trim());
        assert_eq!(pool.stats().idle, 2);
        pool.clear();
        assert_eq!(pool.stats().idle, 0);
    });
}

#[test]
fn trim_ages_one_pool() {
    loom::model(|| {
        let (trimmed, other) = (Pool::new(|| 0), Pool::new(|| 0));
        trimmed.reserve(1);
        other.reserve(1);
        trimmed.trim();
        trimmed.trim();
        assert_eq!((trimmed.stats().idle, other.stats().idle), (0, 1));
    });
}

/// A collect in another thread comes before, between or after the calls of this one, also if it comes
/// before the first use of the pool.
#[test]
fn a_collect_in_the_background_is_explored() {
    let found = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&found);
    loom::model(move || {
        let pool: Arc<Pool<u32>> = Arc::new(Pool::new(|| 0));
        let collector = thread::spawn(|| (0..2).for_each(|_| collect()));
        pool.put(1);
        let idle = pool.try_take();
        collector.join().unwrap();
        seen.lock().unwrap().insert(idle);
    });
    assert_eq!(*found.lock().unwrap(), BTreeSet::from([None, Some(1)]));
}

#[test]
#[should_panic(expected = "from outside a")]
fn pools_need_a_model() {
    let pool = Pool::new(|| 0);
    drop(pool.get());
}
