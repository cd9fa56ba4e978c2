//! The crate twice in a process, and once more in the test: each copy has pools, seats and a
//! registry of its own.

use std::{sync::Barrier, thread};

use corepool::{Pool, collect};

use crate::{
    fork::fork,
    forks::go_on,
    hammer::{POOLS, Rng, Stamp, blow},
    plugin::{File, Plugin},
    program::alone,
};

/// Does one thing or another to the pool of a plugin.
fn blow_plugin(plugin: &Plugin, rng: &mut Rng) {
    match rng.below(100) {
        0 => (plugin.collect)(),
        // More than what is private, so that chains are used and grow.
        1..5 => (plugin.put)(rng.below(60)),
        5..40 => {
            let guards: Vec<_> = (0..rng.below(5)).map(|_| (plugin.get)()).collect();
            guards.into_iter().for_each(|guard| (plugin.give_back)(guard));
        }
        40..60 => drop((plugin.take)(1)),
        _ => (plugin.give_back)((plugin.get)()),
    }
}

/// Uses these plugins and the test's own copy, all at a time.
fn use_all(plugins: &[Plugin], seed: usize) {
    let (mut rng, mut held) = (Rng::new(seed), Vec::new());
    for _ in 0..500 {
        plugins.iter().for_each(|plugin| blow_plugin(plugin, &mut rng));
        blow(&mut rng, &mut held);
    }
}

/// Every object of a plugin is idle, or would be found by nobody; two collects drop them.
fn check(plugin: &Plugin) {
    assert_eq!((plugin.idle)(), (plugin.alive)());
    (0..2).for_each(|_| (plugin.collect)());
    assert_eq!(((plugin.idle)(), (plugin.alive)()), (0, 0));
}

/// A collect of one copy ages no other.
#[test]
fn copies_are_strangers() {
    alone(|| {
        let files = File::copies::<2>();
        let plugins = files.each_ref().map(File::load);
        let pool = Pool::new(Stamp::new);
        let idle = || [(plugins[0].idle)(), (plugins[1].idle)(), pool.stats().idle as usize];
        for plugin in &plugins {
            (plugin.put)(30);
        }
        pool.reserve(30);
        assert_eq!(idle(), [30; 3]);
        (0..5).for_each(|_| (plugins[0].collect)());
        assert_eq!(idle(), [0, 30, 30]);
        (0..5).for_each(|_| collect());
        assert_eq!(idle(), [0, 30, 0]);
        assert_eq!(
            ((plugins[0].take)(1), (plugins[1].take)(100), pool.try_get().is_some()),
            (0, 30, false)
        );
    });
}

/// The seats of a thread, one a copy, come and go with it.
#[test]
fn threads_use_all_copies() {
    alone(|| {
        let files = File::copies::<2>();
        let plugins = files.each_ref().map(File::load);
        for round in 0..5 {
            on_threads(|seed| use_all(&plugins, 4 * round + seed));
            plugins.iter().for_each(check);
        }
        use_all(&plugins, 0);
        plugins.iter().for_each(check);
        POOLS.iter().for_each(Pool::clear);
    });
}

/// Runs `f` on four threads, and waits until they are gone.
fn on_threads(f: impl Fn(usize) + Sync) {
    let f = &f;
    thread::scope(|scope| {
        let threads = [0, 1, 2, 3].map(|seed| scope.spawn(move || f(seed)));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// The libraries are given up while threads live that hold seats there: what these do at their exit
/// is still code of the library.
#[test]
fn copies_go_before_their_threads() {
    alone(|| {
        let files = File::copies::<2>();
        for round in 0..5 {
            let plugins = files.each_ref().map(File::load);
            let used = Barrier::new(5);
            thread::scope(|scope| {
                let threads = [0, 1, 2, 3].map(|seed| {
                    let (plugins, used) = (&plugins, &used);
                    scope.spawn(move || {
                        use_all(plugins, 4 * round + seed);
                        used.wait();
                        used.wait();
                    })
                });
                used.wait();
                plugins.into_iter().for_each(Plugin::close);
                assert!(files[0].is_loaded(), "it went, although there is something to be done");
                used.wait();
                threads.into_iter().for_each(|thread| thread.join().unwrap());
            });
            drop(fork(|| go_on(round)));
        }
        go_on(0);
    });
}

/// Once the threads are gone that have used a library it goes, too, and a fork does not call what it
/// has registered.
#[test]
fn copies_go_after_their_threads() {
    alone(|| {
        let files = File::copies::<2>();
        for round in 0..5 {
            let plugins = files.each_ref().map(File::load);
            on_threads(|seed| use_all(&plugins, 4 * round + seed));
            plugins.into_iter().for_each(Plugin::close);
            drop(fork(|| go_on(round)));
            if cfg!(all(target_os = "linux", target_env = "gnu")) {
                assert!(!files[0].is_loaded() && !files[1].is_loaded());
            }
        }
        go_on(0);
    });
}

/// A fork concerns every copy.
#[test]
fn copies_fork() {
    alone(|| {
        let files = File::copies::<2>();
        let plugins = files.each_ref().map(File::load);
        let rested = Barrier::new(5);
        thread::scope(|scope| {
            for seed in 0..4 {
                let (plugins, rested) = (&plugins, &rested);
                scope.spawn(move || {
                    use_all(plugins, seed);
                    rested.wait();
                    rested.wait();
                });
            }
            rested.wait();
            for seed in 0..5 {
                drop(fork(|| {
                    on_threads(|_| use_all(&plugins, seed));
                    plugins.iter().for_each(check);
                    go_on(seed);
                }));
            }
            rested.wait();
        });
        plugins.iter().for_each(check);
    });
}
