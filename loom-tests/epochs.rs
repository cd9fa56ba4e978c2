//! The grace period of rings, with `crossbeam-epoch` itself: `ci/loom` builds these models with
//! `--cfg crossbeam_loom`.

use std::sync::{
    Arc as Shared,
    atomic::{AtomicBool, Ordering},
};

use loom::sync::Arc;

use super::{chain, ledger::Ledger, model};
use crate::{
    containers::{chain::Chain, ring::Ring},
    sync::{freed, hurry},
};

/// Runs a model that returns whether a ring was freed before its end, and checks that this happened
/// in some run.
fn freeing(name: &str, f: impl Fn() + Send + Sync + 'static) {
    let ever = Shared::new(AtomicBool::new(false));
    let now = Shared::clone(&ever);
    model(name, Some(2), move || {
        let before = freed();
        f();
        now.fetch_or(freed() > before, Ordering::Relaxed);
    });
    assert!(ever.load(Ordering::Relaxed), "no ring was ever freed");
}

/// Two threads find a ring spent. One unlinks and retires it while the other may still be reading
/// it.
#[test]
fn epochs_unlink_against_steal() {
    freeing("epochs_unlink_against_steal", || {
        let ledger = Ledger::new();
        let chain = Arc::new(Chain::new());
        // SAFETY: this thread plays the owner.
        let head = unsafe { chain.head() };
        (0..2).for_each(|_| head.grow(Ring::try_new(2).unwrap()));
        chain::push(&chain, &ledger);
        let thief = chain::thief(&chain, 1);
        let stolen = chain::steal(&chain);
        hurry();
        assert_eq!(stolen + thief.join().unwrap(), 1);
        chain::settle(&chain, &ledger);
    });
}

/// The last ring is freed too when its chain is drained and shrunk.
#[test]
fn epochs_shrink_against_steal() {
    freeing("epochs_shrink_against_steal", || {
        let ledger = Ledger::new();
        let chain = Arc::new(Chain::new());
        // SAFETY: this thread plays the owner.
        let head = unsafe { chain.head() };
        head.grow(Ring::try_new(2).unwrap());
        let thief = chain::thief(&chain, 1);
        head.shrink();
        hurry();
        chain::push(&chain, &ledger);
        thief.join().unwrap();
        chain::settle(&chain, &ledger);
    });
}
