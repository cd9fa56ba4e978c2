//! Buffers that one thread gets and another one drops: the memory stays bounded, and nothing is
//! allocated.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use bytes::Bytes;
use corepool::buffer::{Buffer, BufferPool, BufferStats};

use crate::allocator::{live, live_since, peak_since, requests, reset_peak};
use crate::new_static;
use crate::util::{alone, join};

const WINDOW: usize = 64;

/// The number of messages of all producers together; the first sixth is the warm-up.
const MESSAGES: usize = if cfg!(debug_assertions) { 42_000 } else { 1_050_000 };

/// Which threads send, which receive, and what.
#[derive(Clone, Copy, Debug)]
struct Case {
    len: usize,
    producers: usize,
    consumers: usize,
}

impl Case {
    fn threads(self) -> usize {
        self.producers + self.consumers
    }

    /// The number of buffers in flight, and of those that each thread may keep private.
    fn budget(self) -> usize {
        let private = if self.len == 4096 { 65 } else { 5 };
        WINDOW + (2 + private) * self.threads()
    }
}

/// A message as it is sent.
trait Message: AsRef<[u8]> + Send + 'static {
    /// The number of allocations for each message.
    const REQUESTS: usize;

    fn new(buffer: Buffer<'static>) -> Self;
}

impl Message for Bytes {
    const REQUESTS: usize = 1;

    fn new(buffer: Buffer<'static>) -> Self {
        buffer.freeze()
    }
}

impl Message for Buffer<'static> {
    const REQUESTS: usize = 0;

    fn new(buffer: Buffer<'static>) -> Self {
        buffer
    }
}

fn consume(messages: Receiver<impl Message>) {
    for message in messages {
        let bytes = message.as_ref();
        assert_eq!(bytes[bytes.len() - 1], bytes[0]);
    }
}

/// Sends `count` messages. Returns the number of allocations.
fn produce<M: Message>(
    pool: &'static BufferPool,
    to: &[SyncSender<M>],
    data: &[u8],
    count: usize,
) -> usize {
    let send = |i: usize| {
        let mut message = None;
        let requests = requests(|| {
            let mut buffer = pool.get();
            buffer.extend_from_slice(data);
            message = Some(M::new(buffer));
        });
        to[i % to.len()].send(message.unwrap()).ok().unwrap();
        requests
    };
    (0..count).map(send).sum()
}

/// Passes messages from thread to thread. Returns the number of allocations.
fn pass<M: Message>(pool: &'static BufferPool, case: Case, messages: usize) -> usize {
    let data = &vec![7; case.len];
    thread::scope(|scope| {
        let consumer = |_| {
            let (sender, receiver) = mpsc::sync_channel::<M>(WINDOW / case.consumers);
            (sender, scope.spawn(|| consume(receiver)))
        };
        let (senders, consumers): (Vec<_>, Vec<_>) = (0..case.consumers).map(consumer).unzip();
        let producer = |_| {
            let senders = senders.clone();
            scope.spawn(move || produce(pool, &senders, data, messages / case.producers))
        };
        let producers: Vec<_> = (0..case.producers).map(producer).collect();
        drop(senders);
        let requests = producers.into_iter().map(join).sum();
        consumers.into_iter().for_each(join);
        requests
    })
}

fn check<M: Message>(len: usize, producers: usize, consumers: usize) {
    let (pool, case) = (new_static(), Case { len, producers, consumers });
    let (before, warm_up) = (live(), MESSAGES / 6);
    reset_peak();
    pass::<M>(pool, case, warm_up);
    let (warm, steady) = (pool.stats(), MESSAGES - warm_up);
    let requests = pass::<M>(pool, case, steady);
    let stats = pool.stats();
    let BufferStats { hits, misses, created, outstanding, .. } = stats;
    assert_eq!((hits + misses, outstanding), (MESSAGES as u64, 0), "{case:?}");
    // A search that meets a preempted thread costs one creation and one drop.
    let most = case.budget() + MESSAGES / 50;
    assert!(created <= most as u64, "{case:?}: {stats:?}");
    let rate = (hits - warm.hits) as f64 / steady as f64;
    assert!(rate >= 0.95, "{case:?}: {rate}, {stats:?}");
    // A new buffer needs its memory, its cell, and room in the rings.
    let made = (stats.created - warm.created) as usize;
    let bound = M::REQUESTS * steady + 20 * case.budget() + 3 * made;
    assert!(requests <= bound, "{case:?}: {requests} allocations for {steady} messages");
    // Buffers in flight, and idle buffers of two sets of threads. The pool's own large blocks count
    // too.
    let most = WINDOW * len + (2 * case.budget() * len).min(16 << 20) + (1 << 20);
    assert!(peak_since(before) <= most, "{case:?}: {} bytes", peak_since(before));
    pool.clear();
    assert!(live_since(before) <= 1 << 20, "{} bytes are left", live_since(before));
}

fn check_all<M: Message>() {
    let _alone = alone();
    for len in [4096, 65_536] {
        for (producers, consumers) in [(1, 1), (1, 7), (7, 1)] {
            check::<M>(len, producers, consumers);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "measures the memory and the rates of long runs")]
fn frozen_buffers_may_be_dropped_by_other_threads() {
    check_all::<Bytes>();
}

#[test]
#[cfg_attr(miri, ignore = "measures the memory and the rates of long runs")]
fn buffers_may_be_dropped_by_other_threads() {
    check_all::<Buffer<'static>>();
}
