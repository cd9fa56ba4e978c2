//! Sums and counters that wrap, or come close to it. With words of 32 bits they do so within seconds, or
//! above 2 GiB, which no test can wait for.

use super::test_pool::TestPool;
use crate::{
    collect::live_heap::FLUSH_AT, seat::fence::FenceKind, shard::drops::Reason,
    util::wrapped::not_below_zero,
};

#[test]
fn sums_above_half_of_the_address_space_count() {
    for sum in [0, 1, usize::MAX / 2, usize::MAX / 2 + 1, usize::MAX / 4 * 3] {
        assert_eq!(not_below_zero(sum), sum);
    }
    for missing in [1, FLUSH_AT, 1000 * FLUSH_AT] {
        assert_eq!(not_below_zero(missing.wrapping_neg()), 0);
    }
}

/// A count may wrap between two readings, and may be read while it is being changed.
#[cfg(feature = "metrics")]
#[test]
fn totals_never_decrease() {
    use crate::metrics::total::Total;
    let mut total = Total::default();
    assert_eq!([5, 5, 3, 4, 6, 8].map(|now| total.follow(now)), [5, 5, 5, 5, 6, 8]);
    let half = usize::MAX / 2;
    let mut total = Total::default();
    let readings = [half, 2 * half, 1, half].map(|now| total.follow(now as u64));
    let turn = usize::MAX as u128 + 1;
    let wanted = [half as u128, 2 * half as u128, turn + 1, turn + half as u128];
    assert_eq!(readings, wanted.map(|wanted| wanted as u64));
}

/// The number of objects is a difference of counters, each of which may have wrapped.
#[test]
fn objects_are_counted_with_counters_that_wrap() {
    let pool = TestPool::new(FenceKind::Symmetric, usize::MAX);
    let core = &pool.core;
    let outstanding = || core.stats().outstanding;
    core.counters.created.add(usize::MAX - 2);
    core.drops.add(usize::MAX - 2, None);
    assert_eq!(outstanding(), 0);
    for created in 1..=10 {
        core.counters.created.add(1);
        assert_eq!(outstanding(), created);
    }
    for dropped in 1..=10 {
        core.drops.count(Reason::Full);
        assert_eq!(outstanding(), 10 - dropped);
    }
}
