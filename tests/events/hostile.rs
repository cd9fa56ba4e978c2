//! Subscribers that use pools, and that panic.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use corepool::{Pool, collect};

use crate::{
    alone,
    subscriber::{self, HOOK, Hook, Keeper},
};

/// A subscriber uses the pool whose event it gets, and others, for everything that emits events. It is not
/// called for the events of what it does.
#[test]
fn a_subscriber_may_use_pools() {
    let _alone = alone();
    static POOL: Pool<u32> = <Pool<u32>>::new(|| 0).with_name("foreign").with_max_idle(200);
    thread_local! {
        static DEPTH: Cell<usize> = const { Cell::new(0) };
    }
    let (calls, deepest) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let hook: Hook = {
        let (calls, deepest) = (Arc::clone(&calls), Arc::clone(&deepest));
        Arc::new(move |_| {
            DEPTH.set(DEPTH.get() + 1);
            deepest.fetch_max(DEPTH.get(), SeqCst);
            // Events within events would only take time.
            if DEPTH.get() == 1 {
                calls.fetch_add(1, SeqCst);
                (0..40).for_each(|i| POOL.put(i));
                let held: Vec<_> = (0..60).map(|_| POOL.get()).collect();
                let own = <Pool<u32>>::new(|| 0).with_name("of its own");
                (0..40).for_each(|i| own.put(i));
                let _ = own.try_take();
                drop(held);
                POOL.trim();
                collect();
            }
            DEPTH.set(DEPTH.get() - 1);
        })
    };
    subscriber::process();
    *HOOK.lock().unwrap() = Some(hook);
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..4 {
                    let held: Vec<_> = (0..100).map(|_| POOL.get()).collect();
                    drop(held);
                    while POOL.try_take().is_some() {}
                    POOL.clear();
                    collect();
                }
            });
        }
    });
    *HOOK.lock().unwrap() = None;
    assert!(calls.load(SeqCst) > 20);
    assert_eq!(deepest.load(SeqCst), 1, "events within events");
}

/// The panic is reported by the panic hook, and goes no further. Nothing is lost.
#[test]
fn a_subscriber_that_panics_harms_nothing() {
    let _alone = alone();
    let pool = <Pool<u32>>::new(|| 0).with_name("harmed");
    let keeper = Keeper::that(|_| std::panic::resume_unwind(Box::new("planned")));
    keeper.with(|| {
        (0..1000).for_each(|i| pool.put(i));
        (0..500).for_each(|_| _ = pool.try_take());
        pool.trim();
        let stats = pool.stats();
        assert_eq!((stats.idle, stats.dropped, stats.hits), (500, 0, 500));
        pool.clear();
        assert_eq!(pool.stats().idle, 0);
    });
    assert!(!keeper.seen().is_empty());
}

/// A subscriber is asked whether it wants an event before the event, and by a collect before it begins.
#[test]
fn a_subscriber_that_panics_when_it_is_asked_harms_nothing() {
    let _alone = alone();
    let pool = <Pool<u32>>::new(|| 0).with_name("asked");
    let asked = Arc::new(AtomicUsize::new(0));
    let keeper = {
        let asked = Arc::clone(&asked);
        Keeper::when_asked(move || {
            asked.fetch_add(1, SeqCst);
            std::panic::resume_unwind(Box::new("planned"));
        })
    };
    keeper.with(|| {
        pool.put(1);
        collect();
        pool.trim();
        assert_eq!((pool.stats().dropped, pool.stats().collects), (1, 2));
        pool.put(2);
        pool.clear();
        assert_eq!(pool.stats().dropped, 2);
    });
    assert!(asked.load(SeqCst) > 0);
}
