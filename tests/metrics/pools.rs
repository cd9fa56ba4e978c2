//! The metrics of pools.

use std::thread;

use corepool::{Pool, Pooled, Stats, buffer::BufferPool, metrics::install};

use crate::recorder::Values;

/// Runs `f` with a recorder, and a function that reports to it.
fn reporting(f: impl FnOnce(&Values, &dyn Fn())) {
    let values = Values::default();
    values.with(|| {
        let guard = install().unwrap();
        f(&values, &|| guard.update());
    });
}

/// The counters of a pool that the recorder has, as `Stats` names them.
fn counters(values: &Values, pool: &str) -> [Option<u64>; 6] {
    ["created", "hits", "misses", "steals", "victim_hits", "collects"]
        .map(|name| values.counter(&format!("corepool_{name}_total{{pool={pool:?}}}")))
}

fn gauges(values: &Values, pool: &str) -> [Option<f64>; 2] {
    ["idle", "outstanding"].map(|name| values.gauge(&format!("corepool_{name}{{pool={pool:?}}}")))
}

fn dropped(values: &Values, pool: &str) -> [Option<u64>; 6] {
    ["aged", "cleared", "full", "refused", "discarded", "panicking"].map(|reason| {
        values.counter(&format!("corepool_dropped_total{{pool={pool:?},reason={reason:?}}}"))
    })
}

#[test]
fn a_named_pool_reports_its_statistics() {
    static NAMED: Pool<u32> = <Pool<u32>>::new(|| 0).with_name("all of it").with_max_idle(20);
    reporting(|values, report| {
        let held = [NAMED.get(), NAMED.get()];
        thread::scope(|s| _ = s.spawn(|| (0..15).for_each(|i| NAMED.put(i))).join());
        drop(held);
        drop(NAMED.get());
        NAMED.trim();
        let _held: Vec<_> = (0..16).map(|_| NAMED.get()).collect();
        Pooled::discard(NAMED.get());
        (0..25).for_each(|i| NAMED.put(i));
        NAMED.clear();
        report();
        let Stats { created, hits, misses, steals, victim_hits, collects, .. } = NAMED.stats();
        let wanted = [created, hits, misses, steals, victim_hits, collects];
        assert_eq!(counters(values, "all of it"), wanted.map(Some));
        assert!(created > 0 && hits > 0 && victim_hits > 0 && collects == 2, "{wanted:?}");
        let Stats { idle, outstanding, dropped: all, .. } = NAMED.stats();
        assert_eq!(gauges(values, "all of it"), [idle, outstanding].map(|it| Some(it as f64)));
        let reasons = dropped(values, "all of it").map(Option::unwrap);
        assert_eq!(reasons.iter().sum::<u64>(), all);
        assert_eq!(reasons, [0, 20, 5, 0, 1, 0]);
    });
}

#[test]
fn pools_without_a_name_are_not_reported() {
    let (unnamed, unused) = (Pool::new(|| 0), <Pool<u32>>::new(|| 0).with_name("unused so far"));
    reporting(|values, report| {
        drop(unnamed.get());
        report();
        assert_eq!(values.keys("pool=\"\""), [""; 0]);
        assert_eq!(values.keys("unused so far"), [""; 0]);
        drop(unused.get());
        report();
        assert_eq!(gauges(values, "unused so far"), [Some(1.0), Some(0.0)]);
    });
}

#[test]
fn pools_of_one_name_are_added_up() {
    let pools = [(); 3].map(|()| <Pool<u32>>::new(|| 0).with_name("shared name"));
    reporting(|values, report| {
        let _held = [pools[0].get(), pools[0].get(), pools[1].get()];
        pools[2].put(1);
        pools[0].put(1);
        pools[2].clear();
        report();
        assert_eq!(gauges(values, "shared name"), [Some(1.0), Some(2.0)]);
        assert_eq!(counters(values, "shared name"), [3, 0, 3, 0, 0, 1].map(Some));
        assert_eq!(dropped(values, "shared name")[1], Some(1));
    });
}

#[test]
fn counters_outlive_their_pool() {
    let pool = || <Pool<u32>>::new(|| 0).with_name("comes and goes");
    reporting(|values, report| {
        for round in 1..=3 {
            let pool = pool();
            drop(pool.get());
            drop(pool.get());
            report();
            let wanted = [round, round, round, 0, 0, 0].map(Some);
            assert_eq!(counters(values, "comes and goes"), wanted, "in use");
            drop(pool);
            report();
            assert_eq!(counters(values, "comes and goes"), wanted, "ended");
            assert_eq!(gauges(values, "comes and goes"), [Some(0.0); 2]);
        }
    });
}

/// The pool ends, and its guards do not. What its shards have counted is not lost with them.
#[test]
fn counters_outlive_a_pool_that_has_lent_objects() {
    reporting(|values, report| {
        let pool = <Pool<u32>>::new(|| 0).with_name("lends");
        let held = pool.get_owned();
        drop(pool.get());
        drop(pool.get());
        drop(pool);
        report();
        assert_eq!(counters(values, "lends"), [2, 1, 2, 0, 0, 0].map(Some));
        drop(held);
        report();
        assert_eq!(counters(values, "lends"), [2, 1, 2, 0, 0, 0].map(Some));
    });
}

/// A buffer that has moved to another class is counted there, and nowhere else.
#[test]
fn a_named_buffer_pool_reports_the_sum_of_its_classes() {
    let pool = BufferPool::new().with_name("of all sizes");
    reporting(|values, report| {
        let mut moved = pool.with_capacity(1 << 10);
        moved.resize(16 << 10, 0);
        drop(moved);
        let mut held = vec![pool.with_capacity(16 << 10), pool.with_capacity(3000)];
        held.extend([pool.adopt(vec![0; 5000]), pool.with_capacity(4 << 20)]);
        drop(pool.with_capacity(1 << 10));
        report();
        assert_eq!(gauges(values, "of all sizes"), [Some(1.0), Some(4.0)]);
        let [created, hits, ..] = counters(values, "of all sizes");
        assert_eq!((created, hits), (Some(5), Some(1)));
        drop(held);
        report();
        assert_eq!(gauges(values, "of all sizes"), [Some(4.0), Some(0.0)]);
        assert_eq!(dropped(values, "of all sizes").map(Option::unwrap).iter().sum::<u64>(), 1);
        drop(pool);
        report();
        assert_eq!(gauges(values, "of all sizes"), [Some(0.0); 2]);
        assert_eq!(counters(values, "of all sizes")[0], Some(5));
    });
}

#[test]
fn buffer_pools_without_a_name_are_not_reported() {
    let pool = BufferPool::new();
    reporting(|values, report| {
        drop(pool.get());
        report();
        assert_eq!(values.keys("pool=\"\""), [""; 0]);
    });
}

/// What a pool has counted before is reported, too.
#[test]
fn a_later_guard_reports_the_same_totals() {
    let pool = <Pool<u32>>::new(|| 0).with_name("before");
    drop(pool.get());
    for _ in 0..2 {
        reporting(|values, _| {
            assert_eq!(counters(values, "before"), [1, 0, 1, 0, 0, 0].map(Some));
        });
    }
}

#[test]
fn every_metric_is_described() {
    let pool = <Pool<u32>>::new(|| 0).with_name("described");
    drop(pool.get());
    reporting(|values, _| {
        for key in values.keys("described") {
            let name = key.split('{').next().unwrap();
            assert!(values.description(name).is_some_and(|text| text.len() > 10), "{name}");
        }
        assert_eq!(values.keys("described").len(), 2 + 6 + 6);
    });
}
