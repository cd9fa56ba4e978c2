//! User code runs with nothing pinned, claimed or locked.
//!
//! Each call that runs user code (a trigger) is combined with each operation that user code, or
//! another thread at the same time, may use on the pool (an action).

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use corepool::{Pool, Pooled, collect};

use crate::util::{Peer, alone, on_thread, watched};

type Job = Box<dyn FnOnce() + Send>;

/// An object whose hooks run a job, once.
#[derive(Default)]
struct Scripted {
    on_recycle: Option<Job>,
    on_drop: AtDrop,
    refused: bool,
}

impl Scripted {
    fn at_recycle(job: Job) -> Self {
        Self { on_recycle: Some(job), ..Self::default() }
    }

    fn at_drop(job: Job) -> Self {
        Self { on_drop: AtDrop(Some(job)), ..Self::default() }
    }
}

#[derive(Default)]
struct AtDrop(Option<Job>);

impl Drop for AtDrop {
    fn drop(&mut self) {
        run(self.0.take());
    }
}

static ON_CREATE: Mutex<Option<Job>> = Mutex::new(None);

fn create() -> Scripted {
    let job = ON_CREATE.lock().unwrap().take();
    run(job);
    Scripted::default()
}

fn recycle(object: &mut Scripted) -> bool {
    run(object.on_recycle.take());
    !object.refused
}

fn run(job: Option<Job>) {
    if let Some(job) = job {
        job();
    }
}

type Scripts = Pool<Scripted>;

/// A pool with idle objects of both generations, in the thread's shard and on the shelf.
fn scripts() -> Arc<Scripts> {
    let pool = <Pool<Scripted>>::new(create).with_recycle(recycle);
    (0..30).for_each(|_| pool.put(Scripted::default()));
    pool.trim();
    (0..30).for_each(|_| pool.put(Scripted::default()));
    pool.reserve(2);
    Arc::new(pool)
}

/// Puts an object that runs `job` when the pool drops it.
fn put_last(pool: &Scripts, job: Job) {
    pool.put(Scripted::at_drop(job));
}

/// A name, and a call that runs user code.
type Trigger = (&'static str, fn(&Arc<Scripts>, Job));

const TRIGGERS: [Trigger; 12] = [
    ("create, from get", |pool, job| {
        pool.clear();
        *ON_CREATE.lock().unwrap() = Some(job);
        drop(pool.get());
    }),
    ("create, from get_owned", |pool, job| {
        pool.clear();
        *ON_CREATE.lock().unwrap() = Some(job);
        drop(pool.get_owned());
    }),
    ("create, from reserve", |pool, job| {
        *ON_CREATE.lock().unwrap() = Some(job);
        pool.reserve(3);
    }),
    ("recycle, from a guard", |pool, job| {
        let mut guard = pool.get();
        guard.on_recycle = Some(job);
    }),
    ("recycle, from an owned guard", |pool, job| {
        let mut guard = pool.get_owned();
        guard.on_recycle = Some(job);
    }),
    ("recycle, from put", |pool, job| {
        pool.put(Scripted::at_recycle(job));
    }),
    ("drop, from a refused guard", |pool, job| {
        let mut guard = pool.get();
        guard.on_drop = AtDrop(Some(job));
        guard.refused = true;
    }),
    ("drop, from a refused put", |pool, job| {
        pool.put(Scripted { refused: true, ..Scripted::at_drop(job) });
    }),
    ("drop, from discard", |pool, job| {
        let mut guard = pool.get();
        guard.on_drop = AtDrop(Some(job));
        Pooled::discard(guard);
    }),
    ("drop, from clear", |pool, job| {
        put_last(pool, job);
        pool.clear();
    }),
    ("drop, from trim", |pool, job| {
        put_last(pool, job);
        pool.trim();
        pool.trim();
    }),
    ("drop, from collect", |pool, job| {
        put_last(pool, job);
        collect();
        collect();
    }),
];

/// A name, and an operation that is allowed at any time.
type Action = (&'static str, fn(&Scripts));

const ACTIONS: [Action; 11] = [
    ("get", |pool| drop(pool.get())),
    ("try_get", |pool| drop(pool.try_get())),
    ("take and put", |pool| pool.put(pool.take())),
    ("put many", |pool| {
        (0..50).for_each(|_| pool.put(Scripted::default()));
    }),
    ("reserve", |pool| pool.reserve(3)),
    ("stats", |pool| assert!(pool.stats().idle < 1_000)),
    ("trim", |pool| pool.trim()),
    ("clear", |pool| pool.clear()),
    ("collect", |_| collect()),
    ("the life of another pool", |_| drop(scripts())),
    ("get elsewhere", |pool| on_thread(|| drop(pool.get()))),
];

/// User code may use the pool that calls it.
#[test]
fn user_code_may_re_enter_its_pool() {
    let _alone = alone();
    watched(|| {
        for (hook, trigger) in TRIGGERS {
            for (action, act) in ACTIONS {
                let (pool, ran) = (scripts(), Arc::new(AtomicBool::new(false)));
                let (weak, flag) = (Arc::downgrade(&pool), ran.clone());
                let job = move || {
                    act(&weak.upgrade().unwrap());
                    flag.store(true, Relaxed);
                };
                trigger(&pool, Box::new(job));
                assert!(ran.load(Relaxed), "{hook}: {action} did not run");
                pool.put(Scripted::default());
                assert!(pool.try_get().is_some(), "{hook}: {action} broke it");
            }
        }
    });
}

/// Other threads use the pool while user code blocks.
#[test]
fn user_code_may_block_without_blocking_others() {
    let _alone = alone();
    watched(|| {
        for (hook, trigger) in TRIGGERS {
            let pool = &scripts();
            thread::scope(|s| {
                let peer = Peer::new(s);
                let (enter, entered) = mpsc::channel();
                let (open, gate) = mpsc::channel::<()>();
                let job = move || {
                    enter.send(()).unwrap();
                    gate.recv().unwrap();
                };
                let end = peer.start(move || trigger(pool, Box::new(job)));
                entered.recv().unwrap();
                ACTIONS.iter().for_each(|(_, act)| act(pool));
                assert!(end.try_recv().is_err(), "{hook} did not block");
                open.send(()).unwrap();
                end.recv().unwrap();
            });
            pool.put(Scripted::default());
            assert!(pool.try_get().is_some(), "{hook}");
        }
    });
}

/// A destructor may drop pools wherever it runs, even while it delays a collect.
#[test]
fn pools_may_be_dropped_while_a_destructor_blocks() {
    let _alone = alone();
    watched(|| {
        let pool = scripts();
        let (enter, entered) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let job = move || {
            enter.send(()).unwrap();
            gate.recv().unwrap();
        };
        put_last(&pool, Box::new(job));
        let collector = thread::spawn(|| (0..2).for_each(|_| collect()));
        entered.recv().unwrap();
        drop(scripts());
        let last = Arc::downgrade(&pool);
        drop(pool);
        assert_eq!(last.strong_count(), 0);
        open.send(()).unwrap();
        collector.join().unwrap();
    });
}

/// A pool that is being dropped does not block collects.
#[test]
fn collects_go_on_while_a_pool_is_being_dropped() {
    let _alone = alone();
    watched(|| {
        let (pool, other) = (scripts(), scripts());
        let (enter, entered) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let job = move || {
            enter.send(()).unwrap();
            gate.recv().unwrap();
        };
        put_last(&pool, Box::new(job));
        let dropper = thread::spawn(move || drop(pool));
        entered.recv().unwrap();
        assert_eq!(other.stats().idle, 62);
        collect();
        collect();
        assert_eq!(other.stats().idle, 0);
        open.send(()).unwrap();
        dropper.join().unwrap();
    });
}

/// An object over the bound is dropped by `put`. Its destructor is user code too.
#[test]
fn a_destructor_over_the_bound_may_re_enter() {
    let _alone = alone();
    watched(|| {
        static POOL: Scripts = <Scripts>::new(create).with_max_idle(1);
        let (tell, told) = mpsc::channel();
        POOL.put(Scripted::default());
        put_last(
            &POOL,
            Box::new(move || {
                ACTIONS.iter().for_each(|(_, act)| act(&POOL));
                tell.send(POOL.stats().idle).unwrap();
            }),
        );
        assert!(told.recv().unwrap() <= 1);
    });
}
