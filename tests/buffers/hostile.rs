//! Requests that cannot be met, and bounds that keep no buffer.

use corepool::buffer::BufferPool;

use crate::util::{alone, repeat};

fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(f())));
    let cause = end.expect_err("a panic");
    let text = cause.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| cause.downcast_ref::<String>().cloned()).expect("a text")
}

/// The calls panic like `Vec`'s, and the pool works afterwards.
#[test]
fn impossible_lengths_panic() {
    let _alone = alone();
    let pool = BufferPool::new();
    for len in [usize::MAX, usize::MAX - 4095, isize::MAX as usize + 1] {
        assert_eq!(panic_of(|| pool.with_capacity(len)), "capacity overflow");
        assert_eq!(panic_of(|| pool.zeroed(len)), "capacity overflow");
        assert!(pool.try_with_capacity(len).is_err());
    }
    assert_eq!(pool.stats().idle, 0);
    drop(pool.with_capacity(5000));
    drop(pool.with_capacity(5000));
    assert_eq!((pool.stats().hits, pool.stats().idle), (1, 1));
}

#[test]
#[cfg_attr(miri, ignore = "Miri ends a program that requests so much")]
fn capacities_beyond_all_memory_are_an_error() {
    let _alone = alone();
    let pool = BufferPool::new();
    for capacity in
        [isize::MAX as usize, isize::MAX as usize - 4095, isize::MAX as usize - (1 << 20)]
    {
        let error = pool.try_with_capacity(capacity).expect_err("no memory");
        assert!(error.to_string().contains("memory allocation failed"), "{error}");
    }
    assert_eq!((pool.stats().idle, pool.stats().created), (0, 0));
    assert_eq!(pool.try_with_capacity(3 << 20).unwrap().capacity(), 3 << 20);
    assert_eq!(pool.try_with_capacity(3000).unwrap().capacity(), 4096);
    assert_eq!(pool.try_with_capacity(3000).unwrap().capacity(), 4096);
    assert_eq!((pool.stats().hits, pool.stats().misses, pool.stats().idle), (1, 2, 1));
}

/// Buffers can be used, and are not kept.
#[test]
fn pools_with_a_bound_of_zero_keep_no_buffer() {
    let _alone = alone();
    let unbounded = BufferPool::new;
    for pool in [unbounded().with_max_capacity(0), unbounded().with_max_idle_bytes(0)] {
        for _ in 0..10 {
            pool.get().extend_from_slice(&[1; 5000]);
            pool.with_capacity(0).push(1);
            assert!(pool.with_capacity(5000).capacity() >= 5000);
            assert_eq!(*pool.zeroed(3), [0; 3]);
            drop(pool.adopt(vec![1; 5000]));
        }
        let stats = pool.stats();
        assert_eq!((stats.idle, stats.hits, stats.misses, stats.created), (0, 0, 40, 40));
        assert_eq!((stats.dropped, stats.adopted), (50, 10));
    }
}

/// One buffer of each class is the least that a bound above 0 allows.
#[test]
fn a_bound_of_one_byte_keeps_one_buffer_of_each_class() {
    let _alone = alone();
    let pool = BufferPool::new().with_max_idle_bytes(1);
    drop([(); 3].map(|()| pool.with_capacity(1024)));
    drop([(); 3].map(|()| pool.with_capacity(1 << 20)));
    assert_eq!((pool.stats().idle, pool.stats().dropped), (2, 4));
}

#[test]
fn bounds_are_in_bytes() {
    let _alone = alone();
    let pool = BufferPool::new().with_max_idle_bytes(1 << 20);
    let n = repeat(900, 20);
    for size in [1024, 4096, 65_536].into_iter().skip(repeat(0, 2)) {
        drop((0..n).map(|_| pool.with_capacity(size)).collect::<Vec<_>>());
        assert_eq!(pool.stats().idle_bytes, 1 << 19, "{size}");
        pool.clear();
        // A grown buffer has less than twice the size of its class, and counts as one of that
        // class.
        drop((0..n).map(|_| pool.adopt(Vec::with_capacity(2 * size - 1))).collect::<Vec<_>>());
        assert_eq!(pool.stats().idle, (1 << 19) / size as u64);
        pool.clear();
    }
}

#[test]
fn an_option_after_the_first_use_panics() {
    let _alone = alone();
    let used = || {
        let pool = BufferPool::new();
        drop(pool.with_capacity(100_000));
        pool
    };
    let text = "the bound must be set before the pool is used";
    assert_eq!(panic_of(|| used().with_max_capacity(1)), text);
    assert_eq!(panic_of(|| used().with_max_idle_bytes(1)), text);
    assert_eq!(panic_of(|| used().with_max_idle(1)), text);
    let text = "the capacity must be set before the pool is used";
    assert_eq!(panic_of(|| used().with_initial_capacity(1)), text);
    let text = "the name must be set before the pool is used";
    assert_eq!(panic_of(|| used().with_name("late")), text);
}

#[test]
fn huge_bounds_do_not_overflow() {
    let _alone = alone();
    let pool = BufferPool::new().with_max_capacity(usize::MAX).with_max_idle_bytes(usize::MAX);
    drop(pool.with_capacity(64 << 20));
    drop(pool.with_capacity(64 << 20));
    assert_eq!((pool.stats().hits, pool.stats().idle), (1, 1));
    assert_eq!(panic_of(|| pool.with_capacity(usize::MAX)), "capacity overflow");
}
