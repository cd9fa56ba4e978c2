//! Forks inside an operation, where user code runs: the parent and the child both complete the
//! operation.

use std::{
    cell::Cell,
    sync::atomic::{
        AtomicUsize,
        Ordering::{Acquire, Relaxed},
    },
};

use corepool::{Pool, Pooled, collect};

use crate::{
    alone,
    fork::Fork,
    forks::go_on,
    hammer::{COLLECTS, Hammer},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hook {
    Create,
    Recycle,
    Drop,
}

thread_local! {
    /// The hook that forks next.
    static NEXT: Cell<Option<Hook>> = const { Cell::new(None) };
    /// The result of the fork.
    static FORK: Cell<Option<Fork>> = const { Cell::new(None) };
}

/// Called by every hook.
fn run(hook: Hook) {
    if NEXT.get() == Some(hook) {
        NEXT.set(None);
        FORK.set(Some(Fork::new()));
    }
}

/// An object whose creation, return and drop are hooks.
struct Hooked;

static ALIVE: AtomicUsize = AtomicUsize::new(0);

impl Hooked {
    fn new() -> Self {
        run(Hook::Create);
        ALIVE.fetch_add(1, Relaxed);
        Self
    }

    fn recycle(&mut self) -> bool {
        run(Hook::Recycle);
        true
    }
}

impl Drop for Hooked {
    fn drop(&mut self) {
        run(Hook::Drop);
        ALIVE.fetch_sub(1, Relaxed);
    }
}

type Place = Option<Pool<Hooked>>;

fn pool() -> Pool<Hooked> {
    let pool = <Pool<Hooked>>::new(Hooked::new).with_recycle(Hooked::recycle).with_max_idle(100);
    pool.reserve(2);
    let held: Vec<_> = (0..60).map(|_| pool.get()).collect();
    drop(held);
    pool
}

/// Forks in the hook, which `trigger` reaches, while other threads are at work. Both processes
/// complete the operation, and lose nothing.
fn fork_in(hook: Hook, trigger: impl FnOnce(&mut Place)) {
    let hammer = Hammer::new(2);
    hammer.wait();
    let mut place = Some(pool());
    NEXT.set(Some(hook));
    trigger(&mut place);
    let fork = FORK.take().expect("the trigger did not run the hook");
    drop(fork.child(|| {
        // A thread of the parent may have held what it was about to drop. The child has no such thread.
        let may_lose = COLLECTS.load(Acquire) > 0;
        check(&place, may_lose);
        go_on(0);
    }));
    hammer.stop();
    check(&place, false);
}

/// Checks that no object is lost, unless the pool was dropped or this process `may_lose` some, and that all can be
/// used and dropped.
fn check(place: &Place, may_lose: bool) {
    let mut lost = ALIVE.load(Relaxed);
    if let Some(pool) = place {
        lost -= pool.stats().idle as usize;
        drop(pool.get());
        pool.clear();
    }
    assert!(lost == 0 || may_lose, "{lost} objects are lost");
    assert_eq!(ALIVE.load(Relaxed), lost);
}

#[test]
fn create_may_fork() {
    alone(|| {
        fork_in(Hook::Create, |pool| {
            let pool = pool.as_ref().unwrap();
            pool.clear();
            drop(pool.get());
        });
        fork_in(Hook::Create, |pool| pool.as_ref().unwrap().reserve(3));
    });
}

#[test]
fn recycle_may_fork() {
    alone(|| {
        fork_in(Hook::Recycle, |pool| drop(pool.as_ref().unwrap().get()));
        fork_in(Hook::Recycle, |pool| pool.as_ref().unwrap().put(Hooked::new()));
    });
}

/// Repeats `trigger` until it forks: collects of other threads may come first.
fn until_it_forks(mut trigger: impl FnMut()) {
    while NEXT.get().is_some() {
        trigger();
    }
}

/// The first of many destructors forks; the others run in both processes.
#[test]
fn destructors_may_fork() {
    alone(|| {
        fork_in(Hook::Drop, |pool| Pooled::discard(pool.as_ref().unwrap().get()));
        fork_in(Hook::Drop, |place| {
            let pool = place.as_ref().unwrap();
            until_it_forks(|| {
                pool.reserve(1);
                pool.clear();
            });
        });
        fork_in(Hook::Drop, |place| {
            let pool = place.as_ref().unwrap();
            until_it_forks(|| {
                pool.reserve(1);
                (0..2).for_each(|_| collect());
            });
        });
        fork_in(Hook::Drop, |place| {
            until_it_forks(|| {
                *place = Some(pool());
                *place = None;
            });
        });
        fork_in(Hook::Drop, |place| {
            let pool = place.as_ref().unwrap();
            until_it_forks(|| pool.put(Hooked::new()));
        });
    });
}
