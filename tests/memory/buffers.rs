//! What buffer pools take besides their buffers.

use std::{sync::Barrier, thread};

use corepool::buffer::BufferPool;

use crate::{CHAOS, KIB, alone, exact_bytes, more_than};

/// Returns the least of what several pools take, without their idle buffers. The test harness allocates
/// as well, now and then.
fn least(measure: impl Fn(&BufferPool) -> usize) -> usize {
    let one = |_| {
        let pool = BufferPool::new();
        let bytes = measure(&pool) + size_of::<BufferPool>();
        bytes.saturating_sub(pool.stats().idle_bytes as usize)
    };
    // The first one has the thread take part in everything that the process allocates once.
    (0..5).map(one).skip(1).min().expect("there are several")
}

#[test]
fn a_buffer_pool_of_one_user_takes_less_than_4_kib() {
    let _alone = alone();
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
        let bytes = least(|pool| {
            let before = exact_bytes();
            use_it(pool);
            more_than(before)
        });
        // At most two classes, and the pool that lends shares.
        assert!(bytes <= 4 * KIB + 3 * CHAOS, "use {i}: {bytes} bytes");
    }
}

/// Each further user takes what its shard and its stripe take.
#[test]
fn the_memory_of_a_buffer_pool_follows_its_users() {
    const USERS: usize = 16;
    let _alone = alone();
    let warm = &BufferPool::new();
    let bytes = least(|pool| {
        let together = &Barrier::new(USERS + 1);
        thread::scope(|scope| {
            let user = |_| {
                scope.spawn(move || {
                    drop([warm.get(), warm.get_owned()]);
                    together.wait();
                    together.wait();
                    drop(pool.get());
                    together.wait();
                    // The threads live until the bytes are counted.
                    together.wait();
                })
            };
            let users: Vec<_> = (0..USERS).map(user).collect();
            together.wait();
            let before = exact_bytes();
            together.wait();
            together.wait();
            let bytes = more_than(before);
            together.wait();
            users.into_iter().for_each(|user| user.join().unwrap());
            bytes
        })
    });
    assert!(bytes <= 4 * KIB + USERS * 512, "{bytes} bytes");
}
