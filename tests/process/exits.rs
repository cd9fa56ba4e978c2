//! The exit of a process: its statics are never dropped, and other threads are stopped wherever
//! they are.

use std::{cell::RefCell, process};

use corepool::{Pool, collect};

use crate::{
    hammer::{Hammer, Held, POOLS, Stamp},
    run,
    threads::spawn,
};

/// The number of runs of each program.
const ROUNDS: usize = 50;

/// Runs a program `ROUNDS` times. Each time it exits with 0, and prints `says: ` `$says` times.
macro_rules! exits {
    ($says:expr, $program:expr) => {
        for _ in 0..ROUNDS {
            let Some(end) = run($program) else { return };
            assert_eq!(
                (end.status.code(), end.printed.matches("says: ").count()),
                (Some(0), $says),
                "{}",
                end.printed
            );
        }
    };
}

/// Starts threads that use pools, and are not stopped.
fn hammer() {
    let hammer = Hammer::new(3);
    hammer.wait();
    std::mem::forget(hammer);
}

/// Returns guards that are not dropped.
fn hold() -> Vec<Held> {
    POOLS.iter().flat_map(|pool| (0..30).map(|_| Held::new(pool.get()))).collect()
}

/// Uses every operation of pools, at a time when most of `std` no longer works.
fn use_pools() {
    for pool in &POOLS {
        drop(Held::new(pool.get()));
        pool.put(pool.take());
        pool.reserve(1);
        drop(pool.try_get().map(Held::new));
    }
    collect();
    POOLS.iter().for_each(Pool::clear);
    let pool = Pool::new(Stamp::new);
    drop([pool.get(), pool.get()]);
    assert_eq!(pool.stats().created, 2);
    println!("says: pools work");
}

#[test]
fn main_may_return_while_pools_are_used() {
    exits!(0, || {
        hammer();
    });
}

#[test]
fn main_may_exit_while_pools_are_used() {
    exits!(0, || {
        hammer();
        process::exit(0);
    });
}

#[test]
fn main_may_exit_with_live_guards() {
    exits!(0, || {
        hammer();
        let _held = hold();
        process::exit(0);
    });
}

#[test]
fn main_may_return_with_live_guards() {
    exits!(0, || {
        hammer();
        std::mem::forget(hold());
    });
}

#[test]
fn another_thread_may_exit_while_pools_are_used() {
    exits!(0, || {
        hammer();
        let _held = hold();
        spawn(|| process::exit(0)).join();
    });
}

/// Pools are in use while the exit handlers run. The first handler is registered before any use of
/// a pool, so it is called last.
#[test]
fn exit_handlers_may_use_pools() {
    extern "C" fn handler() {
        use_pools();
    }
    fn register() {
        // SAFETY: the handler is a plain function; a panic in it aborts.
        assert_eq!(unsafe { libc::atexit(handler) }, 0);
    }
    exits!(2, || {
        register();
        hammer();
        register();
        process::exit(0);
    });
}

/// Uses pools and drops guards when its thread's locals are destroyed.
struct AtExit(Vec<Held>);

impl Drop for AtExit {
    fn drop(&mut self) {
        self.0.clear();
        use_pools();
    }
}

thread_local! {
    static EARLY: RefCell<Option<AtExit>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<AtExit>> = const { RefCell::new(None) };
}

/// The main thread's thread-locals are destroyed at the exit, one before the one that its first use
/// of a pool registered, and one after.
#[test]
fn thread_locals_of_main_may_use_pools() {
    exits!(2, || {
        EARLY.set(Some(AtExit(Vec::new())));
        EARLY.with_borrow_mut(|early| early.as_mut().unwrap().0 = hold());
        LATE.set(Some(AtExit(hold())));
        hammer();
        process::exit(0);
    });
}
