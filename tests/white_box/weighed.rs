//! The slot of a pool that weighs: the weight that its owner has reserved.

use super::{Rng, repeat};
use crate::{
    containers::{
        cell::{CellBox, EmptyCell},
        quota::Quota,
        weight::WeightLimit,
    },
    shard::{owner::Owner, shard::Shard},
};

/// A shard of a pool that weighs, whose objects are their own weights.
struct Weighed {
    shard: Shard<usize>,
    quota: Quota,
    limit: WeightLimit<usize>,
}

impl Weighed {
    fn new(most: usize) -> Self {
        let limit = WeightLimit::try_new(|&weight: &usize| weight, most).unwrap();
        let weighed = Self { shard: Shard::new(0), quota: Quota::new(4, 0).weighed(), limit };
        weighed.owner().open(|| 0);
        weighed
    }

    fn owner(&self) -> Owner<'_, usize> {
        // SAFETY: the test's only thread holds the shard alone.
        unsafe { self.shard.owner() }
    }

    /// Puts an object on the slow path. Returns whether it was kept.
    fn keep(&self, weight: usize) -> bool {
        let full = EmptyCell::new().fill(weight);
        let owner = self.owner();
        owner.enable_slot();
        owner.private().keep_weighed(full, weight, &self.quota, &self.limit).is_ok()
    }

    /// Puts an object on the quick path. Returns whether it was kept.
    fn push(&self, weight: usize) -> bool {
        let cell = EmptyCell::new().fill(weight).into_raw();
        let kept = self.owner().private().push_weighed(cell, weight);
        if !kept {
            // SAFETY: made above, and not kept.
            drop(unsafe { CellBox::from_raw(cell) });
        }
        kept
    }

    /// Takes the object on the hit path: its weight stays reserved.
    fn pop(&self) -> Option<usize> {
        self.owner().private().pop().map(|full| full.take_value().0)
    }

    /// Takes the value on the hit path: its cell stays in the slot.
    fn take(&self) -> Option<usize> {
        self.owner().private().take()
    }

    /// Puts a value on the quick path. Returns whether it was kept.
    fn put(&self, weight: usize) -> bool {
        // SAFETY: a number may be copied.
        unsafe { self.owner().private().put_weighed(&raw const weight, weight) }
    }

    /// Takes everything for another thread. Returns the weights, which remain in the sum.
    fn recall(&self) -> Vec<usize> {
        self.owner().private().unreserve(&self.limit);
        let mut all = self.owner().recall(&self.quota);
        self.quota.release(all.len());
        std::iter::from_fn(|| all.pop()).map(|full| full.take_value().0).collect()
    }
}

/// The weight of a lent object stays reserved, so that the object can come back. It can also come
/// back lighter, but not by more than half.
#[test]
fn the_weight_of_a_lent_object_is_reserved() {
    let weighed = Weighed::new(100);
    assert!(!weighed.push(0), "nothing is open");
    assert!(weighed.keep(60));
    assert!(!weighed.keep(1) && !weighed.push(1), "the slot is full");
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
    let weighed = Weighed::new(100);
    assert!(weighed.keep(80));
    assert_eq!(weighed.pop(), Some(80));
    assert!(!weighed.limit.add(21), "reserved");
    assert_eq!(weighed.recall(), []);
    assert_eq!(weighed.limit.held(), 0);
    assert!(weighed.limit.add(100));
    assert!(!weighed.shard.is_enabled() && !weighed.keep(1));
}

/// Whatever the owner does, the sum stays within the limit, and is what objects weigh and owners have
/// reserved.
#[test]
fn weights_are_conserved() {
    for seed in 0..repeat(200, 10) {
        let mut rng = Rng::new(seed);
        let most = [0, 1, 50, 200][rng.below(4)];
        let weighed = Weighed::new(most);
        let (mut slot, mut elsewhere) = (None, 0);
        for _ in 0..300 {
            let weight = rng.below(80);
            match rng.below(8) {
                0 | 1 if weighed.keep(weight) => assert_eq!(slot.replace(weight), None),
                2 if weighed.push(weight) => assert_eq!(slot.replace(weight), None),
                3 if weighed.put(weight) => assert_eq!(slot.replace(weight), None),
                6 => assert_eq!(weighed.pop(), slot.take()),
                7 => assert_eq!(weighed.take(), slot.take()),
                4 if rng.below(10) == 0 => {
                    let all = weighed.recall();
                    assert!(all.into_iter().eq(slot.take().inspect(|weight| elsewhere += weight)));
                    weighed.shard.private.evidence().reset();
                }
                5 => {
                    weighed.limit.sub(elsewhere);
                    elsewhere = 0;
                }
                _ => {}
            }
            let held = weighed.limit.held();
            assert!(held <= most, "{held} of {most}");
            let unused = weighed.shard.private.unused_weight();
            assert_eq!(held - unused, slot.unwrap_or(0) + elsewhere);
            assert!(unused <= 80);
        }
        drop(weighed.recall());
    }
}
