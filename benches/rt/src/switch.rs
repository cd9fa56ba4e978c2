//! The cost of spawning tasks, and of switching between them. Go's counterpart is `go/main.go`.

use std::{
    marker::PhantomData,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::Instant,
};

use tokio::sync::{mpsc, oneshot};

use crate::side::{Core, Side, Tokio};

pub(crate) const NAMES: [&str; 4] = ["chain", "many", "yield", "ping-pong"];
pub(crate) const PING_PONG: usize = 3;
/// The name of what takes the runtimes' place in `by_hand`.
pub(crate) const BY_HAND: &str = "by hand";

/// Prints a line for each sample: workload, workers, runtime, nanoseconds. The two runtimes take
/// turns.
pub(crate) fn run(rounds: usize, only: Option<&str>) {
    for workers in [1, 2] {
        let (core, tokio) = (Core::new(workers), Tokio::new(workers));
        // The first round warms up.
        for round in 0..=rounds {
            for (which, name) in NAMES.iter().enumerate() {
                if only.is_some_and(|only| only != *name) {
                    continue;
                }
                let sample = |ns: f64, side: &str| {
                    if round > 0 {
                        println!("{name}\t{workers}\t{side}\t{ns:.1}");
                    }
                };
                if round % 2 == 0 {
                    sample(one(&core, which), Core::NAME);
                    sample(one(&tokio, which), Tokio::NAME);
                } else {
                    sample(one(&tokio, which), Tokio::NAME);
                    sample(one(&core, which), Core::NAME);
                }
                if which == PING_PONG && workers == 1 {
                    sample(by_hand(100_000), BY_HAND);
                }
            }
        }
    }
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn one<S: Side>(side: &S, which: usize) -> f64 {
    match which {
        0 => chain(side, 200_000),
        1 => many(side, 200_000),
        2 => yields(side),
        _ => ping_pong(side, 100_000),
    }
}

fn each(start: Instant, n: usize) -> f64 {
    start.elapsed().as_nanos() as f64 / n as f64
}

/// A task that spawns the next one, until none is left.
struct Link<S>(usize, Option<oneshot::Sender<()>>, PhantomData<fn() -> S>);

impl<S: Side> Future for Link<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let done = self.1.take().expect("polled once");
        if self.0 == 0 {
            done.send(()).unwrap();
        } else {
            S::spawn(Self(self.0 - 1, Some(done), PhantomData));
        }
        Poll::Ready(())
    }
}

/// Each task spawns the next.
fn chain<S: Side>(side: &S, n: usize) -> f64 {
    let start = Instant::now();
    side.run(async move {
        let (sender, receiver) = oneshot::channel();
        S::spawn(Link::<S>(n, Some(sender), PhantomData));
        receiver.await.unwrap();
    });
    each(start, n)
}

/// One task spawns all.
fn many<S: Side>(side: &S, n: usize) -> f64 {
    let start = Instant::now();
    side.run(async move {
        let (sender, receiver) = oneshot::channel();
        let left = Arc::new((AtomicUsize::new(n), Mutex::new(Some(sender))));
        for _ in 0..n {
            let left = Arc::clone(&left);
            S::spawn(async move {
                if left.0.fetch_sub(1, Relaxed) == 1 {
                    left.1.lock().unwrap().take().unwrap().send(()).unwrap();
                }
            });
        }
        receiver.await.unwrap();
    });
    each(start, n)
}

/// 200 tasks yield 1,000 times each.
fn yields<S: Side>(side: &S) -> f64 {
    let start = Instant::now();
    side.run(async {
        let (sender, mut receiver) = mpsc::channel(256);
        for _ in 0..200 {
            let sender = sender.clone();
            S::spawn(async move {
                for _ in 0..1000 {
                    S::yield_now().await;
                }
                sender.send(()).await.unwrap();
            });
        }
        for _ in 0..200 {
            receiver.recv().await.unwrap();
        }
    });
    each(start, 200_000)
}

/// Two tasks exchange a message over two channels: one round trip.
fn ping_pong<S: Side>(side: &S, n: usize) -> f64 {
    let start = Instant::now();
    side.run(async move {
        let (ask, answer) = exchange(n);
        S::spawn(answer);
        ask.await;
    });
    each(start, n)
}

/// As `ping_pong`, without a scheduler: one thread polls both in turn. This is what the channels alone cost.
fn by_hand(n: usize) -> f64 {
    let start = Instant::now();
    let (ask, answer) = exchange(n);
    let (mut ask, mut answer) = (pin!(ask), pin!(answer));
    let cx = &mut Context::from_waker(Waker::noop());
    while ask.as_mut().poll(cx).is_pending() {
        _ = answer.as_mut().poll(cx);
    }
    each(start, n)
}

/// Two futures, of which the second answers each message of the first.
fn exchange(n: usize) -> (impl Future<Output = ()> + Send, impl Future<Output = ()> + Send) {
    let (a, mut at_b) = mpsc::channel(1);
    let (b, mut at_a) = mpsc::channel(1);
    let ask = async move {
        for _ in 0..n {
            a.send(true).await.unwrap();
            at_a.recv().await.unwrap();
        }
    };
    let answer = async move {
        for _ in 0..n {
            at_b.recv().await.unwrap();
            b.send(true).await.unwrap();
        }
    };
    (ask, answer)
}
