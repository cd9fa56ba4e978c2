//! The chain: growing against stealing, and the unlinking of spent rings.

use std::ptr;

use loom::{sync::Arc, thread};

use super::{
    ledger::{Ledger, Object},
    long_model, model,
};
use crate::containers::{
    cell::{CellBox, ObjectCell},
    chain::{Chain, Push},
    ring::{Ring, Steal},
};

/// Pushes one object as the owner, with a new ring if the chain asks for one.
pub(super) fn push(chain: &Chain<Object>, ledger: &Ledger) {
    let cell = ledger.object().into_raw();
    // SAFETY: one thread of each model plays the owner.
    let head = unsafe { chain.head() };
    match head.push(&[cell]) {
        Push::Done => {}
        Push::Grow { slots, .. } => {
            head.grow(Ring::try_new(slots).unwrap());
            assert_eq!(head.push(&[cell]), Push::Done);
        }
        Push::Full { .. } => finish(cell),
    }
}

fn pop(chain: &Chain<Object>) -> usize {
    let mut batch = [ptr::null_mut()];
    // SAFETY: as above.
    let count = unsafe { chain.head() }.pop(&mut batch);
    batch[..count].iter().for_each(|&cell| finish(cell));
    count
}

pub(super) fn steal(chain: &Chain<Object>) -> usize {
    let mut batch = [ptr::null_mut()];
    match chain.steal(&mut batch) {
        Steal::Got(count) => {
            finish(batch[0]);
            count
        }
        Steal::Empty | Steal::Busy => 0,
    }
}

fn finish(cell: *mut ObjectCell<Object>) {
    // SAFETY: the thread that got the cell owns it, which the ledger checks.
    let full = unsafe { CellBox::from_raw(cell) };
    full.get().use_it();
}

pub(super) fn settle(chain: &Chain<Object>, ledger: &Ledger) {
    while steal(chain) > 0 {}
    assert_eq!(ledger.alive(), 0);
}

pub(super) fn thief(chain: &Arc<Chain<Object>>, steals: usize) -> thread::JoinHandle<usize> {
    let chain = Arc::clone(chain);
    thread::spawn(move || (0..steals).map(|_| steal(&chain)).sum())
}

#[test]
fn chain_grow_against_steal() {
    model("chain_grow_against_steal", Some(3), || {
        let ledger = Ledger::new();
        let chain = Arc::new(Chain::new());
        let thief = thief(&chain, 2);
        // The third push links a second ring.
        (0..3).for_each(|_| push(&chain, &ledger));
        thief.join().unwrap();
        settle(&chain, &ledger);
    });
}

/// One thread links rings, a second walks them, and a third takes over.
#[test]
fn chain_handed_on() {
    model("chain_handed_on", Some(2), || {
        let ledger = Ledger::new();
        let chain = Arc::new(Chain::new());
        let owner = {
            let (ledger, chain) = (ledger.clone(), Arc::clone(&chain));
            thread::spawn(move || (0..3).for_each(|_| push(&chain, &ledger)))
        };
        let thief = thief(&chain, 2);
        let _ = steal(&chain) + steal(&chain);
        owner.join().unwrap();
        thief.join().unwrap();
        settle(&chain, &ledger);
    });
}

/// A thread that counts the objects walks the rings too.
#[test]
fn chain_counted_while_it_grows() {
    model("chain_counted_while_it_grows", Some(3), || {
        let ledger = Ledger::new();
        let chain = Arc::new(Chain::new());
        let owner = {
            let (ledger, chain) = (ledger.clone(), Arc::clone(&chain));
            thread::spawn(move || (0..3).for_each(|_| push(&chain, &ledger)))
        };
        assert!(chain.len() <= 3);
        owner.join().unwrap();
        assert_eq!(chain.len(), 3);
        settle(&chain, &ledger);
    });
}

/// A thief unlinks and frees the ring that another thread is counting.
#[test]
fn chain_counted_while_it_is_unlinked() {
    model("chain_counted_while_it_is_unlinked", Some(3), || {
        let ledger = Ledger::new();
        let chain = Arc::new(Chain::new());
        // SAFETY: this thread plays the owner.
        let head = unsafe { chain.head() };
        (0..2).for_each(|_| head.grow(Ring::try_new(2).unwrap()));
        push(&chain, &ledger);
        let thief = thief(&chain, 1);
        assert!(chain.len() <= 1);
        thief.join().unwrap();
        settle(&chain, &ledger);
    });
}

/// Two thieves find the first ring spent; one unlinks it, the other may still be reading it.
#[test]
fn chain_unlink_against_steal() {
    long_model("chain_unlink_against_steal", 3, || {
        let ledger = Ledger::new();
        let chain = Arc::new(Chain::new());
        (0..4).for_each(|_| push(&chain, &ledger));
        assert_eq!(steal(&chain) + steal(&chain), 2);
        let thieves = [thief(&chain, 1), thief(&chain, 1)];
        let popped = pop(&chain);
        let stolen: usize = thieves.into_iter().map(|thief| thief.join().unwrap()).sum();
        assert!(popped + stolen <= 2);
        settle(&chain, &ledger);
    });
}

/// The owner links a ring and unlinks the two before it, while a thief reads the first.
#[test]
fn chain_walk_against_owner() {
    model("chain_walk_against_owner", Some(3), || {
        let ledger = Ledger::new();
        let chain = Arc::new(Chain::new());
        // SAFETY: this thread plays the owner.
        let head = unsafe { chain.head() };
        (0..2).for_each(|_| head.grow(Ring::try_new(2).unwrap()));
        let thief = thief(&chain, 1);
        head.grow(Ring::try_new(2).unwrap());
        push(&chain, &ledger);
        let stolen = steal(&chain);
        assert_eq!(stolen + thief.join().unwrap(), 1);
        settle(&chain, &ledger);
    });
}

/// The last ring is freed too when its chain is drained and shrunk.
#[test]
fn chain_shrink_against_steal() {
    model("chain_shrink_against_steal", Some(3), || {
        let ledger = Ledger::new();
        let chain = Arc::new(Chain::new());
        push(&chain, &ledger);
        let thief = thief(&chain, 1);
        settle(&chain, &Ledger::new());
        // SAFETY: no thread pushes now.
        unsafe { chain.head() }.shrink();
        thief.join().unwrap();
        push(&chain, &ledger);
        settle(&chain, &ledger);
    });
}
