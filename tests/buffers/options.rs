//! An unused pool, the bound on all idle buffers, and the capacity that `get` begins with.

use corepool::buffer::BufferPool;

use crate::allocator::requests;
use crate::util::{alone, on_thread, on_threads, repeat};

const KIB: usize = 1 << 10;

#[test]
fn an_unused_pool_takes_128_bytes() {
    let _alone = alone();
    let count = requests(|| {
        let pool = BufferPool::new();
        pool.trim();
        pool.clear();
        assert_eq!(pool.stats().created, 0);
    });
    assert_eq!(count, 0);
    assert!(size_of::<BufferPool>() <= 128);
}

/// The bound holds over all classes and threads, and is filled.
#[test]
fn at_most_so_many_buffers_are_idle() {
    let _alone = alone();
    for bound in [0, 1, 2, 7, 40] {
        let pool = BufferPool::new().with_max_idle(bound);
        let use_it = |i: usize| {
            drop((0..8).map(|j| pool.with_capacity(1000 << ((i + j) % 5))).collect::<Vec<_>>());
            assert!(pool.stats().idle <= bound as u64);
        };
        on_threads(4, |i| (0..repeat(100, 3)).for_each(|j| use_it(i + j)));
        assert!(pool.stats().idle <= bound as u64, "{bound}: {:?}", pool.stats());
        // Alone, and with one size, a thread fills it.
        pool.clear();
        drop((0..bound + 5).map(|_| pool.with_capacity(3000)).collect::<Vec<_>>());
        assert_eq!((pool.stats().idle, pool.stats().outstanding), (bound as u64, 0));
        // What others hold is given back to all sizes when it ages.
        (0..2).for_each(|_| pool.trim());
        on_thread(|| drop((0..bound + 5).map(|_| pool.with_capacity(9000)).collect::<Vec<_>>()));
        assert_eq!(pool.stats().idle, bound as u64);
    }
}

/// The bound in bytes of a class holds as well.
#[test]
fn both_bounds_hold() {
    let _alone = alone();
    let pool = BufferPool::new().with_max_idle(10).with_max_idle_bytes(64 * KIB);
    drop((0..20).map(|_| pool.with_capacity(16 * KIB)).collect::<Vec<_>>());
    assert_eq!(pool.stats().idle, 2);
    drop((0..20).map(|_| pool.with_capacity(KIB)).collect::<Vec<_>>());
    assert_eq!(pool.stats().idle, 10);
}

/// `get` begins with the initial capacity on each thread, and may leave it in both directions.
#[test]
fn get_begins_with_the_initial_capacity() {
    let _alone = alone();
    let pool = || BufferPool::new().with_initial_capacity(10_000);
    let (shared, capacity) = (pool(), |pool: &BufferPool| pool.get().capacity());
    assert_eq!((capacity(&shared), on_thread(|| capacity(&shared))), (16 * KIB, 16 * KIB));
    let raised = pool();
    raised.get().resize(50_000, 1);
    assert!(capacity(&raised) >= 50_000);
    let lowered = pool();
    let handed: Vec<_> = (0..7).map(|_| capacity(&lowered)).collect();
    assert_eq!(handed, [16 * KIB, 16 * KIB, 16 * KIB, 16 * KIB, 16 * KIB, KIB, KIB]);
}

/// Many gets before the first buffer comes back all get it, unlike a capacity that was learnt from one
/// message.
#[test]
fn an_initial_capacity_needs_no_confirmation() {
    let _alone = alone();
    let pool = BufferPool::new().with_initial_capacity(256 * KIB);
    let crowd: Vec<_> = (0..20).map(|_| pool.get()).collect();
    assert!(crowd.iter().all(|buffer| buffer.capacity() == 256 * KIB));
    drop(crowd);
    // Nor does one message make it more than the initial one.
    pool.get().resize(1 << 20, 1);
    pool.clear();
    let crowd: Vec<_> = (0..20).map(|_| pool.get()).collect();
    assert!(crowd.iter().all(|buffer| buffer.capacity() >= 256 * KIB));
    assert!(crowd.iter().any(|buffer| buffer.capacity() == 256 * KIB), "most of them are small");
}

#[test]
fn an_initial_capacity_is_within_the_largest() {
    let _alone = alone();
    for (pool, first) in [
        (BufferPool::new().with_initial_capacity(0), KIB),
        (BufferPool::new().with_initial_capacity(1 << 30), 1 << 20),
        (BufferPool::new().with_initial_capacity(1 << 30).with_max_capacity(9000), 9000),
        (BufferPool::new().with_initial_capacity(9000).with_max_capacity(0), 12 * KIB),
        (BufferPool::new().with_max_capacity(0), 4 * KIB),
    ] {
        assert_eq!(pool.get().capacity(), first);
        assert_eq!(pool.get_owned().capacity(), first);
    }
}
