//! The model under shuttle.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use corepool::{Pool, collect};
use shuttle::thread;

/// Runs a model under random schedules. Returns its different results.
fn explore<R: Ord + Clone + Send + 'static>(
    model: impl Fn() -> R + Send + Sync + 'static,
) -> BTreeSet<R> {
    let results = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&results);
    shuttle::check_random(
        move || {
            let result = model();
            seen.lock().unwrap().insert(result);
        },
        300,
    );
    let results = results.lock().unwrap();
    results.clone()
}

#[test]
fn a_take_finds_mine_anothers_or_none() {
    let found = explore(|| {
        let pool = Arc::new(Pool::new(|| 0));
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.put(2))
        };
        pool.put(1);
        let found = pool.take();
        other.join().unwrap();
        found
    });
    assert_eq!(found, BTreeSet::from([0, 1, 2]));
}

#[test]
fn one_of_two_takers_finds_the_only_object() {
    let found = explore(|| {
        let pool = Arc::new(Pool::new(|| 0));
        pool.reserve(1);
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.try_take().is_some())
        };
        let mine = pool.try_take().is_some();
        (mine, other.join().unwrap())
    });
    assert_eq!(found, BTreeSet::from([(true, false), (false, true)]));
}

#[test]
fn a_collect_in_the_background_is_explored() {
    let found = explore(|| {
        let pool: Arc<Pool<u32>> = Arc::new(Pool::new(|| 0));
        let collector = thread::spawn(|| (0..2).for_each(|_| collect()));
        pool.put(1);
        let idle = pool.try_take();
        collector.join().unwrap();
        idle
    });
    assert_eq!(found, BTreeSet::from([None, Some(1)]));
}

/// A static is empty at the beginning of each execution, and its objects are dropped at the end.
#[test]
fn statics_are_empty_in_each_execution() {
    static TOKENS: Pool<Arc<()>> = Pool::new(|| unreachable!("they are put"));
    let token = Arc::new(());
    let given = Arc::clone(&token);
    shuttle::check_random(
        move || {
            assert_eq!(TOKENS.stats().idle, 0);
            let given = Arc::clone(&given);
            let other = thread::spawn(move || TOKENS.put(given));
            other.join().unwrap();
            assert_eq!(TOKENS.stats().idle, 1);
        },
        20,
    );
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn guards_outlive_their_pool() {
    shuttle::check_pct(
        || {
            let pool: Pool<Vec<u8>> = Pool::new(Vec::new);
            let guard = pool.get_owned();
            let other = thread::spawn(move || drop(guard));
            drop(pool);
            other.join().unwrap();
        },
        50,
        3,
    );
}

#[test]
#[should_panic(expected = "planned")]
fn a_model_that_fails_says_why() {
    explore(|| {
        let pool = Arc::new(Pool::new(|| 0));
        let _guard = pool.get();
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || drop(pool.get()))
        };
        assert!(pool.stats().created < 2, "planned");
        other.join().unwrap();
    });
}
