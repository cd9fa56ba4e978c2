//! Whole pools: a collect against gets and puts, in both generations.

use loom::{sync::Arc, sync::Mutex, thread};

use super::{
    ledger::{Ledger, Object},
    model,
};
use crate::{
    age::Ages,
    cell::Full,
    collect::{step, sweep},
    core::Core,
    fence::Strategy,
    seat::Seat,
    seats::Seats,
};

/// A pool and the seats of its process. The lock is the registry's.
struct World {
    seats: Seats,
    core: Box<Core<Object>>,
    lock: Mutex<()>,
    ledger: Ledger,
}

impl World {
    /// A world of so many seats, a power of two.
    fn new(strategy: Strategy, seats: usize, max_idle: usize) -> Arc<Self> {
        Arc::new(Self {
            seats: Seats::new(strategy, 2),
            core: Core::new(seats, max_idle),
            lock: Mutex::new(()),
            ledger: Ledger::new(),
        })
    }

    /// Gets an object and uses it, as `Pool::get` does on its long way.
    fn get(&self, seat: &Seat) -> Option<Full<Object>> {
        self.catch_up(seat);
        let full = self.core.take(Some(seat))?;
        full.get().use_it();
        Some(full)
    }

    fn put(&self, seat: &Seat, full: Full<Object>) {
        self.catch_up(seat);
        full.get().use_it();
        if let Err(full) = self.core.put(Some(seat), full) {
            drop(full);
        }
    }

    /// A collect. The garbage may outlive the lock.
    fn collect(&self) {
        let garbage = {
            let _lock = self.lock.lock().unwrap();
            let pools = std::iter::once(&*self.core as &dyn Ages);
            // SAFETY: locked.
            unsafe {
                step(&self.seats, pools, true);
                self.core.take_remains()
            }
        };
        sweep(garbage.into_iter().collect());
    }

    /// What a thread with a late seat does before its next operation.
    fn catch_up(&self, seat: &Seat) {
        if !seat.is_late() {
            return;
        }
        let Ok(_lock) = self.lock.try_lock() else { return };
        if seat.is_late() {
            // SAFETY: locked, and the caller's seat.
            unsafe { self.core.catch_up(seat.id) };
            seat.caught_up();
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.core.empty());
        assert_eq!(self.ledger.alive(), 0, "lost");
    }
}

/// The owner gets and puts, while a collect flips the generations under it.
fn flip_against_owner(strategy: Strategy) {
    let world = World::new(strategy, 1, usize::MAX);
    let seat = world.seats.join().unwrap();
    (0..2).for_each(|_| world.put(seat, world.ledger.object()));
    let collector = {
        let world = Arc::clone(&world);
        thread::spawn(move || world.collect())
    };
    let held = world.get(seat);
    world.put(seat, held.unwrap_or_else(|| world.ledger.object()));
    collector.join().unwrap();
    // One collect drops nothing that is alive: the object is here, whatever its generation.
    assert!(world.ledger.alive() >= 1);
    assert!(world.get(seat).is_some());
}

#[test]
fn flip_against_owner_asymmetric() {
    model("flip_against_owner_asymmetric", Some(2), || flip_against_owner(Strategy::Asymmetric));
}

#[test]
fn flip_against_owner_symmetric() {
    model("flip_against_owner_symmetric", Some(2), || flip_against_owner(Strategy::Symmetric));
}

/// A thief looks for victims while the collector that makes them is at work.
#[test]
fn flip_against_thief() {
    model("flip_against_thief", Some(2), || {
        let world = World::new(Strategy::Asymmetric, 2, usize::MAX);
        let (owner, thief) = (world.seats.join().unwrap(), world.seats.join().unwrap());
        (0..5).for_each(|_| world.put(owner, world.ledger.object()));
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        let got = world.get(thief);
        got.into_iter().for_each(|full| world.put(thief, full));
        collector.join().unwrap();
        assert_eq!(world.ledger.alive(), 5, "an idle object survives one collect");
    });
}

/// Two collects at a time: what was idle before both is gone after, whoever did it.
#[test]
fn flip_against_flip() {
    model("flip_against_flip", Some(2), || {
        let world = World::new(Strategy::Asymmetric, 1, usize::MAX);
        let seat = world.seats.join().unwrap();
        world.put(seat, world.ledger.object());
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        world.collect();
        collector.join().unwrap();
        assert_eq!(world.ledger.alive(), 0);
    });
}

/// The bound holds while units move between seats, the shelf and a collect.
#[test]
fn bound_against_collect() {
    model("bound_against_collect", Some(2), || {
        let world = World::new(Strategy::Asymmetric, 2, 1);
        let seats = [world.seats.join().unwrap(), world.seats.join().unwrap()];
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        seats.into_iter().for_each(|seat| world.put(seat, world.ledger.object()));
        collector.join().unwrap();
        assert!(world.ledger.alive() <= 1, "more idle objects than the bound");
        seats.into_iter().for_each(|seat| world.put(seat, world.ledger.object()));
        assert!(world.ledger.alive() <= 1, "more idle objects than the bound");
    });
}

/// What a thread leaves behind is found by the next one, on whatever seat.
#[test]
fn vacate_hands_over() {
    model("vacate_hands_over", Some(3), || {
        let world = World::new(Strategy::Asymmetric, 2, usize::MAX);
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let seat = world.seats.join().unwrap();
                world.put(seat, world.ledger.object());
                let _lock = world.lock.lock().unwrap();
                // SAFETY: locked, and this thread's seat, given back at once.
                unsafe {
                    world.core.catch_up(seat.id);
                    world.core.vacate(seat.id);
                    world.seats.leave(seat);
                }
            })
        };
        let seat = world.seats.join().unwrap();
        let early = world.get(seat);
        other.join().unwrap();
        let full = early.or_else(|| world.get(seat)).expect("the object of a thread that is gone");
        world.put(seat, full);
    });
}

/// A seat beyond the first segment: the segment comes while a thief looks for what is in it.
#[test]
fn growth_against_thief() {
    model("growth_against_thief", Some(2), || {
        let world = World::new(Strategy::Asymmetric, 1, usize::MAX);
        let seat = world.seats.join().unwrap();
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let seat = world.seats.join().unwrap();
                (0..4).for_each(|_| world.put(seat, world.ledger.object()));
            })
        };
        let early = world.get(seat);
        other.join().unwrap();
        let got = early.or_else(|| world.get(seat)).expect("what the other thread has published");
        world.put(seat, got);
        assert_eq!(world.ledger.alive(), 4);
    });
}

/// A shard opens while a collect is at work, the pool's generation being odd.
fn open_against_collect(name: &str, puts: usize) {
    model(name, Some(2), move || {
        let world = World::new(Strategy::Asymmetric, 1, usize::MAX);
        let seat = world.seats.join().unwrap();
        world.collect();
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        (0..puts).for_each(|_| world.put(seat, world.ledger.object()));
        collector.join().unwrap();
        assert_eq!(world.ledger.alive(), puts as isize, "dropped without having been idle");
    });
}

#[test]
fn open_against_drain() {
    open_against_collect("open_against_drain", 4);
}

/// The same with a chain that is large enough for a collector to take its ring, were it a victim.
#[test]
fn open_against_shrink() {
    open_against_collect("open_against_shrink", 6);
}

/// A thread takes a seat for the first time while a collect is at work.
#[test]
fn join_against_collect() {
    model("join_against_collect", Some(2), || {
        let world = World::new(Strategy::Asymmetric, 1, usize::MAX);
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        let seat = world.seats.join().unwrap();
        world.put(seat, world.ledger.object());
        collector.join().unwrap();
        world.put(seat, world.ledger.object());
        world.collect();
        assert!(world.ledger.alive() >= 1, "put after one collect, dropped by the next");
    });
}

/// Stats count private victims right, whatever a thief and a collector did to them together.
#[test]
fn idle_is_exact_at_rest() {
    model("idle_is_exact_at_rest", Some(2), || {
        let world = World::new(Strategy::Asymmetric, 2, usize::MAX);
        let (owner, thief) = (world.seats.join().unwrap(), world.seats.join().unwrap());
        world.put(owner, world.ledger.object());
        world.collect();
        world.put(owner, world.ledger.object());
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        let held = world.get(thief);
        collector.join().unwrap();
        let idle = world.ledger.alive() - isize::from(held.is_some());
        assert_eq!(world.core.stats().idle as isize, idle);
    });
}

/// A late seat stays so when a collect of one pool alone has reached it.
#[test]
fn trim_leaves_late_seats_late() {
    model("trim_leaves_late_seats_late", None, || {
        let world = World::new(Strategy::Asymmetric, 1, usize::MAX);
        let other: Box<Core<Object>> = Core::new(1, usize::MAX);
        let seat = world.seats.join().unwrap();
        let full = world.ledger.object();
        world.put(seat, full);
        assert!(world.get(seat).is_some());
        // SAFETY: this thread's seat. It may have lost the processor there.
        let pin = unsafe { seat.pin() }.unwrap();
        world.collect();
        drop(pin);
        assert!(seat.is_late());
        // SAFETY: nobody else is here.
        unsafe { step(&world.seats, std::iter::once(&*other as &dyn Ages), false) };
        assert!(seat.is_late());
        world.put(seat, world.ledger.object());
        world.collect();
        assert_eq!(world.ledger.alive(), 1, "put after two collects, dropped by the next");
    });
}
