//! Two operations must have memory: the first use of a pool, and the creation of an object.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    thread,
};

use corepool::{Pool, collect};

use crate::{
    allocator::{Refuse, refuse, relent},
    items::{Create, Item, pool},
    program::{End, argument, start},
};

type Small = Pool<Item<0>, Create<0>>;

/// First uses of a pool, each the first in its process. None creates an object.
fn first_uses() -> [fn(&Small, Item<0>); 4] {
    [
        |pool, item| {
            drop(pool.try_get());
            drop(item);
        },
        |pool, item| {
            drop(pool.try_take());
            drop(item);
        },
        |pool, item| pool.put(item),
        |pool, item| {
            pool.reserve(0);
            drop(item);
        },
    ]
}

/// A first use panics or succeeds, and later uses succeed; the same holds for a pool with weights.
/// It aborts if `std` gets no memory to count the processors.
#[test]
fn a_first_use_without_memory_panics_or_works() {
    let program = || {
        let (way, others) = (argument().unwrap() % 8, argument().unwrap() / 8);
        let (mut pool, books) = pool(usize::MAX);
        if way >= 4 {
            pool = pool.with_weight(|_| 1).with_max_idle_bytes(1000);
        }
        let item = Item::new(&books);
        refuse(Refuse::Only(others));
        let end = panic::catch_unwind(AssertUnwindSafe(|| first_uses()[way % 4](&pool, item)));
        let refused = relent();
        if end.is_err() {
            println!("it panicked");
        }
        println!("refused {refused}");
        assert_eq!(books.alive(), pool.stats().idle as usize);
        drop((0..100).map(|_| pool.get()).collect::<Vec<_>>());
        assert_eq!(books.alive(), pool.stats().idle as usize);
        (0..2).for_each(|_| collect());
        assert_eq!(books.alive(), 0);
    };
    if argument().is_some() {
        return program();
    }
    let ends = |way: usize| {
        let (mut aborted, mut panicked) = (0, 0);
        for others in 0.. {
            let end = start(8 * others + way);
            if !end.status.success() {
                assert_aborts(&end);
                aborted += 1;
            }
            if end.printed.contains("it panicked") {
                assert!(end.printed.contains("cannot create the pool"), "{end:?}");
                panicked += 1;
            }
            if end.printed.contains("refused 0") {
                break;
            }
        }
        (aborted, panicked)
    };
    for way in 0..4 {
        let (aborted, panicked) = ends(way);
        assert!(panicked > 0, "there was memory");
        // The state of the weight limit is one more allocation that can be refused.
        assert_eq!(ends(way + 4), (aborted, panicked + 1));
    }
}

/// Without any memory the panic cannot be allocated either.
#[test]
fn a_first_use_aborts_without_memory_for_a_panic() {
    let program = || {
        let (pool, books) = pool(usize::MAX);
        let item = Item::new(&books);
        refuse(Refuse::All);
        first_uses()[argument().unwrap()](&pool, item);
    };
    if argument().is_some() {
        return program();
    }
    for way in 0..4 {
        assert_aborts(&start(way));
    }
}

/// Like a `Box` without memory.
#[test]
fn a_new_object_without_memory_aborts() {
    let ways: [fn(&Arc<Small>); 4] = [
        |pool| drop(pool.get()),
        |pool| drop(pool.take()),
        |pool| drop(pool.get_owned()),
        |pool| pool.reserve(1),
    ];
    let program = || {
        let pool = Arc::new(pool(usize::MAX).0);
        drop(pool.try_get());
        refuse(Refuse::All);
        ways[argument().unwrap()](&pool);
    };
    if argument().is_some() {
        return program();
    }
    for way in 0..4 {
        assert_aborts(&start(way));
    }
}

fn assert_aborts(end: &End) {
    assert!(!end.status.success() && end.printed.contains("memory allocation of "), "{end:?}");
}

/// `crossbeam-epoch` aborts without memory: when a thread first searches other chains, and at its
/// exit.
#[test]
fn epochs_without_memory_abort() {
    let ways: [fn(&Small); 3] = [
        |pool| drop(pool.try_get()),
        |pool| {
            pool.stats();
        },
        // Nothing here: the exit follows.
        |_| {},
    ];
    let program = || {
        let pool: Small = pool(usize::MAX).0;
        drop((0..100).map(|_| pool.get()).collect::<Vec<_>>());
        let way = argument().unwrap();
        let work = || {
            if way == 2 {
                drop(pool.try_get());
            }
            refuse(Refuse::All);
            ways[way](&pool);
        };
        thread::scope(|scope| scope.spawn(work).join().unwrap());
    };
    if argument().is_some() {
        return program();
    }
    for way in 0..ways.len() {
        assert_aborts(&start(way));
    }
}
