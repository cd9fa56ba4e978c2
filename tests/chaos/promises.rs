//! What pools promise in chaos mode as well.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use corepool::{Manage, OwnedPooled, Pool, Pooled, Scoped};

use crate::{run, seeds};

/// Counts the objects that exist. Each owns memory, so that a sanitizer sees a second drop or a leak.
struct Ledger {
    live: AtomicUsize,
    made: AtomicUsize,
}

struct Counted<'l> {
    ledger: &'l Ledger,
    number: Box<usize>,
}

impl Ledger {
    const fn new() -> Self {
        Self { live: AtomicUsize::new(0), made: AtomicUsize::new(0) }
    }

    fn object(&self) -> Counted<'_> {
        self.live.fetch_add(1, Relaxed);
        Counted { ledger: self, number: Box::new(self.made.fetch_add(1, Relaxed)) }
    }

    fn live(&self) -> usize {
        self.live.load(Relaxed)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.ledger.live.fetch_sub(1, Relaxed);
    }
}

#[test]
fn each_object_has_one_holder_and_is_dropped_once() {
    for seed in seeds() {
        let _alone = run(seed);
        let ledger = Ledger::new();
        let held = Mutex::new(Vec::new());
        let pool: Pool<Counted<'_>, _, Scoped> = Pool::scoped(|| ledger.object());
        let work = || {
            for step in 0..if cfg!(miri) { 20 } else { 300 } {
                let guards = [(); 3].map(|()| pool.get());
                let numbers = guards.each_ref().map(|guard| *guard.number);
                {
                    let mut held = held.lock().unwrap();
                    numbers.iter().for_each(|number| assert!(!held.contains(number)));
                    held.extend(numbers);
                }
                thread::yield_now();
                held.lock().unwrap().retain(|number| !numbers.contains(number));
                let [first, second, third] = guards;
                match step % 4 {
                    0 => drop(first),
                    1 => pool.put(Pooled::detach(first)),
                    2 => Pooled::discard(first),
                    // SAFETY: it came from this pool, and comes back once.
                    _ => drop(unsafe { pool.from_raw(Pooled::into_raw(first)) }),
                }
                drop((second, third));
                pool.put(pool.take());
            }
        };
        thread::scope(|s| (0..3).for_each(|_| _ = s.spawn(work)));
        let stats = pool.stats();
        assert_eq!((stats.outstanding, stats.idle), (0, ledger.live() as u64), "{stats:?}");
        drop(pool);
        assert_eq!(ledger.live(), 0);
    }
}

#[test]
fn what_is_idle_is_found() {
    for seed in seeds() {
        let _alone = run(seed);
        let pool = Pool::new(|| 0);
        for round in 0..50 {
            (0..round % 5).for_each(|_| pool.put(round));
            while pool.stats().idle > 0 {
                let before = pool.stats();
                let found = pool.try_take();
                // A collect inside of the call may have dropped it.
                let gone = pool.stats().dropped - before.dropped;
                assert!(found.is_some() || gone == before.idle, "{before:?}");
            }
            assert!(pool.try_get().is_none());
        }
    }
}

#[test]
fn drain_takes_all() {
    for seed in seeds() {
        let _alone = run(seed);
        let pool = Pool::new(|| 0);
        (0..20).for_each(|i| pool.put(i));
        let idle = pool.stats().idle;
        let aged = pool.stats().dropped;
        let taken = pool.drain().count() as u64;
        assert_eq!((pool.stats().idle, taken + pool.stats().dropped - aged), (0, idle));
        assert_eq!(pool.stats().outstanding, 0);
    }
}

#[test]
fn bounds_hold() {
    let most = AtomicUsize::new(0);
    for seed in seeds() {
        let _alone = run(seed);
        let pool = Pool::new(|| vec![0u8; 100]).with_max_idle(3);
        let work = || {
            for _ in 0..30 {
                drop([(); 5].map(|()| pool.get()));
                pool.put(Vec::new());
                let idle = pool.stats().idle as usize;
                assert!(idle <= 3);
                most.fetch_max(idle, Relaxed);
            }
        };
        thread::scope(|s| (0..2).for_each(|_| _ = s.spawn(work)));
    }
    assert_eq!(most.into_inner(), 3, "it can be filled");
}

#[test]
fn bounds_on_weight_hold() {
    for seed in seeds() {
        let _alone = run(seed);
        let pool = <Pool<Vec<u8>>>::new(|| Vec::with_capacity(10))
            .with_weight(Vec::capacity)
            .with_max_idle_bytes(100);
        let mut most = 0;
        for round in 0..200 {
            pool.put(Vec::with_capacity(round % 60));
            drop([pool.get(), pool.get()]);
            let stats = pool.stats();
            assert!(stats.idle_bytes <= 100);
            most = most.max(stats.idle_bytes);
            if round % 20 == 0 {
                let weight = pool.drain().map(|vec| vec.capacity() as u64).sum::<u64>();
                assert!(weight <= stats.idle_bytes);
                assert_eq!(pool.stats().idle_bytes, 0);
            }
        }
        assert!(most > 40, "{most}");
    }
}

#[test]
fn collects_leave_min_idle() {
    let _alone = run(1);
    let pool = Pool::new(|| 0).with_min_idle(2);
    pool.reserve(5);
    for _ in 0..200 {
        let guard = pool.try_get().expect("two are left");
        Pooled::discard(guard);
        pool.reserve(1);
    }
}

#[test]
fn scoped_pools_do_not_age_at_random() {
    for seed in seeds() {
        let _alone = run(seed);
        let pool: Pool<_, _, Scoped> = Pool::scoped(|| 0);
        pool.reserve(500);
        (0..300).for_each(|_| _ = pool.try_take().expect("some are left"));
        let stats = pool.stats();
        assert_eq!((stats.idle, stats.dropped, stats.victim_hits), (200, 0, 0));
    }
}

/// Numbers what comes back.
struct Numbering(AtomicUsize);

impl Manage<usize> for Numbering {
    fn create(&self) -> usize {
        0
    }

    fn recycle(&self, object: &mut usize) -> bool {
        *object = self.0.fetch_add(1, Relaxed);
        *object % 2 == 0
    }
}

#[test]
fn objects_are_recycled_on_every_way_back() {
    static PUT: Pool<usize, Numbering> = Pool::new(Numbering(AtomicUsize::new(1)));
    let _alone = run(2);
    for round in 0..100 {
        match round % 3 {
            0 => drop(PUT.attach(1)),
            1 => PUT.put(1),
            _ => drop(PUT.get_owned()),
        }
        assert!(PUT.drain().all(|number| number == round + 1 && number % 2 == 0));
    }
}

#[test]
fn owned_guards_may_outlive_their_pool() {
    static LEDGER: Ledger = Ledger::new();
    for seed in seeds() {
        let _alone = run(seed);
        let pool: Pool<Counted<'static>> = Pool::new(|| LEDGER.object());
        (0..20).for_each(|_| drop([pool.get_owned(), pool.get_owned()]));
        let guards = [(); 3].map(|()| pool.get_owned());
        drop(pool);
        assert_eq!(LEDGER.live(), 3);
        let [one, two, three] = guards;
        thread::spawn(move || drop(one)).join().unwrap();
        drop(OwnedPooled::detach(two));
        OwnedPooled::discard(three);
        assert_eq!(LEDGER.live(), 0);
    }
}

#[test]
fn a_panic_drops_the_object() {
    let _alone = run(1);
    let pool = Pool::new(|| 0);
    for _ in 0..20 {
        let before = pool.stats().idle;
        let result = catch_unwind(AssertUnwindSafe(|| {
            let _guard = pool.attach(1);
            panic!("on purpose");
        }));
        assert!(result.is_err());
        assert_eq!(pool.stats().idle, before);
    }
}

#[test]
fn failed_creations_leave_nothing() {
    let _alone = run(1);
    let pool: Pool<i32> = Pool::new(|| 0);
    for _ in 0..100 {
        let got = pool.get_or_try(|| Err("no"));
        assert!(got.is_err() || *got.unwrap() == 1);
        pool.put(1);
        assert!([1, 2].contains(&*pool.get_or(|| 2)));
        pool.clear();
    }
    assert_eq!(pool.stats().outstanding, 0);
}

#[test]
fn hits_and_misses_are_counted() {
    for seed in seeds() {
        let _alone = run(seed);
        let pool = Pool::new(|| 0);
        for _ in 0..100 {
            drop((pool.get(), pool.get_owned(), pool.try_get()));
            pool.put(pool.take());
            _ = pool.try_take();
        }
        let stats = pool.stats();
        assert_eq!(stats.hits + stats.misses, 500, "{stats:?}");
        assert!(stats.created > 0 && stats.created <= stats.misses);
    }
}
