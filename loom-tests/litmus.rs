//! Litmus tests: the guarantees of the fences, and the assumptions of the other models.

use std::{
    collections::HashSet,
    sync::{
        Arc as Shared, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use loom::{sync::Arc, thread};

use super::model;
use crate::{
    seat::fence::FenceKind::{self, Asymmetric, Symmetric},
    sync::{AtomicUsize, LightFence, Relaxed, SeqCst, fence},
};

/// The fence between a thread's store and its load.
#[derive(Clone, Copy)]
enum Side {
    Bare,
    Light,
    Heavy,
}
use Side::{Bare, Heavy, Light};

struct Buffering {
    stored: [AtomicUsize; 2],
    tokens: [LightFence; 2],
    fence_kind: FenceKind,
}

impl Buffering {
    fn new(fence_kind: FenceKind) -> Self {
        Self {
            stored: [AtomicUsize::new(0), AtomicUsize::new(0)],
            tokens: std::array::from_fn(|_| LightFence::new(fence_kind == Asymmetric)),
            fence_kind,
        }
    }

    /// Stores, then loads. Returns whether it missed the other thread's store.
    fn misses(&self, me: usize, side: Side) -> bool {
        self.stored[me].store(1, Relaxed);
        match (side, self.fence_kind) {
            (Bare, _) => {}
            (Light, Asymmetric) => self.tokens[me].light(),
            (Light, Symmetric) => fence(SeqCst),
            (Heavy, _) => {
                assert!(self.fence_kind.heavy())
            }
        }
        self.stored[1 - me].load(Relaxed) == 0
    }
}

/// Two threads store, and then each loads the other's location. Returns whether both miss the
/// other's store in some run.
fn both_may_miss(name: &str, fence_kind: FenceKind, sides: [Side; 2]) -> bool {
    let reached = Shared::new(AtomicBool::new(false));
    let reach = Shared::clone(&reached);
    model(name, None, move || {
        let buffering = Arc::new(Buffering::new(fence_kind));
        let other = {
            let buffering = Arc::clone(&buffering);
            thread::spawn(move || buffering.misses(1, sides[1]))
        };
        let missed = buffering.misses(0, sides[0]);
        reach.fetch_or(other.join().unwrap() && missed, Ordering::Relaxed);
    });
    reached.load(Ordering::Relaxed)
}

/// Without fences both stores can be missed. If they could not, the other tests would prove
/// nothing.
#[test]
fn fence_none() {
    assert!(both_may_miss("fence_none", Asymmetric, [Bare, Bare]));
}

#[test]
fn fence_light_alone() {
    assert!(both_may_miss("fence_light_alone", Asymmetric, [Light, Bare]));
}

#[test]
fn fence_heavy_alone() {
    assert!(both_may_miss("fence_heavy_alone", Asymmetric, [Heavy, Bare]));
}

#[test]
fn fence_light_against_heavy_asymmetric() {
    assert!(!both_may_miss("fence_light_against_heavy_asymmetric", Asymmetric, [Light, Heavy]));
}

#[test]
fn fence_light_against_heavy_symmetric() {
    assert!(!both_may_miss("fence_light_against_heavy_symmetric", Symmetric, [Light, Heavy]));
}

#[test]
fn fence_heavy_against_heavy_asymmetric() {
    assert!(!both_may_miss("fence_heavy_against_heavy_asymmetric", Asymmetric, [Heavy, Heavy]));
}

#[test]
fn fence_heavy_against_heavy_symmetric() {
    assert!(!both_may_miss("fence_heavy_against_heavy_symmetric", Symmetric, [Heavy, Heavy]));
}

/// Two light sides order nothing: the tokens guarantee no more than the hardware does.
#[test]
fn fence_light_against_light() {
    assert!(both_may_miss("fence_light_against_light", Asymmetric, [Light, Light]));
}

/// Every order of three accesses by one thread and three by another is tried, although the checker
/// on its own would treat some of the loads as equivalent.
#[test]
fn turns_in_every_order() {
    let orders = Shared::new(Mutex::new(HashSet::new()));
    let tried = Shared::clone(&orders);
    model("turns_in_every_order", None, move || {
        let cell = Arc::new(AtomicUsize::new(0));
        let order = Shared::new(Mutex::new(String::new()));
        let access = {
            let (cell, order) = (Arc::clone(&cell), Shared::clone(&order));
            move |me| {
                cell.load(Relaxed);
                order.lock().unwrap().push(me);
                cell.store(0, Relaxed);
                order.lock().unwrap().push(me);
                cell.load(Relaxed);
                order.lock().unwrap().push(me);
            }
        };
        let other = thread::spawn({
            let access = access.clone();
            move || access('b')
        });
        access('a');
        other.join().unwrap();
        tried.lock().unwrap().insert(order.lock().unwrap().clone());
    });
    assert_eq!(orders.lock().unwrap().len(), 20);
}
