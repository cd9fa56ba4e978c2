//! Pools, and threads that use every operation of them.

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{AcqRel, Acquire, Relaxed, Release},
        },
    },
    thread,
};

use corepool::{Pool, Pooled, collect};

use crate::{
    rng::Rng,
    threads::{Thread, spawn},
};

const IDLE: u64 = 0x1D1E_1D1E_1D1E_1D1E;
const HELD: u64 = 0x8E1D_8E1D_8E1D_8E1D;
const GONE: u64 = 0x60E_60E_60E_60E;

/// An object that detects two holders at a time, and a second drop.
#[derive(Debug)]
pub(crate) struct Stamp(AtomicU64);

impl Stamp {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(IDLE))
    }

    pub(crate) fn hold(&self) {
        self.turn(IDLE, HELD);
    }

    pub(crate) fn release(&self) {
        self.turn(HELD, IDLE);
    }

    fn turn(&self, from: u64, to: u64) {
        let found = self.0.swap(to, Relaxed);
        assert_eq!(found, from, "an object has two holders");
    }
}

impl Drop for Stamp {
    fn drop(&mut self) {
        self.turn(IDLE, GONE);
    }
}

/// An object in use.
pub(crate) struct Held(Pooled<'static, Stamp>);

impl Held {
    pub(crate) fn new(guard: Pooled<'static, Stamp>) -> Self {
        guard.hold();
        Self(guard)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// One pool of each kind: without a bound, with a bound that allows private places, with one too
/// small for them, and with a hook.
pub(crate) static POOLS: [Pool<Stamp>; 4] = [
    Pool::new(Stamp::new),
    <Pool<Stamp>>::new(Stamp::new).with_max_idle(200),
    <Pool<Stamp>>::new(Stamp::new).with_max_idle(8),
    <Pool<Stamp>>::new(Stamp::new).with_recycle(|stamp| {
        stamp.hold();
        stamp.release();
        true
    }),
];

/// The number of threads in `collect_all`, each of which may hold objects of any pool that it is about to drop.
pub(crate) static COLLECTS: AtomicUsize = AtomicUsize::new(0);

fn collect_all() {
    // AcqRel, here and below, so that neither moves into the collect: pairs with the Acquire in the child of a fork.
    COLLECTS.fetch_add(1, AcqRel);
    collect();
    COLLECTS.fetch_sub(1, AcqRel);
}

/// Uses a pool in a random way, within a bounded time.
pub(crate) fn blow(rng: &mut Rng, held: &mut Vec<Held>) {
    let pool = &POOLS[rng.below(POOLS.len())];
    match rng.below(1000) {
        0 => collect_all(),
        1 => pool.trim(),
        2 => pool.clear(),
        3 => assert!(pool.stats().idle < 1 << 20),
        4 => newcomer(),
        5 => spawn(newcomer).join(),
        6 => pool.reserve(rng.below(10)),
        // More objects than are private, so that chains are used and grow.
        7..20 => held.extend((0..rng.below(60)).map(|_| Held::new(pool.get()))),
        20..30 => held.clear(),
        30..300 => drop(Held::new(pool.get())),
        300..500 => held.extend(pool.try_get().map(Held::new)),
        500..700 => drop(held.pop()),
        _ => {
            let stamp = pool.take();
            stamp.hold();
            stamp.release();
            pool.put(stamp);
        }
    }
}

/// The whole life of a pool, from its first use on.
fn newcomer() {
    let pool = Pool::new(Stamp::new);
    let guards: Vec<_> = (0..30).map(|_| pool.get()).collect();
    guards.iter().for_each(|guard| guard.hold());
    guards.iter().for_each(|guard| guard.release());
    drop(guards);
    assert!(pool.stats().created <= 30);
    collect_all();
}

/// Threads that keep using pools.
pub(crate) struct Hammer {
    shared: Arc<Shared>,
    threads: Vec<Thread>,
}

#[derive(Default)]
pub(crate) struct Shared {
    done: AtomicBool,
    at_work: AtomicUsize,
}

impl Hammer {
    /// Starts threads that use every operation of all pools. From time to time one ends and another
    /// starts.
    pub(crate) fn new(threads: usize) -> Self {
        Self::with(threads, |shared, seed| {
            (0..).take_while(|_| !shared.is_done()).for_each(|life| {
                let there = shared.clone();
                spawn(move || {
                    let (mut rng, mut held) = (Rng::new(97 * life + seed), Vec::new());
                    there.repeat(3000, || blow(&mut rng, &mut held));
                })
                .join();
            });
        })
    }

    /// Starts threads that run `work`, which must return after `stop`.
    pub(crate) fn with(
        threads: usize,
        work: impl Fn(Arc<Shared>, usize) + Copy + Send + 'static,
    ) -> Self {
        let shared = Arc::<Shared>::default();
        let start = |seed| {
            let shared = shared.clone();
            spawn(move || work(shared, seed))
        };
        let threads = (0..threads).map(start).collect();
        Self { shared, threads }
    }

    /// Waits until the threads have made progress since the last of these calls.
    pub(crate) fn wait(&self) {
        self.shared.at_work.store(0, Relaxed);
        while self.shared.at_work.load(Relaxed) < 5 * self.threads.len() {
            thread::yield_now();
        }
    }

    /// Stops the threads.
    pub(crate) fn stop(self) {
        self.shared.done.store(true, Release);
        self.threads.into_iter().for_each(Thread::join);
    }
}

impl Shared {
    fn is_done(&self) -> bool {
        self.done.load(Acquire)
    }

    /// Calls `f` up to `times` times, or until `stop`.
    pub(crate) fn repeat(&self, times: usize, mut f: impl FnMut()) {
        for _ in (0..times).take_while(|_| !self.is_done()) {
            f();
            self.at_work.fetch_add(1, Relaxed);
        }
    }
}
