//! A `PerSeat` without memory for its table, and threads without a seat.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use corepool::{PerSeat, with_seat};

use crate::{
    allocator::{Refuse, refuse, relent},
    alone,
};

fn count(counts: &PerSeat<AtomicUsize>) {
    counts.with(|own| own.store(own.load(Relaxed) + 1, Relaxed));
}

fn values(counts: &PerSeat<AtomicUsize>) -> Vec<usize> {
    counts.iter().map(|one| one.load(Relaxed)).collect()
}

/// The thread finds its value in the list each time.
#[test]
fn per_seat_needs_no_table() {
    alone(|| {
        let counts = PerSeat::new(AtomicUsize::default);
        assert_eq!(with_seat(|seat| seat), Some(0));
        // The value, and then the table.
        refuse(Refuse::Only(1));
        count(&counts);
        assert_eq!((relent(), values(&counts)), (1, vec![1]));
        refuse(Refuse::All);
        (0..5).for_each(|_| count(&counts));
        assert_eq!((relent(), values(&counts)), (5, vec![6]));
        count(&counts);
        refuse(Refuse::All);
        (0..5).for_each(|_| count(&counts));
        assert_eq!((relent(), values(&counts)), (0, vec![12]));
    });
}

/// A thread for which there is no seat borrows a value, and has one of its own when it gets a seat.
#[test]
fn per_seat_lends_a_value_to_threads_without_a_seat() {
    alone(|| {
        let (counts, step) = (&PerSeat::new(AtomicUsize::default), &Barrier::new(64));
        thread::scope(|scope| {
            // The first bucket of seats is full.
            for _ in 1..64 {
                scope.spawn(move || {
                    count(counts);
                    step.wait();
                    step.wait();
                });
            }
            let seat = with_seat(|seat| seat);
            step.wait();
            assert!(seat.is_some());
            let thread = scope.spawn(move || {
                refuse(Refuse::Large(4096));
                assert_eq!(with_seat(|seat| seat), None);
                (0..3).for_each(|_| count(counts));
                assert!(relent() > 0);
                count(counts);
                assert_eq!(with_seat(|seat| seat), Some(64));
            });
            thread.join().unwrap();
            step.wait();
        });
        let mut values = values(counts);
        values.sort();
        assert_eq!(values, [vec![1; 64], vec![3]].concat());
    });
}
