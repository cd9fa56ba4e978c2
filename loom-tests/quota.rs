//! The units of a bound.

use std::sync::atomic::{AtomicUsize, Ordering};

use loom::{sync::Arc, thread};

use super::model;
use crate::containers::quota::{CommonUnits, Quota};

/// At most the existing units are leased, and none is lost.
#[test]
fn quota_units() {
    model("quota_units", Some(5), || {
        const UNITS: usize = 3;
        let quota = Arc::new(Quota::new(UNITS, 2));
        let held = std::sync::Arc::new(AtomicUsize::new(0));
        let stay = {
            let (quota, held) = (Arc::clone(&quota), std::sync::Arc::clone(&held));
            move || {
                let units = quota.lease(2);
                assert!(held.fetch_add(units, Ordering::Relaxed) + units <= UNITS);
                held.fetch_sub(units, Ordering::Relaxed);
                quota.release(units);
                units
            }
        };
        let others = [thread::spawn(stay.clone()), thread::spawn(stay.clone())];
        let mut units = stay();
        others.into_iter().for_each(|other| units += other.join().unwrap());
        assert!(units >= UNITS, "free units were not leased");
        assert_eq!((quota.lease(UNITS + 1), quota.has_room()), (UNITS, false));
    });
}

/// Pools that share a bound lease at most its units together, and none is lost.
#[test]
fn quota_common_units() {
    model("quota_common_units", Some(5), || {
        const UNITS: usize = 2;
        let common = std::sync::Arc::new(CommonUnits::new(UNITS));
        let quota = || Quota::new(UNITS, 2).within(Some(std::sync::Arc::clone(&common)));
        let held = std::sync::Arc::new(AtomicUsize::new(0));
        let stay = |quota: std::sync::Arc<Quota>| {
            let held = std::sync::Arc::clone(&held);
            move || {
                let units = quota.lease(2);
                assert!(held.fetch_add(units, Ordering::Relaxed) + units <= UNITS);
                held.fetch_sub(units, Ordering::Relaxed);
                quota.release(units);
            }
        };
        let [one, two] = [quota(), quota()].map(std::sync::Arc::new);
        let other = thread::spawn(stay(std::sync::Arc::clone(&two)));
        stay(std::sync::Arc::clone(&one))();
        other.join().unwrap();
        for quota in [one, two] {
            assert_eq!((quota.lease(UNITS + 1), quota.has_room()), (UNITS, false));
            quota.release(UNITS);
        }
    });
}
