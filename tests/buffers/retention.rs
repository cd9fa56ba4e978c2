//! Memory that a few large buffers might pin for good: golang/go#23199 and #27740, grpc/grpc-go#8500.
//! A naive pool is measured beside ours, to show that these tests can fail.

use std::ops::DerefMut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use corepool::buffer::{Buffer, BufferPool};
use corepool::collect;

use crate::allocator::{live, live_since, peak_since, reset_peak};
use crate::util::{alone, on_threads};

/// The large buffers and the holding time of the reports, scaled down: 256 MiB and 500 ms there.
const BIG: usize = 4 << 20;
const SMALL: usize = 1 << 10;
const HOLD: Duration = Duration::from_millis(5);
const THREADS: usize = 10;

trait Arm: Sync {
    type Buf<'a>: DerefMut<Target = Vec<u8>>
    where
        Self: 'a;

    fn get(&self) -> Self::Buf<'_>;
}

impl Arm for BufferPool {
    type Buf<'a> = Buffer<'a>;

    fn get(&self) -> Buffer<'_> {
        self.get()
    }
}

/// What comes first to mind: keeps all, the last that came on top.
#[derive(Default)]
struct Naive(Mutex<Vec<Vec<u8>>>);

struct NaiveBuf<'a>(Vec<u8>, &'a Naive);

impl Arm for Naive {
    type Buf<'a> = NaiveBuf<'a>;

    fn get(&self) -> NaiveBuf<'_> {
        NaiveBuf(self.0.lock().unwrap().pop().unwrap_or_default(), self)
    }
}

impl std::ops::Deref for NaiveBuf<'_> {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for NaiveBuf<'_> {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for NaiveBuf<'_> {
    fn drop(&mut self) {
        self.0.clear();
        self.1.0.lock().unwrap().push(std::mem::take(&mut self.0));
    }
}

/// One use, as in the reports: get, hold, grow, put.
fn work(arm: &impl Arm, bytes: usize) {
    let mut buffer = arm.get();
    thread::sleep(HOLD);
    buffer.resize(bytes, 1);
    drop(buffer);
    thread::sleep(HOLD / 50);
}

/// Ten large uses at a time, each by a thread that keeps its seat.
fn large_uses(arm: &impl Arm, bytes: usize) {
    let together = Barrier::new(THREADS);
    on_threads(THREADS, |_| {
        drop(arm.get());
        together.wait();
        work(arm, bytes);
        together.wait();
    });
}

/// So many rounds of ten small uses at a time. Tells what is alive after each.
fn small_uses(arm: &impl Arm, rounds: usize, before: usize) -> Vec<usize> {
    let together = Barrier::new(THREADS);
    let alive = on_threads(THREADS, |_| {
        let round = || {
            let mut buffer = arm.get();
            together.wait();
            buffer.resize(SMALL, 1);
            drop(buffer);
            together.wait();
            let alive = live_since(before);
            together.wait();
            alive
        };
        (0..rounds).map(|_| round()).collect::<Vec<_>>()
    });
    alive.into_iter().next().unwrap()
}

/// What may be alive of small buffers, and of what pools and the tests before have for themselves.
const LITTLE: usize = 1 << 20;

/// T1 where large buffers are not kept: nothing remains of them.
#[test]
fn large_uses_leave_nothing() {
    let _alone = alone();
    let (pool, before) = (BufferPool::new(), live());
    large_uses(&pool, BIG);
    assert!(live_since(before) < LITTLE, "{} bytes", live_since(before));
}

/// T1 where they are kept: five small uses each, and they are gone.
#[test]
fn small_uses_free_large_buffers() {
    let _alone = alone();
    let pool = BufferPool::new().with_max_capacity(1 << 30).with_max_idle_bytes(1 << 30);
    let before = live();
    large_uses(&pool, BIG);
    assert!(
        live_since(before) >= (THREADS - 1) * BIG,
        "they are kept: {} bytes",
        live_since(before)
    );
    let alive = small_uses(&pool, 5, before);
    // One that nobody has found in all that time waits for its age.
    assert!(alive[4] < 2 * BIG, "{alive:?}, {:?}", pool.stats());
    (0..2).for_each(|_| collect());
    assert!(live_since(before) < LITTLE, "{} bytes", live_since(before));
}

/// T1 in the largest classes of an ordinary pool: within the budget at once, and gone with age.
#[test]
fn large_classes_are_within_their_budget() {
    let _alone = alone();
    let (pool, before) = (BufferPool::new(), live());
    (0..3).for_each(|_| large_uses(&pool, 1 << 20));
    assert!(live_since(before) <= 16 << 20, "{} bytes", live_since(before));
    (0..2).for_each(|_| collect());
    assert!(live_since(before) < LITTLE, "{} bytes", live_since(before));
}

/// The harness works: the naive pool keeps all, however long small uses go on.
#[test]
fn a_naive_pool_keeps_all() {
    let _alone = alone();
    let (naive, before) = (Naive::default(), live());
    large_uses(&naive, BIG);
    let alive = small_uses(&naive, 60, before);
    assert!(alive[59] >= (THREADS - 1) * BIG, "{alive:?}");
}

/// T2: seldom a large use, amid very many small ones. The most that is alive.
fn seldom_large(arm: &impl Arm) -> usize {
    let (done, before) = (AtomicBool::new(false), live());
    let uses = AtomicUsize::new(0);
    reset_peak();
    thread::scope(|scope| {
        for _ in 0..30 {
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    work(arm, SMALL);
                    uses.fetch_add(1, Relaxed);
                }
            });
        }
        (0..50).for_each(|_| work(arm, BIG));
        done.store(true, Relaxed);
    });
    assert!(uses.load(Relaxed) > 500);
    peak_since(before)
}

#[test]
fn seldom_large_uses() {
    let _alone = alone();
    let most = seldom_large(&BufferPool::new());
    assert!(most <= 2 * BIG, "{most} bytes");
    let pool = BufferPool::new().with_max_capacity(1 << 30).with_max_idle_bytes(1 << 30);
    let most = seldom_large(&pool);
    // One grows out of another, and a stripe may be shared by two threads.
    assert!(most <= 6 * BIG, "{most} bytes");
    let most = seldom_large(&Naive::default());
    assert!(most > 3 * BIG, "the harness does not work: {most} bytes");
}

/// T3: each a little larger than the one before, and larger than what is kept.
#[test]
fn creeping_sizes() {
    let _alone = alone();
    let (pool, before) = (BufferPool::new(), live());
    for k in 0..10_000 {
        let size = (1 << 20) + k * 512;
        drop(pool.with_capacity(size));
        if k % 500 == 0 {
            pool.get().reserve(size);
        }
        assert!(live_since(before) <= 2 * size + LITTLE, "{k}: {} bytes", live_since(before));
    }
}

/// T5: a burst is within the budget at once, and gone with age although the pool is used.
#[test]
fn a_burst() {
    let _alone = alone();
    let (pool, before) = (BufferPool::new(), live());
    let buffers: Vec<_> = (0..10_000).map(|_| pool.with_capacity(64 << 10)).collect();
    assert!(live_since(before) >= 9_000 * (64 << 10));
    drop(buffers);
    assert!(live_since(before) <= 16 << 20, "{} bytes", live_since(before));
    for _ in 0..2 {
        drop(pool.with_capacity(64 << 10));
        collect();
    }
    assert!(live_since(before) < LITTLE, "{} bytes", live_since(before));
}

/// T8: what a failed use left behind is seen by nobody, and after a panic nobody has its memory.
#[test]
fn failed_uses() {
    let _alone = alone();
    let pool = BufferPool::new();
    let failed = |panics: bool| {
        let mut buffer = pool.get();
        buffer.resize(4096, 66);
        let memory = buffer.as_ptr() as usize;
        if panics {
            let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
                let _buffer = buffer;
                std::panic::resume_unwind(Box::new(()));
            }));
            assert!(end.is_err());
        }
        memory
    };
    let memory = failed(false);
    let buffer = pool.get();
    assert_eq!((buffer.as_ptr() as usize, buffer.len()), (memory, 0));
    drop(buffer);
    failed(true);
    assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 1));
}
