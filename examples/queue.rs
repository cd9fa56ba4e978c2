//! Plain threads with a bounded queue: one reads frames, another one uses them and drops them. Each
//! frame goes back to the pool from the thread that drops it.
//!
//! ```console
//! $ cargo run --release --example queue
//! ```

use std::{io::Read, ops::DerefMut, sync::mpsc::sync_channel, thread};

use corepool::Pool;

mod measure;

const FRAMES: usize = 200;
const FRAME: usize = 32 << 10;

/// There are as many frames as the queue and the threads hold, and a few more.
static POOL: Pool<Vec<u8>> = Pool::new(|| vec![0; FRAME]);

/// Sends frames of a stream through a queue of 16 places, and returns the sum of their bytes.
fn sum<F: DerefMut<Target = Vec<u8>> + Send>(mut stream: impl Read, frame: impl Fn() -> F) -> u64 {
    thread::scope(|scope| {
        let (send, receive) = sync_channel::<F>(16);
        let reader = scope.spawn(move || {
            let bytes = |frame: &F| frame.iter().map(|&byte| u64::from(byte)).sum::<u64>();
            receive.iter().map(|frame| bytes(&frame)).sum()
        });
        for _ in 0..FRAMES {
            let mut frame = frame();
            stream.read_exact(&mut frame).expect("the stream is long enough");
            send.send(frame).expect("the reader lives");
        }
        drop(send);
        reader.join().expect("the reader does not panic")
    })
}

fn main() {
    let fresh = || assert_eq!(sum(std::io::repeat(1), || Box::new(vec![0; FRAME])), TOTAL);
    let pooled = || assert_eq!(sum(std::io::repeat(1), || POOL.get()), TOTAL);
    const TOTAL: u64 = (FRAMES * FRAME) as u64;
    pooled();
    println!("{} frames were created for {FRAMES}", POOL.stats().created);
    measure::compare("200 frames of 32 KiB", fresh, pooled);
}
