//! Seats: dense ids with one holder each. They are private, and a process can take all of them only
//! in a table of its own.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

use super::{ROUNDS, Rng, repeat};
use crate::{
    collect::join::current_or_join,
    seat::{
        buckets::{self, MAX_SEATS, locate},
        fence::FenceKind,
        seat::Seat,
        table::Seats,
    },
};

fn seats(limit: usize) -> Seats {
    Seats::new(FenceKind::Symmetric, limit)
}

fn leave(seats: &Seats, seat: &Seat) {
    // SAFETY: each test leaves a seat that it has joined, once.
    unsafe { seats.leave(seat) };
}

#[test]
fn the_lowest_free_seat_comes_first() {
    let seats = seats(8);
    let held: Vec<_> = (0..8).map(|_| seats.join().unwrap()).collect();
    assert_eq!(held.iter().map(|seat| seat.id).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7]);
    [6, 2, 4].into_iter().for_each(|id| leave(&seats, held[id]));
    for id in [2, 4, 6] {
        let seat = seats.join().unwrap();
        assert_eq!(seat.id, id);
        assert!(std::ptr::eq(seat, held[id]), "a seat never moves");
    }
}

#[test]
fn join_fails_when_seats_run_out() {
    for limit in [0, 1, 2, 63, 64, 65, 128, 300] {
        let seats = seats(limit);
        let held: Vec<_> = (0..limit).map(|_| seats.join().unwrap()).collect();
        assert!(seats.join().is_none(), "seat {limit} of {limit}");
        if let Some(last) = held.last() {
            leave(&seats, last);
            assert_eq!(seats.join().unwrap().id, limit - 1);
            assert!(seats.join().is_none());
        }
    }
}

/// With no limit all seats can be taken.
#[test]
#[cfg_attr(miri, ignore = "makes 16,384 seats")]
fn all_possible_seats_exist_side_by_side() {
    let seats = seats(usize::MAX);
    for id in 0..MAX_SEATS {
        assert_eq!(seats.join().unwrap().id, id);
    }
    assert!(seats.join().is_none());
}

/// Joins and leaves in any order have the same results as on a set of free ids.
#[test]
fn seats_behave_like_a_set_of_free_ids() {
    for seed in 0..repeat(40, 2) {
        let mut rng = Rng::new(seed);
        let limit = rng.below(200) + 1;
        let (seats, mut held) = (seats(limit), Vec::new());
        let mut free: BTreeSet<_> = (0..limit).collect();
        // More joins than leaves at first, then the other way round.
        for joins in [5, 2, 5, 1] {
            for _ in 0..repeat(200, 50) {
                if rng.below(6) < joins {
                    let seat = seats.join();
                    assert_eq!(seat.map(|seat| seat.id), free.pop_first());
                    held.extend(seat);
                } else if !held.is_empty() {
                    let seat = held.swap_remove(rng.below(held.len()));
                    leave(&seats, seat);
                    assert!(free.insert(seat.id));
                }
            }
        }
    }
}

/// Every id has one place in one bucket, in order and without gaps.
#[test]
fn buckets_hold_every_id_once() {
    for first in [1, 2, 4, 64] {
        let places =
            (0..).flat_map(|index| (0..buckets::len(index, first)).map(move |i| (index, i)));
        for (id, place) in (0..repeat(70_000, 300)).zip(places) {
            assert_eq!(locate(id, first), place, "id {id}, first {first}");
        }
        for id in [MAX_SEATS - 1, usize::MAX] {
            let (index, offset) = locate(id, first);
            assert!(offset < buckets::len(index, first));
            assert_eq!((0..index).map(|i| buckets::len(i, first)).sum::<usize>(), id - offset);
        }
    }
}

/// Threads that start and end never share a seat.
#[test]
fn a_seat_has_one_holder() {
    const LIMIT: usize = 5;
    let seats = seats(LIMIT);
    let taken: [AtomicBool; LIMIT] = Default::default();
    thread::scope(|scope| {
        for seed in 0..8 {
            let (seats, taken) = (&seats, &taken);
            scope.spawn(move || {
                let (mut rng, mut held) = (Rng::new(seed), Vec::new());
                for _ in 0..ROUNDS / 4 {
                    if held.len() < 2 && rng.below(2) == 0 {
                        let Some(seat) = seats.join() else { continue };
                        assert!(!taken[seat.id].swap(true, Relaxed), "two holders");
                        held.push(seat);
                    } else if let Some(seat) = held.pop() {
                        taken[seat.id].store(false, Relaxed);
                        leave(seats, seat);
                    }
                }
                held.into_iter().for_each(|seat| {
                    taken[seat.id].store(false, Relaxed);
                    leave(seats, seat);
                });
            });
        }
    });
    assert_eq!((0..LIMIT).map(|_| seats.join().unwrap().id).sum::<usize>(), 10, "a seat is lost");
}

/// A thread keeps its seat while it lives, and another thread has another one.
#[test]
fn a_thread_has_a_seat_of_its_own() {
    let mine = current_or_join().unwrap();
    assert!(std::ptr::eq(mine, current_or_join().unwrap()));
    thread::spawn(|| assert_ne!(current_or_join().unwrap().id, mine.id)).join().unwrap();
}

/// A thread's seat is free again once the thread has ended. Other tests take and give back seats
/// too, so the next thread may get another one.
#[test]
fn a_seat_outlives_its_thread() {
    const OTHERS: usize = repeat(500, 50);
    let id = || thread::spawn(|| current_or_join().unwrap().id).join().unwrap();
    let highest = (0..2 * OTHERS).map(|_| id()).max();
    assert!(highest < Some(OTHERS), "seats are lost: {highest:?}");
}

/// The numbers that spread the searches never get stuck at one value.
#[test]
fn random_numbers_of_a_seat_differ() {
    let seats = seats(64);
    for _ in 0..64 {
        let seat = seats.join().unwrap();
        let n = repeat(100, 5);
        let numbers: BTreeSet<_> = (0..n).map(|_| seat.random()).collect();
        assert_eq!(numbers.len(), n);
        assert!(!numbers.contains(&0));
    }
}
