//! The contract of a single buffer: its capacity, its contents, and where it goes when it is
//! dropped.

use corepool::buffer::{Buffer, BufferPool};

use crate::allocator::requests;
use crate::util::{alone, on_thread, repeat};

static PLAIN: BufferPool = BufferPool::new();
static CHAINED: BufferPool =
    BufferPool::new().with_max_capacity(64 << 10).with_max_idle_bytes(1 << 20);

#[test]
fn a_buffer_pool_may_be_static() {
    let _alone = alone();
    for pool in [&PLAIN, &CHAINED] {
        drop(pool.get());
        assert_eq!(pool.stats().idle, 1);
    }
}

/// The next user gets the memory, but none of the bytes.
#[test]
fn buffers_come_back_empty() {
    let _alone = alone();
    let pool = BufferPool::new();
    let mut buffer = pool.get();
    buffer.extend_from_slice(&[7; 100]);
    let memory = buffer.as_ptr();
    drop(buffer);
    let mut buffer = pool.get();
    assert_eq!((buffer.len(), buffer.as_ptr()), (0, memory));
    buffer.extend_from_slice(&[7; 3000]);
    let memory = buffer.as_ptr();
    drop(buffer);
    let buffer = pool.with_capacity(2048);
    assert_eq!((buffer.len(), buffer.as_ptr()), (0, memory));
}

#[test]
fn requested_capacities_are_rounded_up() {
    let _alone = alone();
    let pool = BufferPool::new();
    let cases =
        [(0, 1024), (1, 1024), (1024, 1024), (1025, 2048), (5000, 8192), (1 << 20, 1 << 20)];
    for (asked, got) in cases {
        let buffer = pool.with_capacity(asked);
        assert_eq!((buffer.len(), buffer.capacity()), (0, got), "{asked}");
    }
}

/// Capacities above the largest class are rounded up to whole pages, and freed afterwards.
#[test]
fn oversize_buffers_are_not_kept() {
    let _alone = alone();
    let pool = BufferPool::new();
    let buffer = pool.with_capacity((1 << 20) + 1);
    assert_eq!(buffer.capacity(), (1 << 20) + 4096);
    drop(buffer);
    let mut buffer = pool.get();
    buffer.reserve(3 << 20);
    drop(buffer);
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.created, stats.dropped, stats.oversize), (0, 2, 2, 2));
}

/// A returned buffer is filed by its capacity, not its length. A grown one serves larger requests.
#[test]
fn returned_buffers_are_rounded_down_by_capacity() {
    let _alone = alone();
    let pool = BufferPool::new();
    for (capacity, class) in [(1024, 1024), (2047, 1024), (2048, 2048), (100_000, 65_536)] {
        drop(pool.adopt(Vec::with_capacity(capacity)));
        assert_eq!(pool.stats().idle_bytes, class, "{capacity}");
        pool.clear();
    }
    let mut grown = pool.with_capacity(1000);
    grown.reserve_exact(5000);
    let memory = grown.as_ptr();
    drop(grown);
    assert_eq!(pool.with_capacity(4096).as_ptr(), memory);
}

/// A request takes a buffer of its own class or of the next larger one, and of no other: a small
/// request must not keep a large buffer in use.
#[test]
fn requests_take_buffers_of_the_next_class_at_most() {
    let _alone = alone();
    let pool = BufferPool::new();
    drop(pool.with_capacity(4096));
    assert_eq!(pool.with_capacity(2048).capacity(), 4096);
    assert_eq!(pool.with_capacity(1024).capacity(), 1024);
    let stats = pool.stats();
    assert_eq!((stats.hits, stats.misses), (1, 2));
}

#[test]
fn the_largest_capacity_need_not_be_a_power_of_two() {
    let _alone = alone();
    for max in [600, 1024, 100_000, 1 << 20] {
        let pool = BufferPool::new().with_max_capacity(max);
        drop(pool.with_capacity(max));
        assert_eq!((pool.stats().idle, pool.stats().idle_bytes), (1, max as u64));
        drop(pool.with_capacity(max - 1));
        assert_eq!(pool.stats().hits, 1);
        drop(pool.adopt(Vec::with_capacity(max + 1)));
        assert_eq!((pool.stats().idle, pool.stats().oversize), (1, 1));
    }
}

#[test]
fn zeroed_buffers_hold_zeroes() {
    let _alone = alone();
    let pool = BufferPool::new();
    pool.with_capacity(10_000).resize(10_000, 7);
    let mut buffer = pool.zeroed(9_000);
    assert_eq!(*buffer, vec![0; 9_000]);
    // No more bytes were written than requested.
    // SAFETY: the previous holder has initialised all of these bytes.
    unsafe { buffer.set_len(10_000) };
    assert_eq!(buffer[9_000..], [7; 1000]);
    assert!(pool.zeroed(0).is_empty());
}

#[test]
fn adopted_buffers_are_pooled() {
    let _alone = alone();
    let pool = BufferPool::new();
    let bytes = vec![5; 3000];
    let memory = bytes.as_ptr();
    let buffer = pool.adopt(bytes);
    assert_eq!((&buffer[..], buffer.as_ptr()), (&[5; 3000][..], memory));
    drop(buffer);
    assert_eq!((pool.stats().adopted, pool.stats().created, pool.stats().idle), (1, 0, 1));
    assert_eq!(pool.with_capacity(2048).as_ptr(), memory);
    // Too small for any request.
    drop(pool.adopt(Vec::with_capacity(1023)));
    drop(pool.adopt(Vec::new()));
    assert_eq!((pool.stats().idle, pool.stats().dropped), (1, 2));
}

#[test]
fn buffers_may_leave_the_pool() {
    let _alone = alone();
    let pool = BufferPool::new();
    let mut buffer = pool.get();
    buffer.push(1);
    let memory = buffer.as_ptr();
    let vec: Vec<u8> = buffer.into();
    assert_eq!((vec.as_ptr(), &vec[..]), (memory, &[1][..]));
    Buffer::discard(pool.get());
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.created, stats.dropped), (0, 2, 1));
    // The pool does not count a vector that was moved out.
    drop(std::mem::take(&mut *pool.get()));
    assert_eq!((pool.stats().idle, pool.stats().dropped, pool.stats().oversize), (0, 2, 0));
}

#[test]
fn idle_buffers_age() {
    let _alone = alone();
    let pool = BufferPool::new();
    drop((pool.with_capacity(1024), pool.with_capacity(1 << 20)));
    pool.trim();
    assert_eq!(pool.stats().idle, 2);
    corepool::collect();
    assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 2));
    drop(pool.get());
    pool.clear();
    assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 3));
}

/// Neither getting buffers nor moving vectors out and in allocates once the pool is warm.
#[test]
fn a_warm_pool_allocates_nothing() {
    let _alone = alone();
    let pool = BufferPool::new();
    let turn = || {
        pool.get().extend_from_slice(&[1; 3000]);
        pool.with_capacity(100_000).push(1);
        pool.zeroed(9000).push(1);
        pool.with_capacity(1 << 19).push(1);
    };
    (0..3).for_each(|_| turn());
    assert_eq!(requests(|| (0..repeat(10_000, 5)).for_each(|_| turn())), 0);
    // Vectors that are moved in reuse the cells of those moved out.
    let mut vec = Buffer::into_vec(pool.with_capacity(2000));
    let mut turn = || vec = Buffer::into_vec(pool.adopt(std::mem::take(&mut vec)));
    turn();
    assert_eq!(requests(|| (0..repeat(1000, 10)).for_each(|_| turn())), 0);
}

/// A buffer that is dropped during a panic may be half written, so it is freed.
#[test]
fn a_panic_discards_its_buffer() {
    let _alone = alone();
    let pool = BufferPool::new();
    let memory = pool.get().as_ptr();
    let end = std::panic::catch_unwind(|| {
        let mut buffer = pool.get();
        assert_eq!(buffer.as_ptr(), memory);
        buffer.reserve(5000);
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(end.is_err());
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.dropped, stats.oversize, stats.underused), (0, 1, 0, 0));
}

#[test]
fn threads_find_large_buffers_of_others() {
    let _alone = alone();
    let pool = &BufferPool::new();
    let large = on_thread(|| pool.with_capacity(1 << 20).as_ptr() as usize);
    assert_eq!(pool.with_capacity(1 << 20).as_ptr() as usize, large);
    if cfg!(corepool_tiny) {
        return;
    }
    // Large buffers are never private to a living thread.
    drop(pool.with_capacity(1 << 18));
    on_thread(|| drop(pool.with_capacity(1 << 18)));
    assert_eq!(pool.stats().misses, 2);
}
