//! T4: buffers that are got on one thread and dropped on another.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use bytes::Bytes;
use corepool::buffer::BufferPool;

use crate::allocator::{live, live_since, peak_since, requests, reset_peak};
use crate::new_static;
use crate::util::alone;

const WINDOW: usize = 64;

/// So many messages, of all producers.
const MESSAGES: usize = 6_000;

enum Message {
    Frozen(Bytes),
    Plain(corepool::buffer::Buffer<'static>),
}

fn consume(messages: Receiver<Message>) {
    for message in messages {
        match message {
            Message::Frozen(bytes) => assert_eq!(bytes[bytes.len() - 1], bytes[0]),
            Message::Plain(buffer) => assert_eq!(buffer[buffer.len() - 1], buffer[0]),
        }
    }
}

/// Allocations of a producer's share of the messages.
fn produce(
    pool: &'static BufferPool,
    to: &[SyncSender<Message>],
    len: usize,
    count: usize,
) -> usize {
    (0..count)
        .map(|i| {
            let mut message = None;
            let count = requests(|| {
                let mut buffer = pool.get();
                buffer.resize(len, i as u8);
                message = Some(if i % 2 == 0 {
                    Message::Frozen(buffer.freeze())
                } else {
                    Message::Plain(buffer)
                });
            });
            to[i % to.len()].send(message.unwrap()).ok().unwrap();
            count
        })
        .sum()
}

fn pass(len: usize, producers: usize, consumers: usize) {
    let pool = new_static();
    let before = live();
    reset_peak();
    let allocations: usize = thread::scope(|scope| {
        let consumer = |_| {
            let (sender, receiver) = mpsc::sync_channel(WINDOW / consumers);
            scope.spawn(|| consume(receiver));
            sender
        };
        let senders: Vec<_> = (0..consumers).map(consumer).collect();
        let producer = |_| {
            let senders = senders.clone();
            scope.spawn(move || produce(pool, &senders, len, MESSAGES / producers))
        };
        let producers: Vec<_> = (0..producers).map(producer).collect();
        producers.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let stats = pool.stats();
    assert_eq!(stats.hits + stats.misses, MESSAGES as u64 / producers as u64 * producers as u64);
    // Those that are under way, and what each thread may keep to itself.
    let private = if len == 4096 { 65 } else { 5 };
    let budget = WINDOW + 2 * (producers + consumers) + private * (producers + consumers);
    assert!(stats.created <= budget as u64, "{len} {producers}:{consumers}: {stats:?}");
    // One may be growing in each producer; the pool's own memory is large, too.
    let most = (budget + 2 * producers) * len + (512 << 10);
    assert!(
        peak_since(before) <= most,
        "{len} {producers}:{consumers}: {} bytes",
        peak_since(before)
    );
    // One for each that was frozen, and those for the buffers that were made.
    let bound = MESSAGES / 2 + 20 * budget;
    assert!(allocations <= bound, "{len} {producers}:{consumers}: {allocations} allocations");
    pool.clear();
    assert!(live_since(before) <= 1 << 20, "{} bytes are left", live_since(before));
}

#[test]
fn creations_are_bounded() {
    let _alone = alone();
    for len in [4096, 65_536] {
        for (producers, consumers) in [(1, 1), (1, 7), (7, 1)] {
            pass(len, producers, consumers);
        }
    }
}
