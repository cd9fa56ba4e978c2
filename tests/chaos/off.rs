//! Processes without a seed, or with one of the environment.

use std::{env, panic, process::Command};

use corepool::{Pool, Pooled, chaos};

use crate::program::{argument, start};

/// Runs `program` in a process of its own, which must succeed.
fn alone(program: impl FnOnce()) {
    match argument() {
        Some(_) => program(),
        None => {
            let end = start(0);
            assert!(end.status.success(), "{}:\n{}", end.status, end.printed);
        }
    }
}

/// Whether pools behave as they do without chaos mode: nothing is dropped, and the newest object comes first.
fn is_calm() -> bool {
    let pool = Pool::new(|| 0);
    (0..100).for_each(|i| pool.put(i));
    let newest: Vec<_> = (0..100).map(|_| pool.take()).collect();
    pool.stats().dropped == 0 && newest.iter().all(|i| newest.contains(&(99 - i)))
}

#[test]
fn without_a_seed_nothing_changes() {
    alone(|| {
        if env::var_os(chaos::SEED_VARIABLE).is_some() {
            return;
        }
        assert!(is_calm());
        let pool = <Pool<u64>>::new(|| 0)
            .with_poison(|object| *object = 13)
            .with_fingerprint(|_| unreachable!("chaos mode is off"));
        let mut guard = pool.get();
        let pointer = &raw mut *guard;
        drop(guard);
        let guard = pool.get();
        assert_eq!((&raw const *guard, *guard), (pointer.cast_const(), 0));
    });
}

#[test]
fn a_seed_turns_it_on_later() {
    alone(|| {
        let pool = Pool::new(|| Box::new(7));
        pool.reserve(10);
        let (object, guards) = (Pooled::into_raw(pool.get()), [(); 5].map(|()| pool.get()));
        let owned = pool.get_owned();
        drop([pool.get(), pool.get()]);
        chaos::set_seed(1);
        // What is lent comes back, and what is idle is found.
        let idle = pool.stats().idle;
        drop((guards, owned));
        // SAFETY: it came from this pool, and comes back once.
        drop(unsafe { pool.from_raw(object) });
        assert!(pool.stats().idle > idle);
        assert!(pool.drain().all(|number| *number == 7));
        assert_eq!((pool.stats().idle, pool.stats().outstanding), (0, 0));
        assert!(!is_calm());
    });
}

/// A way to get an object.
type Way = fn(&Pool<u8>) -> u8;

/// Returns pools each of which has an idle object, 1, in the private part of this thread.
fn in_use() -> [Pool<u8>; 40] {
    [(); 40].map(|()| {
        let pool = <Pool<u8>>::new(|| 0);
        pool.put(1);
        // The first owned guard is no hit.
        drop(pool.get_owned());
        pool
    })
}

/// Before the seed, the thread's own objects are found by hits, in each way. With it, a search in eight finds nothing.
#[test]
fn a_seed_ends_the_hits_of_pools_in_use() {
    alone(|| {
        if env::var_os(chaos::SEED_VARIABLE).is_some() {
            return;
        }
        let ways: [(&str, Way); 3] = [
            ("guards", |pool| *pool.get()),
            ("owned guards", |pool| *pool.get_owned()),
            ("values", Pool::take),
        ];
        assert!(ways.iter().all(|(_, way)| in_use().iter().all(|pool| way(pool) == 1)));
        let pools = ways.map(|way| (way, in_use()));
        chaos::set_seed(1);
        for ((name, way), pools) in pools {
            assert!(pools.iter().any(|pool| way(pool) == 0), "{name}");
        }
    });
}

/// Values come back to the thread before the seed. With it, one in four is dropped.
#[test]
fn a_seed_ends_the_puts_of_pools_in_use() {
    alone(|| {
        if env::var_os(chaos::SEED_VARIABLE).is_some() {
            return;
        }
        let pools = in_use();
        pools.iter().for_each(|pool| assert_eq!(pool.take(), 1));
        chaos::set_seed(1);
        pools.iter().for_each(|pool| pool.put(1));
        assert!(pools.iter().any(|pool| pool.stats().dropped_full == 1));
    });
}

#[test]
fn a_write_after_a_guard_is_found_in_a_pool_in_use() {
    alone(|| {
        let pool = Pool::new(|| 0u64);
        // From the second on, they come back to the private part of the thread.
        (0..3).for_each(|_| drop(pool.get()));
        chaos::set_seed(1);
        let mut guard = pool.get();
        let pointer = &raw mut *guard;
        drop(guard);
        // SAFETY: none, this is the misuse. The memory is still allocated.
        unsafe { pointer.write(7) };
        let found = panic::catch_unwind(panic::AssertUnwindSafe(|| drop(pool.try_get())));
        assert!(found.is_err());
    });
}

/// Runs this test in a process with this value of the variable. Returns whether it succeeded, and its output.
fn with_variable(test: &str, value: &str) -> (bool, String) {
    let output = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(chaos::SEED_VARIABLE, value)
        .env("COREPOOL_PROGRAM", "0")
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

#[test]
fn the_environment_may_have_the_seed() {
    if argument().is_some() {
        println!("calm: {}", is_calm());
        return;
    }
    let run = |value| with_variable("off::the_environment_may_have_the_seed", value);
    for seed in ["0", "7", "18446744073709551615"] {
        let (good, printed) = run(seed);
        assert!(good && printed.contains("calm: false"), "{printed}");
    }
    let (good, printed) = run("");
    assert!(good && printed.contains("calm: true"), "{printed}");
    for wrong in ["seven", "-1", "18446744073709551616"] {
        let (good, printed) = run(wrong);
        let message = format!("COREPOOL_CHAOS_SEED must be a number from 0 to {}", u64::MAX);
        assert!(!good && printed.contains(&message), "{printed}");
    }
}

/// The message of a misuse names the seed of the environment.
#[test]
fn the_seed_of_the_environment_is_reported() {
    if argument().is_some() {
        let pool = Pool::new(|| 0u64);
        for _ in 0..1000 {
            let mut guard = pool.get();
            let pointer = &raw mut *guard;
            drop(guard);
            // SAFETY: none, this is the misuse. The memory is still allocated.
            unsafe { pointer.write(7) };
        }
        return;
    }
    let (good, printed) = with_variable("off::the_seed_of_the_environment_is_reported", "4711");
    assert!(!good && printed.contains("in chaos mode, seed 4711"), "{printed}");
}

/// A first use that panics may be followed by the end of the pool, while the thread panics.
#[test]
fn the_end_of_a_pool_does_not_read_the_environment() {
    if argument().is_some() {
        let result = panic::catch_unwind(|| {
            let pool = Pool::new(|| 0u64);
            pool.put(1);
        });
        println!("caught: {}", result.is_err());
        return;
    }
    let run = |value| with_variable("off::the_end_of_a_pool_does_not_read_the_environment", value);
    let (good, printed) = run("seven");
    assert!(good && printed.contains("caught: true"), "{printed}");
}
