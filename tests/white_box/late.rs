//! Late seats: a collector skips a seat that stays pinned, and its owner does the work later. The
//! tests hold a pin for as long as they want, which `Pool` never does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};

use super::{ageing::pool, fences::strategies, objects::Item, test_pool::TestPool};
use crate::{
    collect::{collectable::Collectable, pending::ErasedPending},
    pool::core::{Core, NO_INDEX},
    seat::{
        claim::{AbandonedSeat, Claim},
        fence::FenceKind,
        seat::{Pin, Seat},
        shards::AnyShard,
        table::Seats,
    },
};

/// Pins a seat. This thread plays its holder.
fn pin(seat: &Seat) -> Option<Pin<'_>> {
    // SAFETY: the caller's seat, and its only pin.
    unsafe { seat.pin() }
}

/// Runs a collect on another thread, while this one may have a seat pinned.
fn collect_elsewhere(pool: &TestPool) -> usize {
    thread::scope(|scope| scope.spawn(|| pool.collect()).join().unwrap())
}

/// While a collector claims the seats, no thread can pin one. Afterwards all can.
#[test]
fn claims_close_the_gates_of_seats() {
    for fence_kind in strategies() {
        let seats = Seats::new(fence_kind, 100);
        let held: Vec<_> = (0..70).map(|_| seats.join().unwrap()).collect();
        // SAFETY: this thread has joined them all, and keeps no pin.
        let pinned = || held.iter().filter(|seat| unsafe { seat.pin() }.is_some()).count();
        // SAFETY: as above.
        let fast = || held.iter().filter(|seat| unsafe { seat.pin_fast() }.is_some()).count();
        let open = if fence_kind == FenceKind::Asymmetric { 70 } else { 0 };
        assert_eq!((pinned(), fast()), (70, open));
        // SAFETY: the only claim at this time.
        let claim = unsafe { Claim::new(&seats, true) };
        assert!(claim.reached().eq(0..70));
        assert_eq!((pinned(), fast()), (0, 0), "pinned and claimed");
        assert!(!held.iter().any(|seat| seat.is_late()));
        drop(claim);
        assert_eq!((pinned(), fast()), (70, open));
    }
}

/// A pinned seat is skipped, and stays closed until its owner has done the missed work.
#[test]
fn claims_pass_over_pinned_seats() {
    for fence_kind in strategies() {
        let seats = Seats::new(fence_kind, 3);
        let held: Vec<_> = (0..3).map(|_| seats.join().unwrap()).collect();
        // SAFETY: this thread's seat, and its only pin.
        let pin = unsafe { held[1].pin() };
        assert!(pin.is_some());
        for _ in 0..2 {
            // SAFETY: one claim at a time.
            let claim = unsafe { Claim::new(&seats, true) };
            assert!(claim.reached().eq([0, 2]));
        }
        drop(pin);
        assert!(held.iter().map(|seat| seat.is_late()).eq([false, true, false]));
        // SAFETY: as above, and not pinned any more.
        assert!(unsafe { held[1].pin() }.is_none());
        held[1].caught_up();
        assert!(!held[1].is_late());
        // SAFETY: as above.
        assert!(unsafe { held[1].pin() }.is_some());
    }
}

/// A collect does not wait for a seat that is pinned. The seat then stays closed until its owner
/// has aged its shard by one generation.
#[test]
fn late_seats_catch_up() {
    for fence_kind in strategies() {
        let pool = TestPool::new(fence_kind, usize::MAX);
        let (late, other) = (pool.join(), pool.join());
        [late, other].into_iter().for_each(|seat| pool.fill(Some(seat), 10));
        let pinned = pin(late);
        assert!(pinned.is_some());
        assert_eq!(collect_elsewhere(&pool), 0);
        drop(pinned);
        assert!(late.is_late() && !other.is_late());
        assert!(pin(late).is_none() && pin(other).is_some());
        // The slow path, without doing the missed work first: it skips the seat's own shard.
        let full = pool.make();
        full.get().release();
        assert!(pool.core.put(Some(late), full).is_ok());
        assert_eq!(pool.core.shelf.len(), 1);
        // Now as a thread does: after the missed work.
        pool.catch_up(Some(late));
        assert!(!late.is_late() && pin(late).is_some());
        pool.fill(Some(late), 5);
        assert_eq!(pool.collect(), 20, "both shards were one generation behind");
        assert_eq!(pool.collect(), 6);
    }
}

/// A seat has missed two collects. Objects from before both are dropped by the next collect; newer
/// ones live as long as on other seats.
#[test]
fn very_late_seats_catch_up() {
    for collects in 2..5 {
        let pool = pool();
        let late = pool.join();
        pool.fill(Some(late), 60);
        let pinned = pin(late);
        assert_eq!((0..collects).map(|_| collect_elsewhere(&pool)).sum::<usize>(), 0);
        drop(pinned);
        pool.fill(Some(late), 7);
        assert_eq!((pool.idle(), pool.collect(), pool.collect()), (67, 60, 7));
    }
}

/// The same if the collector finds the seat unpinned before its owner has done the missed work.
#[test]
fn collectors_reach_seats_that_were_late() {
    let pool = pool();
    let late = pool.join();
    pool.fill(Some(late), 60);
    let pinned = pin(late);
    assert_eq!(collect_elsewhere(&pool), 0);
    drop(pinned);
    assert_eq!(pool.collect(), 60);
    assert!(pin(late).is_some());
    pool.fill(Some(late), 7);
    assert_eq!((pool.collect(), pool.collect()), (0, 7));
}

/// A thread gives back a late seat after it has done the missed work.
#[test]
fn a_late_seat_leaves_no_work_to_its_next_holder() {
    let pool = pool();
    let late = pool.join();
    pool.fill(Some(late), 10);
    let pinned = pin(late);
    collect_elsewhere(&pool);
    drop(pinned);
    pool.leave(late);
    let heir = pool.join();
    assert!(!heir.is_late());
    pool.fill(Some(heir), 5);
    assert_eq!((pool.idle(), pool.collect(), pool.collect()), (15, 10, 5));
}

/// A seat that is late for all pools stays late when a trim of one pool finds it unpinned.
#[test]
fn a_trim_does_not_make_up_for_a_collect() {
    let pool = pool();
    let other = Core::<Item>::new(&pool.seats, usize::MAX);
    // SAFETY: it has no shards, and no collect runs after it is freed.
    unsafe { pool.add(&*other) };
    let late = pool.join();
    pool.fill(Some(late), 10);
    let pinned = pin(late);
    assert_eq!(pool.collect(), 0);
    drop(pinned);
    pool.trim(&*other);
    pool.fill(Some(late), 5);
    assert_eq!((pool.collect(), pool.collect()), (10, 5));
}

/// A collect that finds the seat unpinned makes up for a trim, also of a pool that it does not age.
#[test]
fn a_collect_makes_up_for_a_trim() {
    for fence_kind in strategies() {
        let pool = TestPool::scoped(fence_kind);
        let trim = || pool.trim(&*pool.core);
        let late = pool.join();
        pool.fill(Some(late), 10);
        let pinned = pin(late);
        assert_eq!(trim(), 0);
        drop(pinned);
        assert_eq!(pool.collect(), 0);
        assert!(!late.is_late());
        pool.fill(Some(late), 5);
        assert_eq!((pool.collect(), trim(), trim()), (0, 10, 5));
    }
}

/// Calls a function during a collect, when some pools have advanced and others have not.
struct Meanwhile<F>(F);

impl<F: Fn() + Send + Sync> Collectable for Meanwhile<F> {
    fn set_index(&self, _: usize) {}

    fn index(&self) -> usize {
        NO_INDEX
    }

    fn is_collected(&self) -> bool {
        true
    }

    unsafe fn drain(&self, _: AnyShard) {}

    #[cfg(feature = "metrics")]
    fn named_stats(&self) -> Option<(&'static str, crate::shard::stats::Stats)> {
        None
    }

    fn name(&self) -> &'static str {
        ""
    }

    unsafe fn drain_shelf(&self) {}

    unsafe fn advance(&self) {
        self.0();
    }

    unsafe fn flip(&self, _: &Seat, _: AnyShard) -> bool {
        false
    }

    unsafe fn keep_min_idle(&self) {}

    unsafe fn set_clearing(&self, _clearing: bool) {}

    unsafe fn take_pending(&self) -> Option<ErasedPending> {
        None
    }

    unsafe fn free_removed(&self) {}

    unsafe fn catch_up(&self, _: &Seat, _: AnyShard) {}

    unsafe fn vacate(&self, _: &Seat, _: AnyShard) {}

    fn is_on_shelf(&self) -> bool {
        false
    }

    unsafe fn seems_empty(&self) -> bool {
        true
    }

    unsafe fn is_empty(&self) -> bool {
        true
    }

    unsafe fn lock_for_fork(&self) {}

    unsafe fn unlock_after_fork(&self) {}

    unsafe fn reset_after_fork(&self, _: &mut dyn Iterator<Item = AbandonedSeat<'_>>) {}
}

/// A thread joins during a collect, without waiting for it, and its shard is not left a generation
/// behind.
#[test]
fn a_thread_that_joins_during_a_collect_is_not_left_behind() {
    let pool = Arc::new(pool());
    let meanwhile = {
        let pool = Arc::downgrade(&pool);
        let first = AtomicBool::new(true);
        Meanwhile(move || {
            if first.swap(false, Relaxed) {
                let pool = pool.upgrade().unwrap();
                thread::spawn(move || pool.fill(Some(pool.join()), 10)).join().unwrap();
            }
        })
    };
    // SAFETY: no collect runs after it is freed.
    unsafe { pool.add(&meanwhile) };
    assert_eq!(pool.collect(), 0);
    // SAFETY: the thread that held the seat has ended, without giving it back.
    let seat = unsafe { pool.seats.held(0) };
    pool.fill(Some(seat), 5);
    let gone = pool.collect();
    assert!(gone == 0 || gone == 10, "{gone} of 15 dropped, of which 5 were new");
    assert_eq!(pool.collect(), 15 - gone);
}

/// A collector visits the seats of owners that wait before the others, and releases each at once.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn owners_that_wait_come_first() {
    let seats = Seats::new(FenceKind::Symmetric, 10);
    let held: Vec<_> = (0..10).map(|_| seats.join().unwrap()).collect();
    // SAFETY: the only claim at this time.
    let claim = unsafe { Claim::new(&seats, true) };
    assert!(pin(held[7]).is_none(), "claimed");
    let mut visited = Vec::new();
    claim.visit(&mut |seat| {
        assert!(visited.iter().all(|&id: &usize| !held[id].is_claimed()), "released");
        visited.push(seat.id);
        if seat.id == 3 {
            assert!(pin(held[9]).is_none(), "still claimed");
        }
        true
    });
    assert_eq!(visited, [7, 0, 1, 2, 3, 9, 4, 5, 6, 8]);
    // They have no shards, so the next collect leaves them out, but not those that waited.
    drop(claim);
    // SAFETY: the only claim at this time.
    let claim = unsafe { Claim::of_used(&seats, true) };
    assert!(claim.reached().eq([7, 9]));
}
