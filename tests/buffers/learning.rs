//! How `get` learns the capacity to hand out, and from which buffers.

use corepool::buffer::{Buffer, BufferPool};

use crate::new_static;
use crate::util::{alone, on_thread};

/// Gets a buffer, and writes `bytes` bytes to it. Returns the capacity that it had when it was
/// lent.
fn turn(pool: &BufferPool, bytes: usize) -> usize {
    let mut buffer = pool.get();
    let handed = buffer.capacity();
    buffer.resize(bytes, 1);
    handed
}

#[test]
fn the_second_buffer_need_not_grow() {
    let _alone = alone();
    let pool = BufferPool::new();
    let handed: Vec<_> = (0..4).map(|_| turn(&pool, 50_000)).collect();
    assert_eq!(handed[0], 1024);
    assert!(handed[1..].iter().all(|&capacity| capacity >= 50_000), "{handed:?}");
    // The buffer that has grown to 50,000 bytes serves requests for 32 KiB.
    assert_eq!(pool.stats().created, 2);
}

/// Four strikes change nothing. After the fifth the large buffer is dropped, and the next one is
/// small.
#[test]
fn a_large_message_is_forgotten() {
    let _alone = alone();
    let pool = BufferPool::new();
    turn(&pool, 1 << 20);
    let handed: Vec<_> = (0..7).map(|_| turn(&pool, 100)).collect();
    assert_eq!(handed[..5], [1 << 20; 5]);
    assert!(handed[5..].iter().all(|&capacity| capacity == 1024), "{handed:?}");
    assert_eq!((pool.stats().underused, pool.stats().dropped), (1, 1));
}

#[test]
fn a_buffer_used_to_a_quarter_is_kept() {
    let _alone = alone();
    let pool = BufferPool::new();
    turn(&pool, 1 << 16);
    let handed: Vec<_> = (0..50).map(|_| turn(&pool, 1 << 14)).collect();
    assert_eq!(handed, [1 << 16; 50]);
    assert_eq!(pool.stats().dropped, 0);
}

#[test]
fn small_buffers_are_kept() {
    let _alone = alone();
    let pool = BufferPool::new();
    turn(&pool, 4096);
    let handed: Vec<_> = (0..50).map(|_| turn(&pool, 0)).collect();
    assert_eq!(handed, [4096; 50]);
}

/// A buffer that had to grow was used, even if it is empty in the end.
#[test]
fn growth_counts_as_use() {
    let _alone = alone();
    let pool = BufferPool::new();
    let mut buffer = pool.get();
    buffer.resize(50_000, 1);
    buffer.clear();
    drop(buffer);
    assert!(turn(&pool, 1) >= 50_000);
}

/// Buffers of an explicit capacity, and adopted ones, do not change what `get` hands out.
#[test]
fn explicit_capacities_and_adopted_buffers_teach_nothing() {
    let _alone = alone();
    let pool = BufferPool::new();
    pool.with_capacity(100_000).resize(100_000, 1);
    drop(pool.adopt(vec![1; 100_000]));
    drop(pool.try_with_capacity(200_000));
    assert_eq!(turn(&pool, 10), 1024);
    // Nor do they if the buffer was lent by `get` before.
    let grown = pool.with_capacity(1500);
    turn(&pool, 3000);
    (0..10).for_each(|_| drop(pool.with_capacity(2049)));
    drop(grown);
    assert_eq!((turn(&pool, 10), pool.stats().underused), (4096, 0));
}

/// The thread that called `get` learns, whichever thread drops the buffer.
#[test]
fn the_thread_that_got_the_buffer_learns() {
    let _alone = alone();
    let pool = new_static();
    for frozen in [false, true] {
        let mut buffer = pool.get();
        buffer.resize(50_000, 1);
        on_thread(move || if frozen { drop(buffer.freeze()) } else { drop(buffer) });
        assert!(pool.get().capacity() >= 50_000);
    }
    let created = pool.stats().created;
    for _ in 0..100 {
        let mut buffer = pool.get();
        buffer.resize(50_000, 1);
        on_thread(move || drop(buffer));
    }
    assert!(pool.stats().created <= created + 1);
}

/// A use above the largest class is learnt as a use of the largest class.
#[test]
fn get_hands_out_at_most_the_largest_class() {
    let _alone = alone();
    let pool = BufferPool::new().with_max_capacity(1 << 16);
    turn(&pool, 1 << 20);
    assert_eq!(turn(&pool, 1 << 14), 1 << 16);
    Buffer::discard(pool.get());
}
