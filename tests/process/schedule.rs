//! Collects by the clock, which the collect thread runs, and collects by the janitor.

use std::{
    io::ErrorKind,
    process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use corepool::{Janitor, JanitorBuilder, Pool, collect, janitor, set_collect_interval};

use crate::{alone, fork::fork};

const SHORT: Duration = Duration::from_millis(20);

static ONCE: Pool<Note> = Pool::new(|| Note);
static DROPPED: AtomicUsize = AtomicUsize::new(0);
/// The thread that dropped the last note.
static PLACE: Mutex<Option<ThreadId>> = Mutex::new(None);

/// An object that records its drop.
struct Note;

impl Drop for Note {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Relaxed);
        *PLACE.lock().unwrap() = Some(thread::current().id());
    }
}

fn dropped() -> usize {
    DROPPED.load(Relaxed)
}

/// Makes a call that takes the slow path.
fn work() {
    static OTHER: Pool<u8> = Pool::new(|| 0);
    OTHER.clear();
    drop(OTHER.get());
}

/// Repeats `step`. Returns whether `holds` becomes true, within a minute or two.
fn soon(step: impl Fn(), holds: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !holds() && start.elapsed() < Duration::from_secs(100) {
        step();
        thread::sleep(Duration::from_millis(1));
    }
    holds()
}

/// The use of one pool empties another that was used once, and the call runs no destructor.
#[test]
fn idle_objects_are_dropped_with_time() {
    alone(|| {
        set_collect_interval(Some(SHORT));
        drop(ONCE.get());
        assert!(soon(work, || dropped() == 1));
        assert_ne!(*PLACE.lock().unwrap(), Some(thread::current().id()));
        assert_eq!(ONCE.stats().idle, 0);
    });
}

/// Nothing is dropped at once, or after the interval is turned off.
#[test]
fn no_object_is_dropped_before_its_time() {
    alone(|| {
        drop(ONCE.get());
        (0..100).for_each(|_| work());
        set_collect_interval(None);
        for _ in 0..100 {
            work();
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(dropped(), 0);
        for long in [Duration::MAX, Duration::from_secs(1 << 61)] {
            set_collect_interval(Some(long));
            for _ in 0..100 {
                work();
                thread::sleep(Duration::from_millis(1));
            }
        }
        assert_eq!(dropped(), 0);
    });
}

/// A destructor in a due collect may use pools, and collect. No collect starts inside another.
#[test]
fn destructors_in_a_due_collect_may_use_pools() {
    struct Nested;
    static NESTED: Pool<Nested> = Pool::new(|| Nested);
    static DEPTH: AtomicUsize = AtomicUsize::new(0);
    impl Drop for Nested {
        fn drop(&mut self) {
            assert_eq!(DEPTH.fetch_add(1, Relaxed), 0, "a collect in a collect");
            drop(NESTED.get());
            // Time for several collects, each of which would drop the objects that the one before
            // has aged.
            for _ in 0..20 {
                thread::sleep(Duration::from_millis(2));
                (0..20).for_each(|_| work());
            }
            DEPTH.fetch_sub(1, Relaxed);
            DROPPED.fetch_add(1, Relaxed);
        }
    }
    alone(|| {
        set_collect_interval(Some(Duration::from_millis(1)));
        let fill = || drop(Vec::from_iter((0..5).map(|_| NESTED.get())));
        fill();
        assert!(soon(work, || dropped() > 4));
    });
}

#[test]
fn panics_in_a_due_collect_do_not_reach_the_caller() {
    struct Spoilt;
    static SPOILT: Pool<Spoilt> = Pool::new(|| Spoilt);
    impl Drop for Spoilt {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Relaxed);
            // This panic prints nothing.
            std::panic::resume_unwind(Box::new(Bomb));
        }
    }
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new(()));
        }
    }
    alone(|| {
        set_collect_interval(Some(SHORT));
        drop((SPOILT.get(), SPOILT.get()));
        assert!(soon(work, || dropped() == 2));
        drop((SPOILT.get(), SPOILT.get()));
        let janitor = janitor(SHORT).unwrap();
        assert!(soon(|| (), || dropped() == 4));
        drop(janitor);
    });
}

/// The janitor empties unused pools, and ends when its handle is dropped.
#[test]
fn a_janitor_empties_pools_that_nobody_uses() {
    alone(|| {
        set_collect_interval(None);
        drop(ONCE.get());
        let janitor = janitor(SHORT).unwrap();
        assert!(soon(|| (), || dropped() == 1));
        assert_ne!(*PLACE.lock().unwrap(), Some(thread::current().id()));
        drop(janitor);
        drop(ONCE.get());
        thread::sleep(10 * SHORT);
        assert_eq!(dropped(), 1);
    });
}

/// The janitor ends at once, however long its interval is.
#[test]
fn a_janitor_ends_at_once() {
    alone(|| {
        let start = Instant::now();
        for interval in [Duration::from_secs(1 << 20), Duration::MAX] {
            let janitors: Vec<Janitor> = (0..3).map(|_| janitor(interval).unwrap()).collect();
            drop(janitors);
        }
        assert!(start.elapsed() < Duration::from_secs(100));
    });
}

/// If there is a janitor, it runs the collects that the clock requests.
#[test]
fn the_janitor_collects_for_others() {
    alone(|| {
        set_collect_interval(Some(SHORT));
        let janitor = janitor(Duration::from_secs(1 << 20)).unwrap();
        drop(ONCE.get());
        assert!(soon(work, || dropped() == 1));
        assert_ne!(*PLACE.lock().unwrap(), Some(thread::current().id()));
        let place = *PLACE.lock().unwrap();
        drop(janitor);
        drop(ONCE.get());
        assert!(soon(|| (), || dropped() == 2), "the collect thread follows");
        assert_ne!(*PLACE.lock().unwrap(), place);
    });
}

/// A destructor that the janitor runs may drop its handle.
#[test]
fn a_janitor_may_end_itself() {
    static HELD: Mutex<Option<Janitor>> = Mutex::new(None);
    static LAST: Pool<End> = Pool::new(|| End);
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            drop(HELD.lock().unwrap().take());
            DROPPED.fetch_add(1, Relaxed);
        }
    }
    alone(|| {
        drop(LAST.get());
        *HELD.lock().unwrap() = Some(janitor(SHORT).unwrap());
        assert!(soon(|| (), || dropped() == 1));
    });
}

/// A forked child has no janitor. Its own collect thread collects, and it may start another
/// janitor.
#[test]
fn children_have_no_janitor() {
    alone(|| {
        set_collect_interval(Some(SHORT));
        let old = janitor(Duration::from_secs(1 << 20)).unwrap();
        collect();
        let child = fork(|| {
            drop(ONCE.get());
            assert!(soon(work, || dropped() == 1), "its collect thread collects");
            drop(ONCE.get());
            set_collect_interval(None);
            let own = janitor(SHORT).unwrap();
            // The new thread may have the pthread id of the parent's janitor.
            drop(old);
            assert!(soon(|| (), || dropped() == 2), "so does its janitor");
            drop(own);
        });
        drop(child);
    });
}

#[test]
fn a_janitor_does_not_keep_its_process_alive() {
    alone(|| {
        std::mem::forget(janitor(Duration::from_millis(1)).unwrap());
        let objects = Arc::new(Pool::new(|| vec![0; 100]));
        for _ in 0..50 {
            drop(objects.get());
            thread::sleep(Duration::from_millis(1));
        }
        process::exit(0);
    });
}

#[test]
fn an_interval_of_zero_is_an_error() {
    alone(|| {
        assert_eq!(janitor(Duration::ZERO).unwrap_err().kind(), ErrorKind::InvalidInput);
        let error = JanitorBuilder::new(Duration::ZERO).start().unwrap_err();
        assert!(error.to_string().contains("must not be zero"));
        // The interval may be as short as the clock's resolution.
        set_collect_interval(Some(Duration::ZERO));
        drop(ONCE.get());
        assert!(soon(work, || dropped() == 1));
    });
}
