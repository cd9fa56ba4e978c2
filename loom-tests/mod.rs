//! Models of the code that ships, run by `ci/loom`.
//!
//! Each explores all interleavings and reorderings that its bound allows; a preemption bound of
//! `None` is exhaustive, and `MODEL_BOUND` in the environment raises it. Every model keeps a ledger: an object has one holder at a time, whose
//! writes the next one sees, and is dropped exactly once.

mod chain;
mod collect;
mod ledger;
mod pin;
mod ring;
mod seat;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Runs a model to its end: neither a time nor a number of iterations stops it, so that a return
/// means completion.
fn model(name: &str, bound: Option<usize>, f: impl Fn() + Send + Sync + 'static) {
    let raised = std::env::var("MODEL_BOUND").ok().and_then(|bound| bound.parse().ok());
    let bound = bound.map(|bound| bound.max(raised.unwrap_or(0)));
    let iterations = Arc::new(AtomicUsize::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = bound;
    builder.max_duration = None;
    builder.max_permutations = None;
    builder.max_branches = 10_000;
    let count = Arc::clone(&iterations);
    let start = std::time::Instant::now();
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        f();
    });
    let iterations = iterations.load(Ordering::Relaxed);
    let bound = bound.map_or("none".into(), |bound| bound.to_string());
    let seconds = start.elapsed().as_secs();
    println!("model {name}: bound {bound}, {iterations} iterations, {seconds} s, completed");
}
