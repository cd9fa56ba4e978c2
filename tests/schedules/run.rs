//! Runs scenarios: the schedulers, the seeds, and the number of schedules.

use std::{
    env,
    hash::{BuildHasher, RandomState},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use shuttle::{Config, FailurePersistence, Runner, scheduler::PctScheduler};

use super::{
    coverage::{Coverage, Event},
    random::Random,
};
use crate::sync::reset;

/// The first of two seeds.
const FIXED: u64 = 1;

/// PCT preempts threads at one place less than this.
const DEPTH: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Random,
    Pct,
}

/// Runs a scenario `times` times under each scheduler, from each seed. Each of these runs must
/// cover `events`.
pub(super) fn run(name: &str, times: usize, events: &[Event], scenario: fn(&Arc<Coverage>)) {
    let times = times * number("SCHEDULE_TIMES").unwrap_or(1) as usize;
    for seed in seeds() {
        for kind in [Kind::Random, Kind::Pct] {
            let coverage = run_one(name, kind, seed, times, scenario);
            for &event in events {
                assert!(coverage.has(event), "{name} has not seen any {event:?}");
            }
        }
    }
}

fn seeds() -> Vec<u64> {
    match number("SCHEDULE_SEED") {
        Some(seed) => vec![seed],
        None => vec![FIXED, RandomState::new().hash_one(()) >> 32],
    }
}

fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok().filter(|value| !value.is_empty())?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is not a number")))
}

fn run_one(
    name: &str,
    kind: Kind,
    seed: u64,
    times: usize,
    scenario: fn(&Arc<Coverage>),
) -> Arc<Coverage> {
    let run = format!("schedule {name}: {kind:?}, seed {seed}");
    // Printed first, because a crash prints nothing.
    println!("{run}; to repeat it: SCHEDULE_SEED={seed} ci/schedules {name}");
    let (begun, coverage) = (Arc::<AtomicUsize>::default(), Arc::<Coverage>::default());
    let schedule = {
        let (begun, coverage) = (Arc::clone(&begun), Arc::clone(&coverage));
        move || {
            begun.fetch_add(1, Relaxed);
            reset();
            scenario(&coverage);
        }
    };
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| match kind {
        Kind::Random => Runner::new(Random::new(seed, times), config()).run(schedule),
        Kind::Pct => {
            Runner::new(PctScheduler::new_from_seed(seed, DEPTH, times), config()).run(schedule)
        }
    }));
    reset();
    let (begun, seconds) = (begun.load(Relaxed), start.elapsed().as_secs_f32());
    let run = format!("{run}, {begun} iterations, {seconds:.1} s");
    if let Err(panic) = result {
        println!("{run}, failed");
        resume_unwind(panic);
    }
    println!("{run}, {}, completed", coverage.report());
    coverage
}

fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = 1 << 18;
    // A seed is shorter than a schedule.
    config.failure_persistence = FailurePersistence::None;
    // The models check orderings.
    config.silence_warnings = true;
    // The other threads may be in the middle of an operation.
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    config
}
