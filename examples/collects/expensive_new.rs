//! Objects that take a millisecond to make, beside garbage: how many are made anew, and how many
//! collects there are.
//!
//! Go's garbage waits for its collector, which runs when the heap has doubled. Here garbage is freed
//! at once, so that nothing would ever grow. So what is garbage there is held here until a collect
//! frees it, as it is there: the heap has the same size at the same time. It is the destructor of
//! an old object that frees it, of which there is one for each collect.

use std::{
    hint::black_box,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use corepool::{Pool, set_collect_interval};

use crate::ALLOCATOR;

const OPERATIONS: usize = 1000;
const ITEMS: usize = 100;

static MADE: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn run() {
    set_collect_interval(None);
    let ballast = black_box(vec![0u8; 8 << 20]);
    for threads in [1, 2] {
        measure(threads);
    }
    drop(ballast);
}

fn measure(threads: usize) {
    let pool = <Pool<u64>>::new(|| {
        MADE.fetch_add(1, Relaxed);
        thread::sleep(Duration::from_millis(1));
        42
    });
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
    println!(
        "expensive-new, {threads} threads: {:.0} ns/op, {:.4} collects/op, {:.3} made/op",
        each(start.elapsed().as_nanos() as f64),
        each((ALLOCATOR.collections() - collects) as f64),
        each(MADE.load(Relaxed) as f64)
    );
}

/// As an iteration of Go's benchmark.
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

/// Frees the garbage at its end.
struct Sweeper;

impl Drop for Sweeper {
    fn drop(&mut self) {
        GARBAGE.lock().unwrap().clear();
    }
}
