//! What a program does with pools, in cases that check their results. The binary runs them one by one, and the tests
//! each in a test.

mod copies;
mod pools;
mod tasks;

use std::sync::{Mutex, PoisonError};

/// A case, and the name that it is reported by.
pub type Case = (&'static str, fn());

/// All cases.
pub const CASES: &[Case] = &[
    ("objects come back", pools::objects_come_back),
    ("idle objects age", pools::idle_objects_age),
    ("threads share objects", pools::threads_share_objects),
    ("frozen buffers come back", pools::frozen_buffers_come_back),
    ("hooks and bounds hold", pools::hooks_and_bounds_hold),
    #[cfg(panic = "unwind")]
    ("a panic drops the object", pools::a_panic_drops_the_object),
    ("tasks and timers run", tasks::tasks_and_timers_run),
    ("sockets carry bytes", tasks::sockets_carry_bytes),
    ("a collect of one version ages no other", copies::a_collect_of_one_ages_no_other),
    ("threads use both versions", copies::threads_use_both),
    #[cfg(target_os = "linux")]
    ("each version has a collect thread", copies::each_has_a_collect_thread),
    #[cfg(unix)]
    ("a child uses both versions", copies::a_child_uses_both),
];

/// Runs a case while no other runs, since a collect reaches all pools.
pub fn run(case: &Case) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    (case.1)();
}
