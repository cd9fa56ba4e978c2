//! The quota: units, whose number never changes, and the shards that lease them. Units are private;
//! `Pool` shows only the number of idle objects.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use super::{ROUNDS, Rng, repeat, shard::Own};
use crate::containers::{
    cell::{CellBox, EmptyCell},
    quota::Quota,
};

/// A shard has a slot and places of a magazine, but no more than the pool has units. What the shard
/// does not use is recalled when others need it.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn shards_have_no_more_places_than_there_are_units() {
    let shape = |limit| {
        let quota = Quota::new(limit, 16);
        (quota.slots(), quota.places(), quota.batch())
    };
    assert_eq!([shape(0), shape(1), shape(2)], [(false, 0, 1), (true, 1, 1), (true, 2, 1)]);
    assert_eq!([shape(16), shape(1000), shape(usize::MAX)], [(true, 16, 4); 3]);
    for limit in 0..1000 {
        let (slots, places, batch) = shape(limit);
        assert_eq!((slots, places), (limit > 0, limit.min(16)));
        assert!((1..=4).contains(&batch) && batch <= places.max(4) / 4);
    }
    assert_eq!(Quota::new(1000, 0).places(), 0, "of objects that are too large");
}

#[test]
fn an_unbounded_quota_leases_any_number() {
    let quota = Quota::new(usize::MAX, 16);
    assert!(!quota.bounded());
    for units in [0, 1, 8, usize::MAX] {
        assert_eq!(quota.lease(units), units);
        quota.release(units);
        assert!(quota.has_room());
    }
}

#[test]
fn a_quota_of_zero_leases_no_unit() {
    let quota = Quota::new(0, 16);
    assert!(quota.bounded() && !quota.has_room());
    assert_eq!((quota.lease(1), quota.lease(0)), (0, 0));
}

/// Each lease returns the requested number of units, or all that are left.
#[test]
fn leases_conserve_units() {
    for seed in 0..repeat(50, 2) {
        let mut rng = Rng::new(seed);
        let limit = rng.below(40);
        let (quota, mut leased) = (Quota::new(limit, 16), 0);
        for _ in 0..repeat(500, 100) {
            if rng.below(2) == 0 {
                let wanted = rng.below(10);
                let got = quota.lease(wanted);
                assert_eq!(got, wanted.min(limit - leased));
                leased += got;
            } else {
                let back = rng.below(leased + 1);
                quota.release(back);
                leased -= back;
            }
            assert_eq!(quota.has_room(), leased < limit);
        }
        quota.release(leased);
        assert_eq!(quota.lease(limit + 1), limit);
    }
}

/// All threads together never hold more units than exist, and lose none.
#[test]
fn threads_share_the_bound() {
    const LIMIT: usize = 20;
    let (quota, held) = (Quota::new(LIMIT, 16), AtomicUsize::new(0));
    let full = AtomicUsize::new(0);
    thread::scope(|scope| {
        for seed in 0..4 {
            let (quota, held, full) = (&quota, &held, &full);
            scope.spawn(move || {
                let (mut rng, mut mine) = (Rng::new(seed), 0);
                for _ in 0..ROUNDS {
                    let got = quota.lease(rng.below(9));
                    mine += got;
                    let all = held.fetch_add(got, Relaxed) + got;
                    assert!(all <= LIMIT, "{all} units of {LIMIT}");
                    full.fetch_add(usize::from(all == LIMIT), Relaxed);
                    let back = if rng.below(4) == 0 { mine } else { rng.below(mine + 1) };
                    mine -= back;
                    held.fetch_sub(back, Relaxed);
                    quota.release(back);
                }
                held.fetch_sub(mine, Relaxed);
                quota.release(mine);
            });
        }
    });
    assert_eq!((held.load(Relaxed), quota.lease(LIMIT + 1)), (0, LIMIT));
    assert!(full.load(Relaxed) > 0, "the bound was never reached");
}

/// Whatever an owner does, its objects never outnumber its units, and no unit is lost.
#[test]
fn a_shard_conserves_units() {
    for seed in 0..repeat(100, 4) {
        let mut rng = Rng::new(seed);
        let limit = [0, 1, 2, 31, 32, 70, 300, 600][rng.below(8)];
        let own = Own::new(limit);
        let (mut generation, mut idle) = (0, 0);
        for _ in 0..repeat(400, 100) {
            match rng.below(40) {
                0..20 => {
                    let kept = own.put(0);
                    // No other shard leases, so units are refused only if none is left.
                    assert_eq!(kept, idle < limit);
                    idle += usize::from(kept);
                }
                20..38 => idle -= usize::from(own.take().is_some()),
                38 => {
                    let private = match rng.below(2) {
                        0 => own.owner().take_private(&own.quota),
                        _ => own.owner().recall(&own.quota),
                    };
                    assert_eq!(own.shard.private.units(), 0, "a unit is left behind");
                    own.quota.release(private.len());
                    idle -= private.len();
                }
                _ => {
                    generation += rng.below(3) as u32;
                    idle -= own.collect(generation).len();
                }
            }
            assert_eq!(own.shard.idle(), idle);
        }
        assert_eq!(own.settle(), idle);
    }
}

/// A thief keeps as many stolen objects as it has places, and the units move with the objects.
#[test]
fn a_thief_conserves_units() {
    for seed in 0..repeat(200, 10) {
        let mut rng = Rng::new(seed);
        let own = Own::new(if seed % 2 == 0 { 600 } else { 5000 });
        let before = rng.below(1 + own.quota.places() + own.quota.batch() + 1);
        (0..before).for_each(|_| assert!(own.put(0)));
        // Fewer if the chain has older rings, in which only thieves look.
        (0..rng.below(before + 1)).for_each(|_| _ = own.take());
        let (idle, private) = (own.shard.idle(), own.shard.idle() - own.shard.chain(0).len());
        let units = own.quota.lease(rng.below(8) + 1);
        // One unit belongs to the object that the search returns.
        let loot: Vec<_> = (1..units).map(|_| EmptyCell::new().fill(1).into_raw()).collect();
        let kept = own.owner().keep_loot(&loot, &own.quota);
        assert_eq!(own.shard.idle(), idle + kept);
        let full = private + kept >= own.quota.places();
        assert!(kept == loot.len() || full, "there was room for more");
        // SAFETY: these were not kept, so the test still owns them.
        loot[kept..].iter().for_each(|&cell| drop(unsafe { CellBox::from_raw(cell) }));
        own.quota.release(loot.len() - kept);
        assert_eq!(own.settle(), idle + kept);
    }
}

/// A thread that only takes objects put by others does not keep their units.
#[test]
fn a_thief_does_not_hoard_units() {
    let own = Own::new(600);
    let (places, some) = (own.quota.places(), own.quota.places() / 2);
    for round in 0..repeat(50, 5) {
        assert_eq!(own.quota.lease(some + 1), some + 1, "round {round}");
        let loot: Vec<_> = (0..some).map(|i| EmptyCell::new().fill(i).into_raw()).collect();
        assert_eq!(own.owner().keep_loot(&loot, &own.quota), some);
        assert_eq!((0..some).filter_map(|_| own.take()).count(), some);
    }
    let left = own.quota.lease(600);
    assert!(left >= 600 - 1 - places, "{left} of 600 are left");
    own.quota.release(left);
    assert_eq!(own.settle(), 0);
}
