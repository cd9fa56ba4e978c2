//! Threads without a seat, or without a shard: the shelf serves them.

use std::{
    sync::Barrier,
    thread::{self, available_parallelism},
};

use crate::{
    allocator::{Refuse, refuse, relent},
    alone,
    items::{Item, pool},
};

/// Runs a thread without memory while `seats` other threads hold seats. Every thread finds the
/// objects that it returns, because they go to the shelf. Later, with memory, the thread is served
/// like any other, and has a shard, from which others steal.
fn after(seats: usize) {
    let (pool, books) = pool::<0>(usize::MAX);
    let (pool, step) = (&pool, &Barrier::new(2));
    let (seated, ended) = (&Barrier::new(seats), &Barrier::new(seats));
    let guards: Vec<_> = (0..10).map(|_| pool.get()).collect();
    thread::scope(|scope| {
        for _ in 1..seats {
            scope.spawn(|| {
                drop(pool.try_get());
                seated.wait();
                ended.wait();
            });
        }
        seated.wait();
        scope.spawn(|| {
            refuse(Refuse::All);
            drop(guards);
            assert!(pool.try_get().is_some());
            assert!(relent() > 0);
            step.wait();
            step.wait();
            (0..3).for_each(|_| pool.put(Item::new(&books)));
            step.wait();
            step.wait();
        });
        step.wait();
        let found: Vec<_> = (0..20).map_while(|_| pool.try_get()).collect();
        assert_eq!((found.len(), pool.stats().steals), (10, 0));
        step.wait();
        step.wait();
        assert_eq!((pool.stats().idle, pool.try_get().is_some()), (3, true));
        assert_eq!(pool.stats().steals, 1);
        step.wait();
        ended.wait();
    });
}

/// The thread has a seat, but no segment of the pool has its shard.
#[test]
fn a_thread_without_a_shard_uses_the_shelf() {
    alone(|| after((available_parallelism().unwrap().get() + 1).next_power_of_two()));
}

/// Seats are allocated in groups, and all seats of the first group are taken.
#[test]
fn a_thread_without_a_seat_uses_the_shelf() {
    alone(|| after(64));
}
