//! Sharded counters: `PerSeat` beside other ways to count on several threads.

use std::{
    cell::Cell,
    hint::black_box,
    sync::{
        Barrier,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use corepool::PerSeat;
use crossbeam_utils::CachePadded;
use thread_local::ThreadLocal;

/// The number of rounds. In each, every way takes one sample.
const ROUNDS: usize = 5;

const SAMPLE: Duration = Duration::from_millis(10);

/// The number of operations between two looks at the clock.
const STRETCH: u64 = 10_000;

const THREADS: [usize; 3] = [1, 2, 16];

/// As many places as a program may have that does not know how many threads count.
const PLACES: usize = 64;

static PER_SEAT: PerSeat<AtomicU64> = PerSeat::new(|| AtomicU64::new(0));
static ADDED: PerSeat<AtomicU64> = PerSeat::new(|| AtomicU64::new(0));
static PADDED: [CachePadded<AtomicU64>; PLACES] =
    [const { CachePadded::new(AtomicU64::new(0)) }; PLACES];
static ONE: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static OWN: Cell<u64> = const { Cell::new(0) };
    /// The thread's number, or `usize::MAX`.
    static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Returns the calling thread's place in `PADDED`.
fn number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    if NUMBER.get() == usize::MAX {
        NUMBER.set(NEXT.fetch_add(1, Relaxed) % PLACES);
    }
    NUMBER.get()
}

/// Advances a counter that no other thread writes to.
fn advance(own: &AtomicU64) {
    own.store(own.load(Relaxed) + 1, Relaxed);
}

/// Prints the nanoseconds of a count: the medians, for each number of threads.
pub fn measure() {
    let locals: ThreadLocal<AtomicU64> = ThreadLocal::new();
    for threads in THREADS {
        let mut ways: [(&str, Vec<f64>); 8] = [
            ("`PerSeat`, load and store", Vec::new()),
            ("`PerSeat`, `fetch_add`", Vec::new()),
            ("thread_local crate, load and store", Vec::new()),
            ("thread_local crate, `fetch_add`", Vec::new()),
            ("`[CachePadded<AtomicU64>; 64]` by thread, `fetch_add`", Vec::new()),
            ("one `AtomicU64`, `fetch_add`", Vec::new()),
            ("`thread_local!` cell, which nobody can add up", Vec::new()),
            ("`with_seat` alone", Vec::new()),
        ];
        for _ in 0..ROUNDS {
            let mut rest = ways.iter_mut().map(|(_, samples)| samples);
            let mut next = |sample: f64| rest.next().unwrap().push(sample);
            next(sample(threads, || PER_SEAT.with(advance)));
            next(sample(threads, || _ = ADDED.with(|own| own.fetch_add(1, Relaxed))));
            next(sample(threads, || advance(locals.get_or_default())));
            next(sample(threads, || _ = locals.get_or_default().fetch_add(1, Relaxed)));
            next(sample(threads, || _ = PADDED[number()].fetch_add(1, Relaxed)));
            next(sample(threads, || _ = ONE.fetch_add(1, Relaxed)));
            next(sample(threads, || OWN.set(black_box(OWN.get() + 1))));
            next(sample(threads, || _ = corepool::with_seat(black_box)));
        }
        for (name, mut samples) in ways {
            samples.sort_by(f64::total_cmp);
            println!("counters\t{name}\t{threads} threads\t{:.3}", samples[ROUNDS / 2]);
        }
    }
}

/// Returns the time from the start of all threads to the end of the last, in nanoseconds, divided by the number of
/// operations of all threads.
#[inline(never)]
fn sample(threads: usize, count: impl Fn() + Sync) -> f64 {
    let (ready, count) = (&Barrier::new(threads), &count);
    let run = || {
        (0..STRETCH).for_each(|_| count());
        ready.wait();
        let (start, mut operations) = (Instant::now(), 0);
        while start.elapsed() < SAMPLE {
            (0..STRETCH).for_each(|_| count());
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
