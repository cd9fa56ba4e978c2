//! User code may panic. The panic reaches the caller, every object is dropped once, and the pool
//! keeps working.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use corepool::{OwnedPooled, Pool, Pooled, collect};

use crate::util::{alone, fail, fail_in_drop, live, panics};

/// Where the object panics.
#[derive(Clone, Copy, PartialEq)]
enum Fuse {
    Never,
    Recycle,
    Drop,
}

/// An object that panics in the place that `Fuse` names, and drops its token in any case.
struct Bomb {
    _token: Arc<()>,
    fuse: Fuse,
}

impl Bomb {
    fn new(token: &Arc<()>, fuse: Fuse) -> Self {
        let _token = token.clone();
        Self { _token, fuse }
    }

    fn recycle(&mut self) -> bool {
        if self.fuse == Fuse::Recycle {
            self.fuse = Fuse::Never;
            fail("recycle");
        }
        true
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.fuse == Fuse::Drop {
            fail_in_drop();
        }
    }
}

fn bombs() -> Arc<Pool<Bomb>> {
    Arc::new(<Pool<Bomb>>::new(|| fail("create")).with_recycle(Bomb::recycle))
}

/// A guard whose object will panic.
fn held<'p>(pool: &'p Pool<Bomb>, token: &Arc<()>, fuse: Fuse) -> Pooled<'p, Bomb> {
    pool.put(Bomb::new(token, Fuse::Never));
    let mut guard = pool.try_get().unwrap();
    guard.fuse = fuse;
    guard
}

/// An owned guard whose object will panic.
fn owned(pool: &Arc<Pool<Bomb>>, token: &Arc<()>, fuse: Fuse) -> OwnedPooled<Bomb> {
    pool.put(Bomb::new(token, Fuse::Never));
    let mut guard = pool.get_owned();
    guard.fuse = fuse;
    guard
}

/// Checks that the pool still hands out objects and takes them back.
fn assert_usable(pool: &Pool<Bomb>) {
    let token = Arc::new(());
    pool.clear();
    (0..50).for_each(|_| pool.put(Bomb::new(&token, Fuse::Never)));
    assert_eq!(pool.stats().idle, 50);
    drop(pool.try_get().unwrap());
    pool.clear();
    assert_eq!(live(&token), 0);
}

#[test]
fn a_panic_in_create_goes_to_the_caller() {
    let _alone = alone();
    let pool = bombs();
    assert_eq!(panics(|| pool.get()), "create");
    assert_eq!(panics(|| pool.take()), "create");
    assert_eq!(panics(|| pool.get_owned()), "create");
    assert_eq!(panics(|| pool.reserve(1)), "create");
    let stats = pool.stats();
    assert_eq!((stats.misses, stats.created, stats.idle), (3, 0, 0));
    assert_usable(&pool);
}

#[test]
fn a_panic_in_reserve_loses_no_object() {
    let _alone = alone();
    let token = Arc::new(());
    let (source, left) = (token.clone(), AtomicU32::new(5));
    let pool = Pool::new(move || {
        if left.fetch_sub(1, Relaxed) == 1 {
            fail("the fifth");
        }
        source.clone()
    });
    assert_eq!(panics(|| pool.reserve(10)), "the fifth");
    let idle = pool.stats().idle as usize;
    assert_eq!(live(&token), 1 + idle, "kept or dropped, not lost");
    pool.reserve(1);
    assert_eq!(pool.stats().idle as usize, idle + 1);
    drop(pool);
    assert_eq!(live(&token), 0);
}

/// The object is dropped, once.
#[test]
fn a_panic_in_recycle_drops_the_object() {
    let _alone = alone();
    let (pool, token) = (bombs(), Arc::new(()));
    assert_eq!(panics(|| pool.put(Bomb::new(&token, Fuse::Recycle))), "recycle");
    assert_eq!(live(&token), 0);
    assert_eq!(panics(|| drop(held(&pool, &token, Fuse::Recycle))), "recycle");
    assert_eq!(live(&token), 0);
    assert_eq!(panics(|| drop(owned(&pool, &token, Fuse::Recycle))), "recycle");
    assert_eq!(live(&token), 0);
    assert_eq!(pool.stats().idle, 0);
    assert_usable(&pool);
}

/// A destructor that panics does not keep the others from running.
#[test]
fn a_panic_in_drop_stops_no_other_drop() {
    let _alone = alone();
    let clear: fn(&Pool<Bomb>) = |pool| pool.clear();
    let trim: fn(&Pool<Bomb>) = |pool| (0..2).for_each(|_| pool.trim());
    let age: fn(&Pool<Bomb>) = |_| (0..2).for_each(|_| collect());
    for sweep in [clear, trim, age] {
        for bad in [&[0][..], &[50], &[99], &[0, 1, 50, 98, 99]] {
            let (pool, token) = (bombs(), Arc::new(()));
            for i in 0..100 {
                let is_bad = bad.contains(&i);
                let fuse = if is_bad { Fuse::Drop } else { Fuse::Never };
                pool.put(Bomb::new(&token, fuse));
            }
            assert_eq!(panics(|| sweep(&pool)), "drop");
            assert_eq!(live(&token), 0);
            assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 100));
            assert_usable(&pool);
        }
    }
}

/// Other pools are aged even if an object of the first one panics.
#[test]
fn a_panic_in_collect_keeps_no_pool_from_ageing() {
    let _alone = alone();
    let token = Arc::new(());
    let pools: Vec<_> = (0..10).map(|_| bombs()).collect();
    for pool in &pools {
        pool.put(Bomb::new(&token, Fuse::Drop));
        (0..30).for_each(|_| pool.put(Bomb::new(&token, Fuse::Never)));
    }
    collect();
    assert_eq!(live(&token), 310);
    assert_eq!(panics(collect), "drop");
    assert_eq!(live(&token), 0);
    pools.iter().for_each(|pool| assert_usable(pool));
}

#[test]
fn a_panic_in_drop_leaves_a_dropped_pool_empty() {
    let _alone = alone();
    let (pool, token) = (bombs(), Arc::new(()));
    for i in 0..100 {
        let fuse = if i % 10 == 0 { Fuse::Drop } else { Fuse::Never };
        pool.put(Bomb::new(&token, fuse));
    }
    assert_eq!(panics(|| drop(pool)), "drop");
    assert_eq!(live(&token), 0);
}

/// A second panic would abort the process, so the pool discards its own.
#[test]
fn a_pool_dropped_by_a_panic_adds_no_panic() {
    let _alone = alone();
    let token = Arc::new(());
    let text = panics(|| {
        let pool = bombs();
        (0..30).for_each(|_| pool.put(Bomb::new(&token, Fuse::Drop)));
        fail("before")
    });
    assert_eq!(text, "before");
    assert_eq!(live(&token), 0);
}

#[test]
fn a_panic_in_a_single_drop_goes_to_the_caller() {
    let _alone = alone();
    let (pool, token) = (bombs(), Arc::new(()));
    assert_eq!(panics(|| Pooled::discard(held(&pool, &token, Fuse::Drop))), "drop");
    assert_eq!(panics(|| OwnedPooled::discard(owned(&pool, &token, Fuse::Drop))), "drop");
    assert_eq!(panics(|| drop(Pooled::detach(held(&pool, &token, Fuse::Drop)))), "drop");
    let off = <Pool<Bomb>>::new(|| fail("create")).with_max_idle(0);
    assert_eq!(panics(|| off.put(Bomb::new(&token, Fuse::Drop))), "drop");
    assert_eq!(live(&token), 0);
    assert_usable(&pool);
}

/// The handle in an owned guard is released even if the object's destructor panics.
#[test]
fn a_panic_leaks_no_handle() {
    let _alone = alone();
    let (pool, token) = (bombs(), Arc::new(()));
    assert_eq!(panics(|| drop(owned(&pool, &token, Fuse::Recycle))), "recycle");
    assert_eq!(panics(|| OwnedPooled::discard(owned(&pool, &token, Fuse::Drop))), "drop");
    assert_eq!(Arc::strong_count(&pool), 1);
}
