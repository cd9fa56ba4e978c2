//! The random operations of a task.

use std::{
    future::Future, hint, panic::resume_unwind, pin::Pin, sync::atomic::Ordering::SeqCst, thread,
    time::Instant,
};

use corepool::rt::{self, JoinError, JoinHandle};

use crate::{
    channels,
    counts::{Entry, TOTAL},
    objects,
    order::Order,
    sockets, timers,
};

/// The payload of a planned panic: the name of the task.
#[derive(Debug, Default)]
pub struct Planned(u64);

type Act = Pin<Box<dyn Future<Output = u64> + Send>>;

/// Returns the future of an order.
pub fn act(mut order: Order) -> Act {
    let entry = Entry::of_task(&order.place.counts);
    Box::pin(async move {
        let _entry = entry;
        for _ in 0..order.dice.below(20) {
            if order.is_over() {
                break;
            }
            step(&mut order).await;
        }
        if order.dice.one_in(20) {
            panic(&order);
        }
        order.name
    })
}

/// A planned panic.
pub fn panic(order: &Order) {
    TOTAL.panics.fetch_add(1, SeqCst);
    resume_unwind(Box::new(Planned(order.name)));
}

async fn step(order: &mut Order) {
    match order.dice.below(13) {
        0..3 => rt::yield_now().await,
        3 => timers::sleep(&mut order.dice).await,
        4 => hold_up(order),
        5 => objects::hold(order).await,
        6 | 7 => have_children(order).await,
        8 => channels::talk(order).await,
        9 | 10 => sockets::connect_and_talk(order).await,
        11 => timers::play(order).await,
        _ => order.place.counts.within(|| {}),
    }
}

/// A long poll, inside or outside of `blocking`.
fn hold_up(order: &mut Order) {
    let (time, announced, sleeps) = (order.dice.time(), order.dice.one_in(2), order.dice.one_in(2));
    let wait = || {
        let until = Instant::now() + time;
        if sleeps {
            thread::sleep(time);
        }
        while Instant::now() < until {
            hint::spin_loop();
        }
    };
    order.place.counts.within(|| if announced { rt::blocking(wait) } else { wait() });
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
    let child = Order::new(&mut order.dice, order.depth - 1, &order.place);
    (child.name, rt::spawn(act(child)))
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
