//! The collect thread: when it starts, what it does, and when it ends.
#![cfg(any(target_os = "linux", target_os = "android"))]

use std::{
    fs,
    mem::MaybeUninit,
    process, ptr,
    sync::{
        Barrier, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use corepool::{Pool, Pooled, Scoped, janitor, set_collect_interval};

use crate::{
    alone,
    fork::fork,
    program::{argument, start},
    run, threads,
};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(1 << 20);

/// Longer than anything takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(100);

static POOL: Pool<Vec<u8>> = Pool::new(|| vec![1; 1000]);

fn idle() -> u64 {
    POOL.stats().idle
}

/// Leaves this many objects of this thread idle.
fn burst(objects: usize) {
    drop(Vec::from_iter((0..objects).map(|_| POOL.get())));
}

/// Returns the number of collect threads of this process.
pub(crate) fn collect_threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    // A thread may have ended meanwhile.
    let names = tasks.flatten().flat_map(|task| fs::read_to_string(task.path().join("comm")));
    // The system shortens the name.
    names.filter(|name| name.trim_end() == "corepool-collec").count()
}

/// Returns whether `holds` becomes true, within a minute or two in which no pool is used.
pub(crate) fn soon(holds: impl Fn() -> bool) -> bool {
    soon_with(|| (), holds)
}

/// Repeats `step`. Returns whether `holds` becomes true, within a minute or two.
fn soon_with(step: impl Fn(), holds: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !holds() && start.elapsed() < PATIENCE {
        step();
        thread::sleep(Duration::from_millis(1));
    }
    holds()
}

/// Returns whether there is one collect thread soon. It names itself.
fn one_thread() -> bool {
    soon(|| collect_threads() == 1)
}

/// After a burst nothing stays idle, although no call follows. Then there is no thread either.
#[test]
fn a_burst_is_freed_in_silence() {
    alone(|| {
        // At first the objects do not age, however long this thread is stopped.
        set_collect_interval(Some(LONG));
        burst(1000);
        assert_eq!(idle(), 1000);
        assert!(one_thread());
        set_collect_interval(Some(SHORT));
        assert!(soon(|| idle() == 0));
        assert!(soon(|| collect_threads() == 0));
    });
}

/// After a burst nothing but what is used stays idle, although all calls that follow are hits.
#[test]
fn a_burst_is_freed_beside_hits() {
    alone(|| {
        set_collect_interval(Some(SHORT));
        for _ in 0..3 {
            burst(1000);
            assert!(soon_with(|| drop(POOL.get()), || idle() <= 1));
        }
    });
}

/// A thread that uses one object of one pool at a time needs no collect thread, however many threads there are.
#[test]
fn one_object_of_each_thread_starts_no_thread() {
    alone(|| {
        set_collect_interval(Some(SHORT));
        let work = || {
            for _ in 0..100 {
                drop(POOL.get());
                POOL.put(POOL.take());
            }
        };
        work();
        // The other thread finds nothing to recall, which would start the thread.
        let own = POOL.get();
        let (worked, end) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            scope.spawn(|| {
                work();
                worked.wait();
                end.wait();
            });
            worked.wait();
            drop(own);
            thread::sleep(5 * SHORT);
            assert_eq!((idle(), collect_threads()), (2, 0));
            end.wait();
        });
    });
}

/// Leaves two objects of this thread idle, or one that no thread owns, in one of several ways. The first program to do so in its
/// process has no collect thread, and no seat is marked.
const WAYS: [fn(); 6] = [
    || burst(2),
    || (0..2).for_each(|_| POOL.put(vec![1])),
    || POOL.reserve(2),
    || POOL.reserve(1),
    // Returned by a thread that has created none.
    || {
        let other = || threads::on_threads(1, |_| POOL.get()).pop().unwrap();
        drop([other(), other()]);
    },
    || drop([HOOKED.get(), HOOKED.get()]),
];

static HOOKED: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(Vec::new).with_recycle(|_| true);

#[test]
fn a_second_object_starts_the_thread() {
    let Some(way) = argument() else {
        for way in 0..WAYS.len() {
            let end = start(way);
            assert!(end.status.success(), "way {way}: {}", end.printed);
        }
        return;
    };
    set_collect_interval(Some(SHORT));
    WAYS[way]();
    assert!(soon(|| idle() + HOOKED.stats().idle == 0));
    assert!(soon(|| collect_threads() == 0));
}

/// A thread that ends leaves its object to all others.
#[test]
fn objects_of_ended_threads_age() {
    alone(|| {
        set_collect_interval(Some(SHORT));
        threads::on_threads(1, |_| drop(POOL.get()));
        assert!(soon(|| idle() == 0));
    });
}

/// Objects that are lent when the thread ends age after they have come back, although their return
/// is a hit.
#[test]
fn objects_that_come_back_after_the_end_of_the_thread_age() {
    alone(|| {
        set_collect_interval(Some(SHORT));
        for round in 0..3 {
            let held: Vec<_> = (0..10).map(|_| POOL.get()).collect();
            assert!(soon(|| collect_threads() == 0), "{round}");
            drop(held);
            assert!(soon(|| idle() == 0), "{round}");
            assert!(soon(|| POOL.stats().dropped == 10 * (round + 1)), "{round}");
        }
        // The mark, which makes the next call of a thread take the slow path, is gone after it.
        assert!(soon(|| collect_threads() == 0));
        let before = POOL.stats();
        set_collect_interval(Some(LONG));
        (0..10).for_each(|_| drop(POOL.get()));
        let after = POOL.stats();
        assert_eq!((after.misses - before.misses, after.hits - before.hits), (1, 9));
    });
}

/// A shorter interval applies at once, and `None` ends the thread.
#[test]
fn the_thread_learns_of_a_new_interval() {
    alone(|| {
        set_collect_interval(Some(LONG));
        burst(100);
        thread::sleep(5 * SHORT);
        assert_eq!(idle(), 100);
        assert!(one_thread());
        set_collect_interval(Some(SHORT));
        assert!(soon(|| idle() == 0));
        set_collect_interval(None);
        assert!(soon(|| collect_threads() == 0));
        burst(100);
        thread::sleep(5 * SHORT);
        assert_eq!((idle(), collect_threads()), (100, 0));
        set_collect_interval(Some(SHORT));
        assert!(soon(|| idle() == 0), "without a further call");
    });
}

/// A janitor replaces the thread, which follows the janitor.
#[test]
fn there_is_no_thread_beside_a_janitor() {
    alone(|| {
        set_collect_interval(Some(SHORT));
        burst(100);
        let janitor = janitor(LONG).unwrap();
        assert!(soon(|| collect_threads() == 0));
        burst(200);
        thread::sleep(5 * SHORT);
        assert_eq!(collect_threads(), 0);
        drop(janitor);
        assert!(soon(|| idle() == 0), "without a further call");
    });
}

/// A forked child has no thread of the parent. Its first call starts its own, even a hit.
#[test]
fn a_child_starts_its_own_thread() {
    alone(|| {
        set_collect_interval(Some(LONG));
        burst(50);
        assert!(one_thread());
        drop(fork(|| {
            assert_eq!((idle(), collect_threads()), (50, 0));
            drop(POOL.get());
            assert!(one_thread());
            set_collect_interval(Some(SHORT));
            assert!(soon(|| idle() == 0));
            assert!(soon(|| collect_threads() == 0));
        }));
        // A child that exits does not wait for the parent's thread.
        drop(fork(|| process::exit(0)));
        set_collect_interval(Some(SHORT));
        assert!(soon(|| idle() == 0));
    });
}

/// A destructor that needs a lock, and a thread that holds this lock around its calls of pools.
#[test]
fn destructors_may_need_locks_that_are_held_around_calls() {
    static LOCK: Mutex<u32> = Mutex::new(0);
    static CLOSED: AtomicUsize = AtomicUsize::new(0);
    static SESSIONS: Pool<Session> = Pool::new(|| Session);
    struct Session;
    impl Drop for Session {
        fn drop(&mut self) {
            *LOCK.lock().unwrap() += 1;
            CLOSED.fetch_add(1, Relaxed);
        }
    }
    alone(|| {
        set_collect_interval(Some(SHORT));
        drop(SESSIONS.get());
        let step = || {
            let mut calls = LOCK.lock().unwrap();
            POOL.clear();
            burst(2);
            *calls += 1;
        };
        assert!(soon_with(step, || CLOSED.load(Relaxed) == 1));
    });
}

/// Returns whether the signal is blocked on this thread.
pub(crate) fn is_blocked(signal: i32) -> bool {
    let mut mask = MaybeUninit::uninit();
    // SAFETY: the first call initialises the mask.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), mask.as_mut_ptr());
        libc::sigismember(mask.as_ptr(), signal) == 1
    }
}

/// Handlers of the program do not run on the thread, unless the thread itself causes the signal.
/// The thread that starts it keeps its mask.
#[test]
fn signals_are_blocked_on_the_thread() {
    static SEEN: Mutex<Option<[bool; 5]>> = Mutex::new(None);
    static SEEING: Pool<Seeing> = Pool::new(|| Seeing);
    struct Seeing;
    fn mask() -> [bool; 5] {
        [libc::SIGTERM, libc::SIGUSR1, libc::SIGCHLD, libc::SIGSEGV, libc::SIGBUS].map(is_blocked)
    }
    impl Drop for Seeing {
        fn drop(&mut self) {
            *SEEN.lock().unwrap() = Some(mask());
        }
    }
    alone(|| {
        set_collect_interval(Some(SHORT));
        drop([SEEING.get(), SEEING.get()]);
        assert_eq!(mask(), [false; 5]);
        assert!(soon(|| SEEN.lock().unwrap().is_some()));
        assert_eq!(*SEEN.lock().unwrap(), Some([true, true, true, false, false]));
    });
}

/// A destructor that never returns stops nothing but the ageing: neither calls nor the exit.
#[test]
fn a_destructor_that_blocks_stops_only_the_ageing() {
    static STARTED: AtomicBool = AtomicBool::new(false);
    static BLOCKING: Pool<Blocking> = Pool::new(|| Blocking);
    struct Blocking;
    impl Drop for Blocking {
        fn drop(&mut self) {
            STARTED.store(true, Relaxed);
            loop {
                thread::park();
            }
        }
    }
    alone(|| {
        set_collect_interval(Some(SHORT));
        drop([BLOCKING.get(), BLOCKING.get()]);
        assert!(soon(|| STARTED.load(Relaxed)));
        burst(1000);
        set_collect_interval(None);
        set_collect_interval(Some(SHORT));
        assert_eq!((idle(), collect_threads()), (1000, 1));
        // SAFETY: the call takes an integer.
        unsafe { libc::alarm(100) };
        process::exit(0);
    });
}

/// A destructor that the thread runs may turn it off, collect, and fork.
#[test]
fn destructors_may_do_anything() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    static ALL: Pool<All> = Pool::new(|| All);
    struct All;
    impl Drop for All {
        fn drop(&mut self) {
            if DROPPED.fetch_add(1, Relaxed) == 0 {
                set_collect_interval(None);
                set_collect_interval(Some(SHORT));
                corepool::collect();
                drop(janitor(LONG).unwrap());
                burst(3);
                drop(fork(|| {
                    let others = collect_threads();
                    drop(POOL.get());
                    assert!(soon(|| collect_threads() == others + 1));
                }));
            }
        }
    }
    alone(|| {
        set_collect_interval(Some(SHORT));
        drop([ALL.get(), ALL.get()]);
        assert!(soon(|| DROPPED.load(Relaxed) == 2 && idle() == 0));
        assert!(soon(|| collect_threads() == 0));
    });
}

/// Registers `handler` for the exit. The handler that was registered first is called last.
fn at_exit(handler: extern "C" fn()) {
    // SAFETY: the handler is a plain function; a panic in it aborts.
    assert_eq!(unsafe { libc::atexit(handler) }, 0);
}

/// The exit ends the thread, and none is started after it.
#[test]
fn no_thread_is_left_at_the_exit() {
    extern "C" fn last() {
        // The system may list a thread for a moment after it was joined.
        assert!(soon(|| collect_threads() == 0));
        burst(1000);
        // Time for a thread to name itself.
        thread::sleep(5 * SHORT);
        assert_eq!(collect_threads(), 0);
        println!("says: no thread");
    }
    let end = run(|| {
        at_exit(last);
        set_collect_interval(Some(LONG));
        burst(1000);
        assert!(one_thread());
        process::exit(0);
    });
    let Some(end) = end else { return };
    assert!(end.status.success() && end.printed.contains("says: no thread"), "{end:?}");
}

/// A destructor on the thread may exit the process.
#[test]
fn the_thread_may_exit_the_process() {
    static EXITING: Pool<Exiting> = Pool::new(|| Exiting);
    struct Exiting;
    impl Drop for Exiting {
        fn drop(&mut self) {
            process::exit(7);
        }
    }
    let end = run(|| {
        set_collect_interval(Some(SHORT));
        drop([EXITING.get(), EXITING.get()]);
        // The other object is dropped by nobody.
        assert!(!soon(|| false), "the process has not ended");
    });
    let Some(end) = end else { return };
    assert_eq!(end.status.code(), Some(7), "{}", end.printed);
}

/// A process that does not exit ends with its last thread, although that leaves something idle.
#[test]
fn a_process_ends_with_its_last_thread() {
    alone(|| {
        let program = || {
            // SAFETY: the child uses pools, as it may, and ends with this thread, its only one.
            let child = unsafe { libc::fork() };
            if child == 0 {
                burst(1000);
                return assert!(one_thread());
            }
            let (start, mut status) = (Instant::now(), 0);
            // SAFETY: the calls take the id of a child.
            unsafe {
                while libc::waitpid(child, &raw mut status, libc::WNOHANG) == 0 {
                    if start.elapsed() > PATIENCE {
                        libc::kill(child, libc::SIGKILL);
                    }
                    thread::sleep(Duration::from_millis(1));
                }
            }
            assert_eq!(status, 0);
        };
        threads::spawn(program).join();
    });
}

/// Sets how much more memory the process may map. `None` lifts the limit.
fn limit_memory(more: Option<usize>) {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    let mapped = text.split(' ').next().unwrap().parse::<usize>().unwrap() * 4096;
    let soft = more.map_or(libc::RLIM_INFINITY, |more| (mapped + more) as libc::rlim_t);
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the call reads the limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
}

/// Where no thread can be started, each pool ages in its own calls, which run no destructor of
/// another pool's objects.
#[test]
fn pools_age_alone_if_there_can_be_no_thread() {
    static DROPPED: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
    struct Object(usize);
    impl Drop for Object {
        fn drop(&mut self) {
            DROPPED[self.0].fetch_add(1, Relaxed);
        }
    }
    static ONE: Pool<Object> = Pool::new(|| Object(0));
    static TWO: Pool<Object> = Pool::new(|| Object(1));
    fn dropped(of: usize) -> usize {
        DROPPED[of].load(Relaxed)
    }
    // Some of these calls take the slow path.
    fn hold(pool: &'static Pool<Object>, objects: usize) {
        drop(Vec::from_iter((0..objects).map(|_| pool.get())));
    }
    alone(|| {
        set_collect_interval(None);
        hold(&ONE, 1000);
        hold(&TWO, 1000);
        limit_memory(Some(1 << 20));
        set_collect_interval(Some(LONG));
        (0..20).for_each(|_| hold(&TWO, 300));
        assert_eq!((dropped(1), collect_threads()), (0, 0), "dropped before its time");
        set_collect_interval(Some(SHORT));
        assert!(soon_with(|| hold(&TWO, 300), || dropped(1) > 0));
        assert_eq!((dropped(0), ONE.stats().idle, collect_threads()), (0, 1000, 0));
        let before = dropped(1);
        assert!(soon_with(|| hold(&ONE, 300), || dropped(0) > 0));
        assert_eq!((dropped(1), collect_threads()), (before, 0));
        // The next due collect tries to start a thread again.
        limit_memory(None);
        assert!(soon_with(|| hold(&TWO, 300), || collect_threads() == 1));
        assert!(soon(|| ONE.stats().idle + TWO.stats().idle == 0));
    });
}

/// A pool of borrowed values ages in no call but `trim`.
#[test]
fn a_scoped_pool_does_not_age_alone() {
    static AGES: Pool<u64> = Pool::new(|| 0);
    alone(|| {
        let text = String::from("borrowed");
        let scoped: Pool<&str, _, Scoped> = Pool::scoped(|| &*text);
        let hold = |objects| {
            drop(Vec::from_iter((0..objects).map(|_| AGES.get())));
            drop(Vec::from_iter((0..objects).map(|_| scoped.get())));
        };
        set_collect_interval(None);
        hold(1000);
        limit_memory(Some(1 << 20));
        set_collect_interval(Some(SHORT));
        assert!(soon_with(|| hold(300), || AGES.stats().dropped > 0));
        (0..10).for_each(|_| hold(300));
        assert_eq!((scoped.stats().dropped, scoped.stats().idle), (0, 1000));
        limit_memory(None);
    });
}

/// No thread is started that could do nothing for them.
#[test]
fn scoped_pools_need_no_collect_thread() {
    alone(|| {
        set_collect_interval(Some(SHORT));
        let scoped: Pool<u64, _, Scoped> = Pool::scoped(|| 0);
        for _ in 0..10 {
            drop([scoped.get(), scoped.get()]);
            thread::sleep(SHORT);
            assert_eq!(collect_threads(), 0);
        }
        assert_eq!(scoped.stats().idle, 2);
    });
}

/// A recall does not wait for the thread that would register the process.
#[test]
fn recalls_need_no_collect_thread() {
    static POOL: Pool<u64> = Pool::new(|| 0);
    alone(|| {
        let [up, start, put, end] = [(); 4].map(|()| Barrier::new(2));
        thread::scope(|s| {
            s.spawn(|| {
                up.wait();
                start.wait();
                drop([POOL.get(), POOL.get()]);
                put.wait();
                end.wait();
            });
            up.wait();
            limit_memory(Some(1 << 20));
            start.wait();
            put.wait();
            assert_eq!(collect_threads(), 0);
            (0..100).for_each(|_| assert_eq!(Pooled::detach(POOL.get()), 0));
            assert_eq!(POOL.stats().idle, 0);
            limit_memory(None);
            end.wait();
        });
    });
}

/// A destructor may use its own pool there, and panic.
#[test]
fn a_pool_that_ages_alone_may_be_used_by_its_destructors() {
    static DEPTH: AtomicUsize = AtomicUsize::new(0);
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    static NESTED: Pool<Nested> = Pool::new(|| Nested);
    struct Nested;
    fn hold(objects: usize) {
        drop(Vec::from_iter((0..objects).map(|_| NESTED.get())));
    }
    impl Drop for Nested {
        fn drop(&mut self) {
            assert_eq!(DEPTH.fetch_add(1, Relaxed), 0, "a round inside a round");
            // Time for several rounds, each of which would drop what the one before has aged.
            for _ in 0..5 {
                thread::sleep(Duration::from_millis(2));
                hold(300);
            }
            DEPTH.fetch_sub(1, Relaxed);
            DROPPED.fetch_add(1, Relaxed);
            // This panic prints nothing.
            std::panic::resume_unwind(Box::new(()));
        }
    }
    alone(|| {
        set_collect_interval(None);
        hold(310);
        limit_memory(Some(1 << 20));
        set_collect_interval(Some(Duration::from_millis(1)));
        assert!(soon_with(|| hold(200), || DROPPED.load(Relaxed) > 5));
        // Objects that are left would be dropped inside of each other at the end.
        limit_memory(None);
        process::exit(0);
    });
}
