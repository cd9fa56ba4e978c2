//! Every public item of `corepool::rt`, used once, as a user's program writes it. A change that breaks
//! such a program fails here to compile.

use std::{io, time::Duration};

use corepool::rt::{self, Builder, Handle, JoinError, JoinHandle, Metrics, Runtime, Stall, Worker};

fn built() -> io::Result<Runtime> {
    Builder::new()
        .workers(2)
        .max_threads(8)
        .stall_after(Some(Duration::from_secs(60)))
        .pin_cores(false)
        .thread_name("surface")
        .on_stall(|_: &Stall| ())
        .build()
}

#[test]
fn a_runtime_is_built_used_and_shut_down() {
    let runtime: Runtime = built().unwrap();
    let task: JoinHandle<u32> = runtime.spawn(async { 1 });
    let outcome: Result<u32, JoinError> = runtime.block_on(task);
    assert_eq!(outcome.unwrap(), 1);
    let resized: io::Result<()> = runtime.set_workers(1);
    resized.unwrap();
    assert_eq!(runtime.workers(), 1);
    let _: Metrics = runtime.metrics();
    let handle: Handle = runtime.handle().clone();
    assert_eq!(handle.workers(), 1);
    assert!(runtime.shutdown(crate::util::LONG));
}

#[test]
fn a_runtime_has_two_constructors_more() {
    let runtime: io::Result<Runtime> = Runtime::new();
    runtime.unwrap();
    let _: Builder = Runtime::builder();
}

#[test]
fn tasks_use_every_function() {
    let runtime = built().unwrap();
    let handle: Handle = runtime.handle().clone();
    handle.block_on(async {
        let task: JoinHandle<usize> = rt::spawn(async {
            rt::yield_now().await;
            rt::sleep(Duration::ZERO).await;
            let _: Handle = Handle::current();
            let worker: Option<Worker> = rt::current_worker();
            let index: usize = worker.expect("a task runs on a worker").index();
            rt::blocking(move || index)
        });
        assert!(task.await.unwrap() < 2);
        let endless: JoinHandle<()> = rt::spawn(std::future::pending());
        assert!(!endless.is_finished());
        endless.abort();
        let error: JoinError = endless.await.unwrap_err();
        assert!(error.is_cancelled() && !error.is_panic());
        drop(rt::spawn(async {}));
    });
    assert!(Handle::try_current().is_none());
    assert!(rt::current_worker().is_none());
}
