//! The operations of both runtimes that the benchmarks use.

use std::{future::Future, time::Duration};

/// One of the two runtimes.
pub(crate) trait Side: Sized + 'static {
    const NAME: &'static str;

    fn new(workers: usize) -> Self;
    /// Runs a future as a task, and waits for it.
    fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T;
    /// Spawns a task from inside another task.
    fn spawn(future: impl Future<Output = ()> + Send + 'static);
    fn yield_now() -> impl Future<Output = ()> + Send;
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;
    fn end(self);
}

pub(crate) struct Core(corepool::rt::Runtime);

impl Side for Core {
    const NAME: &'static str = "corepool";

    fn new(workers: usize) -> Self {
        Self(corepool::rt::Builder::new().workers(workers).build().unwrap())
    }

    fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        self.0.block_on(self.0.spawn(future)).unwrap()
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        drop(corepool::rt::spawn(future));
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        corepool::rt::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        corepool::rt::sleep(duration)
    }

    fn end(self) {
        self.0.shutdown(Duration::from_secs(1));
    }
}

impl Core {
    pub(crate) fn threads(&self) -> usize {
        self.0.metrics().threads
    }
}

pub(crate) struct Tokio(tokio::runtime::Runtime);

impl Side for Tokio {
    const NAME: &'static str = "tokio";

    fn new(workers: usize) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Self(builder.worker_threads(workers).enable_time().build().unwrap())
    }

    fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        self.0.block_on(self.0.spawn(future)).unwrap()
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(future));
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }

    fn end(self) {
        self.0.shutdown_timeout(Duration::from_secs(1));
    }
}
