//! Measures two pools in turns.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// How long and how often to measure.
#[derive(Clone, Copy)]
pub struct Effort {
    rounds: usize,
    sample: Duration,
}

/// With more threads than cores, a sample must be long enough for each to have its turn. For all else
/// many short samples are better, since other programs disturb fewer of them.
const CROWD: usize = 16;

impl Effort {
    pub fn from_args() -> Self {
        let (rounds, sample) = match std::env::args().nth(1).as_deref() {
            None => (301, Duration::from_millis(2)),
            Some("--quick") => (3, Duration::from_millis(1)),
            Some(other) => panic!("unknown option {other:?}: --quick is the only one"),
        };
        Self { rounds, sample }
    }
}

/// A pool, and what a user does with an object.
pub trait Contestant: Sync + Sized {
    type Guard<'a>: Send
    where
        Self: 'a;

    fn new() -> Self;

    fn get(&self) -> Self::Guard<'_>;

    fn touch(&self, guard: &mut Self::Guard<'_>);

    fn back(&self, guard: Self::Guard<'_>) {
        drop(guard);
    }
}

/// The nanoseconds of one use, on as many threads, each of which gives back what it got.
pub fn alone<C: Contestant>(threads: usize, time: Duration) -> f64 {
    let (pool, start, stop) = (&C::new(), &Barrier::new(threads + 1), &AtomicBool::new(false));
    let uses = move || {
        use_once(pool);
        start.wait();
        let mut uses = 0_u64;
        while !stop.load(Relaxed) {
            (0..16).for_each(|_| use_once(pool));
            uses += 16;
        }
        uses
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(uses)).collect();
        start.wait();
        let began = Instant::now();
        thread::sleep(time);
        stop.store(true, Relaxed);
        let uses: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        began.elapsed().as_nanos() as f64 / uses as f64
    })
}

#[inline]
fn use_once<C: Contestant>(pool: &C) {
    let mut guard = pool.get();
    pool.touch(&mut guard);
    pool.back(guard);
}

/// The number of objects that are sent together, so that sending costs little.
const BATCH: usize = 64;

/// The nanoseconds of one use, if one thread gets the objects and another gives them back.
pub fn passing<C: Contestant>(_: usize, time: Duration) -> f64 {
    let pool = &C::new();
    let (full, received) = sync_channel::<Vec<C::Guard<'_>>>(4);
    let (empty, reused) = sync_channel(8);
    thread::scope(move |scope| {
        scope.spawn(move || give_back(pool, received, empty));
        (0..4).for_each(|_| send(pool, &full, Vec::with_capacity(BATCH)));
        let (began, mut batches) = (Instant::now(), 0);
        while began.elapsed() < time {
            send(pool, &full, reused.recv().expect("the other end is there"));
            batches += 1;
        }
        began.elapsed().as_nanos() as f64 / (batches * BATCH) as f64
    })
}

fn send<'p, C: Contestant>(
    pool: &'p C,
    to: &SyncSender<Vec<C::Guard<'p>>>,
    mut batch: Vec<C::Guard<'p>>,
) {
    batch.extend((0..BATCH).map(|_| {
        let mut guard = pool.get();
        pool.touch(&mut guard);
        guard
    }));
    to.send(batch).expect("the other end is there");
}

fn give_back<'p, C: Contestant>(
    pool: &'p C,
    received: Receiver<Vec<C::Guard<'p>>>,
    empty: SyncSender<Vec<C::Guard<'p>>>,
) {
    for mut batch in received {
        batch.drain(..).for_each(|guard| pool.back(guard));
        // At the end the sender does not receive any more.
        let _ = empty.send(batch);
    }
}

type Sampler = fn(usize, Duration) -> f64;

/// Returns the medians of their times, of ours, and of their ratios.
fn medians(theirs: Sampler, ours: Sampler, threads: usize, effort: Effort) -> [f64; 3] {
    let mut samples = [const { Vec::new() }; 3];
    let stretch = if threads < CROWD { 1 } else { 8 };
    let time = effort.sample * stretch as u32;
    for round in 0..effort.rounds.div_ceil(stretch) {
        let sample = |which: Sampler| which(threads, time);
        let (theirs, ours) = if round % 2 == 0 {
            let theirs = sample(theirs);
            (theirs, sample(ours))
        } else {
            let ours = sample(ours);
            (sample(theirs), ours)
        };
        let all = samples.iter_mut().zip([theirs, ours, theirs / ours]);
        all.for_each(|(samples, sample)| samples.push(sample));
    }
    samples.map(|mut samples: Vec<f64>| {
        samples.sort_by(f64::total_cmp);
        samples[samples.len() / 2]
    })
}

pub fn print_head() {
    println!("| pool | 1 thread | 2 threads | {CROWD} threads | one gets, one drops |");
    println!("|---|--:|--:|--:|--:|");
}

/// Measures a pool and the one that takes its place, and prints a row: in each cell the ratio, and the
/// nanoseconds of both.
pub fn print<Theirs: Contestant, Ours: Contestant>(name: &str, effort: Effort) {
    let cell = |theirs: Sampler, ours: Sampler, threads| {
        let [theirs, ours, ratio] = medians(theirs, ours, threads, effort);
        format!("{ratio:.2} ({theirs:.0} / {ours:.0})")
    };
    let [one, two, crowd] =
        [1, 2, CROWD].map(|threads| cell(alone::<Theirs>, alone::<Ours>, threads));
    let passed = cell(passing::<Theirs>, passing::<Ours>, 2);
    println!("| {name} | {one} | {two} | {crowd} | {passed} |");
}
