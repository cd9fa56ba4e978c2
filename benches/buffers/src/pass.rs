//! Counts the buffers that are created when one thread gets buffers and another drops them.

use std::{
    sync::{
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use corepool::buffer::BufferPool;

/// The most messages in flight.
const WINDOW: usize = 64;

fn produce(
    pool: &'static BufferPool,
    len: usize,
    to: &[SyncSender<Bytes>],
    done: &AtomicBool,
) -> u64 {
    let mut count = 0;
    while !done.load(Relaxed) {
        let mut buffer = pool.get();
        buffer.resize(len, count as u8);
        to[count as usize % to.len()].send(buffer.freeze()).expect("a consumer");
        count += 1;
    }
    count
}

fn consume(from: Receiver<Bytes>) {
    from.iter().for_each(|message| assert_eq!(message[0], message[message.len() - 1]));
}

/// Runs each of six ways for `time`. Prints a line for each.
pub fn run(time: Duration) {
    for (producers, consumers) in [(1, 1), (1, 7), (7, 1)] {
        for len in [4096, 65_536] {
            let pool: &'static BufferPool = Box::leak(Box::default());
            let done = &AtomicBool::new(false);
            let messages: u64 = thread::scope(|scope| {
                let consumer = |_| {
                    let (sender, receiver) = mpsc::sync_channel(WINDOW / consumers);
                    scope.spawn(|| consume(receiver));
                    sender
                };
                let senders: Vec<_> = (0..consumers).map(consumer).collect();
                let producer = |_| {
                    let senders = senders.clone();
                    scope.spawn(move || produce(pool, len, &senders, done))
                };
                let producers: Vec<_> = (0..producers).map(producer).collect();
                thread::sleep(time);
                done.store(true, Relaxed);
                producers.into_iter().map(|thread| thread.join().unwrap()).sum()
            });
            let stats = pool.stats();
            println!(
                "{producers} to {consumers}, {} KiB\t{messages}\t{}\t{}\t{}",
                len >> 10,
                stats.created,
                stats.idle_bytes >> 10,
                stats.steals
            );
            pool.clear();
        }
    }
}
