//! Objects that take a millisecond to create, beside garbage: how many are created, and how many
//! collects run.
//!
//! In Go, garbage stays until the collector runs, which is when the heap has doubled. Rust frees it
//! at once, so the heap would never grow. To get Go's heap sizes, the program keeps its garbage
//! until a collect drops a pooled object whose destructor frees it. Each operation puts such an
//! object.

use std::{
    hint::black_box,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use corepool::{Pool, collect, set_collect_interval};

use crate::{ALLOCATOR, figures};

const OPERATIONS: usize = 1000;
const ITEMS: usize = 100;

static MADE: AtomicUsize = AtomicUsize::new(0);

/// MiB that are live all the time: the size in Go's benchmark, and a size that gives as many
/// collects as Go runs, whose heap keeps growing while it is collected.
const BALLASTS: [usize; 2] = [8, 16];

pub(crate) fn run() {
    set_collect_interval(None);
    for (ballast, threads) in BALLASTS.into_iter().flat_map(|ballast| [(ballast, 1), (ballast, 2)])
    {
        measure(ballast, threads);
    }
}

fn measure(ballast: usize, threads: usize) {
    let live = black_box(vec![0u8; ballast << 20]);
    let pool = <Pool<u64>>::new(|| {
        MADE.fetch_add(1, Relaxed);
        thread::sleep(Duration::from_millis(1));
        42
    });
    collect();
    MADE.store(0, Relaxed);
    let left = AtomicUsize::new(OPERATIONS);
    let collects = ALLOCATOR.collections();
    let start = Instant::now();
    thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                while left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
                    operate(&pool);
                }
            });
        }
    });
    let each = |count: f64| count / OPERATIONS as f64;
    let plural = if threads == 1 { "" } else { "s" };
    let which = format!("corepool, {ballast} MiB, {threads} thread{plural}");
    figures(
        "expensive-new",
        &which,
        &[
            ("made", each(MADE.load(Relaxed) as f64)),
            ("collects", each((ALLOCATOR.collections() - collects) as f64)),
            ("\u{b5}s", each(start.elapsed().as_nanos() as f64) / 1000.0),
        ],
    );
    drop(live);
}

/// The same as an iteration of Go's benchmark.
fn operate(pool: &Pool<u64>) {
    SWEEPERS.put(Sweeper);
    let mut items = Vec::with_capacity(ITEMS);
    for _ in 0..ITEMS {
        items.push(pool.take());
        let garbage = black_box(vec![0u8; 32 << 10]);
        GARBAGE.lock().unwrap().push(garbage);
    }
    items.into_iter().for_each(|item| pool.put(item));
}

static GARBAGE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
static SWEEPERS: Pool<Sweeper> = Pool::new(|| Sweeper);

/// Frees the garbage when it is dropped.
struct Sweeper;

impl Drop for Sweeper {
    fn drop(&mut self) {
        GARBAGE.lock().unwrap().clear();
    }
}
