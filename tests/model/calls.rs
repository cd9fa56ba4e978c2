//! Each call of a pool does what it does in other builds.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use corepool::{Manage, OwnedPooled, Pool, Pooled, Scoped};

fn strings() -> Pool<String> {
    Pool::new(|| String::from("new"))
}

#[test]
fn objects_are_lent_and_come_back() {
    loom::model(|| {
        let pool = strings();
        let mut first = pool.get();
        first.push('!');
        assert_eq!((&**first, first.to_string()), ("new!", "new!".into()));
        drop(first);
        assert_eq!(*pool.get(), "new!");
        assert_eq!(*pool.get_owned(), "new!");
        assert_eq!(pool.take(), "new!");
        assert_eq!(pool.try_get().map(Pooled::detach), None);
        assert_eq!(pool.try_take(), None);
        pool.put("put".into());
        assert_eq!(*pool.try_get().unwrap(), "put");
        let stats = pool.stats();
        assert_eq!((stats.hits, stats.misses, stats.created, stats.idle), (4, 3, 1, 1));
    });
}

#[test]
fn objects_are_created_by_closures() {
    loom::model(|| {
        let pool = strings();
        let mine = pool.get_or(|| "mine".into());
        assert_eq!(*mine, "mine");
        assert_eq!(pool.get_or_try(|| Err::<String, _>(5)).unwrap_err(), 5);
        let tried = pool.get_or_try(|| Ok::<_, ()>("tried".into())).unwrap();
        assert_eq!(*tried, "tried");
        assert_eq!(*pool.attach("attached".into()), "attached");
        assert_eq!(pool.stats().created, 2);
        assert_eq!((pool.stats().idle, pool.stats().outstanding), (1, 2));
    });
}

#[test]
fn objects_leave_their_guards() {
    loom::model(|| {
        let pool = strings();
        assert_eq!(Pooled::detach(pool.get()), "new");
        assert_eq!(OwnedPooled::detach(pool.get_owned()), "new");
        Pooled::discard(pool.get());
        OwnedPooled::discard(pool.get_owned());
        let stats = pool.stats();
        assert_eq!((stats.created, stats.dropped, stats.outstanding, stats.idle), (4, 2, 0, 0));
        let raw = Pooled::into_raw(pool.get());
        // SAFETY: it came from `into_raw`.
        let back = unsafe { pool.from_raw(raw) };
        assert_eq!(*back, "new");
        drop(back);
        assert_eq!(pool.stats().idle, 1);
    });
}

#[test]
fn pools_are_filled_and_emptied() {
    loom::model(|| {
        let pool = strings();
        pool.reserve(3);
        assert_eq!((pool.stats().idle, pool.stats().created), (3, 3));
        assert_eq!(pool.drain().count(), 3);
        assert_eq!(pool.stats().outstanding, 0);
        pool.reserve(2);
        pool.clear();
        assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 2));
    });
}

#[test]
fn bounds_hold() {
    loom::model(|| {
        let most = strings().with_max_idle(1);
        drop((most.get(), most.get()));
        assert_eq!((most.stats().idle, most.stats().dropped), (1, 1));
        let none = strings().with_max_idle(0);
        drop(none.get());
        none.reserve(1);
        assert_eq!(none.stats().idle, 0);
        let bytes = strings().with_weight(String::len).with_max_idle_bytes(7);
        bytes.reserve(3);
        assert_eq!((bytes.stats().idle, bytes.stats().idle_bytes), (2, 6));
        let sized = Pool::new(|| 0_u64).with_max_idle_bytes(16);
        sized.reserve(3);
        assert_eq!((sized.stats().idle, sized.stats().idle_bytes), (2, 0));
    });
}

/// Makes strings, and refuses long ones.
struct Short;

impl Manage<String> for Short {
    fn create(&self) -> String {
        String::new()
    }

    fn recycle(&self, object: &mut String) -> bool {
        object.len() < 3
    }
}

#[test]
fn objects_are_recycled_by_the_manager_and_by_the_hook() {
    loom::model(|| {
        let pool = Pool::new(Short).with_recycle(|object| {
            object.push('r');
            true
        });
        pool.put("long".into());
        pool.put("a".into());
        assert_eq!(*pool.get(), "ar");
        assert_eq!(*pool.get(), "arr");
        assert_eq!(pool.stats().dropped, 2);
    });
}

#[test]
fn the_object_of_a_panic_is_dropped() {
    loom::model(|| {
        let pool = strings();
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let _guard = pool.get();
            resume_unwind(Box::new("planned"));
        }));
        assert!(panic.is_err());
        assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 1));
        let failing: Pool<String> = Pool::new(|| resume_unwind(Box::new("planned")));
        assert!(catch_unwind(AssertUnwindSafe(|| drop(failing.get()))).is_err());
        assert_eq!(failing.stats().created, 0);
        failing.put("put".into());
        assert_eq!(*failing.get(), "put");
    });
}

#[test]
fn scoped_pools_borrow() {
    loom::model(|| {
        let text = String::from("text");
        let pool: Pool<&str, _, Scoped> = Pool::scoped(|| &*text);
        assert_eq!(*pool.get(), "text");
        corepool::collect();
        corepool::collect();
        assert_eq!(pool.stats().idle, 1);
    });
}

#[test]
fn options_must_come_before_the_first_use() {
    loom::model(|| {
        let pool = strings();
        drop(pool.get());
        assert!(catch_unwind(AssertUnwindSafe(|| pool.with_max_idle(1))).is_err());
        assert_eq!(strings().with_name("named").name(), "named");
    });
}

#[test]
fn an_unused_pool_drops_its_manager() {
    let token = Arc::new(());
    let clone = Arc::clone(&token);
    drop(Pool::new(move || Arc::strong_count(&clone)));
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn a_used_pool_drops_its_manager_and_its_objects() {
    static LIVE: AtomicUsize = AtomicUsize::new(0);

    struct Counted;

    impl Drop for Counted {
        fn drop(&mut self) {
            LIVE.fetch_sub(1, Relaxed);
        }
    }

    let new = || {
        LIVE.fetch_add(1, Relaxed);
        Counted
    };
    loom::model(move || {
        let manager = new();
        let pool = Pool::new(move || {
            let _ = &manager;
            new()
        });
        pool.reserve(2);
        drop(pool.get_owned());
        drop(pool);
        assert_eq!(LIVE.load(Relaxed), 0);
    });
}
