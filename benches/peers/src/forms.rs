//! The forms of a pool: hooks, bounds, owned guards and byte buffers, each beside the plain guard.

use std::{
    hint::black_box,
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use corepool::{Pool, buffer::BufferPool};

/// The number of rounds. In each, every form is measured next to the plain one.
const ROUNDS: usize = 5;

const SAMPLE: Duration = Duration::from_millis(10);

/// The number of operations between two looks at the clock.
const STRETCH: u64 = 500;

const THREADS: [usize; 3] = [1, 2, 16];

type Work = Box<dyn Fn() + Sync>;

struct Form {
    name: String,
    work: Work,
    /// What it is compared with, if that is not the plain form.
    base: Option<Work>,
}

/// Prints the time of each form as a ratio to that of the plain one in the same round: the medians,
/// for each number of threads.
pub fn measure() {
    let (plain, forms) = forms();
    for threads in THREADS {
        let mut ratios = vec![Vec::new(); forms.len()];
        for _ in 0..ROUNDS {
            for (form, ratios) in forms.iter().zip(&mut ratios) {
                let base = sample(threads, form.base.as_deref().unwrap_or(&*plain));
                ratios.push(sample(threads, &*form.work) / base);
            }
        }
        for (Form { name, .. }, mut ratios) in forms.iter().zip(ratios) {
            ratios.sort_by(f64::total_cmp);
            println!("forms\t{name}\t{threads} threads\t{:.3}", ratios[ROUNDS / 2]);
        }
    }
}

fn pool() -> Pool<Vec<u8>> {
    Pool::new(|| Vec::with_capacity(4096))
}

fn weighed() -> Pool<Vec<u8>> {
    pool().with_weight(Vec::capacity).with_max_idle_bytes(16 << 20)
}

/// Gets `N` objects, and then drops all of them.
fn batches<const N: usize>(pool: Pool<Vec<u8>>) -> Work {
    Box::new(move || _ = black_box(&mut [(); N].map(|()| pool.get())))
}

/// Returns the plain form, and the others.
fn forms() -> (Work, Vec<Form>) {
    let mut forms = Vec::new();
    let mut add = |name: &str, work: Work| {
        forms.push(Form { name: name.into(), work, base: None });
    };
    let guard = |pool: Pool<Vec<u8>>| -> Work { Box::new(move || _ = black_box(&mut *pool.get())) };
    let owned = Arc::new(pool());
    add("owned guard", Box::new(move || _ = black_box(&mut *owned.get_owned())));
    let recycled = pool().with_recycle(|buffer| {
        buffer.clear();
        true
    });
    add("`with_recycle` that clears", guard(recycled));
    for bound in [1000, 64, 16, 4] {
        add(&format!("`with_max_idle({bound})`"), guard(pool().with_max_idle(bound)));
    }
    add("a bound in bytes", guard(pool().with_max_idle_bytes(1 << 20)));
    add("`with_weight` and a bound in bytes", guard(weighed()));
    let values = weighed();
    let value = move || values.put(black_box(values.take()));
    add("the same, by `take` and `put`", Box::new(value));
    let buffers: &BufferPool = Box::leak(Box::new(BufferPool::new()));
    add("`BufferPool::get`", Box::new(|| _ = black_box(&mut *buffers.get())));
    for (name, size) in
        [("3000", 3000), ("100 KB", 100_000), ("500 KB", 500_000), ("1 MB", 1_000_000)]
    {
        let get = move || _ = black_box(&mut *buffers.with_capacity(size));
        add(&format!("`BufferPool::with_capacity`, {name}"), Box::new(get));
    }
    forms.push(in_batches::<2>());
    forms.push(in_batches::<8>());
    forms.push(in_batches::<32>());
    (guard(pool()), forms)
}

/// Returns the form with weights for threads that hold `N` objects at a time, beside such threads
/// with plain guards.
fn in_batches<const N: usize>() -> Form {
    let name = format!("`with_weight`, {N} held by each thread, beside {N} plain guards");
    Form { name, work: batches::<N>(weighed()), base: Some(batches::<N>(pool())) }
}

/// Returns the nanoseconds of an operation, with this many threads.
fn sample(threads: usize, form: &(dyn Fn() + Sync)) -> f64 {
    let ready = &Barrier::new(threads);
    let run = || {
        (0..4 * STRETCH).for_each(|_| form());
        ready.wait();
        let (start, mut operations) = (Instant::now(), 0);
        while start.elapsed() < SAMPLE {
            (0..STRETCH).for_each(|_| form());
            operations += STRETCH;
            // With more threads than cores, all make progress.
            if threads > 2 {
                thread::yield_now();
            }
        }
        (start, Instant::now(), operations)
    };
    let runs: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let start = runs.iter().map(|run| run.0).min().unwrap();
    let end = runs.iter().map(|run| run.1).max().unwrap();
    (end - start).as_nanos() as f64 / runs.iter().map(|run| run.2).sum::<u64>() as f64
}
