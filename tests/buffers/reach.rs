//! One thread gets buffers, and many others drop them: the buffers come back, so that few are
//! created, and not more if the load goes on.

use std::mem::drop;

use bytes::Bytes;
use corepool::buffer::{Buffer, BufferPool};

use crate::relay::{UNDER_WAY, relay};
use crate::util::alone;

/// Buffers of the smallest class, of a larger one, and of the largest.
const SIZES: [usize; 3] = [1 << 10, 64 << 10, 1 << 20];

fn check<T: Send>(make: impl Fn(Buffer<'static>) -> T) {
    let _alone = alone();
    for size in SIZES {
        for droppers in [5, 24, 48] {
            let pool = crate::new_static();
            let get = || {
                let mut buffer = pool.with_capacity(size);
                buffer.resize(size, 7);
                make(buffer)
            };
            for count in [10 * droppers, 40 * droppers] {
                relay(droppers, count, get, drop);
                check_created(pool, size, droppers);
            }
            pool.clear();
        }
    }
}

/// The buffers under way, and a few that were created while another thread moved some.
fn check_created(pool: &BufferPool, size: usize, droppers: usize) {
    let created = pool.stats().created;
    assert!(created <= 3 * UNDER_WAY as u64, "{created} of {size} bytes for {droppers} threads");
}

#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn buffers_come_back_from_other_threads() {
    check(|buffer| buffer);
}

#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn frozen_buffers_come_back_from_other_threads() {
    check::<Bytes>(Buffer::freeze);
}

/// One thread takes all buffers that others, which live on, have dropped.
#[test]
fn buffers_of_idle_threads_are_found() {
    use crate::util::Peer;
    let _alone = alone();
    let pool = crate::new_static();
    std::thread::scope(|scope| {
        let peers: Vec<_> = (0..12).map(|_| Peer::new(scope)).collect();
        for peer in &peers {
            peer.run(|| drop(pool.with_capacity(4096)));
        }
        let idle = pool.stats().idle;
        let created = pool.stats().created;
        let all: Vec<_> = (0..idle).map(|_| pool.with_capacity(4096)).collect();
        // A search may create one object for four that exist, rather than recall one.
        let extra = pool.stats().created - created;
        assert!(extra <= idle.div_ceil(4), "{extra} of {idle} were created anew");
        drop(all);
    });
}
