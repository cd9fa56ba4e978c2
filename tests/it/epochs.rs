//! The epochs of `crossbeam-epoch` are shared with the rest of the program: its deferred functions
//! must not run while a pool holds a lock.

use std::sync::Arc;

use corepool::Pool;

use crate::util::{alone, repeat, watched};

/// Deferred destructors of the program drop pools while collects run.
#[test]
fn deferred_destructors_of_the_program_do_not_run_under_pool_locks() {
    let _alone = alone();
    watched(|| {
        let shared = Arc::new(Pool::new(|| 1usize));
        for round in 0..repeat(300, 5) {
            let guard = crossbeam_epoch::pin();
            let own: Pool<usize> = Pool::new(|| 1);
            own.put(round);
            guard.defer(move || drop(own));
            guard.flush();
            drop(guard);
            (0..repeat(100, 20)).for_each(|i| shared.put(i));
            corepool::collect();
        }
        assert!(shared.stats().dropped > 0);
    });
}
