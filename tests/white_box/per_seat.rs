//! The values of a `PerSeat`, with seats of their own, so that one thread can play many: threads take seats, give them
//! back, and count on their values. A model counts as well.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{
    per_seat::values::Values,
    seat::{fence::FenceKind, seat::Seat, table::Seats},
    sync::{AtomicUsize, Relaxed},
};

#[derive(Clone, Debug)]
enum Op {
    /// A thread begins, and takes a seat.
    Join,
    /// One of the threads counts.
    Count(usize),
    /// One of the threads ends.
    Leave(usize),
    /// So many threads without a seat count, each inside the call of the one before.
    Seatless(usize),
}

fn count(own: &AtomicUsize) {
    own.store(own.load(Relaxed) + 1, Relaxed);
}

/// Counts `depth` times, each time inside the one before.
fn nested(values: &Values<AtomicUsize>, depth: usize) {
    if depth > 0 {
        let own = values.borrow_without_seat(AtomicUsize::default);
        nested(values, depth - 1);
        count(own.get());
    }
}

fn play(ops: Vec<Op>) {
    let (values, seats) = (Values::<AtomicUsize>::new(), Seats::new(FenceKind::Symmetric, 300));
    let mut held: Vec<&Seat> = Vec::new();
    let mut counts = BTreeMap::new();
    let (mut seatless, mut deepest) = (0, 0);
    for op in ops {
        match op {
            Op::Join => held.extend(seats.join()),
            Op::Count(which) if !held.is_empty() => {
                let seat = held[which % held.len()].id;
                let known = values.known(seat).is_some();
                assert_eq!(
                    known,
                    counts.contains_key(&seat),
                    "the table forgets nothing by itself"
                );
                count(values.find_or_make(seat, AtomicUsize::default).get());
                *counts.entry(seat).or_insert(0) += 1;
            }
            Op::Leave(which) if !held.is_empty() => {
                let seat = held.swap_remove(which % held.len());
                // SAFETY: taken by `Join`, and not used after.
                unsafe { seats.leave(seat) };
            }
            Op::Seatless(depth) => {
                nested(&values, depth);
                seatless += depth;
                deepest = deepest.max(depth);
            }
            Op::Count(_) | Op::Leave(_) => {}
        }
    }
    for (&seat, &count) in &counts {
        assert_eq!(values.known(seat).unwrap().get().load(Relaxed), count);
    }
    let sum: usize = values.iter().map(|one| one.load(Relaxed)).sum();
    assert_eq!(sum, counts.values().sum::<usize>() + seatless);
    let places: BTreeSet<_> = values.iter().map(std::ptr::from_ref).collect();
    assert_eq!(places.len(), counts.len() + deepest);
    assert!(
        places.iter().zip(places.iter().skip(1)).all(|(one, two)| two.addr() - one.addr() >= 128)
    );
}

#[test]
fn per_seat_values_behave_like_their_model() {
    let op = prop_oneof![
        3 => Just(Op::Join),
        4 => any::<usize>().prop_map(Op::Count),
        1 => any::<usize>().prop_map(Op::Leave),
        1 => (0..4_usize).prop_map(Op::Seatless),
    ];
    let cases = if cfg!(miri) { 2 } else { 256 };
    let config = Config { failure_persistence: None, cases, ..Config::default() };
    let programs = prop::collection::vec(op, 0..if cfg!(miri) { 30 } else { 300 });
    let played = TestRunner::new(config).run(&programs, |ops| {
        play(ops);
        Ok(())
    });
    played.unwrap_or_else(|failure| panic!("{failure}"));
}
