//! The whole scheduler of a runtime: workers, sysmon, and tasks with random operations.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use shuttle::thread;

use super::super::{
    actor::below,
    coverage::{Coverage, Event::*},
    run::run,
};
use crate::rt::{self, Builder, Runtime};

/// For each worker index, the number of threads that are in a poll with it.
#[derive(Default)]
struct Owners([AtomicUsize; 32]);

/// A task that waits until another one wakes it.
#[derive(Default)]
struct Meeting(std::sync::Mutex<(bool, Option<Waker>)>);

/// Wakes the waiting task when dropped, even if its own task is dropped.
struct Come(Arc<Meeting>);

impl Drop for Come {
    fn drop(&mut self) {
        let waker = {
            let mut meeting = self.0.0.lock().unwrap();
            meeting.0 = true;
            meeting.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

struct Wait(Arc<Meeting>);

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut meeting = self.0.0.lock().unwrap();
        if meeting.0 {
            return Poll::Ready(());
        }
        meeting.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// A task with random operations. It is counted when it ends, and so are the tasks that it spawns.
fn act(
    depth: usize,
    owners: Arc<Owners>,
    ended: Arc<AtomicUsize>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        for _ in 0..=below(3) {
            let index = rt::current_worker().unwrap().index();
            assert_eq!(owners.0[index].fetch_add(1, Relaxed), 0, "two have the index {index}");
            // A long poll, inside or outside of `blocking`.
            match below(4) {
                0 => (0..below(20)).for_each(|_| thread::yield_now()),
                1 => rt::blocking(|| (0..below(20)).for_each(|_| thread::yield_now())),
                _ => {}
            }
            assert_eq!(rt::current_worker().unwrap().index(), index);
            owners.0[index].fetch_sub(1, Relaxed);
            match below(3) {
                0 => rt::yield_now().await,
                1 if depth > 0 => {
                    let meeting = Arc::new(Meeting::default());
                    let inner = act(depth - 1, Arc::clone(&owners), Arc::clone(&ended));
                    let come = Come(Arc::clone(&meeting));
                    drop(rt::spawn(async move {
                        let _come = come;
                        inner.await;
                    }));
                    Wait(meeting).await;
                }
                _ => {}
            }
        }
        ended.fetch_add(1, Relaxed);
    })
}

fn runtime() -> Runtime {
    // A poll counts as stuck if it is still running when sysmon looks at it again.
    let builder = Builder::new().workers(1 + below(2)).max_threads(4);
    builder.stall_after(Some(Duration::ZERO)).build().unwrap()
}

/// No task is lost while workers are detached and the number of workers changes.
#[test]
fn runtimes_lose_no_task() {
    run("runtimes_lose_no_task", 3000, &[Detach, TaskSteal, Sleep], |coverage: &Arc<Coverage>| {
        let runtime = runtime();
        let (owners, ended) = (Arc::<Owners>::default(), Arc::<AtomicUsize>::default());
        let tasks = 2 + below(4);
        for i in 0..tasks {
            let task = act(1, Arc::clone(&owners), Arc::clone(&ended));
            drop(runtime.spawn(task));
            if i == 1 && below(2) == 0 {
                runtime.set_workers(1 + below(3)).unwrap();
            }
        }
        while runtime.metrics().alive > 0 {
            thread::yield_now();
        }
        assert!(ended.load(Relaxed) >= tasks);
        let metrics = runtime.metrics();
        coverage.add(TaskSteal, metrics.steals as usize);
        coverage.add(Sleep, metrics.parks as usize);
        coverage.add(Detach, metrics.stalls as usize);
        // A shutdown does not wait for detached threads.
        while !runtime.handle().shut_down_for_ever() {
            thread::yield_now();
        }
    });
}

/// A shutdown at a random time: every task ends or is dropped.
#[test]
fn shutdowns_end_every_task() {
    run("shutdowns_end_every_task", 3000, &[], |_| {
        let runtime = runtime();
        let (owners, ended) = (Arc::<Owners>::default(), Arc::<AtomicUsize>::default());
        for _ in 0..2 + below(3) {
            drop(runtime.spawn(act(1, Arc::clone(&owners), Arc::clone(&ended))));
        }
        (0..below(60)).for_each(|_| thread::yield_now());
        runtime.handle().shut_down_for_ever();
        while runtime.metrics().alive > 0 || runtime.metrics().threads > 0 {
            thread::yield_now();
        }
    });
}
