//! What a pool takes besides its buffers, and where its options are bounds on what is idle.

use std::sync::Barrier;
use std::thread;

use corepool::buffer::BufferPool;

use crate::allocator::all;
use crate::util::{alone, on_thread, on_threads, repeat};

const KIB: usize = 1 << 10;

/// Returns the bytes that `pool` takes, without those of its idle buffers, after `use_it`.
fn bytes_of(pool: &BufferPool, use_it: impl FnOnce()) -> usize {
    let before = all();
    use_it();
    size_of::<BufferPool>() + all() - before - pool.stats().idle_bytes as usize
}

/// Has the thread take part in everything that the process allocates once.
fn warm_up() {
    let pool = BufferPool::new();
    drop([pool.get(), pool.get_owned()]);
}

#[test]
fn an_unused_pool_takes_128_bytes() {
    let _alone = alone();
    let before = all();
    let pool = BufferPool::new();
    pool.trim();
    pool.clear();
    assert_eq!((pool.stats().created, all()), (0, before));
    assert!(size_of::<BufferPool>() <= 128);
}

#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn a_pool_of_one_user_takes_less_than_4_kib() {
    let _alone = alone();
    warm_up();
    let uses: [fn(&BufferPool); 4] = [
        |pool| drop(pool.get()),
        |pool| drop(pool.get_owned()),
        |pool| drop(pool.with_capacity(100_000)),
        |pool| {
            // Learns, in the second class.
            pool.get().resize(2000, 1);
            drop(pool.get_owned());
        },
    ];
    for (i, use_it) in uses.into_iter().enumerate() {
        let pool = BufferPool::new();
        let bytes = bytes_of(&pool, || use_it(&pool));
        println!("use {i}: {bytes} bytes");
        assert!(bytes <= 4 * KIB, "use {i}: {bytes} bytes");
    }
}

/// Each further user takes what its shards and its stripe take.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn the_memory_follows_the_users() {
    const USERS: usize = 16;
    let _alone = alone();
    warm_up();
    let (warm, pool) = (BufferPool::new(), BufferPool::new());
    let together = Barrier::new(USERS + 1);
    thread::scope(|scope| {
        let users = |_| {
            scope.spawn(|| {
                drop([warm.get(), warm.get_owned()]);
                together.wait();
                together.wait();
                drop(pool.get());
                together.wait();
                together.wait();
            });
        };
        // The threads live until the bytes are counted.
        (0..USERS).for_each(users);
        together.wait();
        let bytes = bytes_of(&pool, || {
            together.wait();
            together.wait();
        });
        together.wait();
        println!("{USERS} users: {bytes} bytes");
        assert!(bytes <= 4 * KIB + USERS * 512, "{bytes} bytes");
    });
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
