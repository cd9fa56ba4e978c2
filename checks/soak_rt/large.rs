//! Futures that are nearly as large as the stacks of threads.

use std::{hint::black_box, thread};

use corepool::rt::{self, Builder};

const STACK: usize = 2 << 20;

/// Each function that passes a future on may copy it, in a debug build.
const BYTES: usize = if cfg!(debug_assertions) { STACK / 8 } else { STACK / 4 * 3 };

async fn large() -> u8 {
    let mut data = [0_u8; BYTES];
    black_box(&mut data)[7] = 7;
    rt::yield_now().await;
    black_box(&data)[7]
}

/// Spawns large futures from a thread, and from a worker. If they are copied on the way, the stacks
/// overflow, which ends the process.
pub fn play() {
    let spawns = || {
        let runtime = Builder::new().workers(1).thread_stack_size(STACK).build().unwrap();
        assert_eq!(runtime.block_on(runtime.spawn(large())).unwrap(), 7);
        let inner = runtime.spawn(async { rt::spawn(large()).await.unwrap() });
        assert_eq!(runtime.block_on(inner).unwrap(), 7);
    };
    thread::Builder::new().stack_size(STACK).spawn(spawns).unwrap().join().unwrap();
}
