//! What a child process does with the threads that it has not.

use std::{ptr, sync::atomic::Ordering::Relaxed};

use super::{
    chain::Own,
    objects::{Cells, Item},
    ring::Shared,
    world::World,
};
use crate::{
    collect::collectable::Collectable,
    containers::{
        cell::{CellBox, ObjectCell},
        ring::Ring,
    },
    seat::{claim::Claim, fence::FenceKind, seat::Seat},
};

/// A fork, after which only the holder of `own` goes on.
fn fork(world: &World, own: Option<&Seat>) {
    let own = own.map(|seat| seat.id);
    // SAFETY: nobody else is here, so that it is as if the registry were locked.
    unsafe {
        let mut claim = Claim::new(&world.seats, false);
        world.core.lock_for_fork();
        world.core.unlock_after_fork();
        world.core.reset_after_fork(&mut claim.others(own));
        claim.reset_after_fork(own);
    }
}

fn world(max_idle: usize) -> World {
    World::new(FenceKind::detect(), max_idle)
}

/// What other threads had at rest is found by the one that is left, also what was private.
#[test]
fn nothing_at_rest_is_lost() {
    for (max_idle, own) in [(usize::MAX, true), (500, true), (20, true), (usize::MAX, false)] {
        let world = world(max_idle);
        let own = own.then(|| world.join());
        let others: Vec<_> = (0..9).map(|_| world.join()).collect();
        let kept = others
            .iter()
            .map(|seat| (0..40).filter(|_| world.put(Some(seat), world.make())).count());
        let kept: usize = kept.sum();
        fork(&world, own);
        assert_eq!(world.idle(), kept);
        assert_eq!(world.drain(own), kept);
    }
}

/// They age as they would have.
#[test]
fn ages_stay() {
    let world = world(usize::MAX);
    let (own, other) = (world.join(), world.join());
    world.fill(Some(other), 40);
    assert_eq!(world.collect(), 0);
    world.fill(Some(other), 30);
    fork(&world, Some(own));
    assert_eq!((world.collect(), world.collect()), (40, 30));
}

/// The seats are free again, and not late.
#[test]
fn seats_are_given_back() {
    let world = world(usize::MAX);
    let (first, own, third) = (world.join(), world.join(), world.join());
    // SAFETY: as if by the thread that holds it, which is stopped there.
    std::mem::forget(unsafe { first.pin() }.unwrap());
    world.collect();
    assert!(first.is_late());
    fork(&world, Some(own));
    assert_eq!((world.join().id, world.join().id, world.join().id), (0, 2, 3));
    for seat in [first, own, third] {
        // SAFETY: joined again just now, or this thread's own.
        assert!(unsafe { seat.pin() }.is_some());
    }
}

/// A thread that was stopped while pinned may have been in the midst of something: what it had for
/// itself is left alone. The units are there again.
#[test]
fn what_is_half_done_is_left_alone() {
    for max_idle in [usize::MAX, 500] {
        let world = world(max_idle);
        let (own, other) = (world.join(), world.join());
        world.fill(Some(other), 40);
        world.drain(Some(own));
        let private = private(&world, other);
        assert_eq!(world.idle(), private.len());
        // SAFETY: as if by the thread that holds it, which is stopped there.
        std::mem::forget(unsafe { other.pin() }.unwrap());
        fork(&world, Some(own));
        assert_eq!((world.idle(), world.drain(Some(own))), (0, 0));
        let room = max_idle.min(600);
        assert_eq!((0..600).filter(|_| world.put(Some(own), world.make())).count(), room);
        world.drain(Some(own));
        // SAFETY: nobody has them any more, but for this test.
        private.into_iter().for_each(|cell| drop(unsafe { CellBox::from_raw(cell) }));
    }
}

/// What only the owner of a seat can reach.
fn private(world: &World, seat: &Seat) -> Vec<*mut ObjectCell<Item>> {
    let shard = world.core.shard(seat).unwrap();
    let mut all = vec![std::ptr::null_mut(); shard.private.count()];
    // SAFETY: this thread plays the owner.
    unsafe { shard.owner() }.private().copy_oldest(&mut all);
    all.push(shard.private.slot());
    all
}

/// A thief had taken a list of victims, and not counted that yet.
#[test]
fn counts_are_mended() {
    let world = world(usize::MAX);
    let (own, other) = (world.join(), world.join());
    world.fill(Some(other), 10);
    assert_eq!(world.collect(), 0);
    world.core.shard(other).unwrap().shared.aged_len.fetch_add(5, Relaxed);
    assert_eq!(world.idle(), 15);
    fork(&world, Some(own));
    assert_eq!(world.idle(), 10);
}

/// Slots that a thief has claimed and not given back, or an owner filled and not published.
#[test]
fn rings_are_mended() {
    let cells = Cells::new(12);
    let ring = Shared::new(8, usize::MAX - 2);
    assert_eq!(ring.head().push(&cells.cells[..5]), 5);
    assert_eq!(ring.pop(2).len() + ring.steal(1).unwrap().len(), 3);
    // The tail is two before the head, which is at 0.
    for index in [0, usize::MAX - 2] {
        ring.0.slot(index).store(cells.cells[11], Relaxed);
    }
    assert_eq!(ring.head().push(&cells.cells[5..]), 0);
    // SAFETY: nobody else is here.
    unsafe { ring.0.mend() };
    assert_eq!(ring.head().push(&cells.cells[5..11]), 6);
    assert_eq!(cells.numbers(&ring.pop(8)), [1, 2, 5, 6, 7, 8, 9, 10]);
}

/// A ring that its owner had made the newest, and not linked yet.
#[test]
fn chains_are_mended() {
    let cells = Cells::new(4);
    let chain = Own::new();
    let first = Ring::try_new(8).unwrap();
    let next = &raw const first.next;
    chain.head().grow(first);
    chain.push(&cells.cells[..2]);
    chain.head().grow(Ring::try_new(16).unwrap());
    // SAFETY: the ring is in the chain.
    unsafe { (*next).store(ptr::null_mut(), Relaxed) };
    // SAFETY: nobody else is here.
    unsafe { chain.0.mend() };
    assert_eq!(chain.slots(), 8);
    chain.push(&cells.cells[2..]);
    assert_eq!(chain.0.len(), 4);
}
