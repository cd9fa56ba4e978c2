//! Pin against claim: an owner and a collector never use a shard at the same time.

use std::sync::{
    Arc as Shared,
    atomic::{AtomicBool, Ordering},
};

use loom::{cell::UnsafeCell, sync::Arc, thread};

use super::{long_model, model};
use crate::{
    seat::{claim::Claim, fence::FenceKind, table::Seats},
    sync::{AtomicUsize, Relaxed, heavy_fences, refuse_heavy_fences},
};

/// A cell that the owner and the collector must not touch at the same time.
struct Shards([UnsafeCell<usize>; 2]);

// SAFETY: the model checks that accesses do not overlap.
unsafe impl Sync for Shards {}
// SAFETY: as above.
unsafe impl Send for Shards {}

impl Shards {
    fn touch(&self, seat: usize) {
        // SAFETY: the checker reports two accesses without an order.
        self.0[seat].with_mut(|uses| unsafe { *uses += 1 });
    }
}

fn pin_against_claim(fence_kind: FenceKind) {
    let seats = Arc::new(Seats::new(fence_kind, 2));
    let shards = Arc::new(Shards([UnsafeCell::new(0), UnsafeCell::new(0)]));
    let owners: Vec<_> = (0..2)
        .map(|uses| {
            let (seats, shards) = (Arc::clone(&seats), Arc::clone(&shards));
            thread::spawn(move || {
                let seat = seats.join().unwrap();
                for _ in 0..=uses {
                    let pin = match fence_kind {
                        // SAFETY: this thread's seat, and one pin at a time.
                        FenceKind::Asymmetric => unsafe { seat.pin_fast().or_else(|| seat.pin()) },
                        // SAFETY: as above.
                        FenceKind::Symmetric => unsafe { seat.pin_fenced().or_else(|| seat.pin()) },
                    };
                    if pin.is_some() {
                        shards.touch(seat.id);
                    }
                }
            })
        })
        .collect();
    // SAFETY: the only claim at this time.
    let claim = unsafe { Claim::new(&seats, true) };
    claim.reached().for_each(|seat| shards.touch(seat));
    drop(claim);
    owners.into_iter().for_each(|owner| owner.join().unwrap());
}

#[test]
fn pin_asymmetric() {
    model("pin_asymmetric", Some(3), || pin_against_claim(FenceKind::Asymmetric));
}

#[test]
fn pin_symmetric() {
    model("pin_symmetric", Some(3), || pin_against_claim(FenceKind::Symmetric));
}

/// The system refuses the heavy fence. The claim reaches only seats whose owners have acknowledged it.
#[test]
fn pin_refused_fence() {
    model("pin_refused_fence", Some(3), || {
        refuse_heavy_fences();
        pin_against_claim(FenceKind::Asymmetric);
    });
}

/// A seat that a claim has skipped because the heavy fence was refused stays closed until its owner
/// has caught up.
#[test]
fn pin_late_refused_fence() {
    model("pin_late_refused_fence", Some(3), || {
        refuse_heavy_fences();
        late_seat_stays_closed(FenceKind::Asymmetric);
    });
}

/// An owner acknowledges a claim, so no heavy fence is needed for it. Later claims need one again.
#[test]
fn pin_acknowledged() {
    let ever = Shared::new(AtomicBool::new(false));
    let now = Shared::clone(&ever);
    long_model("pin_acknowledged", 3, move || {
        let seats = Arc::new(Seats::new(FenceKind::Asymmetric, 1));
        let shards = Arc::new(Shards([UnsafeCell::new(0), UnsafeCell::new(0)]));
        let id = seats.join().unwrap().id;
        let owner = {
            let (seats, shards) = (Arc::clone(&seats), Arc::clone(&shards));
            thread::spawn(move || {
                // SAFETY: the seat was joined for this thread.
                let seat = unsafe { seats.held(id) };
                for _ in 0..2 {
                    // SAFETY: this thread's seat.
                    if let Some(_pin) = unsafe { seat.pin() } {
                        shards.touch(id);
                    }
                }
            })
        };
        for _ in 0..2 {
            let before = heavy_fences();
            // SAFETY: the only claim at this time.
            let claim = unsafe { Claim::new(&seats, true) };
            claim.reached().for_each(|seat| shards.touch(seat));
            now.fetch_or(heavy_fences() == before, Ordering::Relaxed);
        }
        owner.join().unwrap();
        // SAFETY: its thread has ended.
        let seat = unsafe { seats.held(id) };
        // SAFETY: as above.
        assert!(seat.is_late() || unsafe { seat.pin() }.is_some(), "the gate stays closed");
    });
    assert!(ever.load(Ordering::Relaxed), "every claim ran a heavy fence");
}

/// The owner of a skipped seat finds the mark, which stays until the owner has caught up.
fn late_seat_stays_closed(fence_kind: FenceKind) {
    let seats = Arc::new(Seats::new(fence_kind, 1));
    let shards = Arc::new(Shards([UnsafeCell::new(0), UnsafeCell::new(0)]));
    let collector = {
        let (seats, shards) = (Arc::clone(&seats), Arc::clone(&shards));
        let seat_exists = seats.join().unwrap().id;
        assert_eq!(seat_exists, 0);
        thread::spawn(move || {
            // SAFETY: the only claim at this time.
            let claim = unsafe { Claim::new(&seats, true) };
            let reached = claim.reached().inspect(|&seat| shards.touch(seat)).count();
            drop(claim);
            reached == 1
        })
    };
    let seats = Arc::clone(&seats);
    let seat = {
        // SAFETY: the seat was joined above, for this thread.
        unsafe { seats.held(0) }
    };
    // SAFETY: this thread's seat.
    if let Some(_pin) = unsafe { seat.pin() } {
        shards.touch(0);
    }
    let reached = collector.join().unwrap();
    assert_eq!(seat.is_late(), !reached);
    // SAFETY: as above, and no longer pinned.
    assert_eq!(unsafe { seat.pin() }.is_some(), reached);
    seat.caught_up();
    // SAFETY: as above.
    assert!(unsafe { seat.pin() }.is_some());
}

#[test]
fn pin_late_asymmetric() {
    model("pin_late_asymmetric", Some(3), || late_seat_stays_closed(FenceKind::Asymmetric));
}

#[test]
fn pin_late_symmetric() {
    model("pin_late_symmetric", Some(3), || late_seat_stays_closed(FenceKind::Symmetric));
}

/// A collector leaves a dormant seat out, and its owner wakes it. The owner sees what the collector did
/// before, or the collector claims the seat.
#[test]
fn pin_dormant() {
    model("pin_dormant", Some(3), || {
        let seats = Arc::new(Seats::new(FenceKind::Asymmetric, 1));
        let shards = Arc::new(Shards([UnsafeCell::new(0), UnsafeCell::new(0)]));
        let id = seats.join().unwrap().id;
        // SAFETY: the only claim at this time.
        let claim = unsafe { Claim::new(&seats, true) };
        claim.visit(&mut |_| true);
        drop(claim);
        let generation = Arc::new(AtomicUsize::new(0));
        let owner = {
            let (seats, shards) = (Arc::clone(&seats), Arc::clone(&shards));
            let generation = Arc::clone(&generation);
            thread::spawn(move || {
                // SAFETY: the seat was joined for this thread, which pins once at a time.
                let _pin = unsafe { seats.held(id).pin() }?;
                shards.touch(id);
                Some(generation.load(Relaxed))
            })
        };
        generation.store(1, Relaxed);
        // SAFETY: the only claim at this time.
        let claim = unsafe { Claim::of_used(&seats, true) };
        let mut visited = false;
        claim.visit(&mut |_| {
            visited = true;
            shards.touch(id);
            false
        });
        drop(claim);
        let seen = owner.join().unwrap();
        // SAFETY: its thread has ended.
        let late = unsafe { seats.held(id) }.is_late();
        assert!(visited || late || seen != Some(0), "a seat left out, and an old generation");
    });
}
