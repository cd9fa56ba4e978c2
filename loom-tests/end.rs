//! The end of a pool, against the drop of owned guards.

use std::{mem::forget, ptr::NonNull, sync::Arc as Shared};

use loom::thread;

use super::{
    ledger::{Ledger, Object},
    long_model,
};
use crate::{
    collect::{collect::collect_from, recall::Patience, registry::Registry},
    pool::{core::Core, handle::CoreHandle, return_to::ReturnTo},
    seat::{current::CurrentSeat, fence::FenceKind, seat::Seat, table::Seats},
};

/// A core that a thread of the model reaches by a loan.
#[derive(Clone, Copy)]
struct Lent(NonNull<Core<Object>>);

// SAFETY: a core may be shared if its objects may be sent.
unsafe impl Send for Lent {}

impl Lent {
    /// Drops an owned guard with a new object, as the thread with this seat.
    fn drop_guard(self, seat: &Seat, ledger: &Ledger) {
        let full = ledger.object();
        // SAFETY: the caller has a loan.
        unsafe {
            if ReturnTo::core_of(self.0).keep_local::<true>(CurrentSeat::of(seat), &full) {
                return forget(full);
            }
            if self.0.as_ref().has_ended() {
                drop(full);
            } else if let Err(full) = self.0.as_ref().put(Some(seat), full) {
                self.0.as_ref().recall_units(Some(seat), Patience::GivesUp);
                drop(full);
            }
            Core::end_loan(self.0, Some(seat));
        }
    }
}

/// Two owned guards are dropped, one by another thread before, during or after the end of the pool, and
/// one by this thread. The last of the three to end frees the core, once.
fn end_against_guard(name: &str, first: bool, max_idle: usize) {
    let bound = if max_idle == usize::MAX { 2 } else { 1 };
    long_model(name, bound, move || {
        let ledger = Ledger::new();
        let seats = Shared::new(Seats::new(FenceKind::Asymmetric, usize::MAX));
        let (seat, other) = (seats.join().unwrap(), seats.join().unwrap().id);
        let handle = CoreHandle::<Object>::new();
        let lent = Lent(NonNull::from(
            handle.try_init(Core::new(&seats, max_idle), |_| Some(())).unwrap(),
        ));
        // SAFETY: the pool is alive.
        let core = unsafe { lent.0.as_ref() };
        assert!(core.put(Some(seat), ledger.object()).is_ok() && core.take(Some(seat)).is_some());
        (0..2).for_each(|_| core.lend(Some(seat)));
        let dropper = {
            let (ledger, seats) = (ledger.clone(), Shared::clone(&seats));
            thread::spawn(move || {
                // SAFETY: this thread's seat, joined by the main thread.
                lent.drop_guard(unsafe { seats.held(other) }, &ledger);
            })
        };
        if first {
            lent.drop_guard(seat, &ledger);
            drop(handle);
        } else {
            drop(handle);
            lent.drop_guard(seat, &ledger);
        }
        dropper.join().unwrap();
        // The other thread may have stayed pinned. Then the pool goes on without its owner.
        let goes_on = Registry::lock().len();
        if goes_on == 1 {
            (0..3).for_each(|_| collect_from(&seats));
        }
        assert_eq!(ledger.alive(), 0, "an object is left");
        let cores = Shared::strong_count(&seats) - 1;
        assert_eq!(cores, goes_on, "the core is leaked, or was freed twice");
    });
}

#[test]
fn end_before_a_guard() {
    end_against_guard("end_before_a_guard", false, usize::MAX);
}

#[test]
fn end_after_a_guard() {
    end_against_guard("end_after_a_guard", true, usize::MAX);
}

/// The same in a pool at its bound. The other thread looks for a unit in the shards of others.
#[test]
fn end_before_a_guard_at_the_bound() {
    end_against_guard("end_before_a_guard_at_the_bound", false, 1);
}
