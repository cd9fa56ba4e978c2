//! The values of seats.

use std::ptr;

use loom::{sync::Arc, thread};

use super::model;
use crate::{
    per_seat::values::{Value, Values},
    seat::{fence::FenceKind, table::Seats},
    sync::{AtomicUsize, Relaxed, UnsafeCell},
};

/// What was made, and what one thread at a time writes to without the checker's atomics.
struct Shard {
    made: UnsafeCell<usize>,
    uses: UnsafeCell<usize>,
    seen: AtomicUsize,
}

// SAFETY: what the models check.
unsafe impl Sync for Shard {}
// SAFETY: as above.
unsafe impl Send for Shard {}

impl Shard {
    fn new() -> Self {
        // Written after it was made, so that the model sees a reader that comes too early.
        let shard =
            Self { made: UnsafeCell::new(0), uses: UnsafeCell::new(0), seen: AtomicUsize::new(0) };
        // SAFETY: this thread's own.
        shard.made.with_mut(|made| unsafe { *made = 1 });
        shard
    }

    /// Uses the shard as the closure of `with` may: no other thread does at the same time.
    fn count(&self) {
        // SAFETY: the checker reports an access by another thread without an order.
        self.uses.with_mut(|uses| unsafe { *uses += 1 });
        self.seen.store(self.seen.load(Relaxed) + 1, Relaxed);
    }

    /// Reads the shard as `iter` may, while its thread uses it.
    fn read(&self) -> usize {
        // SAFETY: nobody writes it after the shard was made.
        self.made.with(|made| assert_eq!(unsafe { *made }, 1));
        self.seen.load(Relaxed)
    }

    fn uses(&self) -> usize {
        // SAFETY: as in `count`.
        self.uses.with(|uses| unsafe { *uses })
    }
}

type Shards = Values<Shard>;

/// Returns values whose parts exist: the first access comes before all others.
fn shards() -> Arc<Shards> {
    let shards = Shards::new();
    assert!(shards.known(0).is_none() && shards.iter().next().is_none());
    Arc::new(shards)
}

/// Uses the value of a seat, which the calling thread holds, as `with` does. Returns its address.
fn count(shards: &Shards, seat: usize) -> usize {
    let value = shards.known(seat).unwrap_or_else(|| shards.find_or_make(seat, Shard::new));
    value.get().count();
    ptr::from_ref::<Value<Shard>>(value).addr()
}

/// Two threads make their values and replace the table at once. Each seat has one value, whatever becomes of
/// its entry, and in the end the table leads to it.
#[test]
fn per_seat_first_uses() {
    model("per_seat_first_uses", Some(3), || {
        let shards = shards();
        let other = {
            let shards = Arc::clone(&shards);
            thread::spawn(move || assert_eq!(count(&shards, 2), count(&shards, 2)))
        };
        assert_eq!(count(&shards, 0), count(&shards, 0));
        other.join().unwrap();
        for seat in [0, 2] {
            assert_eq!(shards.find_or_make(seat, || unreachable!()).get().uses(), 2);
            assert!(shards.known(seat).is_some());
        }
        assert_eq!(shards.iter().count(), 2);
    });
}

/// A thread reads all values while another one makes and uses its own.
#[test]
fn per_seat_iter_against_first_use() {
    model("per_seat_iter_against_first_use", Some(3), || {
        let shards = shards();
        count(&shards, 0);
        let other = {
            let shards = Arc::clone(&shards);
            thread::spawn(move || _ = count(&shards, 1))
        };
        let sum = shards.iter().map(Shard::read).sum::<usize>();
        assert!((1..=2).contains(&sum));
        other.join().unwrap();
        assert_eq!(shards.iter().map(Shard::uses).sum::<usize>(), 2);
    });
}

/// A seat passes from thread to thread, and its value with it, while another seat has the table replaced.
#[test]
fn per_seat_hand_over() {
    model("per_seat_hand_over", Some(3), || {
        let (shards, seats) = (shards(), Arc::new(Seats::new(FenceKind::Asymmetric, 2)));
        let use_once = |shards: &Shards, seats: &Seats| {
            let seat = seats.join().unwrap();
            count(shards, seat.id);
            // SAFETY: this thread's seat, not used after.
            unsafe { seats.leave(seat) };
        };
        let other = {
            let (shards, seats) = (Arc::clone(&shards), Arc::clone(&seats));
            thread::spawn(move || (0..2).for_each(|_| use_once(&shards, &seats)))
        };
        use_once(&shards, &seats);
        other.join().unwrap();
        assert_eq!(shards.iter().map(Shard::uses).sum::<usize>(), 3);
        assert!(shards.iter().count() <= 2);
    });
}

/// Threads without a seat use different values at one time, and use them again.
#[test]
fn per_seat_without_seats() {
    model("per_seat_without_seats", Some(3), || {
        let shards = shards();
        let use_once = |shards: &Shards| shards.borrow_without_seat(Shard::new).get().count();
        let other = {
            let shards = Arc::clone(&shards);
            thread::spawn(move || (0..2).for_each(|_| use_once(&shards)))
        };
        use_once(&shards);
        other.join().unwrap();
        let both = [(); 2].map(|()| shards.borrow_without_seat(Shard::new));
        assert!(!ptr::eq(both[0].get(), both[1].get()));
        assert_eq!(shards.iter().map(Shard::uses).sum::<usize>(), 3);
        assert!(shards.iter().count() == 2);
    });
}
