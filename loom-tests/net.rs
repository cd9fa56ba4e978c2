//! The readiness of sockets: events against operations, waits and drops.

use std::task::{Context, Poll, Wake, Waker as StdWaker};

use loom::{sync::Arc, thread};

use super::model;
use crate::{
    rt::net::{
        readiness::{
            Direction, Readiness, Until, Waiter,
            bits::{READ, READ_CLOSED, WRITE},
        },
        sources::{Refused, Sources},
    },
    sync::{AtomicBool, AtomicUsize, Relaxed},
};

/// A source of the model: what the system would know of it.
struct Pipe {
    /// How many items there are to take.
    items: AtomicUsize,
    /// No more come.
    closed: AtomicBool,
    readiness: std::sync::Arc<Readiness>,
}

impl Pipe {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            items: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            readiness: std::sync::Arc::new(Readiness::new(true)),
        })
    }

    /// Adds an item, and reports that as an edge-triggered poller does.
    fn put(&self) {
        self.items.fetch_add(1, Relaxed);
        self.report(READ);
    }

    fn report(&self, event: usize) {
        let mut wakers = Vec::new();
        self.readiness.set(event, &mut wakers);
        wakers.into_iter().for_each(StdWaker::wake);
    }

    /// Takes an item, if there is one.
    fn try_take(&self) -> Option<()> {
        self.items.fetch_update(Relaxed, Relaxed, |items| items.checked_sub(1)).ok().map(drop)
    }

    /// Takes an item as the sockets' operations do: tries, clears, and waits.
    fn poll_take(&self, key: Option<&mut u64>, cx: &mut Context<'_>) -> Poll<()> {
        let mut key = key;
        loop {
            let key = key.as_deref_mut();
            let wait = self.readiness.poll(Direction::Read, Until::Unknown, key, cx.waker());
            let Poll::Ready(seen) = wait else { return Poll::Pending };
            if self.try_take().is_some() {
                return Poll::Ready(());
            }
            self.readiness.clear(Direction::Read, seen);
        }
    }

    fn take(&self) {
        let mut waiter = Waiter::new(&self.readiness, Direction::Read);
        block_on(|cx| self.poll_take(Some(waiter.key()), cx));
    }
}

/// Polls until ready, on this thread of the model. A wake-up that is lost is a deadlock, which the
/// checker reports.
fn block_on<R>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>) -> R {
    let future = std::future::poll_fn(move |cx| poll(cx));
    crate::rt::task::block_on::block_on(future)
}

/// An item arrives while a task finds nothing, clears, and waits.
#[test]
fn net_set_against_clear_and_wait() {
    model("net_set_against_clear_and_wait", Some(3), || {
        let pipe = Pipe::new();
        let taker = {
            let pipe = Arc::clone(&pipe);
            thread::spawn(move || pipe.take())
        };
        pipe.put();
        taker.join().unwrap();
    });
}

/// Two items arrive, and the events of both meet one clear.
#[test]
fn net_two_events() {
    model("net_two_events", Some(2), || {
        let pipe = Pipe::new();
        let taker = {
            let pipe = Arc::clone(&pipe);
            thread::spawn(move || {
                pipe.take();
                pipe.take();
            })
        };
        pipe.put();
        pipe.put();
        taker.join().unwrap();
    });
}

/// Two tasks wait for one source. Each gets an item.
#[test]
fn net_two_takers() {
    model("net_two_takers", Some(2), || {
        let pipe = Pipe::new();
        let takers: Vec<_> = (0..2)
            .map(|_| {
                let pipe = Arc::clone(&pipe);
                thread::spawn(move || pipe.take())
            })
            .collect();
        pipe.put();
        pipe.put();
        takers.into_iter().for_each(|taker| taker.join().unwrap());
    });
}

/// Each direction has its own waiting task. The events come together or apart.
#[test]
fn net_two_directions() {
    model("net_two_directions", Some(2), || {
        let readiness = Arc::new(Readiness::new(false));
        let tasks: Vec<_> = [Direction::Read, Direction::Write]
            .into_iter()
            .map(|direction| {
                let readiness = Arc::clone(&readiness);
                thread::spawn(move || {
                    // Through the slot, as by a trait.
                    let wait = |cx: &mut Context<'_>| {
                        readiness.poll(direction, Until::Ready, None, cx.waker())
                    };
                    let seen = block_on(wait);
                    // The other direction's event stays.
                    readiness.clear(direction, seen);
                })
            })
            .collect();
        for event in [READ, WRITE] {
            let mut wakers = Vec::new();
            readiness.set(event, &mut wakers);
            wakers.into_iter().for_each(StdWaker::wake);
        }
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

/// The clear of one direction meets that of the other. Neither is lost, and an event that comes
/// meanwhile is not cleared.
#[test]
fn net_clears_of_both_directions() {
    model("net_clears_of_both_directions", Some(3), || {
        let readiness = Arc::new(Readiness::new(true));
        let clear = |direction| {
            let readiness = Arc::clone(&readiness);
            thread::spawn(move || readiness.clear(direction, readiness.look()))
        };
        let both = [clear(Direction::Read), clear(Direction::Write)];
        both.into_iter().for_each(|one| one.join().unwrap());
        for direction in [Direction::Read, Direction::Write] {
            let wait = readiness.poll(direction, Until::Unknown, None, StdWaker::noop());
            assert!(wait.is_pending(), "a clear was lost");
        }
    });
}

/// The last item and the end arrive with one event. A transfer that was short clears, but not the
/// end.
#[test]
fn net_end_with_the_last_item() {
    model("net_end_with_the_last_item", Some(3), || {
        let pipe = Pipe::new();
        let taker = {
            let pipe = Arc::clone(&pipe);
            thread::spawn(move || {
                let wait = || {
                    let wait = |cx: &mut Context<'_>| {
                        pipe.readiness.poll(Direction::Read, Until::Ready, None, cx.waker())
                    };
                    block_on(wait)
                };
                let seen = wait();
                pipe.try_take().expect("the event says so");
                pipe.readiness.clear_if_last(Direction::Read, seen);
                wait();
                assert!(pipe.closed.load(Relaxed));
            })
        };
        pipe.items.fetch_add(1, Relaxed);
        pipe.closed.store(true, Relaxed);
        pipe.report(READ | READ_CLOSED);
        taker.join().unwrap();
    });
}

/// One task gives up while another waits for the same source: it takes only its own waker away.
#[test]
fn net_cancelled_beside_another() {
    model("net_cancelled_beside_another", Some(2), || {
        let pipe = Pipe::new();
        let taker = {
            let pipe = Arc::clone(&pipe);
            thread::spawn(move || pipe.take())
        };
        let gives_up = {
            let pipe = Arc::clone(&pipe);
            thread::spawn(move || {
                let mut waiter = Waiter::new(&pipe.readiness, Direction::Read);
                let mut cx = Context::from_waker(StdWaker::noop());
                pipe.poll_take(Some(waiter.key()), &mut cx).is_ready()
            })
        };
        pipe.put();
        if gives_up.join().unwrap() {
            pipe.put();
        }
        taker.join().unwrap();
    });
}

/// Counts wake-ups.
struct Count(std::sync::atomic::AtomicUsize);

impl Wake for Count {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

/// A source is removed, and another takes its place in the table, while an event for the first one
/// arrives. The second one does not get it.
#[test]
fn net_drop_against_event() {
    model("net_drop_against_event", Some(3), || {
        let sources = Arc::new(Sources::default());
        let first = std::sync::Arc::new(Readiness::new(false));
        let token = sources.insert(&first).unwrap();
        let poller = {
            let sources = Arc::clone(&sources);
            thread::spawn(move || {
                let mut wakers = Vec::new();
                sources.set([(token, READ)], &mut wakers);
                wakers.into_iter().for_each(StdWaker::wake);
            })
        };
        let count = std::sync::Arc::new(Count(0.into()));
        let waker = StdWaker::from(std::sync::Arc::clone(&count));
        let waited = first.poll(Direction::Read, Until::Ready, None, &waker).is_pending();
        sources.remove(token);
        let second = std::sync::Arc::new(Readiness::new(false));
        let new = sources.insert(&second).unwrap();
        assert_ne!(new, token);
        poller.join().unwrap();
        let wait = second.poll(Direction::Read, Until::Ready, None, StdWaker::noop());
        assert!(wait.is_pending(), "the event of another source");
        let woken = count.0.load(std::sync::atomic::Ordering::Relaxed);
        assert!(woken <= usize::from(waited));
        sources.remove(new);
        assert_eq!(std::sync::Arc::strong_count(&second), 1);
    });
}

/// The runtime ends while a source is made and waited for. Either it is refused, or its task is woken.
#[test]
fn net_end_against_a_new_source() {
    model("net_end_against_a_new_source", Some(3), || {
        let sources = Arc::new(Sources::default());
        let task = {
            let sources = Arc::clone(&sources);
            thread::spawn(move || {
                let readiness = std::sync::Arc::new(Readiness::new(false));
                let token = match sources.insert(&readiness) {
                    Ok(token) => token,
                    Err(refused) => return assert_eq!(refused, Refused::Ended),
                };
                let mut waiter = Waiter::new(&readiness, Direction::Write);
                let seen = block_on(|cx| {
                    readiness.poll(Direction::Write, Until::Ready, Some(waiter.key()), cx.waker())
                });
                assert!(seen.has_ended());
                sources.remove(token);
            })
        };
        let mut wakers = Vec::new();
        sources.end(&mut wakers);
        wakers.into_iter().for_each(StdWaker::wake);
        assert!(sources.has_ended());
        task.join().unwrap();
    });
}
