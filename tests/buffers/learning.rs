//! What `get` learns, and from whom.

use corepool::buffer::{Buffer, BufferPool};

use crate::new_static;
use crate::util::{alone, on_thread};

/// Uses a buffer of `get` for so many bytes, and tells what it was handed.
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
    // The one that has grown to 50,000 bytes is found by those who want 32 KiB.
    assert_eq!(pool.stats().created, 2);
}

/// Four strikes are forgiven; with the fifth the buffer goes, and a small one comes.
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
fn a_quarter_is_enough() {
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

/// One that had to grow was used, although it was cleared in the end.
#[test]
fn growth_is_use() {
    let _alone = alone();
    let pool = BufferPool::new();
    let mut buffer = pool.get();
    buffer.resize(50_000, 1);
    buffer.clear();
    drop(buffer);
    assert!(turn(&pool, 1) >= 50_000);
}

/// Sizes that are told, and buffers from elsewhere, say nothing about `get`.
#[test]
fn others_do_not_teach() {
    let _alone = alone();
    let pool = BufferPool::new();
    pool.with_capacity(100_000).resize(100_000, 1);
    drop(pool.adopt(vec![1; 100_000]));
    drop(pool.try_with_capacity(200_000));
    assert_eq!(turn(&pool, 10), 1024);
    // Nor do they after a `get` had the buffer.
    let grown = pool.with_capacity(1500);
    turn(&pool, 3000);
    (0..10).for_each(|_| drop(pool.with_capacity(2049)));
    drop(grown);
    assert_eq!((turn(&pool, 10), pool.stats().underused), (4096, 0));
}

/// Who gets is taught, wherever the buffer ends.
#[test]
fn the_getter_learns() {
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

/// Beyond what is kept nothing is learnt but that much is needed.
#[test]
fn the_most_that_is_handed_out() {
    let _alone = alone();
    let pool = BufferPool::new().with_max_capacity(1 << 16);
    turn(&pool, 1 << 20);
    assert_eq!(turn(&pool, 1 << 14), 1 << 16);
    Buffer::discard(pool.get());
}
