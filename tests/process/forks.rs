//! A fork from a process that never rests: the child has one thread, and whatever the others were
//! in the midst of.

use std::{
    collections::VecDeque, os::unix::process::CommandExt, process::Command, sync::Barrier, thread,
};

use corepool::collect;

use crate::{
    fork::fork,
    hammer::{Hammer, Held, POOLS, Rng, Stamp, blow},
    program::alone,
};

/// What a child does: goes on with all pools, with threads of its own, and clears them.
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
    let all_here = Barrier::new(6);
    thread::scope(|scope| {
        for seed in 0..6 {
            let all_here = &all_here;
            scope.spawn(move || {
                go_on_a_little(seed);
                all_here.wait();
            });
        }
    });
}

/// The parent goes on, too.
#[test]
fn children_go_on() {
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

/// A child is a parent like any other.
#[test]
fn children_fork() {
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
fn threads_fork_at_the_same_time() {
    alone(|| {
        thread::scope(|scope| {
            for seed in 0..3 {
                scope.spawn(move || {
                    for seed in (seed..60).step_by(3) {
                        go_on_a_little(seed);
                        drop(fork(|| go_on(seed)));
                    }
                });
            }
        });
    });
}

/// First a thread forks that has never used a pool, then one that has done nothing else.
#[test]
fn threads_without_a_seat_fork() {
    alone(|| {
        let hammer = Hammer::new(2);
        for seed in 0..20 {
            hammer.wait();
            let forks = move || drop([fork(|| go_on(seed)), fork(use_threads)]);
            thread::spawn(forks).join().unwrap();
        }
        hammer.stop();
    });
}

#[test]
fn a_process_forks_before_it_has_a_pool() {
    alone(|| {
        drop(fork(|| go_on(0)));
        go_on(0);
        drop(fork(|| go_on(0)));
    });
}

/// Guards are used and dropped in the child as in the parent.
#[test]
fn children_drop_guards() {
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
fn a_process_starts_others() {
    alone(|| {
        let hammer = Hammer::new(3);
        for round in 0..100 {
            hammer.wait();
            let mut other = Command::new("true");
            if round % 2 == 0 {
                // SAFETY: does nothing at all. With it, `Command` forks instead of spawning.
                unsafe { other.pre_exec(|| Ok(())) };
            }
            assert!(other.status().unwrap().success());
        }
        hammer.stop();
    });
}
