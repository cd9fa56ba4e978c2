//! Functions that run at each collect.

use std::sync::Arc;

use loom::thread;

use super::model;
use crate::{
    collect::{
        on_collect::{OnCollect, on_collect, run},
        registry::Registry,
    },
    sync::{AtomicUsize, Relaxed, UnsafeCell},
};

/// What a function counts, and what its maker wrote before it was registered.
struct State {
    runs: AtomicUsize,
    made: UnsafeCell<usize>,
}

// SAFETY: what the models check.
unsafe impl Sync for State {}
// SAFETY: as above.
unsafe impl Send for State {}

/// Locks the registry when it is dropped.
struct Locks;

impl Drop for Locks {
    fn drop(&mut self) {
        drop(Registry::lock());
    }
}

impl State {
    fn new() -> Arc<Self> {
        Arc::new(Self { runs: AtomicUsize::new(0), made: UnsafeCell::new(0) })
    }

    /// Registers a function that counts its runs. It needs the lock of the registry, which is not held then, nor
    /// when it is dropped.
    fn register(state: &Arc<Self>) -> OnCollect {
        // SAFETY: not shared yet.
        state.made.with_mut(|made| unsafe { *made = 1 });
        let (state, locks) = (Arc::clone(state), Locks);
        on_collect(move || {
            let _ = &locks;
            drop(Registry::lock());
            // SAFETY: nobody writes it after the registration.
            state.made.with(|made| assert_eq!(unsafe { *made }, 1));
            state.runs.fetch_add(1, Relaxed);
        })
    }

    fn runs(&self) -> usize {
        self.runs.load(Relaxed)
    }
}

/// A registration ends while another thread collects. The function runs at most once, and never in a later
/// collect; it is dropped once.
#[test]
fn on_collect_run_against_end_of_registration() {
    model("on_collect_run_against_end_of_registration", Some(3), || {
        let states = [State::new(), State::new()];
        let [first, second] = states.each_ref().map(State::register);
        let other = thread::spawn(run);
        drop(first);
        other.join().unwrap();
        let before = states[0].runs();
        assert!(before <= 1 && states[1].runs() == 1);
        run();
        assert_eq!((states[0].runs(), states[1].runs()), (before, 2));
        drop(second);
        assert!(states.iter().all(|state| Arc::strong_count(state) == 1));
    });
}

/// Two threads collect at once, while a third function is registered. Each runs what was registered before.
#[test]
fn on_collect_two_runs_against_registration() {
    model("on_collect_two_runs_against_registration", Some(2), || {
        let states = [State::new(), State::new()];
        let first = State::register(&states[0]);
        let other = thread::spawn(run);
        let second = State::register(&states[1]);
        run();
        other.join().unwrap();
        assert_eq!(states[0].runs(), 2);
        assert!((1..=2).contains(&states[1].runs()));
        drop((first, second));
        assert!(states.iter().all(|state| Arc::strong_count(state) == 1));
    });
}
