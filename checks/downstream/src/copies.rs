//! Two versions of the crate in one program. Each has its own pools, seats, registry, collect thread, and handlers of
//! forks and exits, and each registers the process for `membarrier`.

use std::thread;

static ONE: corepool::Pool<Vec<u8>> = corepool::Pool::new(|| vec![1; 100]);
static OTHER: other::Pool<Vec<u8>> = other::Pool::new(|| vec![2; 100]);

fn idle() -> [u64; 2] {
    [ONE.stats().idle, OTHER.stats().idle]
}

fn fill(objects: usize) {
    drop(Vec::from_iter((0..objects).map(|_| (ONE.get(), OTHER.get()))));
}

fn clear() {
    ONE.clear();
    OTHER.clear();
}

/// Uses both versions, with collects of each.
fn use_both(times: usize) {
    for turn in 0..times {
        let guards: Vec<_> = (0..turn % 50).map(|_| (ONE.get(), OTHER.get())).collect();
        assert!(guards.iter().all(|(one, other)| one[99] == 1 && other[99] == 2));
        drop(guards);
        match turn % 100 {
            30 => corepool::collect(),
            60 => other::collect(),
            _ => {}
        }
    }
}

pub(crate) fn a_collect_of_one_ages_no_other() {
    clear();
    fill(100);
    assert_eq!(idle(), [100, 100]);
    (0..2).for_each(|_| corepool::collect());
    assert_eq!(idle(), [0, 100]);
    (0..2).for_each(|_| other::collect());
    assert_eq!(idle(), [0, 0]);
}

pub(crate) fn threads_use_both() {
    clear();
    // Joined, since a thread that ends passes its objects on.
    thread::scope(|scope| {
        [(); 4].map(|()| scope.spawn(|| use_both(300))).map(|thread| thread.join().unwrap());
    });
    assert_eq!([ONE.stats().outstanding, OTHER.stats().outstanding], [0, 0]);
    // A thread finds what others have left, in either version.
    fill(1);
    thread::scope(|scope| {
        let find = || ONE.try_get().is_some() && OTHER.try_get().is_some();
        assert!(scope.spawn(find).join().unwrap());
    });
}

#[cfg(target_os = "linux")]
pub(crate) fn each_has_a_collect_thread() {
    use std::{fs, time::Duration};

    /// Longer than anything takes, on a busy machine.
    const LONG: Duration = Duration::from_secs(100);

    fn collect_threads() -> usize {
        let tasks = fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.flatten().flat_map(|task| fs::read_to_string(task.path().join("comm")));
        // The system shortens the name.
        names.filter(|name| name.trim_end() == "corepool-collec").count()
    }

    fill(1);
    let start = std::time::Instant::now();
    while collect_threads() != 2 {
        assert!(start.elapsed() < LONG, "{} collect threads", collect_threads());
        thread::sleep(Duration::from_millis(1));
    }
}

/// The process forks while other threads use both versions. The child uses both, with threads of its own, and exits
/// with all handlers.
#[cfg(unix)]
pub(crate) fn a_child_uses_both() {
    use std::{
        process,
        sync::atomic::{AtomicBool, Ordering::Relaxed},
    };

    fn child() -> ! {
        // SAFETY: the call takes an integer.
        unsafe { libc::alarm(100) };
        use_both(200);
        clear();
        fill(60);
        assert_eq!(idle(), [60, 60]);
        process::exit(if idle() == [60, 60] { 0 } else { 1 })
    }

    static STOP: AtomicBool = AtomicBool::new(false);
    STOP.store(false, Relaxed);
    thread::scope(|scope| {
        let threads = [(); 2].map(|()| {
            scope.spawn(|| {
                while !STOP.load(Relaxed) {
                    use_both(50);
                }
            })
        });
        let statuses: Vec<_> = (0..5)
            .map(|_| {
                use_both(50);
                // SAFETY: the child uses pools, which go on working there, and what `std` can do there.
                match unsafe { libc::fork() } {
                    0 => child(),
                    pid => {
                        let mut status = 0;
                        // SAFETY: the status is a valid place, and nobody else waits for the child.
                        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
                        status
                    }
                }
            })
            .collect();
        STOP.store(true, Relaxed);
        threads.map(|thread| thread.join().unwrap());
        assert_eq!(statuses, [0; 5]);
    });
}
