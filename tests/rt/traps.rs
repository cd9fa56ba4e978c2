//! Tasks that never return: the traps of `examples/trap.rs`, and harder ones.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::Duration,
};

use corepool::rt;

use crate::{
    trap,
    util::{in_a_process, runtime},
};

#[test]
fn tasks_run_beside_as_many_loops_as_workers() {
    let said = in_a_process(|| trap::run("a"));
    assert!(said.contains("x = "), "{said}");
}

#[test]
fn tasks_run_beside_one_loop_less_than_workers() {
    let said = in_a_process(|| trap::run("b"));
    assert!(said.contains("x = "), "{said}");
}

#[test]
fn tasks_run_beside_loops_that_begin_later() {
    let said = in_a_process(|| trap::run("c"));
    assert!(said.contains("x = "), "{said}");
}

#[test]
fn tasks_run_beside_more_loops_than_workers() {
    let said = in_a_process(|| trap::run("d"));
    assert!(said.contains("x = "), "{said}");
}

fn hog() {
    loop {
        std::hint::spin_loop();
    }
}

/// A task inside `blocking` never returns, on the only worker.
#[test]
fn tasks_run_beside_an_announced_loop() {
    in_a_process(|| {
        let runtime = runtime(1);
        let main = runtime.spawn(async {
            rt::spawn(async { rt::blocking(hog) });
            rt::sleep(Duration::from_millis(20)).await;
        });
        runtime.block_on(main).unwrap();
    });
}

#[test]
fn tasks_run_beside_loops_that_begin_one_by_one() {
    in_a_process(|| {
        let runtime = runtime(2);
        let main = runtime.spawn(async {
            for _ in 0..8 {
                rt::spawn(async { hog() });
                rt::sleep(Duration::from_millis(5)).await;
            }
        });
        runtime.block_on(main).unwrap();
    });
}

/// The tasks that a stuck task wakes and spawns must not stay in the queue of a thread that never
/// returns.
#[test]
fn tasks_woken_and_spawned_by_a_loop_run() {
    in_a_process(|| {
        static RUN: AtomicUsize = AtomicUsize::new(0);
        let runtime = runtime(1);
        let main = runtime.spawn(async {
            rt::spawn(async {
                loop {
                    rt::spawn(async {
                        RUN.fetch_add(1, Relaxed);
                    });
                    thread::sleep(Duration::from_micros(100));
                }
            });
            while RUN.load(Relaxed) < 500 {
                rt::sleep(Duration::from_millis(1)).await;
            }
        });
        runtime.block_on(main).unwrap();
    });
}
