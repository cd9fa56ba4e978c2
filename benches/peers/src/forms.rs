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

type Form = (String, Box<dyn Fn() + Sync>);

/// Prints the time of each form as a ratio to that of the plain one in the same round: the medians,
/// for each number of threads.
pub fn measure() {
    let (plain, forms) = forms();
    for threads in THREADS {
        let mut ratios = vec![Vec::new(); forms.len()];
        for _ in 0..ROUNDS {
            for ((_, form), ratios) in forms.iter().zip(&mut ratios) {
                let base = sample(threads, &*plain);
                ratios.push(sample(threads, &**form) / base);
            }
        }
        for ((name, _), mut ratios) in forms.iter().zip(ratios) {
            ratios.sort_by(f64::total_cmp);
            println!("forms\t{name}\t{threads} threads\t{:.3}", ratios[ROUNDS / 2]);
        }
    }
}

fn pool() -> Pool<Vec<u8>> {
    Pool::new(|| Vec::with_capacity(4096))
}

/// Returns the plain form, and the others.
fn forms() -> (Box<dyn Fn() + Sync>, Vec<Form>) {
    let mut forms: Vec<Form> = Vec::new();
    let owned = Arc::new(pool());
    forms.push(("owned guard".into(), Box::new(move || _ = black_box(&mut *owned.get_owned()))));
    let mut add = |name: &str, pool: Pool<Vec<u8>>| {
        forms.push((name.into(), Box::new(move || _ = black_box(&mut *pool.get()))));
    };
    add(
        "`with_recycle` that clears",
        pool().with_recycle(|buffer| {
            buffer.clear();
            true
        }),
    );
    for bound in [1000, 64, 16, 4] {
        add(&format!("`with_max_idle({bound})`"), pool().with_max_idle(bound));
    }
    add("a bound in bytes", pool().with_max_idle_bytes(1 << 20));
    let weighed = pool().with_weight(Vec::capacity).with_max_idle_bytes(16 << 20);
    add("`with_weight` and a bound in bytes", weighed);
    let weighed = pool().with_weight(Vec::capacity).with_max_idle_bytes(16 << 20);
    let value = move || weighed.put(black_box(weighed.take()));
    forms.push(("the same, by `take` and `put`".into(), Box::new(value)));
    let buffers: &BufferPool = Box::leak(Box::new(BufferPool::new()));
    forms.push(("`BufferPool::get`".into(), Box::new(|| _ = black_box(&mut *buffers.get()))));
    for (name, size) in
        [("3000", 3000), ("100 KB", 100_000), ("500 KB", 500_000), ("1 MB", 1_000_000)]
    {
        let get = move || _ = black_box(&mut *buffers.with_capacity(size));
        forms.push((format!("`BufferPool::with_capacity`, {name}"), Box::new(get)));
    }
    let plain = pool();
    (Box::new(move || _ = black_box(&mut *plain.get())), forms)
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
