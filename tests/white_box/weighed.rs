//! The private part of a pool that weighs: the weight that its owner has reserved.

use std::{iter, ptr};

use super::{Rng, repeat};
use crate::{
    containers::{
        cell::{CellBox, EmptyCell, List},
        quota::Quota,
        ring::Ring,
        weight::WeightLimit,
    },
    shard::{
        owner::{Owner, PushError},
        private::magazine::NewMagazine,
        shard::Shard,
        size::{MAX_BATCH, PLACES},
    },
};

/// A shard of a pool that weighs, whose objects are their own weights.
struct Weighed {
    shard: Shard<usize>,
    quota: Quota,
    limit: WeightLimit<usize>,
}

impl Weighed {
    /// A shard of a pool for at most `max_idle` objects, which weigh at most `most`.
    fn new(max_idle: usize, most: usize) -> Self {
        let limit = WeightLimit::try_new(|&weight: &usize| weight, most).unwrap();
        let weighed = Self { shard: Shard::new(0), quota: Quota::new(max_idle, PLACES), limit };
        weighed.owner().open(|| 0);
        weighed
    }

    fn owner(&self) -> Owner<'_, usize> {
        // SAFETY: the test's only thread holds the shard alone.
        unsafe { self.shard.owner() }.within(Some(&self.limit))
    }

    /// Puts an object on the slow path. Returns whether it was kept.
    fn keep(&self, weight: usize) -> bool {
        let (mut full, mut ring) = (EmptyCell::new().fill(weight), None);
        loop {
            full = match self.owner().push(full, weight, &self.quota, &mut ring) {
                Ok(()) => return true,
                Err(PushError::AtLimit(_)) => return false,
                Err(PushError::Full(_)) => panic!("no other thread uses the shard"),
                Err(PushError::NeedsRing(full, slots)) => {
                    ring = Ring::try_new(slots);
                    full
                }
                Err(PushError::NeedsMagazine(full)) => {
                    let new = NewMagazine::try_new(true).unwrap();
                    self.owner().private().add_magazine(new, &self.quota);
                    full
                }
            }
        }
    }

    /// Puts an object on the quick path. Returns whether it was kept.
    fn push(&self, weight: usize) -> bool {
        let cell = EmptyCell::new().fill(weight).into_raw();
        let owner = self.owner();
        let private = owner.private();
        let kept = private.push_weighed(cell, weight) || private.push_top_weighed(cell, weight);
        if !kept {
            // SAFETY: made above, and not kept.
            drop(unsafe { CellBox::from_raw(cell) });
        }
        kept
    }

    /// Takes an object on the hit path: its weight stays reserved.
    fn pop(&self) -> Option<usize> {
        self.owner().private().pop().map(|full| full.take_value().0)
    }

    /// Takes a value on the hit path: its cell stays in its place.
    fn take(&self) -> Option<usize> {
        self.owner().private().take()
    }

    /// Puts a value on the quick path. Returns whether it was kept.
    fn put(&self, weight: usize) -> bool {
        let (owner, from) = (self.owner(), &raw const weight);
        let private = owner.private();
        // SAFETY: a number may be copied.
        unsafe { private.put_weighed(from, weight) || private.put_top_weighed(from, weight) }
    }

    /// Takes an object on the slow path. Its weight, which is returned, remains in the sum.
    fn pop_slowly(&self) -> Option<usize> {
        self.owner().pop(&self.quota).map(|full| full.take_value().0)
    }

    /// Steals up to `n` objects from the chain, and keeps as many of them as there is room for. Returns
    /// the weights of the others, which remain in the sum.
    fn steal(&self, n: usize) -> Vec<usize> {
        let mut batch = [ptr::null_mut(); MAX_BATCH];
        let batch = &mut batch[..n.min(self.quota.batch())];
        let stolen = self.shard.steal(self.owner().generation(), batch).unwrap_or(0);
        let Some((_, more)) = batch[..stolen].split_first() else { return Vec::new() };
        let kept = self.owner().keep_loot(more, &self.quota);
        self.quota.release(more.len() - kept);
        let gone = batch[..1].iter().chain(&batch[1 + kept..stolen]);
        // SAFETY: the steal made them ours, and these were not kept.
        gone.map(|&cell| unsafe { CellBox::from_raw(cell) }.take_value().0).collect()
    }

    /// Takes all private objects for another thread. Returns the weights, which remain in the sum.
    fn recall(&self) -> Vec<usize> {
        self.owner().private().unreserve(&self.limit);
        let mut all = self.owner().recall(&self.quota);
        self.quota.release(all.len());
        std::iter::from_fn(|| all.pop()).map(|full| full.take_value().0).collect()
    }
}

impl Weighed {
    /// Takes the weights of objects that have left out of the sum, and out of those of the idle ones.
    fn leave(&self, idle: &mut Vec<usize>, gone: impl IntoIterator<Item = usize>) {
        remove(idle, gone.into_iter().inspect(|&weight| self.limit.sub(weight)));
    }
}

/// The weight of a lent object stays reserved, so that the object can come back. It can also come
/// back lighter, but not by more than half.
#[test]
fn the_weight_of_a_lent_object_is_reserved() {
    let weighed = Weighed::new(1, 100);
    assert!(!weighed.push(0), "nothing is open");
    assert!(weighed.keep(60));
    assert!(!weighed.keep(1) && !weighed.push(1), "the slot is full, and there is one unit");
    assert_eq!((weighed.pop(), weighed.limit.held()), (Some(60), 60));
    assert_eq!(weighed.shard.private.unused_weight(), 60);
    for weight in [60, 45, 30] {
        assert!(weighed.push(weight));
        assert_eq!(
            (weighed.limit.held(), weighed.shard.private.unused_weight()),
            (60, 60 - weight)
        );
        assert_eq!(weighed.pop(), Some(weight));
    }
    assert!(!weighed.push(29) && !weighed.push(61));
    assert!(weighed.keep(29), "gives back what it does not need");
    assert_eq!((weighed.limit.held(), weighed.shard.private.unused_weight()), (29, 0));
    assert_eq!(weighed.pop(), Some(29));
    assert!(!weighed.keep(101) && weighed.keep(100));
    assert_eq!(weighed.limit.held(), 100);
    assert_eq!(weighed.recall(), [100]);
    assert_eq!(weighed.limit.held(), 100, "the weight of the object, wherever it is");
}

/// Another thread gets what is reserved and not used.
#[test]
fn a_recall_gives_the_reservation_back() {
    let weighed = Weighed::new(1, 100);
    assert!(weighed.keep(80));
    assert_eq!(weighed.pop(), Some(80));
    assert!(!weighed.limit.add(21), "reserved");
    assert_eq!(weighed.recall(), []);
    assert_eq!(weighed.limit.held(), 0);
    assert!(weighed.limit.add(100));
    assert!(!weighed.shard.is_enabled() && !weighed.keep(1));
}

/// A magazine reserves what its objects weigh, and keeps that while they are lent. So they may come back
/// in another order, and lighter, but not heavier.
#[test]
fn the_weights_of_a_magazine_are_reserved() {
    let weighed = Weighed::new(usize::MAX, 100);
    // The second object comes back from the chain, so that there is evidence for a place.
    for _ in 0..2 {
        assert!(weighed.keep(10) && weighed.keep(20));
        assert_eq!(weighed.pop(), Some(10));
        weighed.pop().or_else(|| weighed.pop_slowly().inspect(|&weight| weighed.limit.sub(weight)));
    }
    assert_eq!((weighed.limit.held(), weighed.shard.private.unused_weight()), (30, 30));
    assert!(weighed.push(10) && weighed.push(20), "the slot and the magazine");
    assert_eq!((weighed.limit.held(), weighed.shard.private.unused_weight()), (30, 0));
    assert_eq!((weighed.pop(), weighed.pop()), (Some(10), Some(20)));
    assert!(weighed.push(20), "too heavy for the slot");
    assert!(!weighed.push(3), "too light for the slot, and the magazine is full");
    assert!(weighed.keep(3), "the slot takes over what it needs");
    assert_eq!((weighed.limit.held(), weighed.shard.private.unused_weight()), (30, 7));
    assert_eq!(weighed.pop(), Some(3));
    assert!(!weighed.keep(81), "there are 100 in all");
    assert!(weighed.keep(80));
    assert_eq!((weighed.limit.held(), weighed.shard.private.unused_weight()), (100, 0));
    let mut all = weighed.recall();
    all.sort_unstable();
    assert_eq!((all, weighed.limit.held()), (vec![20, 80], 100));
}

/// Removes the weights of objects that have left from those of the idle ones.
fn remove(idle: &mut Vec<usize>, gone: impl IntoIterator<Item = usize>) {
    for weight in gone {
        let i = idle.iter().position(|&it| it == weight).expect("an idle object");
        idle.swap_remove(i);
    }
}

/// Whatever the owner and thieves do, the sum stays within the limit, and is what objects weigh and the
/// owner has reserved. No more is reserved than private objects have weighed at one time.
#[test]
fn weights_are_conserved() {
    for seed in 0..repeat(300, 10) {
        let mut rng = Rng::new(seed);
        let max_idle = [1, 5, 50, usize::MAX][rng.below(4)];
        let most = [0, 1, 50, 200, 5000, usize::MAX][rng.below(6)];
        let weighed = Weighed::new(max_idle, most);
        let (mut idle, mut peak) = (Vec::new(), 0);
        for _ in 0..repeat(600, 200) {
            let weight = rng.below(80);
            match rng.below(24) {
                0..8 if weighed.keep(weight) => idle.push(weight),
                8..11 if weighed.push(weight) => idle.push(weight),
                11..13 if weighed.put(weight) => idle.push(weight),
                13..16 => remove(&mut idle, weighed.pop()),
                16..18 => remove(&mut idle, weighed.take()),
                18..21 => weighed.leave(&mut idle, weighed.pop_slowly()),
                21 => weighed.leave(&mut idle, weighed.steal(rng.below(MAX_BATCH) + 1)),
                22 if rng.below(20) == 0 => {
                    weighed.leave(&mut idle, weighed.recall());
                    weighed.shard.private.evidence().reset();
                    peak = 0;
                }
                23 if rng.below(20) == 0 => {
                    weighed.owner().private().unreserve(&weighed.limit);
                    peak = 0;
                }
                _ => {}
            }
            let (held, unused) = (weighed.limit.held(), weighed.shard.private.unused_weight());
            let used = weighed.shard.private.used_weight();
            peak = peak.max(used);
            assert!(held <= most, "{held} of {most}");
            assert_eq!(held - unused, idle.iter().sum::<usize>());
            assert!(used + unused <= peak, "{used} and {unused}, and never more than {peak}");
            assert_eq!(weighed.shard.idle(), idle.len());
        }
        weighed.leave(&mut idle, weighed.recall());
        weighed.leave(&mut idle, iter::from_fn(|| weighed.steal(1).pop()));
        let mut rest = List::new();
        weighed.owner().empty(&weighed.quota, &mut rest);
        assert_eq!((idle.len(), rest.len(), weighed.limit.held()), (0, 0, 0));
        assert_eq!(weighed.quota.lease(max_idle), max_idle, "a unit is lost");
    }
}
