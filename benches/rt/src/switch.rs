//! What it costs to start tasks, and to go from one to another: as `gosched`, Go's side of it.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use tokio::sync::{mpsc, oneshot};

use crate::side::{Core, Side, Tokio};

const NAMES: [&str; 4] = ["chain", "many", "yield", "ping-pong"];

pub(crate) fn run(rounds: usize, only: Option<&str>) {
    println!(
        "| ns, median of {rounds} | workers | corepool | tokio | ratio | least, corepool | tokio |\n|---|---|---|---|---|---|---|"
    );
    for workers in [1, 2] {
        let (core, tokio) = (Core::new(workers), Tokio::new(workers));
        let mut figures = [const { [Vec::new(), Vec::new()] }; 4];
        for round in 0..=rounds {
            for (which, name) in NAMES.iter().enumerate() {
                if only.is_some_and(|only| only != *name) {
                    continue;
                }
                let both = if round % 2 == 0 {
                    let first = one(&core, which);
                    [first, one(&tokio, which)]
                } else {
                    let second = one(&tokio, which);
                    [one(&core, which), second]
                };
                // The first round warms up.
                for (side, ns) in both.into_iter().enumerate().filter(|_| round > 0) {
                    figures[which][side].push(ns);
                }
            }
        }
        for (name, [ours, theirs]) in
            NAMES.iter().zip(figures).filter(|(_, both)| !both[0].is_empty())
        {
            let [least, lowest] =
                [&ours, &theirs].map(|all| all.iter().fold(f64::MAX, |a, &b| a.min(b)));
            let (ours, theirs) = (median(ours), median(theirs));
            let ratio = ours / theirs;
            println!(
                "| {name} | {workers} | {ours:.0} | {theirs:.0} | {ratio:.2} | {least:.0} | {lowest:.0} |"
            );
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

/// Each task starts the next.
fn chain<S: Side>(side: &S, n: usize) -> f64 {
    fn step<S: Side>(
        left: usize,
        done: oneshot::Sender<()>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            if left == 0 {
                done.send(()).unwrap();
            } else {
                S::spawn(link::<S>(left - 1, done));
            }
        })
    }

    // A box breaks the circle of types, for one in a thousand.
    fn link<S: Side>(left: usize, done: oneshot::Sender<()>) -> impl Future<Output = ()> + Send {
        Link::<S>(left, Some(done), std::marker::PhantomData)
    }

    struct Link<S>(usize, Option<oneshot::Sender<()>>, std::marker::PhantomData<fn() -> S>);

    impl<S: Side> Future for Link<S> {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<()> {
            let this = self.get_mut();
            let done = this.1.take().unwrap();
            if this.0 == 0 {
                done.send(()).unwrap();
            } else {
                S::spawn(Link::<S>(this.0 - 1, Some(done), std::marker::PhantomData));
            }
            std::task::Poll::Ready(())
        }
    }

    let start = Instant::now();
    side.run(async move {
        let (sender, receiver) = oneshot::channel();
        S::spawn(step::<S>(n, sender));
        receiver.await.unwrap();
    });
    each(start, n)
}

/// One task starts all.
fn many<S: Side>(side: &S, n: usize) -> f64 {
    let start = Instant::now();
    side.run(async move {
        let (sender, receiver) = oneshot::channel();
        let left = Arc::new((AtomicUsize::new(n), std::sync::Mutex::new(Some(sender))));
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

/// Two tasks over two channels for one message: a round trip.
fn ping_pong<S: Side>(side: &S, n: usize) -> f64 {
    let start = Instant::now();
    side.run(async move {
        let (a, mut at_b) = mpsc::channel(1);
        let (b, mut at_a) = mpsc::channel(1);
        S::spawn(async move {
            for _ in 0..n {
                at_b.recv().await.unwrap();
                b.send(true).await.unwrap();
            }
        });
        for _ in 0..n {
            a.send(true).await.unwrap();
            at_a.recv().await.unwrap();
        }
    });
    each(start, n)
}
