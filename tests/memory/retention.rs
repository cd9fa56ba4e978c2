//! Memory that pools must not hold when it is no longer needed.
#![cfg(target_os = "linux")]

use std::{
    env, fs,
    panic::{self, AssertUnwindSafe},
    process,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use corepool::{JanitorBuilder, Pool, Pressure, collect};

use crate::{ALLOCATOR, KIB, MIB, alone, near, on_threads, scope};

type Buffers = Pool<Vec<u8>>;

/// Returns the resident memory of the process, in bytes.
fn resident() -> usize {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Large enough that every allocator returns it to the system at once.
const LARGE: usize = 40 * MIB;

/// As in golang/go#23199: ten threads use large buffers once, and then only small ones.
fn large_once_then_small(buffers: &Buffers, each: usize, end: impl Fn()) {
    let work = |bytes: usize, time: Duration| {
        let mut buffer = buffers.get();
        thread::sleep(time);
        // Written to, so that it is resident.
        if buffer.capacity() < bytes {
            *buffer = vec![1; bytes];
            buffer.clear();
        }
        drop(buffer);
        thread::sleep(time / 500);
    };
    let (done, large) = (AtomicBool::new(false), Barrier::new(11));
    scope(|s| {
        let user = || {
            work(each, Duration::from_millis(5));
            large.wait();
            while !done.load(Relaxed) {
                work(KIB, Duration::from_millis(5));
            }
        };
        let users = (0..10).map(|_| s.spawn(user)).collect();
        large.wait();
        let ended = panic::catch_unwind(AssertUnwindSafe(end));
        done.store(true, Relaxed);
        ended.unwrap_or_else(|cause| panic::resume_unwind(cause));
        users
    });
}

/// `with_recycle` drops large objects when they are returned.
#[test]
fn large_buffers_are_not_kept_if_recycle_caps_them() {
    let _alone = alone();
    let buffers = <Buffers>::new(Vec::new).with_recycle(|buffer| buffer.capacity() <= 64 * KIB);
    // Warms up: the system keeps stacks and arenas for threads.
    large_once_then_small(&buffers, KIB, || {});
    buffers.clear();
    let (before, live) = (resident(), ALLOCATOR.live_bytes());
    large_once_then_small(&buffers, LARGE, || {
        (0..2).for_each(|_| collect());
        let now = resident();
        assert!(
            now <= before + before / 10 + MIB,
            "{before} {now}, live {live} {}",
            ALLOCATOR.live_bytes()
        );
        assert!(near(ALLOCATOR.live_bytes(), live, MIB));
    });
}

/// With the defaults alone a large buffer stays as long as it is used. Two collects after the load
/// has ended, none is left.
#[test]
fn large_buffers_are_dropped_after_the_load() {
    let _alone = alone();
    let buffers: Buffers = Pool::new(Vec::new);
    // Warms up: the system keeps stacks and arenas for threads.
    large_once_then_small(&buffers, KIB, || {});
    buffers.clear();
    let (before, live) = (resident(), ALLOCATOR.live_bytes());
    large_once_then_small(&buffers, LARGE, || {});
    (0..2).for_each(|_| collect());
    let now = resident();
    assert!(
        now <= before + before / 10 + MIB,
        "{before} {now}, live {live} {}",
        ALLOCATOR.live_bytes()
    );
    assert!(near(ALLOCATOR.live_bytes(), live, MIB));
    assert_eq!(buffers.stats().idle, 0);
}

/// High pressure drops idle large buffers at once, with the defaults alone. Threads that continue
/// with small ones do not create large ones again.
#[test]
fn large_buffers_are_dropped_under_pressure() {
    let _alone = alone();
    let buffers: Buffers = Pool::new(Vec::new);
    large_once_then_small(&buffers, KIB, || {});
    buffers.clear();
    let before = resident();
    large_once_then_small(&buffers, LARGE, || {});
    assert!(resident() > before + 5 * LARGE, "they are kept");
    let file = env::temp_dir().join(format!("corepool-retention-{}", process::id()));
    fs::write(&file, "some avg10=50.00 avg60=0.00 avg300=0.00 total=0\n").unwrap();
    let pressure = Pressure::new().stalls(&file);
    let janitor = JanitorBuilder::new(Duration::from_secs(3600)).watch(pressure).start().unwrap();
    let start = Instant::now();
    let is_back = || resident() <= before + before / 10 + MIB;
    while !is_back() && start.elapsed() < Duration::from_secs(100) {
        thread::sleep(Duration::from_millis(1));
    }
    large_once_then_small(&buffers, KIB, || assert!(is_back(), "{before} {}", resident()));
    drop(janitor);
    fs::remove_file(file).unwrap();
}

const IDLERS: usize = if cfg!(miri) { 8 } else { 512 };

/// Many threads give a buffer back, and then do nothing.
#[test]
fn no_memory_is_held_for_idle_threads() {
    let _alone = alone();
    let buffers: Buffers = Pool::new(|| vec![1; 64 * KIB]);
    let (put, end) = (Barrier::new(IDLERS + 1), Barrier::new(IDLERS + 1));
    scope(|s| {
        let idler = || {
            drop(buffers.get());
            put.wait();
            end.wait();
        };
        let idlers = (0..IDLERS).map(|_| s.spawn(idler)).collect();
        put.wait();
        assert!(buffers.stats().idle > 0);
        (0..2).for_each(|_| collect());
        let idle = buffers.stats().idle;
        end.wait();
        assert_eq!(idle, 0);
        idlers
    });
}

/// The same after the threads have ended.
#[test]
fn no_memory_is_held_for_threads_that_ended() {
    let _alone = alone();
    let buffers: Buffers = Pool::new(|| vec![1; 64 * KIB]);
    let all = Barrier::new(IDLERS);
    let live = ALLOCATOR.live_bytes();
    on_threads(IDLERS, || {
        let buffer = buffers.get();
        all.wait();
        drop(buffer);
    });
    assert_eq!(buffers.stats().idle, IDLERS as u64);
    (0..2).for_each(|_| collect());
    assert_eq!(buffers.stats().idle, 0);
    assert!(ALLOCATOR.live_bytes() <= live + 8 * MIB);
}
