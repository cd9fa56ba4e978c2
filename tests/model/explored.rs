//! What the model explores: which object a search finds, and whether it finds one.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use corepool::{Pool, Pooled};
use loom::thread;

/// Runs a model. Returns its different results, and the number of its executions.
fn explore<R: Ord + Clone + Send + 'static>(
    model: impl Fn() -> R + Send + Sync + 'static,
) -> (BTreeSet<R>, usize) {
    let results = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&results);
    loom::model(move || {
        let result = model();
        seen.lock().unwrap().push(result);
    });
    let results = results.lock().unwrap();
    (results.iter().cloned().collect(), results.len())
}

/// A pool whose new objects are 0.
fn zeroes() -> Arc<Pool<u32>> {
    Arc::new(Pool::new(|| 0))
}

#[test]
fn a_take_finds_mine_anothers_or_none() {
    let (found, executions) = explore(|| {
        let pool = zeroes();
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
    assert!(executions <= 20, "{executions}");
}

#[test]
fn a_try_take_finds_mine_or_anothers() {
    let (found, _) = explore(|| {
        let pool = zeroes();
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.put(2))
        };
        pool.put(1);
        let found = pool.try_take();
        other.join().unwrap();
        found
    });
    assert_eq!(found, BTreeSet::from([Some(1), Some(2)]));
}

/// Runs two threads that each try to take one of `idle` objects.
fn two_takers(idle: usize) -> BTreeSet<(bool, bool)> {
    let (found, _) = explore(move || {
        let pool = zeroes();
        pool.reserve(idle);
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.try_take().is_some())
        };
        let mine = pool.try_take().is_some();
        (mine, other.join().unwrap())
    });
    found
}

#[test]
fn one_of_two_takers_finds_the_only_object() {
    assert_eq!(two_takers(1), BTreeSet::from([(true, false), (false, true)]));
}

#[test]
fn each_of_two_takers_finds_one_of_two_objects() {
    assert_eq!(two_takers(2), BTreeSet::from([(true, true)]));
}

#[test]
fn a_search_alone_finds_the_newest_object() {
    let (found, executions) = explore(|| {
        let pool = zeroes();
        (1..=3).for_each(|value| pool.put(value));
        (pool.take(), pool.take(), pool.try_take())
    });
    assert_eq!(found, BTreeSet::from([(3, 2, Some(1))]));
    assert_eq!(executions, 1);
}

#[test]
fn an_object_is_in_one_place() {
    let (_, executions) = explore(|| {
        let pool = zeroes();
        let threads: Vec<_> = (1..=2)
            .map(|value| {
                let pool = Arc::clone(&pool);
                thread::spawn(move || {
                    pool.put(value);
                    let guard = pool.get();
                    let detached = pool.try_get().map(Pooled::detach);
                    drop(guard);
                    detached
                })
            })
            .collect();
        let detached: Vec<_> =
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect();
        let mut all: Vec<_> = pool.drain().chain(detached).filter(|&value| value != 0).collect();
        all.sort();
        assert_eq!(all, [1, 2]);
    });
    println!("an_object_is_in_one_place: {executions} executions");
}

/// Runs threads that each get and put an object, `rounds` times. Returns the number of executions.
fn rounds(threads: usize, rounds: usize) -> usize {
    let model = move || {
        let pool = zeroes();
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                let pool = Arc::clone(&pool);
                thread::spawn(move || (0..rounds).for_each(|_| *pool.get() += 1))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    };
    let (_, executions) = explore(model);
    println!("{threads} threads, {rounds} rounds: {executions} executions");
    executions
}

#[test]
fn few_executions_are_explored() {
    let limits = [(2, 1, 50), (2, 2, 2000), (3, 1, 20_000)];
    let counts = limits.map(|(threads, turns, limit)| (rounds(threads, turns), limit));
    assert!(counts.iter().all(|(count, limit)| count <= limit), "{counts:?}");
}
