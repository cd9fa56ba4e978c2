//! The hit path, compared with a thread-local slot, which is the lower bound, and with an
//! allocation.
//!
//! Times are per operation and thread: with perfect scaling, the rows for two threads equal those
//! for one thread.

#![allow(missing_docs, reason = "the macro of criterion makes a function without")]

use std::{
    cell::Cell,
    hint::black_box,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use corepool::Pool;
use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};

static BUFFERS: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(4096));
static NUMBERS: Pool<usize> = Pool::new(|| 1);

thread_local! {
    static SLOT: Cell<Option<Vec<u8>>> = const { Cell::new(None) };
}

/// Runs `f` `times` times on each of `threads` threads, and returns the mean of the threads' times.
fn on_threads(threads: u32, times: u64, f: impl Fn() + Sync) -> Duration {
    let start = Barrier::new(threads as usize);
    let run = || {
        f();
        start.wait();
        let clock = Instant::now();
        (0..times).for_each(|_| f());
        clock.elapsed()
    };
    thread::scope(|s| {
        let handles: Vec<_> = (0..threads).map(|_| s.spawn(run)).collect();
        handles.into_iter().map(|h| h.join().unwrap()).sum::<Duration>() / threads
    })
}

fn row(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, f: impl Fn() + Sync + Copy) {
    for threads in [1, 2] {
        group.bench_function(format!("{name}/{threads}"), |b| {
            b.iter_custom(|times| on_threads(threads, times, f));
        });
    }
}

/// Gets one buffer, touches it, and returns it.
fn hit(c: &mut Criterion) {
    let mut group = c.benchmark_group("hit");
    row(&mut group, "guard", || {
        black_box(&mut *BUFFERS.get());
    });
    row(&mut group, "take and put", || {
        let mut buffer = BUFFERS.take();
        black_box(&mut buffer);
        BUFFERS.put(buffer);
    });
    row(&mut group, "thread-local slot", || {
        let mut buffer = SLOT.take().unwrap_or_else(|| Vec::with_capacity(4096));
        black_box(&mut buffer);
        SLOT.set(Some(buffer));
    });
    row(&mut group, "allocation", || {
        black_box(&mut Vec::<u8>::with_capacity(4096));
    });
    group.finish();
}

/// Puts a hundred objects, and takes a hundred, as in Go's `BenchmarkPoolOverflow`.
fn overflow(c: &mut Criterion) {
    let mut group = c.benchmark_group("overflow");
    row(&mut group, "put and take", || {
        (0..100).for_each(|i| NUMBERS.put(i));
        (0..100).for_each(|_| {
            black_box(NUMBERS.take());
        });
    });
    row(&mut group, "guards", || {
        black_box(&mut std::array::from_fn::<_, 100, _>(|_| NUMBERS.get()));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(Duration::from_secs(2));
    targets = hit, overflow
}
criterion_main!(benches);
