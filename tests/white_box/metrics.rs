//! Forks during a report of metrics.

use std::{
    fs,
    sync::atomic::{
        AtomicBool,
        Ordering::{Acquire, Release},
    },
    thread,
    time::Duration,
};

use super::{Patience, child_process::fork};
use crate::{metrics::install_with_interval, rt::context::runtimes::Runtimes};

/// Returns whether a thread of this process waits, for example for a lock.
fn is_asleep(thread: libc::pid_t) -> bool {
    let stat = fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap();
    // The state follows the name, which may contain any character.
    stat.rsplit_once(") ").unwrap().1.starts_with('S')
}

/// A process without a runtime forks while a report has locked the table of runtimes, which the child can use. The
/// report goes on when the fork waits for it, or is over.
///
/// Fails for want of the handlers only in a process in which no other test has built a runtime.
#[test]
fn a_fork_during_a_report_waits_for_the_table_of_runtimes() {
    let _guard = install_with_interval(Duration::MAX).unwrap();
    // SAFETY: the call takes nothing.
    let forking = unsafe { libc::gettid() };
    let (is_locked, has_forked) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let table = Runtimes::lock();
            // Pairs with the load below.
            is_locked.store(true, Release);
            let patience = Patience::new();
            // Pairs with the store below.
            while !has_forked.load(Acquire) && !is_asleep(forking) {
                patience.wait();
            }
            drop(table);
        });
        let patience = Patience::new();
        // Not asleep: that would be taken for the wait of the fork. Pairs with the store above.
        while !is_locked.load(Acquire) {
            patience.wait();
        }
        let child = fork(|| drop(Runtimes::live()));
        // Pairs with the load above.
        has_forked.store(true, Release);
        drop(child);
    });
}
