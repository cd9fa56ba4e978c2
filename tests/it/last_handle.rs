//! The last handle to a pool may be in the pool itself, or in one of its guards.

use std::sync::{Arc, Weak};

use corepool::{OwnedPooled, Pool, Pooled, collect};

use crate::util::{alone, live, on_thread, watched};

/// An object that may keep its own pool alive.
struct Keeper {
    _token: Arc<()>,
    pool: Option<Arc<Pool<Keeper>>>,
}

fn keeper(token: &Arc<()>) -> Keeper {
    Keeper { _token: token.clone(), pool: None }
}

/// A pool with some idle objects besides those of the test.
fn keepers(token: &Arc<()>, recycle: fn(&mut Keeper) -> bool) -> Arc<Pool<Keeper>> {
    let pool = <Pool<Keeper>>::new(|| keeper(&Arc::default())).with_recycle(recycle);
    on_thread(|| (0..30).for_each(|_| pool.put(keeper(token))));
    (0..30).for_each(|_| pool.put(keeper(token)));
    Arc::new(pool)
}

fn is_gone(pool: &Weak<Pool<Keeper>>, token: &Arc<()>) -> bool {
    pool.strong_count() == 0 && live(token) == 0
}

/// A guard with one handle, on an object with the other.
fn hold(pool: Arc<Pool<Keeper>>) -> OwnedPooled<Keeper> {
    let mut guard = pool.get_owned();
    guard.pool = Some(pool);
    guard
}

/// Checks a job that gets the pool's last handle and drops it.
fn check(job: fn(Arc<Pool<Keeper>>, &Arc<()>), recycle: fn(&mut Keeper) -> bool) {
    let _alone = alone();
    watched(move || {
        let token = Arc::new(());
        let pool = keepers(&token, recycle);
        let weak = Arc::downgrade(&pool);
        job(pool, &token);
        assert!(is_gone(&weak, &token), "{} objects left", live(&token));
    });
}

#[test]
fn collect_may_drop_the_last_handle() {
    let job = |pool: Arc<Pool<Keeper>>, token: &Arc<()>| {
        let mut object = keeper(token);
        object.pool = Some(pool.clone());
        pool.put(object);
        drop(pool);
        assert_eq!(live(token), 61, "the pool keeps itself");
        collect();
        collect();
    };
    check(job, |_| true);
}

#[test]
fn an_owned_guard_may_drop_the_last_handle() {
    check(|pool, _| drop(pool.get_owned()), |_| true);
    check(|pool, _| OwnedPooled::discard(pool.get_owned()), |_| true);
    check(|pool, _| drop(OwnedPooled::detach(pool.get_owned())), |_| true);
}

#[test]
fn an_object_may_drop_its_guards_pool() {
    const REFUSE: fn(&mut Keeper) -> bool = |keeper| keeper.pool.is_none();
    const FORGET: fn(&mut Keeper) -> bool = |keeper| {
        keeper.pool = None;
        true
    };
    check(|pool, _| drop(hold(pool)), REFUSE);
    check(|pool, _| drop(hold(pool)), FORGET);
    check(|pool, _| OwnedPooled::discard(hold(pool)), |_| true);
    check(|pool, _| drop(OwnedPooled::detach(hold(pool))), |_| true);
}

#[test]
fn another_pool_may_hold_the_last_handle() {
    let job = |pool: Arc<Pool<Keeper>>, _: &Arc<()>| {
        let outer: Pool<Arc<Pool<Keeper>>> = Pool::new(|| unreachable!());
        outer.put(pool);
        Pooled::discard(outer.get());
    };
    check(job, |_| true);
    let job = |pool: Arc<Pool<Keeper>>, _: &Arc<()>| {
        let outer: Pool<Arc<Pool<Keeper>>> = Pool::new(|| unreachable!());
        outer.put(pool);
        collect();
        outer.trim();
    };
    check(job, |_| true);
}

/// Another thread may have filled the pool, and may have ended.
#[test]
fn any_thread_may_drop_the_last_handle() {
    check(|pool, _| on_thread(move || drop(pool)), |_| true);
    check(|pool, _| on_thread(move || drop(hold(pool))), |_| false);
}
