//! Late seats, which a collector has skipped because they stayed pinned.

use loom::{sync::Arc, thread};

use super::{model, model_pool::ModelPool};
use crate::{
    collect::collect::{age, catch_up},
    seat::{fence::FenceKind, seat::Seat},
};

/// Collects while the seat is pinned, as if its owner were preempted.
fn collect_past(pool: &ModelPool, seat: &Seat) {
    // SAFETY: this thread's seat.
    let pin = unsafe { seat.pin() }.unwrap();
    pool.collect();
    drop(pin);
    assert!(seat.is_late());
}

/// The owner of a late seat ages its private objects and its chain, or the next collect does.
fn catch_up_against_collect(fence_kind: FenceKind) {
    let pool = ModelPool::new(fence_kind, usize::MAX);
    let seat = pool.seats.join().unwrap();
    // Two are private, two are in the chain.
    pool.fill(seat, 4);
    collect_past(&pool, seat);
    let collector = {
        let pool = Arc::clone(&pool);
        thread::spawn(move || pool.collect())
    };
    catch_up(seat);
    pool.fill(seat, 1);
    collector.join().unwrap();
    // An object put after one collect survives the next. One put before both has been dropped,
    // unless the collector skipped the seat a second time.
    let alive = pool.ledger.alive();
    assert!(alive == 1 || alive == 5 && seat.is_late(), "{alive} are left");
    catch_up(seat);
    assert!(!seat.is_late());
    pool.collect();
    assert!(pool.ledger.alive() <= 1, "idle for three collects");
}

#[test]
fn late_catch_up_asymmetric() {
    model("late_catch_up_asymmetric", Some(3), || catch_up_against_collect(FenceKind::Asymmetric));
}

#[test]
fn late_catch_up_symmetric() {
    model("late_catch_up_symmetric", Some(3), || catch_up_against_collect(FenceKind::Symmetric));
}

/// A late seat stays late after a trim of one pool has reached it.
#[test]
fn late_after_a_trim() {
    model("late_after_a_trim", None, || {
        let pool = ModelPool::new(FenceKind::Asymmetric, usize::MAX);
        let other = ModelPool::with(&pool.seats, usize::MAX);
        let seat = pool.seats.join().unwrap();
        pool.fill(seat, 1);
        assert!(pool.get(seat).is_some());
        collect_past(&pool, seat);
        age(&pool.seats, &*other.core, false);
        assert!(seat.is_late());
        pool.fill(seat, 1);
        pool.collect();
        assert_eq!(pool.ledger.alive(), 1, "put after two collects, dropped by the next");
    });
}
