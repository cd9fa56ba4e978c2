//! Sources that are always ready.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use corepool::rt::{self, Builder, net::UdpSocket};

use crate::{go_on, util::until};

/// A task that sends all the time, for which there is always room, shares its worker, and can be
/// aborted.
#[test]
fn a_task_that_is_always_ready_shares_its_worker() {
    // No worker is replaced here: a task of such a worker waits for its turn in the global queue.
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let sender = {
        let sent = Arc::clone(&sent);
        runtime.spawn(async move {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            let to = socket.local_addr()?;
            loop {
                socket.send_to(b"?", to).await?;
                sent.fetch_add(1, Relaxed);
            }
            #[allow(unreachable_code)]
            io::Result::Ok(())
        })
    };
    until("a datagram", || sent.load(Relaxed) > 0);
    go_on(&runtime, async { Ok(()) });
    let before = sent.load(Relaxed);
    until("more", || sent.load(Relaxed) > before + 1000);
    // Each turn of the sender is at most one budget long.
    go_on(&runtime, {
        let sent = Arc::clone(&sent);
        async move {
            for _ in 0..100 {
                let before = sent.load(Relaxed);
                rt::yield_now().await;
                let turn = sent.load(Relaxed) - before;
                assert!(turn <= 3 * 128, "{turn} operations in a turn");
            }
            Ok(())
        }
    });
    sender.abort();
    assert!(runtime.block_on(sender).unwrap_err().is_cancelled());
}
