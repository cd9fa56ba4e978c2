//! What a user sets about threads: hooks, names and stacks.

use std::{
    cell::RefCell,
    future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};

use corepool::{
    Pool,
    rt::{self, Builder, Handle},
};

use crate::util::{LONG, SetOnDrop, in_a_process, run, shut_down, until};

/// Each worker thread calls both hooks once, inside the runtime; and hooks may panic.
#[test]
fn thread_hooks_are_called_on_each_worker_thread() {
    let (starts, stops) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let count = |counted: &Arc<AtomicUsize>| {
        let counted = Arc::clone(counted);
        move || {
            assert!(Handle::try_current().is_some());
            counted.fetch_add(1, SeqCst);
            panic!("a hook");
        }
    };
    let builder = Builder::new().workers(3).stall_after(None);
    let builder = builder.on_thread_start(count(&starts)).on_thread_stop(count(&stops));
    let runtime = builder.build().unwrap();
    let here = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let here = Arc::clone(&here);
            runtime.spawn(async move {
                here.fetch_add(1, SeqCst);
                until("the others", || here.load(SeqCst) == 3);
            })
        })
        .collect();
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    assert_eq!((starts.load(SeqCst), stops.load(SeqCst)), (3, 0));
    assert!(runtime.shutdown(LONG));
    assert_eq!((starts.load(SeqCst), stops.load(SeqCst)), (3, 3));
}

/// The thread has no P while it runs the hooks.
#[test]
fn thread_hooks_may_use_pools() {
    static POOL: Pool<u8> = Pool::new(|| 0);
    let take = || drop(POOL.get());
    let builder = Builder::new().workers(2).on_thread_start(take).on_thread_stop(take);
    let runtime = builder.build().unwrap();
    for _ in 0..100 {
        run(&runtime, async { drop(POOL.get()) });
    }
    assert!(runtime.shutdown(LONG));
    assert!(POOL.try_get().is_some());
}

/// The hook sees the payload, and the handle gets it. A hook that panics changes nothing.
#[test]
fn the_panic_hook_is_called_for_each_panic() {
    let seen = Arc::<Mutex<Vec<Option<String>>>>::default();
    let inside = Arc::clone(&seen);
    let runtime = Builder::new()
        .workers(1)
        .on_panic(move |panic| {
            assert_eq!(rt::current_worker().unwrap().index(), panic.worker);
            inside.lock().unwrap().push(panic.message().map(str::to_owned));
            panic!("a hook");
        })
        .build()
        .unwrap();
    let text = runtime.spawn(async { panic!("number {}", std::hint::black_box(7)) });
    assert_eq!(runtime.block_on(text).unwrap_err().to_string(), "the task panicked: number 7");
    let other = runtime.spawn(async { std::panic::panic_any(5_u8) });
    let payload = runtime.block_on(other).unwrap_err().into_panic();
    assert_eq!(*payload.downcast::<u8>().unwrap(), 5);
    assert_eq!(*seen.lock().unwrap(), [Some("number 7".to_owned()), None]);
    assert_eq!(runtime.metrics().panics, 2);
    assert_eq!(run(&runtime, async { 1 }), 1, "the worker goes on");
}

/// Without a hook, panics are counted.
#[test]
fn panics_are_counted() {
    let runtime = crate::util::runtime(1);
    for panics in 1..4 {
        assert!(runtime.block_on(runtime.spawn(async { panic!("on purpose") })).is_err());
        assert_eq!(runtime.metrics().panics, panics);
    }
}

/// The hook for stalls may take its time: timers go on.
#[test]
fn timers_fire_while_the_stall_hook_runs() {
    let (go, wait) = mpsc::channel::<()>();
    let (wait, called) = (Mutex::new(wait), Arc::new(AtomicBool::new(false)));
    let inside = Arc::clone(&called);
    let runtime = Builder::new()
        .workers(1)
        .on_stall(move |stall| {
            assert_eq!(stall.thread, format!("corepool-rt-{}", stall.worker));
            inside.store(true, SeqCst);
            _ = wait.lock().unwrap().recv_timeout(LONG);
        })
        .build()
        .unwrap();
    let seen = Arc::clone(&called);
    run(&runtime, async move { until("the hook", || seen.load(SeqCst)) });
    run(&runtime, rt::sleep(Duration::from_millis(5)));
    drop(go);
    shut_down(&runtime);
}

#[test]
fn thread_names_have_the_index_of_the_worker() {
    let runtime = Builder::new().workers(2).thread_name("some").build().unwrap();
    let (index, name) = run(&runtime, async {
        let index = rt::current_worker().unwrap().index();
        (index, thread::current().name().unwrap().to_owned())
    });
    assert_eq!(name, format!("some-{index}"));
}

/// The system shows the index after a long prefix too, and the current one on a thread that has
/// got another.
#[cfg(target_os = "linux")]
#[test]
fn the_system_shows_the_index_of_the_worker() {
    let builder = Builder::new().workers(2).thread_name("a-very-long-prefix");
    let runtime = builder.build().unwrap();
    for i in 0..200 {
        let (index, name) = run(&runtime, async move {
            if i % 20 == 0 {
                // The worker is replaced, and may have another index afterwards.
                drop(rt::spawn(async {}));
                thread::sleep(Duration::from_millis(30));
            }
            let index = rt::current_worker().unwrap().index();
            (index, std::fs::read_to_string("/proc/thread-self/comm").unwrap())
        });
        let suffix = format!("-{index}");
        assert_eq!(
            name.trim_end(),
            &(String::from(&"a-very-long-prefix"[..15 - suffix.len()]) + &suffix)
        );
    }
}

#[test]
fn worker_threads_have_stacks_of_the_size_that_was_set() {
    fn deep(left: usize) -> usize {
        let bytes = std::hint::black_box([left as u8; 1024]);
        if left == 0 { 0 } else { deep(left - 1) + usize::from(bytes[left % 1024] == left as u8) }
    }
    in_a_process(|| {
        // In this process the default is a GiB, so only a small stack can be told from it.
        let builder = Builder::new().workers(1).thread_stack_size(16 << 20);
        let runtime = builder.build().unwrap();
        assert_eq!(run(&runtime, async { deep(2 << 10) }), 2 << 10);
        #[cfg(target_os = "linux")]
        assert_eq!(run(&runtime, async { stack_size() }) >> 20, 16);
    });
}

/// The size of the mapping that holds the calling thread's stack.
#[cfg(target_os = "linux")]
fn stack_size() -> usize {
    // SAFETY: the attributes are initialized by the first call and destroyed by the last.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        assert_eq!(libc::pthread_getattr_np(libc::pthread_self(), &mut attributes), 0);
        let mut size = 0;
        assert_eq!(libc::pthread_attr_getstacksize(&attributes, &mut size), 0);
        libc::pthread_attr_destroy(&mut attributes);
        size
    }
}

/// The destructor of a worker's thread-local spawns: the task is dropped, and the process goes on.
#[test]
fn a_spawn_at_the_exit_of_a_worker_thread_is_dropped() {
    static DROPPED: AtomicBool = AtomicBool::new(false);

    struct Spawns;

    impl Drop for Spawns {
        fn drop(&mut self) {
            let guard = SetOnDrop(&DROPPED);
            let task = rt::spawn(async move {
                let _guard = guard;
                future::pending::<()>().await;
            });
            assert!(task.is_finished());
        }
    }

    thread_local! {
        static LOCAL: RefCell<Option<Spawns>> = const { RefCell::new(None) };
    }

    in_a_process(|| {
        let runtime = crate::util::runtime(1);
        run(&runtime, async { LOCAL.with(|local| *local.borrow_mut() = Some(Spawns)) });
        drop(runtime);
        until("the drop", || DROPPED.load(SeqCst));
    });
}
