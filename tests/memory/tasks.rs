//! What a runtime keeps of tasks that have ended.

use std::{
    thread,
    time::{Duration, Instant},
};

use corepool::rt::{self, Builder, JoinHandle, Runtime};

use crate::{MIB, alone, exact_bytes};

/// Longer than any step takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(300);

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "{what}: not in time");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Nothing is kept of a million tasks that have ended, once the runtime rests: 250,000 at a time, in the
/// global queue, with timers, and awaited elsewhere than on a worker.
#[test]
fn a_million_ended_tasks_leave_nothing() {
    const TASKS: usize = 250_000;

    fn waves(runtime: &Runtime) {
        let spawn_all = async { (0..TASKS).for_each(|_| drop(rt::spawn(rt::yield_now()))) };
        runtime.block_on(runtime.spawn(spawn_all)).unwrap();
        (0..TASKS).for_each(|_| drop(runtime.spawn(async {})));
        let sleep_all = async {
            (0..TASKS).for_each(|_| drop(rt::spawn(rt::sleep(Duration::from_millis(300)))));
        };
        runtime.block_on(runtime.spawn(sleep_all)).unwrap();
        let tasks: Vec<_> = (0..TASKS).map(|_| runtime.spawn(rt::yield_now())).collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        until("the tasks", || runtime.metrics().alive == 0);
    }

    let _alone = alone();
    let runtime = Builder::new().workers(2).build().unwrap();
    let one: JoinHandle<()> = runtime.spawn(rt::sleep(Duration::from_millis(1)));
    runtime.block_on(one).unwrap();
    let before = exact_bytes();
    waves(&runtime);
    assert!(runtime.metrics().spawned >= 4 * TASKS as u64);
    until("the rest", || exact_bytes() <= before + MIB);
}
