//! The guard and its thread. The recorder of the process is installed once, for all of these.

use std::{
    io::ErrorKind,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use corepool::{
    Pool,
    metrics::{Guard, install, install_with_interval},
};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::recorder::Values;

/// Longer than any step takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(150);

const SHORT: Duration = Duration::from_millis(1);

/// What the recorder of the process does before it records a value.
type Hook = Arc<dyn Fn() + Send + Sync>;

/// The hooks, by the names of pools.
static HOOKS: Mutex<Vec<(&str, Hook)>> = Mutex::new(Vec::new());

/// The recorder of the process.
struct Process(Values);

impl Process {
    fn called(&self, key: &Key) {
        let hooks = HOOKS.lock().unwrap().clone();
        let wanted = |(pool, _): &&(&str, Hook)| key.labels().any(|label| label.value() == *pool);
        hooks.iter().filter(wanted).for_each(|(_, hook)| hook());
    }
}

impl Recorder for Process {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.called(key);
        self.0.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.called(key);
        self.0.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.0.register_histogram(key, metadata)
    }
}

/// Installs the recorder of the process, and returns its values.
fn values() -> &'static Values {
    static VALUES: OnceLock<Values> = OnceLock::new();
    VALUES.get_or_init(|| {
        let values = Values::default();
        metrics::set_global_recorder(Process(values.clone())).expect("there is no other");
        values
    })
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "{what}: not in time");
        thread::sleep(SHORT);
    }
}

/// Has the recorder call `hook` before each value of this pool, on any thread.
fn on_report(pool: &'static str, hook: impl Fn() + Send + Sync + 'static) {
    HOOKS.lock().unwrap().push((pool, Arc::new(hook)));
}

#[test]
fn the_thread_reports_again_and_again() {
    let values = values();
    let pool = <Pool<u32>>::new(|| 0).with_name("again");
    let _guard = install_with_interval(SHORT).unwrap();
    for objects in 1..4 {
        pool.put(0);
        let wanted = Some(f64::from(objects));
        until("a report", || values.gauge("corepool_idle{pool=\"again\"}") == wanted);
    }
}

/// A recorder is foreign code: nothing is locked while it runs.
#[test]
fn a_recorder_may_use_pools_and_report() {
    static INNER: OnceLock<Guard> = OnceLock::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    static RETURNED: AtomicBool = AtomicBool::new(false);
    values();
    let pool: &'static Pool<u32> = Box::leak(Box::new(<Pool<u32>>::new(|| 0).with_name("foreign")));
    drop(pool.get());
    let guard = INNER.get_or_init(|| install_with_interval(SHORT).unwrap());
    on_report("foreign", move || {
        if DONE.swap(true, SeqCst) {
            return;
        }
        pool.put(pool.take());
        drop(<Pool<u32>>::new(|| 0).with_name("made by a recorder").get());
        pool.trim();
        guard.update();
        RETURNED.store(true, SeqCst);
    });
    until("the recorder to return", || RETURNED.load(SeqCst));
}

#[test]
fn a_recorder_that_panics_is_called_again() {
    static PANICKED: AtomicBool = AtomicBool::new(false);
    let values = values();
    let pool = <Pool<u32>>::new(|| 0).with_name("panics");
    drop(pool.get());
    let _guard = install_with_interval(SHORT).unwrap();
    on_report("panics", || {
        let planned = thread::current().name() == Some("corepool-metrics");
        if planned && !PANICKED.swap(true, SeqCst) {
            std::panic::resume_unwind(Box::new("planned"));
        }
    });
    until("the panic", || PANICKED.load(SeqCst));
    pool.put(1);
    until("a report", || values.gauge("corepool_idle{pool=\"panics\"}") == Some(2.0));
}

#[test]
fn an_interval_must_not_be_zero() {
    let error = install_with_interval(Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("interval"), "{error}");
    let _guard = install().unwrap();
    assert!(!format!("{_guard:?}").is_empty());
}
