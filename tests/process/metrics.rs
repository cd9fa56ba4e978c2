//! The thread that reports metrics: signals and forks.

use std::{
    mem,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use corepool::{
    Pool,
    metrics::{Guard, install_with_interval},
};
use metrics::{
    Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use crate::{
    alone,
    collect_thread::{is_blocked, soon},
    fork::fork,
};

const SHORT: Duration = Duration::from_millis(1);

static NAMED: Pool<u32> = <Pool<u32>>::new(|| 0).with_name("named");

/// The signals that are blocked on the thread that reports, when it does: a bit for each.
static MASK: AtomicUsize = AtomicUsize::new(0);

/// How often the thread has reported a value.
static REPORTS: AtomicUsize = AtomicUsize::new(0);

/// Whether it is just reporting one.
static REPORTING: AtomicBool = AtomicBool::new(false);

/// What the thread drops when it reports.
static GUARD: Mutex<Option<Guard>> = Mutex::new(None);

fn mask() -> usize {
    let signals = [libc::SIGTERM, libc::SIGUSR1, libc::SIGCHLD, libc::SIGSEGV, libc::SIGBUS];
    signals.into_iter().fold(0, |mask, signal| mask << 1 | usize::from(is_blocked(signal)))
}

struct Notes;

impl GaugeFn for Notes {
    fn increment(&self, _: f64) {}

    fn decrement(&self, _: f64) {}

    fn set(&self, _: f64) {
        if thread::current().name() == Some("corepool-metrics") {
            REPORTING.store(true, SeqCst);
            MASK.store(mask(), SeqCst);
            // Not held by another thread: it stores a guard before it starts to wait.
            drop(GUARD.try_lock().ok().and_then(|mut guard| guard.take()));
            thread::yield_now();
            REPORTS.fetch_add(1, SeqCst);
            REPORTING.store(false, SeqCst);
        }
    }
}

impl Recorder for Notes {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(std::sync::Arc::new(Notes))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Handlers of the program do not run on the thread. The thread that starts it keeps its mask.
#[test]
fn signals_are_blocked_on_the_thread_that_reports() {
    alone(|| {
        assert!(metrics::set_global_recorder(Notes).is_ok());
        drop(NAMED.get());
        let _guard = install_with_interval(SHORT).unwrap();
        assert_eq!(mask(), 0);
        assert!(soon(|| REPORTS.load(SeqCst) > 0));
        assert_eq!(MASK.load(SeqCst), 0b11100);
    });
}

/// The drop waits for a report in progress, and not for the interval. There is no report after it.
#[test]
fn dropping_the_guard_ends_the_reports() {
    alone(|| {
        assert!(metrics::set_global_recorder(Notes).is_ok());
        drop(NAMED.get());
        for _ in 0..100 {
            let (guard, before) = (install_with_interval(SHORT).unwrap(), REPORTS.load(SeqCst));
            assert!(soon(|| REPORTS.load(SeqCst) > before));
            drop(guard);
            let after = REPORTS.load(SeqCst);
            assert!(!REPORTING.load(SeqCst));
            drop(install_with_interval(Duration::MAX).unwrap());
            assert_eq!(REPORTS.load(SeqCst), after);
        }
    });
}

#[test]
fn a_recorder_may_drop_the_guard() {
    alone(|| {
        assert!(metrics::set_global_recorder(Notes).is_ok());
        drop(NAMED.get());
        *GUARD.lock().unwrap() = Some(install_with_interval(SHORT).unwrap());
        assert!(soon(|| REPORTS.load(SeqCst) > 0 && !REPORTING.load(SeqCst)));
        assert!(GUARD.lock().unwrap().is_none());
        let _guard = install_with_interval(SHORT).unwrap();
    });
}

/// A forked child has no thread that reports. Its guard does nothing, and it may install another. The parent's
/// thread may be reporting during the fork.
#[test]
fn a_forked_child_reports_by_a_thread_of_its_own() {
    alone(|| {
        drop(NAMED.get());
        let guard = install_with_interval(SHORT).unwrap();
        assert!(metrics::set_global_recorder(Notes).is_ok());
        let mut guard = Some(guard);
        for i in 0..50 {
            assert!(soon(|| REPORTS.load(SeqCst) > 2 * i));
            let child = fork(|| {
                let mut guard = guard.take().unwrap();
                guard.update();
                drop(mem::replace(&mut guard, install_with_interval(SHORT).unwrap()));
                let before = REPORTS.load(SeqCst);
                assert!(soon(|| REPORTS.load(SeqCst) > before));
                drop(guard);
            });
            drop(child);
        }
        drop(guard);
    });
}
