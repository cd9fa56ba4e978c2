//! The epochs of others: what a program defers with `crossbeam-epoch` is not run in our midst.

use std::sync::Arc;

use corepool::Pool;

use crate::util::{alone, watched};

/// A program's own deferred destructors drop pools, while collects are at work.
#[test]
fn deferred_code_of_others_does_not_run_under_our_locks() {
    let _alone = alone();
    watched(|| {
        let shared = Arc::new(Pool::new(|| 1usize));
        for round in 0..300 {
            let guard = crossbeam_epoch::pin();
            let own: Pool<usize> = Pool::new(|| 1);
            own.put(round);
            guard.defer(move || drop(own));
            guard.flush();
            drop(guard);
            (0..100).for_each(|i| shared.put(i));
            corepool::collect();
        }
        assert!(shared.stats().dropped > 0);
    });
}
