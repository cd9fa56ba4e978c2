//! Memory that pools keep after the load has ended.

use std::{
    env, fs, process,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use corepool::{JanitorBuilder, Pool, Pressure, collect, set_collect_interval};

use crate::figures;

type Buffers = Pool<Vec<u8>>;

const MIB: usize = 1 << 20;

/// Large enough that every allocator returns it to the system at once.
const LARGE: usize = 40 * MIB;

const THREADS: usize = 512;

pub(crate) fn run() {
    set_collect_interval(None);
    let capped = <Buffers>::new(Vec::new).with_recycle(|buffer| buffer.capacity() <= 64 << 10);
    large_then_small("golang/go#23199, `with_recycle` caps, MiB", &capped, || {
        (0..2).for_each(|_| collect());
    });
    let plain = <Buffers>::new(Vec::new);
    large_then_small("golang/go#23199, defaults and high pressure, MiB", &plain, press);
    many(false);
    many(true);
    once();
    steady();
}

/// Prints a quantity before, at its highest, and after.
fn row(which: &str, before: f64, most: f64, after: f64) {
    figures("retention", which, &[("before", before), ("at most", most), ("after", after)]);
}

/// Returns the resident memory in MiB.
fn resident() -> f64 {
    let text = fs::read_to_string("/proc/self/statm").expect("/proc/self/statm can be read");
    let pages = text.split(' ').nth(1).and_then(|word| word.parse::<f64>().ok());
    pages.expect("a number") * 4096.0 / MIB as f64
}

/// Ten threads use a large buffer each and end; then ten others use small ones. Calls `act` in
/// between. Prints the resident memory before any large buffer, at its highest, and with small
/// buffers afterwards.
fn large_then_small(which: &str, buffers: &Buffers, act: impl FnOnce()) {
    large(buffers, 1 << 10);
    let before = small(buffers);
    let most = large(buffers, LARGE);
    act();
    row(which, before, most, small(buffers));
}

/// Ten threads hold a buffer of `bytes` bytes each at the same time, and end. Returns the resident
/// memory while they hold them.
fn large(buffers: &Buffers, bytes: usize) -> f64 {
    let held = Barrier::new(11);
    thread::scope(|s| {
        for _ in 0..10 {
            s.spawn(|| {
                let mut buffer = buffers.get();
                // Written to, so that it is resident.
                *buffer = vec![1; bytes];
                held.wait();
                held.wait();
            });
        }
        held.wait();
        let most = resident();
        held.wait();
        most
    })
}

/// Returns the resident memory while ten threads use small buffers.
fn small(buffers: &Buffers) -> f64 {
    let done = AtomicBool::new(false);
    let user = || {
        while !done.load(Relaxed) {
            let mut buffer = buffers.get();
            thread::sleep(Duration::from_millis(5));
            buffer.reserve(1 << 10);
            drop(buffer);
            thread::sleep(Duration::from_micros(10));
        }
    };
    thread::scope(|s| {
        (0..10).for_each(|_| drop(s.spawn(user)));
        thread::sleep(Duration::from_millis(100));
        let now = resident();
        done.store(true, Relaxed);
        now
    })
}

/// Makes a janitor read high memory pressure.
fn press() {
    let file = env::temp_dir().join(format!("corepool-pressure-{}", process::id()));
    fs::write(&file, "some avg10=50.00 avg60=0.00 avg300=0.00 total=0\n").expect("a file");
    let pressure = Pressure::new().stalls(&file);
    let janitor = JanitorBuilder::new(Duration::from_secs(3600)).watch(pressure).start();
    let janitor = janitor.expect("a thread");
    thread::sleep(Duration::from_millis(300));
    drop(janitor);
    let _ = fs::remove_file(file);
}

/// Many threads put a buffer of 64 KiB each, and then do nothing.
fn many(ended: bool) {
    let buffers = <Buffers>::new(|| vec![1; 64 << 10]);
    let (lent, put, end) =
        (Barrier::new(THREADS), Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
    let [mut most, mut after] = [0; 2];
    let look = |most: &mut u64, after: &mut u64| {
        *most = buffers.stats().idle;
        (0..2).for_each(|_| collect());
        *after = buffers.stats().idle;
    };
    thread::scope(|s| {
        let user = || {
            let buffer = buffers.get();
            lent.wait();
            drop(buffer);
            put.wait();
            end.wait();
        };
        let users: Vec<_> = (0..THREADS).map(|_| s.spawn(user)).collect();
        put.wait();
        if !ended {
            look(&mut most, &mut after);
        }
        end.wait();
        users.into_iter().for_each(|user| user.join().expect("the thread does not panic"));
        if ended {
            look(&mut most, &mut after);
        }
    });
    let state = if ended { "ended" } else { "idle" };
    row(&format!("{THREADS} {state} threads, buffers of 64 KiB"), 0.0, most as f64, after as f64);
}

/// A pool that is used once, while another pool stays in use.
fn once() {
    static ONCE: Pool<Vec<u8>> = Pool::new(|| vec![0; 4096]);
    static OTHER: Pool<u8> = Pool::new(|| 0);
    set_collect_interval(Some(Duration::from_millis(20)));
    drop(ONCE.get());
    let most = ONCE.stats().idle;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(500) {
        OTHER.clear();
        drop(OTHER.get());
        thread::sleep(Duration::from_millis(1));
    }
    row("a pool used once, after the timer, objects", 0.0, most as f64, ONCE.stats().idle as f64);
    set_collect_interval(None);
}

/// Objects created by a thread that uses 100 at a time, before and during 100 collects.
fn steady() {
    let pool = <Pool<u64>>::new(|| 0);
    let round = || drop(Vec::from_iter((0..100).map(|_| pool.get())));
    round();
    let before = pool.stats().created;
    for _ in 0..100 {
        collect();
        round();
    }
    let all = pool.stats().created as f64;
    row("made under steady load, before and after 100 collects", before as f64, all, all);
}
