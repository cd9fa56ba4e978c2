//! Pools that need memory to grow and get none: every object is stored elsewhere, or is dropped and
//! counted.

use std::thread;

use corepool::collect;

use crate::{
    allocator::{Refuse, refuse, relent},
    alone,
    items::{Counted, Item, pool, weighed},
};

/// Runs a fixed program in a thread that has used no pool yet and is refused memory. Returns the
/// number of refused requests. `new` makes a pool with a bound. `N` is the size of the objects.
fn program<const N: usize>(new: fn(usize) -> Counted<N>, max_idle: usize, what: Refuse) -> usize {
    let (pool, books) = new(max_idle);
    let pool = &pool;
    let mut guards: Vec<_> = (0..100).map(|_| pool.get()).collect();
    let mut items: Vec<_> = (0..180).map(|_| Item::new(&books)).collect();
    // Objects for the thread to steal.
    (0..160).for_each(|_| pool.put(Item::new(&books)));
    let work = || {
        items.reserve(180);
        guards.reserve(60);
        pool.stats(); // See `first_use::epochs`.
        refuse(what);
        let stolen = (0..10).map_while(|_| pool.try_get());
        guards.extend(stolen);
        guards.clear();
        items.drain(..).for_each(|item| pool.put(item));
        pool.trim();
        items.extend((0..40).map_while(|_| pool.try_take()));
        guards.extend((0..30).map_while(|_| pool.try_get()));
        collect();
        items.drain(..).for_each(|item| pool.put(item));
        guards.clear();
        collect();
        pool.clear();
        guards.extend((0..10).map_while(|_| pool.try_get()));
        assert!(pool.stats().idle <= 300);
        relent()
    };
    let refused = thread::scope(|scope| scope.spawn(work).join().unwrap());
    // Drops the objects that a collect has postponed.
    pool.trim();
    let stats = pool.stats();
    assert_eq!(books.alive(), stats.idle as usize + guards.len() + items.len());
    assert_eq!(books.dropped(), stats.dropped as usize);
    guards.clear();
    (0..2).for_each(|_| pool.trim());
    assert_eq!(books.alive(), 0);
    // No unit is lost.
    (0..300).for_each(|_| pool.put(Item::new(&books)));
    assert_eq!(pool.stats().idle as usize, max_idle.min(300));
    refused
}

/// Runs the program refusing each of its requests in turn: that one alone, or that one and all
/// later ones.
fn one_by_one<const N: usize>(new: fn(usize) -> Counted<N>, max_idle: usize) {
    let mut refused = 0;
    for from in [Refuse::Only, Refuse::From] {
        for others in 0.. {
            println!("after {others}");
            match program(new, max_idle, from(others)) {
                0 => break,
                more => refused += more,
            }
        }
    }
    assert!(refused > 100, "{refused} requests are few");
}

#[test]
fn small_objects_go_elsewhere_or_are_dropped() {
    alone(|| one_by_one(pool::<0>, usize::MAX));
}

#[test]
fn large_objects_go_elsewhere_or_are_dropped() {
    alone(|| one_by_one(pool::<40_000>, usize::MAX));
}

#[test]
fn a_bound_with_shares_loses_no_unit() {
    alone(|| one_by_one(pool::<0>, 200));
}

#[test]
fn a_bound_without_shares_loses_no_unit() {
    alone(|| one_by_one(pool::<0>, 20));
}

#[test]
fn a_bound_of_weight_loses_no_weight() {
    alone(|| one_by_one(weighed::<0>, 200));
}

/// There is memory for cells, but not for rings, segments or seats.
#[test]
fn objects_go_elsewhere_if_only_cells_have_memory() {
    alone(|| {
        for bytes in [1, 64, 65, 128, 129, 256, 512, 1024] {
            assert!(program(pool::<0>, usize::MAX, Refuse::Large(bytes)) > 0, "none of {bytes}");
        }
    });
}

#[test]
fn a_pool_can_be_dropped_without_memory() {
    alone(|| {
        let (pool, books) = pool::<0>(usize::MAX);
        drop((0..100).map(|_| pool.get()).collect::<Vec<_>>());
        collect();
        drop((0..100).map(|_| pool.get()).collect::<Vec<_>>());
        pool.stats();
        refuse(Refuse::All);
        collect();
        drop(pool);
        relent();
        assert_eq!(books.alive(), 0);
    });
}

/// Objects that a collect could not drop count as dropped, are not handed out, and are dropped by a
/// later collect.
#[test]
fn collects_without_memory_drop_objects_later() {
    alone(|| {
        let (pool, books) = pool::<0>(usize::MAX);
        drop((0..100).map(|_| pool.get()).collect::<Vec<_>>());
        pool.stats();
        refuse(Refuse::All);
        (0..3).for_each(|_| collect());
        assert!(pool.try_get().is_none());
        relent();
        assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 100));
        collect();
        assert_eq!(books.alive(), 0);
    });
}
