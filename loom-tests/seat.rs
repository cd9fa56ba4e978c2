//! Seats pass from thread to thread, together with the contents of their shards.

use loom::{cell::UnsafeCell, sync::Arc, thread};

use super::model;
use crate::seat::{fence::FenceKind, table::Seats};

struct Shards([UnsafeCell<usize>; 3]);

// SAFETY: the model checks that accesses do not overlap.
unsafe impl Sync for Shards {}
// SAFETY: as above.
unsafe impl Send for Shards {}

/// The holder of a seat sees the writes of its earlier holders, and is the only holder.
#[test]
fn seat_hand_over() {
    model("seat_hand_over", Some(3), || {
        let seats = Arc::new(Seats::new(FenceKind::Asymmetric, 3));
        let shards = Arc::new(Shards(std::array::from_fn(|_| UnsafeCell::new(0))));
        let stay = move |seats: &Seats, shards: &Shards| {
            let seat = seats.join().unwrap();
            // SAFETY: this thread's seat.
            let pin = unsafe { seat.pin() }.unwrap();
            // SAFETY: the checker reports an access by another thread without an order.
            shards.0[seat.id].with_mut(|uses| unsafe { *uses += 1 });
            drop(pin);
            // SAFETY: this thread's seat, not used after.
            unsafe { seats.leave(seat) };
            seat.id
        };
        let others: Vec<_> = (0..2)
            .map(|_| {
                let (seats, shards) = (Arc::clone(&seats), Arc::clone(&shards));
                thread::spawn(move || stay(&seats, &shards))
            })
            .collect();
        stay(&seats, &shards);
        others.into_iter().for_each(|other| assert!(other.join().unwrap() < 3));
        // The lowest free id first.
        assert_eq!(seats.join().unwrap().id, 0);
        assert_eq!(seats.join().unwrap().id, 1);
        assert_eq!(seats.join().unwrap().id, 2);
        assert!(seats.join().is_none());
    });
}
