//! A relay: one thread gets, and other threads give back what it has got.

use std::{sync::mpsc, thread};

/// How many objects are under way at most.
pub(crate) const UNDER_WAY: usize = 8;

/// Gets `count` objects on this thread, and gives them back on `droppers` threads in turn. Waits until
/// these, and their thread-local destructors, have ended.
pub(crate) fn relay<L: Send>(
    droppers: usize,
    count: usize,
    get: impl Fn() -> L,
    give_back: impl Fn(L) + Sync,
) {
    thread::scope(|scope| {
        let (done, is_done) = mpsc::channel();
        let give_back = &give_back;
        let dropper = |_| {
            let (to, inbox) = mpsc::channel::<L>();
            let done = done.clone();
            let thread = scope.spawn(move || {
                for lent in inbox {
                    give_back(lent);
                    done.send(()).expect("the getter waits for all");
                }
            });
            (to, thread)
        };
        let (to, threads): (Vec<_>, Vec<_>) = (0..droppers).map(dropper).unzip();
        for i in 0..count {
            if i >= UNDER_WAY {
                is_done.recv().expect("a dropper is alive");
            }
            to[i % droppers].send(get()).expect("the dropper is alive");
        }
        drop((to, done));
        is_done.iter().for_each(drop);
        threads.into_iter().for_each(|thread| thread.join().expect("a dropper has panicked"));
    });
}
