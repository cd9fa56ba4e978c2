//! The end of a thread: the destructors of its thread-locals may still use pools.

use std::cell::RefCell;

use corepool::{Pool, Pooled, collect};

use crate::util::{alone, drain, on_thread, sorted};

/// Runs when its thread's locals are destroyed.
struct AtExit(fn());

impl Drop for AtExit {
    fn drop(&mut self) {
        (self.0)();
    }
}

thread_local! {
    static AT_EXIT: RefCell<Option<AtExit>> = const { RefCell::new(None) };
}

fn at_exit(job: fn()) {
    AT_EXIT.set(Some(AtExit(job)));
}

static EXITS: Pool<u32> = Pool::new(|| 100);

/// Returns the idle objects of `EXITS` after a thread has done `work` and ended.
fn left_by(work: impl FnOnce() + Send) -> Vec<u32> {
    EXITS.clear();
    on_thread(work);
    sorted(drain(&EXITS))
}

/// Thread-local destructors run in an unspecified order: the job is registered before the thread's
/// first use of a pool, after it, or without one.
fn left_by_exit(job: fn()) -> [Vec<u32>; 3] {
    let before = left_by(|| {
        at_exit(job);
        EXITS.put(1);
    });
    let after = left_by(|| {
        EXITS.put(1);
        at_exit(job);
    });
    [before, after, left_by(|| at_exit(job))]
}

#[test]
fn thread_local_destructors_may_use_pools() {
    let _alone = alone();
    let put = || EXITS.put(2);
    assert_eq!(left_by_exit(put), [vec![1, 2], vec![1, 2], vec![2]]);
    let get = || *EXITS.get() += 1;
    assert_eq!(left_by_exit(get), [vec![2], vec![2], vec![101]]);
    let take = || assert!(EXITS.take() % 99 == 1);
    assert_eq!(left_by_exit(take), [[]; 3]);
}

thread_local! {
    static HELD: RefCell<Option<Pooled<'static, u32>>> = const { RefCell::new(None) };
}

#[test]
fn a_thread_local_may_hold_a_guard() {
    let _alone = alone();
    let held_late = left_by(|| HELD.set(Some(EXITS.get())));
    assert_eq!(held_late, [100]);
    let held_early = left_by(|| {
        HELD.set(None);
        HELD.set(Some(EXITS.get()));
        EXITS.put(1);
    });
    assert_eq!(held_early, [1, 100]);
}

/// An object that is refused for its number, by a thread that has no seat any more, leaves no weight
/// behind.
#[test]
fn a_refused_object_of_an_ending_thread_weighs_nothing() {
    static POOL: Pool<u32> =
        <Pool<u32>>::new(|| 0).with_weight(|_| 8).with_max_idle(1).with_max_idle_bytes(100);
    let _alone = alone();
    on_thread(|| {
        at_exit(|| (0..3).for_each(|_| POOL.put(1)));
        POOL.put(1);
    });
    let stats = POOL.stats();
    assert_eq!((stats.idle, stats.idle_bytes), (1, 8));
    POOL.clear();
}

/// A destructor may even collect, and make and drop a pool.
#[test]
fn thread_local_destructors_may_collect() {
    let _alone = alone();
    let left = left_by(|| {
        EXITS.put(1);
        at_exit(|| {
            let pool: Pool<u32> = Pool::new(|| 3);
            pool.put(2);
            collect();
            EXITS.put(pool.take() + *pool.get());
        });
    });
    assert_eq!(left, [1, 5]);
}
