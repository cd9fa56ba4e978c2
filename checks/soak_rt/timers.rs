//! Timers: none fires early, and none that was dropped keeps its waker.

use std::{
    future::{Future, IntoFuture, poll_fn},
    pin::Pin,
    sync::{Arc, atomic::Ordering::SeqCst},
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant},
};

use corepool::rt::{self, Elapsed, Sleep};

use crate::{
    counts::{Counts, Entry, TOTAL},
    dice::Dice,
    order::Order,
};

/// A time that does not pass.
const NEVER: Duration = Duration::from_secs(100_000);

pub async fn play(order: &mut Order) {
    match order.dice.below(4) {
        0 => tick(&mut order.dice).await,
        1 => race(&mut order.dice).await,
        2 => cancel_some(order).await,
        _ => cancel_all(order),
    }
}

/// A timer that is due after `duration` has fired. Only this is certain of it.
fn fired(what: &str, since: Instant, duration: Duration) {
    TOTAL.timers.fetch_add(1, SeqCst);
    let late = Instant::now().checked_duration_since(since + duration);
    assert!(late.is_some(), "{what} of {duration:?} fired after {:?}", since.elapsed());
}

pub async fn sleep(dice: &mut Dice) {
    let (since, duration) = (Instant::now(), dice.time());
    rt::sleep(duration).await;
    fired("a sleep", since, duration);
}

/// As `rt::timeout`.
pub async fn limited<F: IntoFuture>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let since = Instant::now();
    let result = rt::timeout(limit, future).await;
    if result.is_err() {
        fired("a limit", since, limit);
    }
    result
}

/// Ticks are at multiples of the period, in order, and not early.
async fn tick(dice: &mut Dice) {
    let period = dice.time() + Duration::from_micros(1);
    let mut interval = rt::interval(period);
    let first = interval.tick().await;
    let mut last = first;
    for _ in 0..dice.below(10) {
        let tick = interval.tick().await;
        fired("an interval", last, period);
        let passed = tick - first;
        assert!(tick > last && tick <= Instant::now(), "a tick after {passed:?} is early");
        assert_eq!(passed.as_nanos() % period.as_nanos(), 0, "a tick after {passed:?}");
        last = tick;
    }
}

/// A sleep with a limit of about the same length.
async fn race(dice: &mut Dice) {
    let (since, duration, limit) = (Instant::now(), dice.time(), dice.time());
    if limited(limit, rt::sleep(duration)).await.is_ok() {
        fired("a sleep with a limit", since, duration);
    }
}

/// A waker that counts as a live future.
struct Bell {
    _entry: Entry,
    task: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.task.wake_by_ref();
    }
}

/// Sets a timer, which has a waker of its own, for each duration.
fn set(
    counts: &Arc<Counts>,
    task: &Waker,
    durations: impl Iterator<Item = Duration>,
) -> Vec<(Sleep, Arc<Bell>)> {
    durations
        .map(|duration| {
            let bell = Arc::new(Bell { _entry: Entry::new(counts), task: task.clone() });
            let mut sleep = rt::sleep(duration);
            let waker = Waker::from(Arc::clone(&bell));
            let _ = Pin::new(&mut sleep).poll(&mut Context::from_waker(&waker));
            (sleep, bell)
        })
        .collect()
}

/// Drops timers at about the time at which they fire. It awaits one of them.
async fn cancel_some(order: &mut Order) {
    let (since, duration) = (Instant::now(), order.dice.time());
    let count = 1 + order.dice.below(20);
    let durations: Vec<_> = (0..count).map(|_| order.dice.time()).chain([duration]).collect();
    let task = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
    let mut timers = set(&order.place.counts, &task, durations.into_iter());
    let (one, _) = timers.pop().expect("at least one");
    for _ in 0..order.dice.below(10) {
        rt::yield_now().await;
        if !timers.is_empty() {
            drop(timers.swap_remove(order.dice.below(timers.len() as u64) as usize));
        }
    }
    one.await;
    fired("a sleep among others", since, duration);
}

/// Drops timers long before they fire, in another order.
fn cancel_all(order: &mut Order) {
    let durations = (0..order.dice.below(50)).map(|i| NEVER + Duration::from_micros(i % 7));
    let mut timers = set(&order.place.counts, Waker::noop(), durations);
    while !timers.is_empty() {
        let place = order.dice.below(timers.len() as u64) as usize;
        let (sleep, bell) = timers.swap_remove(place);
        drop(sleep);
        assert_eq!(Arc::strong_count(&bell), 1, "a timer that was dropped has its waker");
    }
}
