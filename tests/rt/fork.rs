//! A fork: the child has none of the runtime's threads.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use corepool::rt;

use crate::util::{LONG, in_a_process, run, runtime, until};

/// Runs `f` in a child process, which must succeed.
fn in_a_child(f: impl FnOnce()) {
    // SAFETY: the child does only what the documentation permits.
    match unsafe { libc::fork() } {
        -1 => panic!("no child"),
        0 => {
            f();
            // SAFETY: the call takes an integer.
            unsafe { libc::_exit(0) }
        }
        child => {
            let (start, mut status) = (Instant::now(), 0);
            // SAFETY: `status` is valid.
            while unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) } == 0 {
                if start.elapsed() > LONG / 2 {
                    // SAFETY: a child of this process.
                    unsafe { libc::kill(child, libc::SIGKILL) };
                }
                thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(status, 0, "the child hangs, or has failed");
        }
    }
}

/// The parent's runtime has no threads in the child, and can be dropped there. The child can build
/// a runtime of its own.
#[test]
fn a_child_has_no_workers() {
    in_a_process(|| {
        let (one, other) = (runtime(2), runtime(2));
        let stop = Arc::new(AtomicBool::new(false));
        // The tasks of the two runtimes keep waking each other.
        let (a, at_b) = async_channel::bounded(1);
        let (b, at_a) = async_channel::bounded(1);
        a.try_send(()).unwrap();
        let tasks = [(&one, a, at_a), (&other, b, at_b)].map(|(runtime, sender, receiver)| {
            let stop = Arc::clone(&stop);
            runtime.spawn(async move {
                while !stop.load(SeqCst) {
                    _ = sender.send(()).await;
                    _ = receiver.recv().await;
                }
            })
        });
        let mut parents = Some([one, other]);
        for _ in 0..200 {
            let parents = &mut parents;
            in_a_child(move || {
                drop(parents.take());
                let own = runtime(2);
                assert_eq!(run(&own, async { rt::spawn(async { 1 }).await.unwrap() }), 1);
                until("the end", || own.shutdown(LONG));
            });
        }
        stop.store(true, SeqCst);
        std::mem::forget(tasks);
        drop(parents);
    });
}

/// A child that forks deep inside nested calls of `block_on` stays outside its parent's runtimes
/// when these calls return.
#[test]
fn a_child_stays_outside_its_parents_runtimes() {
    in_a_process(|| {
        let (outer, inner) = (runtime(1), runtime(1));
        outer.block_on(async {
            let mut status = 0;
            // SAFETY: the child does only what the documentation permits.
            let child = inner.block_on(async { unsafe { libc::fork() } });
            if child == 0 {
                let outside = rt::Handle::try_current().is_none();
                // SAFETY: the call takes an integer.
                unsafe { libc::_exit(i32::from(!outside)) }
            }
            // SAFETY: `status` is valid.
            assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
            assert_eq!(status, 0, "the child is in a runtime of its parent");
        });
    });
}
