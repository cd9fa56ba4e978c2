//! Models of the code that ships, run by `ci/loom`. They are part of the crate because they need
//! its private items, built with the primitives of the model checker.
//!
//! Each explores all interleavings and reorderings that its bound allows; a preemption bound of
//! `None` is exhaustive. `MODEL_BOUND=n` raises the other bounds to `n`; `MODEL_BOUND=none` removes
//! them; `MODEL_BOUND=brief` lowers those of the longest models by one. Every model keeps a ledger:
//! an object has one holder at a time, whose writes the next one sees, and is dropped exactly once.

mod add_only;
mod chain;
mod collect;
mod collect_thread;
mod end;
mod epochs;
mod handle;
mod late;
mod ledger;
mod litmus;
mod model_pool;
#[cfg(feature = "net")]
mod net;
mod occupancy;
mod on_collect;
mod per_seat;
mod pin;
mod quota;
mod recall;
mod removal;
mod ring;
#[cfg(feature = "rt")]
mod rt;
mod schedule;
mod seat;
mod set_once;
mod shelf;
mod stock;
mod weight;

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

/// Runs a model that takes more than 20 seconds at its bound.
fn long_model(name: &str, bound: usize, f: impl Fn() + Send + Sync + 'static) {
    let brief = env::var("MODEL_BOUND").is_ok_and(|bound| bound == "brief");
    model(name, Some(if brief { bound - 1 } else { bound }), f);
}

/// Runs a model to its end: neither a time limit nor a number of iterations stops it, so a return
/// means completion.
fn model(name: &str, bound: Option<usize>, f: impl Fn() + Send + Sync + 'static) {
    let bound = match env::var("MODEL_BOUND").as_deref() {
        Ok("none") => None,
        Ok("brief") => bound,
        Ok(raised) => bound.map(|bound| bound.max(raised.parse().expect("a number, or none"))),
        Err(_) => bound,
    };
    let iterations = Arc::new(AtomicUsize::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = bound;
    builder.max_duration = None;
    builder.max_permutations = None;
    builder.max_branches = 10_000;
    let count = Arc::clone(&iterations);
    let start = Instant::now();
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        crate::sync::start();
        f();
    });
    let iterations = iterations.load(Ordering::Relaxed);
    let bound = bound.map_or("none".into(), |bound| bound.to_string());
    let seconds = start.elapsed().as_secs();
    println!("model {name}: bound {bound}, {iterations} iterations, {seconds} s, completed");
}
