//! The random operations of a task.

use std::{
    future::Future,
    hint,
    panic::resume_unwind,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Instant,
};

use async_channel::{Receiver, Sender, bounded};
use corepool::{
    Pool, Pooled,
    rt::{self, JoinError, JoinHandle},
};

use crate::{
    counts::{Counts, Entry, TOTAL},
    dice::Dice,
};

/// The payload of a planned panic: the name of the task.
#[derive(Debug, Default)]
pub struct Planned(u64);

/// An object that detects two holders.
#[derive(Debug, Default)]
struct Object {
    held: AtomicBool,
}

static POOL: Pool<Object> = Pool::new(Object::default);

/// An object in use. It is dropped too if its task is dropped.
struct Held(Pooled<'static, Object>);

impl Held {
    fn get() -> Self {
        let object = POOL.get();
        assert!(!object.held.swap(true, SeqCst), "an object has two holders");
        Self(object)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        assert!(self.0.held.swap(false, SeqCst), "another task holds the object");
    }
}

/// A task's order. The task returns, or panics with, its name.
pub struct Order {
    pub name: u64,
    pub depth: u32,
    pub dice: Dice,
    pub counts: Arc<Counts>,
    pub stop: Arc<AtomicBool>,
}

impl Order {
    /// Whether the runtime may be stopping, even during this poll.
    fn is_over(&self) -> bool {
        self.stop.load(SeqCst)
    }
}

type Act = Pin<Box<dyn Future<Output = u64> + Send>>;

/// Returns the future of an order.
pub fn act(mut order: Order) -> Act {
    let entry = Entry::new(&order.counts);
    Box::pin(async move {
        let _entry = entry;
        for _ in 0..order.dice.below(20) {
            if order.is_over() {
                break;
            }
            step(&mut order).await;
        }
        if order.dice.one_in(20) {
            TOTAL.panics.fetch_add(1, SeqCst);
            resume_unwind(Box::new(Planned(order.name)));
        }
        order.name
    })
}

async fn step(order: &mut Order) {
    match order.dice.below(10) {
        0..3 => rt::yield_now().await,
        3 => rt::sleep(order.dice.time()).await,
        4 => hold_up(order),
        5 => hold(order).await,
        6 | 7 => have_children(order).await,
        8 => talk(order).await,
        _ => order.counts.within(|| {}),
    }
}

/// A long poll, inside or outside of `blocking`.
fn hold_up(order: &mut Order) {
    let (time, announced, sleeps) = (order.dice.time(), order.dice.one_in(2), order.dice.one_in(2));
    let counts = Arc::clone(&order.counts);
    let wait = || {
        let until = Instant::now() + time;
        if sleeps {
            thread::sleep(time);
        }
        while Instant::now() < until {
            hint::spin_loop();
        }
    };
    counts.within(|| if announced { rt::blocking(wait) } else { wait() });
}

/// Gets an object of a pool that all tasks use, and holds it while others run.
async fn hold(order: &mut Order) {
    let object = Held::get();
    for _ in 0..order.dice.below(3) {
        rt::yield_now().await;
    }
    drop(object);
    if order.dice.one_in(50) {
        rt::blocking(corepool::collect);
    }
}

async fn have_children(order: &mut Order) {
    if order.depth == 0 {
        return;
    }
    let children: Vec<_> = (0..order.dice.below(4)).map(|_| child(order)).collect();
    for (name, handle) in children {
        match order.dice.below(4) {
            0 => drop(handle),
            1 => {
                TOTAL.aborts.fetch_add(1, SeqCst);
                handle.abort();
                if order.dice.one_in(2) {
                    check(name, handle.await, true);
                }
            }
            _ => {
                let result = handle.await;
                check(name, result, order.is_over());
            }
        }
    }
}

fn child(order: &mut Order) -> (u64, JoinHandle<u64>) {
    let name = order.dice.below(u64::MAX);
    let (dice, depth) = (order.dice.split(), order.depth - 1);
    let (counts, stop) = (Arc::clone(&order.counts), Arc::clone(&order.stop));
    (name, rt::spawn(act(Order { name, depth, dice, counts, stop })))
}

/// Checks that a handle reports how its task ended. `cancelled`: the task may have been cancelled.
pub fn check(name: u64, result: Result<u64, JoinError>, cancelled: bool) {
    match result {
        Ok(value) => assert_eq!(value, name, "the output of another task"),
        Err(error) if error.is_panic() => {
            let payload = error.into_panic();
            let Planned(by) = payload.downcast_ref().expect("a planned panic");
            assert_eq!(*by, name, "the panic of another task");
        }
        Err(_) => assert!(cancelled, "cancelled without an abort or a shutdown"),
    }
}

/// Exchanges messages with another task over two channels.
async fn talk(order: &mut Order) {
    let ((to, from_me), (to_me, from)) = (bounded(1), bounded(1));
    let entry = Entry::new(&order.counts);
    drop(rt::spawn(async move {
        let _entry = entry;
        echo(from_me, to_me).await;
    }));
    for i in 0..order.dice.below(10) {
        let sent = to.send(i).await;
        let answer = from.recv().await;
        assert!(order.is_over() || sent.is_ok() && answer == Ok(i), "a message was lost");
    }
}

async fn echo(from: Receiver<u64>, to: Sender<u64>) {
    while let Ok(message) = from.recv().await {
        if to.send(message).await.is_err() {
            return;
        }
    }
}
