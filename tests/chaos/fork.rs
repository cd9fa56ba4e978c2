//! Forks in chaos mode: the child has one thread, and the ledger as the other threads left it.

use std::{
    hint,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use corepool::{Pool, chaos};

use crate::{
    program::{argument, start},
    seeds,
};

/// Large objects, so that threads look at what came back, with the ledger locked, most of the time.
static POOL: Pool<Vec<u8>> = Pool::new(|| vec![0; 20_000]);

fn use_pools(times: usize) {
    for i in 0..times {
        let (one, mut other) = (POOL.get(), POOL.get());
        other.clear();
        other.push(i as u8);
        drop((one, other));
        POOL.put(POOL.take());
        let own = Pool::new(|| 0);
        own.put(1);
    }
}

/// Waits until the child has ended, and returns whether it succeeded. Kills it after a long time.
fn succeeds(child: libc::pid_t) -> bool {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let mut status = 0;
        // SAFETY: the child is ours, and `status` a place for its status.
        match unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } {
            0 if Instant::now() > deadline => {
                // SAFETY: the child is ours, and has not been waited for.
                unsafe { libc::kill(child, libc::SIGKILL) };
                return false;
            }
            0 => thread::sleep(Duration::from_millis(1)),
            _ => return status == 0,
        }
    }
}

#[test]
fn children_use_pools() {
    if argument().is_none() {
        let end = start(0);
        assert!(end.status.success(), "{}:\n{}", end.status, end.printed);
        return;
    }
    let stop = AtomicBool::new(false);
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                while !stop.load(Relaxed) {
                    use_pools(10);
                }
            });
        }
        for seed in seeds() {
            chaos::set_seed(seed);
            for _ in 0..10 {
                use_pools(3);
                // SAFETY: the child uses pools, and then ends at once.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    use_pools(20);
                    // SAFETY: the call takes an integer.
                    unsafe { libc::_exit(0) };
                }
                assert!(child > 0 && succeeds(child), "a child failed, or hung");
                hint::spin_loop();
            }
        }
        stop.store(true, Relaxed);
    });
}
