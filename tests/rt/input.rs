//! Values and calls that the runtime refuses.

use std::{
    io::ErrorKind::InvalidInput,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use corepool::rt::{self, Builder};

use crate::util::{LONG, in_a_process, run, runtime, shut_down, until};

#[test]
fn the_builder_refuses_senseless_numbers() {
    let kind = |builder: Builder| builder.build().unwrap_err().kind();
    assert_eq!(kind(Builder::new().workers(0)), InvalidInput);
    assert_eq!(kind(Builder::new().workers(1).max_threads(0)), InvalidInput);
    assert_eq!(kind(Builder::new().workers(3).max_threads(2)), InvalidInput);
    assert_eq!(kind(Builder::new().workers(usize::MAX)), InvalidInput);
    assert_eq!(kind(Builder::new().workers(1).max_threads(usize::MAX)), InvalidInput);
    assert_eq!(kind(Builder::new().thread_name("a\0b")), InvalidInput);
    assert_eq!(kind(Builder::new().thread_stack_size(1000)), InvalidInput);
    assert_eq!(kind(Builder::new().max_blocking_threads(usize::MAX)), InvalidInput);
}

/// Go's `TestBigGOMAXPROCS`.
#[test]
fn a_thousand_workers_are_not_started_at_once() {
    let runtime = runtime(1024);
    assert_eq!(run(&runtime, async { 1 }), 1);
    assert_eq!(runtime.workers(), 1024);
    assert!(runtime.metrics().threads < 100);
}

#[test]
fn set_workers_out_of_range_changes_nothing() {
    let runtime = Builder::new().workers(2).max_threads(4).build().unwrap();
    assert_eq!(runtime.set_workers(0).unwrap_err().kind(), InvalidInput);
    assert_eq!(runtime.set_workers(5).unwrap_err().kind(), InvalidInput);
    assert_eq!(runtime.workers(), 2);
    runtime.set_workers(4).unwrap();
    assert_eq!(runtime.workers(), 4);
}

fn message(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).into(),
    }
}

#[test]
fn spawn_outside_a_runtime_panics() {
    assert!(message(|| drop(rt::spawn(async {}))).contains("no corepool runtime"));
    assert!(rt::current_worker().is_none());
    assert_eq!(rt::blocking(|| 3), 3);
}

#[test]
fn block_on_inside_a_worker_panics() {
    let (one, other) = (runtime(1), runtime(1));
    let handles = [one.handle().clone(), other.handle().clone()];
    run(&one, async move {
        for handle in handles {
            let said = message(|| handle.block_on(async {}));
            assert!(said.contains("block_on was called on a worker"), "{said}");
            // Inside `blocking` the call is allowed.
            let result =
                rt::blocking(|| handle.block_on(async { rt::spawn(async { 5 }).await.unwrap() }));
            assert_eq!(result, 5);
        }
        assert!(rt::current_worker().is_some());
    });
}

#[test]
fn a_spawn_after_shutdown_is_cancelled() {
    let runtime = runtime(2);
    assert!(runtime.shutdown(LONG));
    let error = runtime.block_on(runtime.spawn(async {})).unwrap_err();
    assert!(error.is_cancelled());
    let handle = runtime.handle().clone();
    drop(runtime);
    let task = handle.spawn(async {});
    assert!(task.is_finished());
    assert!(handle.block_on(task).unwrap_err().is_cancelled());
}

/// If the system refuses to start threads, `build` returns an error. If it refuses later, the tasks
/// wait for the worker that exists.
#[cfg(target_os = "linux")]
#[test]
fn build_reports_threads_that_cannot_be_started() {
    use corepool::rt::Runtime;

    use crate::util::no_room_for_threads;

    in_a_process(|| {
        let runtime = runtime(4);
        run(&runtime, async {});
        let limit = no_room_for_threads();
        Runtime::new().unwrap_err();
        let sum = run(&runtime, async {
            let tasks: Vec<_> = (0..1000_u64).map(|i| rt::spawn(async move { i })).collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await.unwrap();
            }
            sum
        });
        assert_eq!(sum, 499_500);
        limit.lift();
        until("the end", || runtime.shutdown(LONG));
    });
}

/// `max_threads` below the number of processors is no error if the number of workers is not given.
#[test]
fn max_threads_limits_the_default_number_of_workers() {
    let runtime = Builder::new().max_threads(1).build().unwrap();
    assert_eq!(runtime.workers(), 1);
}

/// Sysmon serves timers even if the stall limit is the longest possible one.
#[test]
fn a_limit_that_is_never_reached_stops_no_timers() {
    in_a_process(|| {
        let runtime = Builder::new().workers(1).stall_after(Some(Duration::MAX)).build().unwrap();
        for _ in 0..3 {
            run(&runtime, rt::sleep(Duration::from_millis(5)));
        }
        shut_down(&runtime);
    });
}
