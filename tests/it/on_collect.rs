//! `on_collect`: when registered functions run, and for how long they stay.

use std::{
    cell::Cell,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::Duration,
};

use corepool::{OnCollect, Pool, collect, janitor, on_collect};

use crate::util::{alone, fail, fail_in_drop, live, on_threads, panics, watched};

/// What has happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    /// Notes `what` at each collect.
    fn hook(&self, what: &'static str) -> OnCollect {
        let log = self.clone();
        on_collect(move || log.note(what))
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

struct Noted(Log, fn());

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.note("drop");
        (self.1)();
    }
}

/// A pool of one idle object that the second collect drops.
fn ageing(log: &Log, then: fn()) -> Pool<Noted> {
    let pool = <Pool<Noted>>::new(|| unreachable!());
    pool.put(Noted(log.clone(), then));
    pool
}

#[test]
fn on_collect_runs_after_what_has_aged_was_dropped() {
    let _alone = alone();
    let log = Log::default();
    let hooks = ["first", "second"].map(|what| log.hook(what));
    let pool = ageing(&log, || ());
    collect();
    assert_eq!(log.take(), ["first", "second"]);
    collect();
    assert_eq!(log.take(), ["drop", "first", "second"]);
    // Neither is a collect.
    pool.trim();
    pool.clear();
    assert_eq!(log.take(), [""; 0]);
    drop(hooks);
    collect();
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn on_collect_drops_a_function_with_its_registration() {
    let _alone = alone();
    struct Registers;
    impl Drop for Registers {
        fn drop(&mut self) {
            drop(on_collect(|| ()));
        }
    }
    let token = Arc::new(());
    let held = (Arc::clone(&token), Registers);
    let hook = on_collect(move || assert!(live(&held.0) > 0 && size_of_val(&held.1) == 0));
    collect();
    assert_eq!(live(&token), 1);
    assert!(format!("{hook:?}").starts_with("OnCollect"));
    drop(hook);
    assert_eq!(live(&token), 0);
    // A leaked one stays, and runs.
    let held = Arc::clone(&token);
    let (runs, seen) = mpsc::channel();
    on_collect(move || _ = (&held, runs.send(()))).leak();
    collect();
    assert_eq!((live(&token), seen.try_iter().count()), (1, 1));
}

#[test]
fn on_collect_panics_go_no_further() {
    let _alone = alone();
    let log = Log::default();
    let failing = on_collect(|| fail("hook"));
    let after = log.hook("after");
    collect();
    assert_eq!(log.take(), ["after"]);
    // Nor does the panic of a destructor keep functions from running.
    let pool = ageing(&log, || fail_in_drop());
    collect();
    assert_eq!(log.take(), ["after"]);
    assert_eq!(panics(collect), "drop");
    assert_eq!(log.take(), ["drop", "after"]);
    drop((failing, after, pool));
}

/// Nothing is locked while a function runs.
#[test]
fn on_collect_functions_may_do_anything() {
    let _alone = alone();
    watched(|| {
        let log = Log::default();
        let pool = Arc::new(Pool::new(|| 1));
        let (inner, used) = (log.clone(), Arc::clone(&pool));
        let hook = on_collect(move || {
            inner.note("outer");
            assert_eq!(*used.get(), 1);
            // It ages pools, and runs no functions.
            collect();
            collect();
            // This one does not run in this collect, and its registration ends.
            drop(inner.hook("never"));
            inner.hook("later").leak();
            thread::scope(|s| {
                s.spawn(|| drop(used.get()));
            });
        });
        collect();
        assert_eq!((log.take(), pool.stats().dropped), (vec!["outer"], 1));
        drop(hook);
        collect();
        assert_eq!(log.take(), ["later"]);
    });
}

/// A function may end registrations: its own, and those of functions that have not had their turn.
#[test]
fn on_collect_registrations_may_end_in_a_function() {
    let _alone = alone();
    let log = Log::default();
    let all = Arc::new(Mutex::new(Vec::new()));
    let (ending, inner) = (Arc::clone(&all), log.clone());
    let first = on_collect(move || {
        inner.note("first");
        drop(std::mem::take(&mut *ending.lock().unwrap()));
    });
    let second = log.hook("second");
    let third = log.hook("third");
    all.lock().unwrap().extend([first, second]);
    collect();
    assert_eq!(log.take(), ["first", "third"]);
    collect();
    assert_eq!(log.take(), ["third"]);
    drop(third);
}

#[test]
fn on_collect_runs_on_each_thread_that_collects() {
    let _alone = alone();
    thread_local! {
        static HERE: Cell<usize> = const { Cell::new(0) };
    }
    let runs = Arc::new(AtomicUsize::new(0));
    let (all, ready) = (Arc::clone(&runs), Barrier::new(3));
    let hook = on_collect(move || {
        HERE.set(HERE.get() + 1);
        all.fetch_add(1, Relaxed);
    });
    on_threads(3, |_| {
        ready.wait();
        (0..10).for_each(|_| collect());
        assert_eq!(HERE.get(), 10);
    });
    assert_eq!(runs.load(Relaxed), 30);
    drop(hook);
}

#[test]
#[cfg_attr(miri, ignore = "a janitor needs a clock")]
fn on_collect_runs_on_a_janitor() {
    let _alone = alone();
    let (sender, names) = mpsc::channel();
    let hook = on_collect(move || {
        let _ = sender.send(thread::current().name().map(str::to_owned));
    });
    let janitor = janitor(Duration::from_millis(1)).unwrap();
    let name = names.recv_timeout(Duration::from_secs(300)).unwrap();
    assert_eq!(name.as_deref(), Some("corepool-janitor"));
    drop((janitor, hook));
}
