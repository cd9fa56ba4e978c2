//! Pools, buffers, and what their options say.

use std::{io::Write, thread};

use corepool::{Pool, buffer::BufferPool, collect};

pub(crate) fn objects_come_back() {
    let pool: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(64));
    pool.get().push(7);
    assert_eq!(*pool.get(), [7]);
    (0..1000).for_each(|_| drop(pool.get()));
    let stats = pool.stats();
    assert_eq!((stats.created, stats.hits, stats.idle, stats.outstanding), (1, 1001, 1, 0));
    pool.put(vec![1; 10]);
    assert_eq!(pool.drain().map(|bytes| bytes.len()).sum::<usize>(), 11);
}

pub(crate) fn idle_objects_age() {
    let pool = Pool::new(|| [0; 100]);
    drop([(); 300].map(|()| pool.get()));
    collect();
    assert_eq!(pool.stats().idle, 300);
    collect();
    assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 300));
}

pub(crate) fn threads_share_objects() {
    let pool = Pool::new(|| 0_u64);
    let turns = |times: u64| {
        for _ in 0..times {
            let mut guards = [(); 3].map(|()| pool.get());
            guards.iter_mut().for_each(|guard| **guard += 1);
        }
    };
    // Joined, since a thread that ends passes its objects on.
    thread::scope(|scope| {
        [(); 4].map(|()| scope.spawn(|| turns(2_000))).map(|thread| thread.join().unwrap());
    });
    let stats = pool.stats();
    assert_eq!((stats.outstanding, stats.idle), (0, stats.created));
    assert_eq!(pool.drain().sum::<u64>(), 4 * 2_000 * 3);
}

pub(crate) fn frozen_buffers_come_back() {
    let pool = BufferPool::new().with_zeroize();
    let mut buffer = pool.get_owned();
    buffer.write_all(&[7; 10_000]).unwrap();
    let bytes = buffer.freeze();
    let tail = bytes.slice(9_000..);
    drop(bytes);
    assert_eq!((tail.len(), pool.stats().outstanding), (1_000, 1));
    thread::spawn(move || drop(tail)).join().unwrap();
    assert_eq!((pool.stats().idle, pool.stats().outstanding), (1, 0));
    assert!(pool.zeroed(10_000).iter().all(|&byte| byte == 0));
}

pub(crate) fn hooks_and_bounds_hold() {
    let pool = <Pool<Vec<u8>>>::new(|| vec![0; 100])
        .with_recycle(|bytes| bytes.capacity() < 200)
        .with_weight(Vec::capacity)
        .with_max_idle_bytes(1_000);
    drop([(); 100].map(|()| pool.get()));
    assert_eq!((pool.stats().idle, pool.stats().idle_bytes), (10, 1_000));
    pool.clear();
    pool.put(vec![0; 200]);
    assert_eq!(pool.stats().idle, 0);
}

#[cfg(panic = "unwind")]
pub(crate) fn a_panic_drops_the_object() {
    let pool = Pool::new(String::new);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _guard = pool.get();
        // Prints nothing.
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(panicked.is_err());
    assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 1));
}
