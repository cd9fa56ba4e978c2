//! The traps of `examples/trap.rs`, and harder ones.

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
fn as_many_loops_as_workers() {
    let said = in_a_process("traps::as_many_loops_as_workers", || trap::run("a"));
    assert!(said.contains("x = "), "{said}");
}

#[test]
fn one_loop_less_than_workers() {
    let said = in_a_process("traps::one_loop_less_than_workers", || trap::run("b"));
    assert!(said.contains("x = "), "{said}");
}

#[test]
fn loops_that_begin_later() {
    let said = in_a_process("traps::loops_that_begin_later", || trap::run("c"));
    assert!(said.contains("x = "), "{said}");
}

#[test]
fn more_loops_than_workers() {
    let said = in_a_process("traps::more_loops_than_workers", || trap::run("d"));
    assert!(said.contains("x = "), "{said}");
}

fn hog() {
    loop {
        std::hint::spin_loop();
    }
}

/// A task inside `blocking` never returns, on the only worker.
#[test]
fn a_loop_that_was_announced() {
    in_a_process("traps::a_loop_that_was_announced", || {
        let runtime = runtime(1);
        let main = runtime.spawn(async {
            rt::spawn(async { rt::blocking(hog) });
            rt::sleep(Duration::from_millis(20)).await;
        });
        runtime.block_on(main).unwrap();
    });
}

/// Loops that come one after the other.
#[test]
fn loops_that_come_one_by_one() {
    in_a_process("traps::loops_that_come_one_by_one", || {
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

/// What a stuck task wakes and spawns must not rot in the queue of a thread that does not return.
#[test]
fn a_loop_that_wakes_and_spawns() {
    in_a_process("traps::a_loop_that_wakes_and_spawns", || {
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
