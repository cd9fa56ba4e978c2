//! Buffers that do not borrow their pool, and may outlive it.

use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use corepool::buffer::{Buffer, BufferPool};

use crate::allocator::{all, freed_with, live, live_since, requests};
use crate::util::{alone, amid_collects, join, on_thread, on_threads, repeat};

/// Large blocks that are no buffers: the tables of threads, if earlier tests have made many pools.
const NOISE: usize = 256 << 10;

/// A buffer of this size stands out.
const BIG: usize = 1 << 20;

/// All ways to get a buffer of at least 5000 bytes that does not borrow the pool.
const WAYS: [fn(&BufferPool) -> Buffer<'static>; 6] = [
    |pool| pool.get_owned(),
    |pool| pool.with_capacity_owned(5000),
    |pool| pool.try_with_capacity_owned(5000).unwrap(),
    |pool| pool.zeroed_owned(5000),
    |pool| pool.adopt_owned(vec![1; 8192]),
    |pool| pool.with_capacity_owned(2 << 20),
];

/// Checks that soon at most `most` bytes are in use more than `before`. Other tests may use some for a
/// while. If a thread was stopped inside a pin when the pool was dropped, collects free the memory.
#[track_caller]
fn settles(before: usize, most: usize) {
    let start = Instant::now();
    while live_since(before) > most && start.elapsed() < Duration::from_secs(100) {
        if start.elapsed() > Duration::from_secs(10) {
            corepool::collect();
        }
        thread::sleep(Duration::from_millis(1));
    }
    let more = live_since(before);
    assert!(more <= most, "{more} bytes, not {most}");
}

fn fill(buffer: &mut Buffer<'_>) {
    buffer.clear();
    buffer.extend_from_slice(&[7; 5000]);
}

#[test]
fn owned_buffers_come_back() {
    let _alone = alone();
    for get in WAYS {
        let pool = BufferPool::new();
        let mut buffer = get(&pool);
        fill(&mut buffer);
        assert_eq!(pool.stats().outstanding, 1);
        let (memory, kept) = (buffer.as_ptr(), buffer.capacity() <= 1 << 20);
        drop(buffer);
        assert_eq!((pool.stats().outstanding, pool.stats().idle), (0, u64::from(kept)));
        if kept {
            let borrowed = pool.with_capacity(4096);
            assert_eq!((borrowed.as_ptr(), borrowed.len()), (memory, 0));
        }
    }
}

/// `get` and `get_owned` learn from the same uses.
#[test]
fn owned_buffers_teach() {
    let _alone = alone();
    let pool = BufferPool::new();
    pool.get_owned().resize(50_000, 1);
    assert!(pool.get().capacity() >= 50_000);
    on_thread(|| pool.get().resize(10_000, 1));
    assert!(pool.get_owned().capacity() >= 50_000);
    pool.with_capacity_owned(1 << 20).resize(1 << 20, 1);
    assert!(pool.get().capacity() < 1 << 20);
}

#[test]
fn a_buffer_outlives_its_pool() {
    let _alone = alone();
    for get in WAYS {
        let before = live();
        let pool = BufferPool::new();
        let mut buffer = get(&pool);
        fill(&mut buffer);
        drop((pool.with_capacity(BIG), pool.with_capacity_owned(BIG)));
        drop(pool);
        // What was idle is gone, and the buffer is not.
        settles(before, buffer.capacity() + NOISE);
        assert_eq!(*buffer, [7; 5000]);
        // It may still grow.
        buffer.reserve(BIG);
        on_thread(|| drop(buffer));
        settles(before, NOISE);
    }
}

/// What comes back after the end of the pool is freed at once, although another buffer is left.
#[test]
fn buffers_that_come_back_after_the_end_are_freed() {
    let _alone = alone();
    for get in WAYS {
        let before = live();
        let pool = BufferPool::new();
        let (last, buffers) = (pool.with_capacity_owned(4096), [get(&pool), get(&pool)]);
        drop(pool);
        let [mut grown, other] = buffers;
        grown.reserve(BIG - 5000);
        drop([grown, other]);
        settles(before, last.capacity() + NOISE);
    }
}

/// The ends of a buffer that need nothing of the pool.
#[test]
fn a_buffer_that_has_outlived_its_pool_ends_in_any_way() {
    let _alone = alone();
    let outliving = || {
        let mut buffer = BufferPool::new().get_owned();
        fill(&mut buffer);
        buffer
    };
    assert_eq!(Buffer::into_vec(outliving()), [7; 5000]);
    Buffer::discard(outliving());
    // The test harness may allocate meanwhile, but not each time.
    let is_kept_by_a_slice = || {
        let (bytes, before) = (outliving().freeze(), live());
        let tail = bytes.slice(4000..);
        drop(bytes);
        assert_eq!(tail[..], [7; 1000]);
        let is_kept = live() == before;
        drop(tail);
        is_kept && live() < before
    };
    assert!((0..repeat(1000, 3)).any(|_| is_kept_by_a_slice()));
    let end = std::panic::catch_unwind(|| {
        let _buffer = outliving();
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(end.is_err());
}

/// What the pool has allocated goes with the last of the pool and its buffers, whichever is last.
#[test]
fn nothing_is_left_of_a_pool_and_its_buffers() {
    let _alone = alone();
    let turn = |pool_first: bool| {
        let pool = BufferPool::new().with_max_idle(5);
        let buffers = WAYS.map(|get| get(&pool));
        drop(pool.get_owned());
        on_thread(|| drop(pool.get_owned()));
        drop(pool.get());
        if pool_first {
            drop(pool);
            drop(buffers);
        } else {
            drop(buffers);
            drop(pool);
        }
    };
    [true, false].into_iter().for_each(turn);
    // Other tests and their harness allocate as well, but not in each round; a leak is there in each.
    let growth = |_| {
        (0..2).for_each(|_| corepool::collect());
        let before = all();
        (0..repeat(100, 2)).for_each(|i| turn(i % 2 == 0));
        (0..2).for_each(|_| corepool::collect());
        all().saturating_sub(before)
    };
    let least = (0..repeat(20, 2)).map(growth).min().unwrap();
    assert!(least <= 16 << 10, "{least} bytes are left");
}

/// A pool in an `Arc` serves spawned threads, and may be dropped by any of them.
#[test]
fn spawned_threads_share_a_pool() {
    let _alone = alone();
    let pool = Arc::new(BufferPool::new());
    let (sender, receiver) = mpsc::channel::<Bytes>();
    let produce = |i: usize| {
        let (pool, sender) = (Arc::clone(&pool), sender.clone());
        thread::spawn(move || {
            for _ in 0..repeat(300, 5) {
                let mut buffer = pool.get_owned();
                buffer.resize(2000 << (i % 3), i as u8);
                sender.send(buffer.freeze()).unwrap();
            }
        })
    };
    let threads: Vec<_> = (0..4).map(produce).collect();
    drop(sender);
    let taken: Vec<_> = receiver.iter().take(10).collect();
    receiver.iter().for_each(|bytes| assert!(bytes.iter().all(|byte| *byte == bytes[0])));
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let stats = pool.stats();
    assert_eq!((stats.outstanding, stats.hits + stats.misses), (10, 4 * repeat(300, 5) as u64));
    let before = live();
    let held: usize = 10 * 2000;
    drop(pool);
    // The last clones go after the pool.
    assert!(live() >= held);
    settles(before, NOISE);
    on_thread(|| {
        taken.iter().for_each(|bytes| assert!(bytes.iter().all(|byte| *byte == bytes[0])))
    });
    drop(taken);
}

/// The pool is dropped while other threads drop and grow its buffers.
#[test]
fn a_pool_is_dropped_amid_its_buffers() {
    let _alone = alone();
    amid_collects(|| {
        for round in 0..repeat(300, 1) {
            let before = live();
            let pool = BufferPool::new();
            let (start, last) = (Barrier::new(4), pool.with_capacity_owned(8192));
            let buffers: Vec<_> = (0..3)
                .map(|i| (0..5).map(|j| WAYS[(round + i + j) % WAYS.len()](&pool)).collect())
                .collect();
            thread::scope(|scope| {
                let drops = |buffers: Vec<Buffer<'static>>| {
                    let start = &start;
                    scope.spawn(move || {
                        start.wait();
                        for (i, mut buffer) in buffers.into_iter().enumerate() {
                            buffer.reserve(300_000 << (i % 3));
                        }
                    })
                };
                let threads: Vec<_> = buffers.into_iter().map(drops).collect();
                start.wait();
                drop(pool);
                threads.into_iter().for_each(join);
            });
            // What has come back at the moment of the end goes with age at the latest.
            (0..2).for_each(|_| corepool::collect());
            settles(before, last.capacity() + NOISE);
        }
    });
}

/// No allocation is made for an owned buffer once the pool is warm, and one to freeze it.
#[test]
fn warm_owned_buffers_allocate_only_to_freeze() {
    let _alone = alone();
    let pool = BufferPool::new();
    let turn = || {
        let mut buffer = pool.get_owned();
        buffer.extend_from_slice(&[7; 1025]);
        buffer
    };
    drop([(); 2].map(|()| turn()));
    let turns = repeat(10_000, 20);
    assert_eq!(requests(|| (0..turns).for_each(|_| drop(turn()))), 0);
    assert_eq!(requests(|| (0..turns).for_each(|_| drop(turn().freeze()))), turns);
    assert_eq!(pool.stats().created, 2);
}

/// Borrowed and owned buffers of many threads are counted exactly.
#[test]
fn owned_buffers_are_counted() {
    let _alone = alone();
    let pool = BufferPool::new();
    let kept = on_threads(4, |i| {
        let mut kept = Vec::new();
        for j in 0..repeat(200, 8) {
            let mut buffer = WAYS[j % WAYS.len()](&pool);
            fill(&mut buffer);
            let _borrowed = pool.with_capacity(1000 << i);
            if j % repeat(50, 4) == 0 {
                kept.push(buffer);
            }
        }
        kept
    });
    assert_eq!(pool.stats().outstanding, 16_u64.min(4 * repeat(4, 2) as u64));
    drop(kept);
    let stats = pool.stats();
    assert_eq!((stats.outstanding, stats.outstanding_bytes), (0, 0));
    assert_eq!(stats.created + stats.adopted, stats.dropped + stats.idle);
}

/// A forgotten buffer is leaked, and the pool can still be dropped.
#[test]
#[cfg_attr(miri, ignore = "leaks")]
fn a_pool_is_dropped_although_a_buffer_was_forgotten() {
    let _alone = alone();
    let pool = BufferPool::new();
    drop(pool.with_capacity(BIG));
    let before = live();
    std::mem::forget(pool.get_owned());
    drop(pool);
    settles(before - BIG, NOISE);
}

/// A buffer that is dropped after its pool is wiped before its memory is freed, as others are.
#[test]
fn buffers_that_outlive_their_pool_are_wiped() {
    let _alone = alone();
    let pool = BufferPool::new().with_zeroize();
    let mut buffer = pool.with_capacity_owned(4096);
    buffer.resize(4096, b's');
    drop(pool);
    assert_eq!(freed_with(b's', || drop(buffer)), (1, 0));
}

#[test]
fn an_owned_buffer_is_send_and_small() {
    fn is<T: Send + Sync + std::panic::UnwindSafe + 'static>() {}
    is::<Buffer<'static>>();
    is::<BufferPool>();
    assert!(size_of::<Buffer<'_>>() <= 40);
}
