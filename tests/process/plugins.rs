//! Several copies of the crate in one process: each copy has its own pools, seats and registry.

use std::sync::Barrier;

use corepool::{Pool, collect};

#[cfg(target_os = "linux")]
use crate::collect_thread::{collect_threads, soon};
use crate::{
    alone,
    fork::fork,
    forks::go_on,
    hammer::{POOLS, Stamp, blow},
    plugin::{File, Plugin},
    rng::Rng,
    threads::on_threads,
};

/// Runs a random operation on the pool of a plugin.
fn blow_plugin(plugin: &Plugin, rng: &mut Rng) {
    match rng.below(100) {
        0 => (plugin.collect)(),
        // More objects than are private, so that chains are used and grow.
        1..5 => (plugin.put)(rng.below(60)),
        5..40 => {
            let guards: Vec<_> = (0..rng.below(5)).map(|_| (plugin.get)()).collect();
            guards.into_iter().for_each(|guard| (plugin.give_back)(guard));
        }
        40..60 => drop((plugin.take)(1)),
        _ => (plugin.give_back)((plugin.get)()),
    }
}

/// Uses these plugins and the test's own copy of the crate, all at the same time.
fn use_all(plugins: &[Plugin], seed: usize) {
    let (mut rng, mut held) = (Rng::new(seed), Vec::new());
    for _ in 0..500 {
        plugins.iter().for_each(|plugin| blow_plugin(plugin, &mut rng));
        blow(&mut rng, &mut held);
    }
}

/// Checks that every live object of a plugin is idle, so no object is unreachable, and that two
/// collects drop all.
fn check(plugin: &Plugin) {
    assert_eq!((plugin.idle)(), (plugin.alive)());
    (0..2).for_each(|_| (plugin.collect)());
    assert_eq!(((plugin.idle)(), (plugin.alive)()), (0, 0));
}

#[test]
fn a_collect_of_one_copy_ages_no_other_copy() {
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

/// A thread has one seat in each copy, and gives all of them back when it ends.
#[test]
fn threads_may_use_all_copies() {
    alone(|| {
        let files = File::copies::<2>();
        let plugins = files.each_ref().map(File::load);
        for round in 0..5 {
            on_threads(4, |seed| use_all(&plugins, 4 * round + seed));
            plugins.iter().for_each(check);
        }
        use_all(&plugins, 0);
        plugins.iter().for_each(check);
        POOLS.iter().for_each(Pool::clear);
    });
}

/// The libraries are closed while threads live that hold seats in them. The destructors that these
/// threads run at their exit are still code of the library.
#[test]
fn copies_may_be_unloaded_before_their_threads_end() {
    alone(|| {
        let files = File::copies::<2>();
        for round in 0..5 {
            let plugins = files.each_ref().map(File::load);
            let step = Barrier::new(4);
            on_threads(4, |seed| {
                use_all(&plugins, 4 * round + seed);
                if step.wait().is_leader() {
                    plugins.into_iter().for_each(Plugin::close);
                    assert!(files[0].is_loaded(), "unloaded although thread-locals remain");
                }
                step.wait();
            });
            drop(fork(|| go_on(round)));
        }
        go_on(0);
    });
}

/// Once the threads that used a library have ended, it is unloaded. Its collect thread, which has not
/// collected yet, is ended before, and a fork does not call the handlers that it registered.
#[test]
fn copies_are_unloaded_after_their_threads_end() {
    alone(|| {
        let files = File::copies::<2>();
        for round in 0..5 {
            let plugins = files.each_ref().map(File::load);
            on_threads(4, |seed| use_all(&plugins, 4 * round + seed));
            #[cfg(target_os = "linux")]
            assert!(soon(|| collect_threads() == 3), "one for each copy");
            plugins.into_iter().for_each(Plugin::close);
            #[cfg(all(target_os = "linux", target_env = "gnu"))]
            // The system may list a thread for a moment after it was joined.
            assert!(soon(|| collect_threads() == 1));
            drop(fork(|| go_on(round)));
            if cfg!(all(target_os = "linux", target_env = "gnu")) {
                assert!(!files[0].is_loaded() && !files[1].is_loaded());
            }
        }
        go_on(0);
    });
}

#[test]
fn every_copy_works_after_a_fork() {
    alone(|| {
        let files = File::copies::<2>();
        let plugins = files.each_ref().map(File::load);
        let step = Barrier::new(4);
        on_threads(4, |seed| {
            use_all(&plugins, seed);
            if step.wait().is_leader() {
                // A copy on the stack of the thread that the child has.
                let own = plugins;
                (0..5).for_each(|seed| drop(fork(|| go_on_with(&own, seed))));
            }
            step.wait();
        });
        plugins.iter().for_each(check);
    });
}

/// The work of a child: takes all idle objects of the plugins, and uses all copies.
fn go_on_with(plugins: &[Plugin; 2], seed: usize) {
    for plugin in plugins {
        let idle = (plugin.idle)();
        assert_eq!((plugin.take)(1 << 20), idle);
    }
    on_threads(4, |_| use_all(plugins, seed));
    plugins.iter().for_each(check);
    go_on(seed);
}
