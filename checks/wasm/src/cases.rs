//! The cases: what pools promise that needs neither a second thread nor a clock.

use std::{alloc::System, hint::black_box, io::Write, time::Duration};

use corepool::{PerSeat, Pool, Pressure, Scoped, alloc::PacedAlloc, buffer::BufferPool};

#[global_allocator]
static ALLOCATOR: PacedAlloc<System> = PacedAlloc::new(System);

/// A case, and the name that it is reported by.
pub type Case = (&'static str, fn());

macro_rules! cases {
    ($($(#[$meta:meta])* $name:ident)*) => {
        /// All cases. Each may be the first in its program.
        pub const CASES: &[Case] = &[$($(#[$meta])* (stringify!($name), $name)),*];
    };
}

cases! {
    a_thread_gets_its_object_back
    many_objects_are_kept
    values_go_in_and_out
    idle_objects_survive_one_collect
    trim_and_clear_drop_what_is_idle
    bounds_hold
    hooks_run
    owned_guards_outlive_their_pool
    pools_of_borrowed_values_work
    pools_of_types_work
    a_heap_that_has_grown_requests_a_collect
    there_is_no_janitor
    settings_are_accepted
    buffers_come_back
    frozen_buffers_come_back
    owned_buffers_outlive_their_pool
    secrets_are_wiped
    values_of_seats_add_up
    #[cfg(target_os = "wasi")]
    idle_objects_age_by_the_clock
}

/// Gets and drops an object `times` times.
pub fn hits(times: usize) {
    static POOL: Pool<Vec<u8>> = Pool::new(Vec::new);
    for _ in 0..times {
        black_box(&mut *POOL.get()).clear();
    }
}

fn a_thread_gets_its_object_back() {
    static POOL: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(64));
    POOL.get().push(7);
    assert_eq!(*POOL.get(), [7]);
    hits(1000);
    let stats = POOL.stats();
    assert_eq!((stats.created, stats.hits, stats.idle, stats.outstanding), (1, 1, 1, 0));
}

fn many_objects_are_kept() {
    let pool = Pool::new(|| 0);
    for round in 0..3 {
        let mut guards: Vec<_> = (0..10_000).map(|_| pool.get()).collect();
        assert!(guards.iter().all(|guard| **guard == round));
        guards.iter_mut().for_each(|guard| **guard += 1);
    }
    let stats = pool.stats();
    assert_eq!((stats.created, stats.idle), (10_000, 10_000));
    assert_eq!(pool.drain().count(), 10_000);
}

fn values_go_in_and_out() {
    let pool = Pool::new(String::new);
    assert_eq!(pool.try_take(), None);
    (0..500).for_each(|i| pool.put(i.to_string()));
    let taken: u32 = (0..500).map(|_| pool.take().parse::<u32>().unwrap()).sum();
    assert_eq!(taken, (0..500).sum());
    assert_eq!(pool.take(), "");
    pool.reserve(3);
    assert_eq!(pool.stats().idle, 3);
    assert!(pool.try_get().is_some());
}

fn idle_objects_survive_one_collect() {
    let pool = Pool::new(|| [0; 100]);
    drop([(); 300].map(|()| pool.get()));
    corepool::collect();
    assert_eq!(pool.stats().idle, 300);
    corepool::collect();
    assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 300));
    drop(pool.get());
    assert_eq!(pool.stats().idle, 1);
}

fn trim_and_clear_drop_what_is_idle() {
    let pool = Pool::new(Vec::<u8>::new);
    drop([(); 10].map(|()| pool.get()));
    pool.trim();
    assert_eq!(pool.stats().idle, 10);
    pool.trim();
    assert_eq!(pool.stats().idle, 0);
    drop([(); 10].map(|()| pool.get()));
    pool.clear();
    assert_eq!(pool.stats().idle, 0);
}

fn bounds_hold() {
    let pool = <Pool<Vec<u8>>>::new(|| vec![0; 100]).with_max_idle(40);
    drop([(); 100].map(|()| pool.get()));
    assert_eq!(pool.stats().idle, 40);
    let pool =
        <Pool<Vec<u8>>>::new(|| vec![0; 100]).with_weight(Vec::capacity).with_max_idle_bytes(1000);
    drop([(); 100].map(|()| pool.get()));
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.idle_bytes), (10, 1000));
}

fn hooks_run() {
    let pool = <Pool<Vec<u8>>>::new(Vec::new).with_recycle(|bytes| {
        bytes.clear();
        bytes.capacity() <= 1000
    });
    pool.get().extend([1; 10]);
    assert_eq!(pool.get().len(), 0);
    pool.get().extend([1; 2000]);
    assert_eq!(pool.stats().idle, 0);
}

fn owned_guards_outlive_their_pool() {
    let pool = Pool::new(String::new);
    let mut guards = [(); 50].map(|()| pool.get_owned());
    guards[0].push_str("mine");
    drop(pool);
    assert_eq!(*guards[0], "mine");
    drop(guards);
}

fn pools_of_borrowed_values_work() {
    let text = String::from("some words");
    let pool: Pool<Vec<&str>, _, Scoped> = Pool::scoped(|| text.split(' ').collect());
    assert_eq!(pool.get().len(), 2);
    corepool::collect();
    corepool::collect();
    assert_eq!(pool.stats().idle, 1);
}

fn pools_of_types_work() {
    corepool::of::<Vec<u16>>().get().push(1);
    assert_eq!(corepool::of::<Vec<u16>>().get().len(), 1);
}

/// No thread can be started for it, so a call of a pool begins the collect.
fn a_heap_that_has_grown_requests_a_collect() {
    let before = ALLOCATOR.collections();
    let _held = black_box(vec![1_u8; 16 << 20]);
    assert!(ALLOCATOR.live_bytes() >= 16 << 20);
    let pool = Pool::new(Vec::<u8>::new);
    drop([pool.get(), pool.get()]);
    assert!(ALLOCATOR.collections() > before);
}

fn there_is_no_janitor() {
    assert!(corepool::janitor(Duration::from_secs(1)).is_err());
    assert!(Pressure::system().is_err());
}

fn settings_are_accepted() {
    corepool::init();
    for interval in [Some(Duration::from_secs(1)), None, Some(Duration::from_secs(120))] {
        corepool::set_collect_interval(interval);
        let pool = Pool::new(|| 1);
        drop([pool.get(), pool.get()]);
        assert_eq!(pool.stats().idle, 2);
    }
}

fn buffers_come_back() {
    static BUFFERS: BufferPool = BufferPool::new();
    for len in [10, 5_000, 100_000, 1 << 20] {
        BUFFERS.get().resize(len, 1);
        assert!(BUFFERS.get().is_empty());
        assert_eq!(BUFFERS.zeroed(len).iter().map(|&byte| usize::from(byte)).sum::<usize>(), 0);
        assert!(BUFFERS.with_capacity(len).capacity() >= len);
    }
    assert!(BUFFERS.stats().hits > 0);
    assert_eq!(BUFFERS.stats().outstanding, 0);
    corepool::collect();
    corepool::collect();
    assert_eq!(BUFFERS.stats().idle, 0);
}

fn frozen_buffers_come_back() {
    let pool = BufferPool::new();
    let mut buffer = pool.get_owned();
    buffer.write_all(&[7; 10_000]).unwrap();
    let address = buffer.as_ptr();
    let bytes = buffer.freeze();
    let tail = bytes.slice(9_000..);
    assert_eq!((bytes.as_ptr(), pool.stats().outstanding), (address, 1));
    drop(bytes);
    assert_eq!((tail.len(), pool.stats().outstanding), (1_000, 1));
    drop(tail);
    assert_eq!((pool.stats().idle, pool.stats().outstanding), (1, 0));
}

fn owned_buffers_outlive_their_pool() {
    let pool = BufferPool::new();
    let mut buffer = pool.with_capacity_owned(5_000);
    let frozen = pool.zeroed_owned(5_000).freeze();
    drop(pool);
    buffer.push(1);
    assert_eq!((frozen.len(), buffer.len()), (5_000, 1));
}

fn values_of_seats_add_up() {
    static COUNTS: PerSeat<Cell> = PerSeat::new(Cell::default);
    type Cell = std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;
    let registration = corepool::on_collect(|| COUNTS.with(|own| own.store(own.load(Relaxed) + 10, Relaxed)));
    (0..5).for_each(|_| COUNTS.with(|own| own.store(own.load(Relaxed) + 1, Relaxed)));
    corepool::collect();
    drop(registration);
    corepool::collect();
    assert_eq!(COUNTS.fold(0, |sum, one| sum + one.load(Relaxed)), 15);
    assert_eq!(corepool::with_seat(|seat| seat), Some(0));
}

fn secrets_are_wiped() {
    static SECRETS: BufferPool = BufferPool::new().with_zeroize();
    SECRETS.get().extend([9; 5_000]);
    let mut again = SECRETS.with_capacity(5_000);
    again.resize(5_000, 0);
    assert!(again.iter().all(|&byte| byte == 0));
}

/// WASI has a clock. The calls of a pool read it, because there is no other thread.
#[cfg(target_os = "wasi")]
fn idle_objects_age_by_the_clock() {
    corepool::set_collect_interval(Some(Duration::from_millis(1)));
    let pool = Pool::new(|| 1);
    let start = std::time::Instant::now();
    // Only by its age is an object of this pool dropped.
    while pool.stats().dropped == 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "idle objects do not age");
        (0..100).for_each(|i| pool.put(i));
    }
    corepool::set_collect_interval(Some(Duration::from_secs(120)));
}
