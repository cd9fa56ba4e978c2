//! How a child process handles the seats and shards of the threads that it lost. The tests stop an
//! operation of such a thread at a chosen step, without a fork.

use std::{ptr, sync::atomic::Ordering::Relaxed};

use super::{
    chain::Own,
    objects::{Cells, Item},
    repeat,
    ring::Shared,
    test_pool::TestPool,
};
use crate::{
    collect::collectable::Collectable,
    containers::{
        cell::{CellBox, ObjectCell},
        ring::Ring,
    },
    seat::{claim::Claim, fence::FenceKind, seat::Seat},
};

/// Acts like the child of a fork in which only the holder of `own` remains.
fn fork(pool: &TestPool, own: Option<&Seat>) {
    let own = own.map(|seat| seat.id);
    // SAFETY: no other thread uses the pool, as if the registry were locked.
    unsafe {
        let mut claim = Claim::new(&pool.seats, false);
        claim.wait();
        pool.core.lock_for_fork();
        pool.core.unlock_after_fork();
        pool.core.reset_after_fork(&mut claim.others(own));
        claim.reset_after_fork(own);
    }
}

fn pool(max_idle: usize) -> TestPool {
    TestPool::new(FenceKind::detect(), max_idle)
}

/// The remaining thread finds all objects of threads that used no pool at the fork, even private
/// ones.
#[test]
fn a_child_finds_idle_objects_of_lost_threads() {
    for (max_idle, own) in [(usize::MAX, true), (20, true), (500, true), (usize::MAX, false)]
        .into_iter()
        .take(repeat(4, 2))
    {
        let pool = pool(max_idle);
        let own = own.then(|| pool.join());
        let others: Vec<_> = (0..repeat(9, 3)).map(|_| pool.join()).collect();
        let kept =
            others.iter().map(|seat| (0..40).filter(|_| pool.put(Some(seat), pool.make())).count());
        let kept: usize = kept.sum();
        fork(&pool, own);
        assert_eq!(pool.idle(), kept);
        assert_eq!(pool.drain(own), kept);
    }
}

#[test]
fn objects_keep_their_age_in_a_child() {
    let pool = pool(usize::MAX);
    let (own, other) = (pool.join(), pool.join());
    pool.fill(Some(other), 40);
    assert_eq!(pool.collect(), 0);
    pool.fill(Some(other), 30);
    fork(&pool, Some(own));
    assert_eq!((pool.collect(), pool.collect()), (40, 30));
}

/// The seats are free again, and not late.
#[test]
fn seats_of_lost_threads_are_free_in_a_child() {
    let pool = pool(usize::MAX);
    let (first, own, third) = (pool.join(), pool.join(), pool.join());
    // SAFETY: this thread plays the holder of the seat, which is stopped inside the pin.
    std::mem::forget(unsafe { first.pin() }.unwrap());
    pool.collect();
    assert!(first.is_late());
    fork(&pool, Some(own));
    assert_eq!((pool.join().id, pool.join().id, pool.join().id), (0, 2, 3));
    for seat in [first, own, third] {
        // SAFETY: joined again above, or this thread's own seat.
        assert!(unsafe { seat.pin() }.is_some());
    }
}

/// A thread that was pinned at the fork may have been inside an operation, so its private objects
/// are not touched. Its units are available again.
#[test]
fn a_child_leaves_objects_of_pinned_threads_alone() {
    let (bound, times) = (repeat(500, 60), repeat(600, 70));
    for max_idle in [usize::MAX, bound] {
        let pool = pool(max_idle);
        let (own, other) = (pool.join(), pool.join());
        pool.fill(Some(other), 40);
        pool.drain_shared(Some(own));
        let private = private(&pool, other);
        assert_eq!(pool.idle(), private.len());
        // SAFETY: this thread plays the holder of the seat, which is stopped inside the pin.
        std::mem::forget(unsafe { other.pin() }.unwrap());
        fork(&pool, Some(own));
        assert_eq!((pool.idle(), pool.drain(Some(own))), (0, 0));
        let room = max_idle.min(times);
        assert_eq!((0..times).filter(|_| pool.put(Some(own), pool.make())).count(), room);
        pool.drain(Some(own));
        // SAFETY: only this test still has these pointers.
        private.into_iter().for_each(|cell| drop(unsafe { CellBox::from_raw(cell) }));
    }
}

/// Returns the objects that only the owner of a seat can reach.
fn private(pool: &TestPool, seat: &Seat) -> Vec<*mut ObjectCell<Item>> {
    let shard = pool.shard(seat).unwrap();
    let mut all = vec![std::ptr::null_mut(); shard.private.count()];
    // SAFETY: this thread plays the owner.
    unsafe { shard.owner() }.private().copy_oldest(&mut all);
    all.push(shard.private.slot());
    all
}

/// A thief had taken a list of victims, and not yet updated the count.
#[test]
fn a_child_mends_counts_of_victims() {
    let pool = pool(usize::MAX);
    let (own, other) = (pool.join(), pool.join());
    pool.fill(Some(other), 10);
    assert_eq!(pool.collect(), 0);
    pool.shard(other).unwrap().shared.aged_len.fetch_add(5, Relaxed);
    assert_eq!(pool.idle(), 15);
    fork(&pool, Some(own));
    assert_eq!(pool.idle(), 10);
}

/// The same, in a shard that a collect has removed meanwhile. The thief was still reading it.
#[test]
fn a_child_mends_removed_shards() {
    let pool = pool(usize::MAX);
    let (own, other, thief) = (pool.join(), pool.join(), pool.join());
    pool.fill(Some(other), 1);
    assert_eq!(pool.drain(Some(other)), 1);
    pool.shard(other).unwrap().shared.aged_len.fetch_add(5, Relaxed);
    std::mem::forget(pool.seats.read(Some(thief)));
    for shards in [1, 0] {
        assert_eq!((pool.collect(), pool.shards().count()), (0, shards));
    }
    fork(&pool, Some(own));
    // It is freed here, and checks that it is empty.
    assert_eq!((pool.collect(), pool.idle()), (0, 0));
}

/// Slots that a thief had claimed and not yet emptied, or that the owner had filled and not yet
/// published.
#[test]
fn a_child_mends_half_done_rings() {
    let cells = Cells::new(12);
    let ring = Shared::new(8, usize::MAX - 2);
    assert_eq!(ring.head().push(&cells.cells[..5]), 5);
    assert_eq!(ring.pop(2).len() + ring.steal(1).unwrap().len(), 3);
    // The tail is two before the head, which is at 0.
    for index in [0, usize::MAX - 2] {
        ring.0.slot(index).store(cells.cells[11], Relaxed);
    }
    assert_eq!(ring.head().push(&cells.cells[5..]), 0);
    // SAFETY: no other thread exists.
    unsafe { ring.0.mend() };
    assert_eq!(ring.head().push(&cells.cells[5..11]), 6);
    assert_eq!(cells.numbers(&ring.pop(8)), [1, 2, 5, 6, 7, 8, 9, 10]);
}

/// A ring that the owner had made the newest, and not yet linked.
#[test]
fn a_child_mends_half_done_chains() {
    let cells = Cells::new(4);
    let chain = Own::new();
    chain.head().grow(Ring::try_new(8).unwrap());
    let next = &raw const chain.head().ring().unwrap().next;
    chain.push(&cells.cells[..2]);
    chain.head().grow(Ring::try_new(16).unwrap());
    // SAFETY: the ring is in the chain.
    unsafe { (*next).store(ptr::null_mut(), Relaxed) };
    // SAFETY: no other thread exists.
    unsafe { chain.0.mend() };
    assert_eq!(chain.slots(), 8);
    chain.push(&cells.cells[2..]);
    assert_eq!(chain.0.len(), 4);
}
