//! Byte buffers without memory: every returned buffer is kept or dropped, and nothing panics.

use std::thread;

use corepool::buffer::{Buffer, BufferPool};

use crate::{
    allocator::{Refuse, refuse, relent},
    alone,
};

/// Runs a fixed program in a thread that has used no pool yet. Buffers of all classes are returned
/// while memory is refused, some of them to unused classes. Returns the number of refused requests.
fn program(what: Refuse) -> usize {
    let pool: &'static BufferPool = Box::leak(Box::default());
    let work = || {
        let mut buffers: Vec<_> = (0..40).map(|_| pool.get()).collect();
        for (i, buffer) in (0..).zip(&mut buffers) {
            buffer.resize(1 << (i % 12 + 10), 1);
        }
        let bytes: Vec<_> = (0..40).map(|_| pool.zeroed(100_000).freeze()).collect();
        let vecs: Vec<_> = (0..20).map(|_| pool.adopt(vec![1; 5000])).collect();
        let mut owned: Vec<_> = (0..20).map(|_| pool.get_owned()).collect();
        (0..).zip(&mut owned).for_each(|(i, buffer)| buffer.resize(1 << (i % 12 + 10), 1));
        crate::touch_epochs();
        refuse(what);
        drop(buffers);
        drop(bytes);
        drop(vecs);
        drop(owned);
        pool.trim();
        pool.clear();
        relent()
    };
    let refused = thread::scope(|scope| scope.spawn(work).join().unwrap());
    // Drops the objects that a collect has postponed.
    pool.trim();
    let stats = pool.stats();
    assert_eq!(stats.created + stats.adopted, stats.dropped + stats.idle, "{stats:?}");
    assert_eq!((stats.outstanding, stats.outstanding_bytes), (0, 0), "{stats:?}");
    drop(pool.with_capacity(100_000));
    drop(pool.with_capacity(100_000));
    assert!(pool.stats().hits > stats.hits);
    refused
}

#[test]
fn every_buffer_comes_back_or_is_dropped() {
    alone(|| {
        let mut refused = program(Refuse::All);
        for from in [Refuse::Only, Refuse::From] {
            for others in 0.. {
                println!("after {others}");
                match program(from(others)) {
                    0 => break,
                    more => refused += more,
                }
            }
        }
        assert!(refused > 20, "{refused} requests are few");
    });
}

/// A pool may end without memory, before its last buffers.
#[test]
fn a_pool_ends_without_memory() {
    alone(|| {
        let pool = BufferPool::new().with_max_idle(20);
        let mut buffers: Vec<_> = (0..10).map(|_| pool.get_owned()).collect();
        (0..).zip(&mut buffers).for_each(|(i, buffer)| buffer.resize(500 << i, 1));
        crate::touch_epochs();
        refuse(Refuse::All);
        buffers.drain(..5).for_each(drop);
        drop(pool);
        drop(buffers);
        relent();
    });
}

/// Requests fail like `Vec`'s: with an error from the methods that return one.
#[test]
fn refused_requests_are_errors() {
    alone(|| {
        let pool = BufferPool::new();
        drop(pool.get());
        refuse(Refuse::Large(4000));
        assert!(pool.try_with_capacity(5000).is_err());
        assert!(pool.try_with_capacity(2 << 20).is_err());
        assert!(pool.try_with_capacity(1000).is_ok());
        assert_eq!(relent(), 2);
        assert_eq!(pool.stats().idle, 1);
        Buffer::discard(pool.with_capacity(5000));
    });
}
