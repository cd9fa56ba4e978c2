//! Forks of a process whose threads are at work: the child has one thread, and the pools are as the
//! other threads left them.

use std::{
    cell::RefCell,
    collections::VecDeque,
    os::unix::process::CommandExt,
    process::{self, Command},
};

use corepool::collect;

use crate::{
    alone,
    fork::{Fork, fork},
    hammer::{Hammer, Held, POOLS, Stamp, blow},
    rng::Rng,
    threads::{on_threads, spawn},
};

/// The work of a child: it uses all pools, with threads of its own, and clears them.
pub(crate) fn go_on(seed: usize) {
    go_on_a_little(seed);
    use_threads();
    collect();
    for pool in &POOLS {
        pool.clear();
        assert_eq!(pool.stats().idle, 0);
        pool.put(Stamp::new());
        assert!(pool.try_get().map(Held::new).is_some());
    }
}

fn go_on_a_little(seed: usize) {
    let (mut rng, mut held) = (Rng::new(seed), Vec::new());
    (0..100).for_each(|_| blow(&mut rng, &mut held));
}

/// More threads than the parent had, each of which uses all pools.
fn use_threads() {
    on_threads(6, go_on_a_little);
}

/// Both the child and the parent continue.
#[test]
fn children_go_on_using_pools() {
    alone(|| {
        let hammer = Hammer::new(4);
        let mut children = VecDeque::new();
        for seed in 0..200 {
            if seed % 4 == 0 {
                hammer.wait();
            }
            children.push_back(fork(|| go_on(seed)));
            go_on_a_little(seed);
            if children.len() > 2 {
                children.pop_front();
            }
        }
        drop(children);
        hammer.stop();
        go_on(0);
    });
}

#[test]
fn children_may_fork() {
    fn generations(left: usize) {
        let hammer = Hammer::new(2);
        hammer.wait();
        let child = fork(|| {
            go_on(left);
            if left > 0 {
                generations(left - 1);
            }
        });
        go_on_a_little(left);
        drop(child);
        hammer.stop();
    }
    alone(|| generations(20));
}

#[test]
fn threads_may_fork_at_the_same_time() {
    alone(|| {
        on_threads(3, |seed| {
            for seed in (seed..60).step_by(3) {
                go_on_a_little(seed);
                drop(fork(|| go_on(seed)));
            }
        });
    });
}

/// A thread that has never used a pool forks.
#[test]
fn threads_without_a_seat_may_fork() {
    alone(|| {
        let hammer = Hammer::new(2);
        for seed in 0..20 {
            hammer.wait();
            let forks = move || drop([fork(|| go_on(seed)), fork(use_threads)]);
            spawn(forks).join();
        }
        hammer.stop();
    });
}

#[test]
fn a_process_may_fork_before_it_has_a_pool() {
    alone(|| {
        drop(fork(|| go_on(0)));
        go_on(0);
        drop(fork(|| go_on(0)));
    });
}

/// Guards are used and dropped in the child as in the parent.
#[test]
fn children_may_drop_guards() {
    alone(|| {
        let hammer = Hammer::new(2);
        for seed in 0..20 {
            let held = || (0..30).map(|i| Held::new(POOLS[i % POOLS.len()].get()));
            let (mine, both): (Vec<_>, Vec<_>) = (held().collect(), held().collect());
            hammer.wait();
            let child = fork(|| {
                drop(both);
                go_on(seed);
            });
            drop((child, mine));
        }
        hammer.stop();
    });
}

/// The usual fork, after which the child becomes another program.
#[test]
fn a_process_may_start_other_programs() {
    alone(|| {
        let hammer = Hammer::new(3);
        for round in 0..100 {
            hammer.wait();
            let mut other = Command::new("true");
            if round % 2 == 0 {
                // SAFETY: the closure does nothing. With it, `Command` forks instead of spawning.
                unsafe { other.pre_exec(|| Ok(())) };
            }
            assert!(other.status().unwrap().success());
        }
        hammer.stop();
    });
}

/// A child may end by an exit, or with its last thread.
#[test]
fn children_end_like_any_process() {
    alone(|| {
        let hammer = Hammer::new(2);
        for seed in 0..20 {
            hammer.wait();
            drop(fork(|| {
                go_on_a_little(seed);
                process::exit(0);
            }));
            // In the child this thread ends too, and there is no other.
            spawn(move || {
                go_on_a_little(seed);
                let fork = Fork::new();
                go_on_a_little(seed);
                if let Fork::Parent(child) = fork {
                    drop(child);
                }
            })
            .join();
        }
        hammer.stop();
    });
}

/// Forks when its thread's locals are destroyed.
struct AtExit;

impl Drop for AtExit {
    fn drop(&mut self) {
        drop(fork(|| go_on(0)));
    }
}

thread_local! {
    static AT_EXIT: RefCell<Option<AtExit>> = const { RefCell::new(None) };
}

/// A thread forks before and after it has given back its seat.
#[test]
fn threads_may_fork_as_they_end() {
    alone(|| {
        let hammer = Hammer::new(2);
        for seed in 0..20 {
            let end = move || {
                if seed % 2 == 0 {
                    AT_EXIT.set(None);
                }
                go_on_a_little(seed);
                AT_EXIT.set(Some(AtExit));
            };
            hammer.wait();
            spawn(end).join();
        }
        hammer.stop();
    });
}

/// Fork handlers of other libraries may use pools. A handler that was registered after the first
/// use of a pool runs before the crate's own in the parent, and after it in the child.
#[test]
fn fork_handlers_may_use_pools() {
    extern "C" fn handler() {
        go_on_a_little(0);
    }
    alone(|| {
        go_on(0);
        // SAFETY: a plain function, which ends the process if it panics.
        assert_eq!(unsafe { libc::pthread_atfork(Some(handler), Some(handler), Some(handler)) }, 0);
        let hammer = Hammer::new(2);
        for seed in 0..20 {
            hammer.wait();
            drop(fork(|| go_on(seed)));
        }
        hammer.stop();
    });
}
