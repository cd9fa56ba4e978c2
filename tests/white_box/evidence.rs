//! The evidence that an owner takes back what it puts, without which it keeps nothing private after a
//! recall.

use super::shard::Own;

/// What an owner must take back after the first recall, and the most that it ever must.
const FIRST: usize = 2;
const MOST: usize = 4096;

/// Losses that give tenure.
const TENURE: usize = 8;

fn recall(own: &Own<usize>) -> usize {
    let all = own.owner().recall(&own.quota);
    own.quota.release(all.len());
    assert!(!own.shard.is_enabled() && own.shard.private.units() == 0);
    all.len()
}

/// Puts and takes until the private part is enabled. Returns how many objects were taken back before.
fn taken_back(own: &Own<usize>) -> usize {
    for taken in 0.. {
        assert!(own.put(0));
        if own.shard.is_enabled() {
            own.take();
            return taken;
        }
        assert_eq!(own.take(), Some(0));
    }
    unreachable!()
}

/// Puts an object, which is stolen before the owner comes back for it.
fn lose(own: &Own<usize>) {
    assert!(own.put(0));
    assert_eq!(recall_or_steal(own), 1);
    assert_eq!(own.take(), None);
}

fn recall_or_steal(own: &Own<usize>) -> usize {
    if own.shard.is_enabled() { recall(own) } else { usize::from(own.steal().is_some()) }
}

#[test]
fn the_first_put_enables_the_private_part() {
    for max_idle in [1, 2, 1000, usize::MAX] {
        let own = Own::new(max_idle);
        assert!(own.take().is_none() && !own.shard.is_enabled());
        assert!(own.put(0));
        assert!(own.shard.is_enabled());
        assert_eq!(own.shard.private.len(), 1);
    }
    let own = Own::new(0);
    assert!(!own.put(0) && !own.shard.is_enabled(), "there are no units");
}

/// Each recall doubles what the owner must take back, up to a limit.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn recalls_double_the_price() {
    let own = Own::new(usize::MAX);
    assert!(own.put(0));
    assert_eq!(own.take(), Some(0));
    for recalls in 0..14 {
        assert_eq!(recall(&own), 0);
        assert_eq!(taken_back(&own), (FIRST << recalls).min(MOST));
    }
}

/// A collect forgives half, also of what is still missing.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn collects_halve_the_price() {
    let own = Own::new(usize::MAX);
    (0..6).for_each(|_| _ = recall(&own));
    own.collect(1);
    assert_eq!(taken_back(&own), 32, "of 64");
    recall(&own);
    assert_eq!(taken_back(&own), 64, "doubled again");
    (2..10).for_each(|generation| assert!(own.collect(generation).is_empty()));
    assert!(own.shard.is_enabled(), "a collect disables nothing");
    recall(&own);
    assert_eq!(taken_back(&own), FIRST, "forgotten");
    recall(&own);
    (0..FIRST).for_each(|_| assert!(own.put(0) && own.take().is_some()));
    own.collect(10);
    assert_eq!(taken_back(&own), 4 - FIRST, "less than half was missing");
}

/// An owner that only puts shows by its chain that others need nothing private.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn a_chain_that_stays_full_counts() {
    let own = Own::new(usize::MAX);
    recall(&own);
    // The fourth object and those after it count.
    let puts = (1..).find(|_| own.put(0) && own.shard.is_enabled());
    assert_eq!(puts, Some(3 + FIRST + 1));
    // If others take all of them, nothing counts.
    recall(&own);
    while own.steal().is_some() {}
    for _ in 0..100 {
        assert!(own.put(0) && own.steal().is_some());
        assert!(!own.shard.is_enabled());
    }
}

/// An owner that often comes back for objects that are gone has tenure, until the next collect.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn losses_give_tenure() {
    let own = Own::new(usize::MAX);
    let has_tenure = || own.shard.private.evidence().has_tenure();
    for _ in 0..TENURE {
        assert!(!has_tenure());
        lose(&own);
        // It has put nothing since then.
        (0..TENURE).for_each(|_| assert_eq!(own.take(), None));
    }
    assert!(has_tenure());
    own.collect(1);
    assert!(!has_tenure());
}

/// A loss counts as a share of the price, so that few losses suffice, whatever the price.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn losses_are_evidence() {
    for recalls in [1, 4, 20] {
        let own = Own::new(usize::MAX);
        (0..recalls).for_each(|_| _ = recall(&own));
        let losses = (0..).find(|_| {
            assert!(own.put(0));
            let enabled = own.shard.is_enabled();
            if !enabled {
                assert!(own.steal().is_some());
                assert_eq!(own.take(), None);
            }
            enabled
        });
        assert!((1..=TENURE).contains(&losses.unwrap()), "{losses:?} after {recalls} recalls");
    }
}

/// The next owner of a shard begins anew.
#[test]
fn a_new_owner_has_no_past() {
    let own = Own::new(usize::MAX);
    (0..5).for_each(|_| _ = recall(&own));
    own.shard.private.evidence().reset();
    assert_eq!(taken_back(&own), 0);
}
