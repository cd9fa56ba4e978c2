//! The netpoller: what wakes it, and its table of sources. Sockets use both, but cannot show single
//! steps.

use std::{
    io::Write,
    os::unix::net::UnixStream,
    sync::{Arc, mpsc},
    task::{Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use mio::{Interest, unix::SourceFd};

use crate::rt::net::{
    netpoller::NetPoller,
    readiness::{
        Direction, Readiness, Until,
        bits::{READ, WRITE},
    },
    sources::Sources,
};

/// Longer than any step takes.
const LONG: Duration = Duration::from_secs(200);

/// Polls, and wakes those that wait. Returns how many that were.
fn poll(poller: &NetPoller, timeout: Option<Duration>) -> usize {
    let mut ready = Vec::new();
    poller.poll(timeout, &mut ready);
    let count = ready.len();
    ready.into_iter().for_each(Waker::wake);
    count
}

fn is_ready(readiness: &Readiness, direction: Direction) -> bool {
    readiness.poll(direction, Until::Ready, None, Waker::noop()).is_ready()
}

#[test]
fn each_wake_up_ends_a_poll() {
    let poller = NetPoller::new().unwrap();
    let start = Instant::now();
    for _ in 0..10 {
        poller.wake();
        poller.wake();
        assert_eq!(poll(&poller, Some(LONG)), 0);
        assert!(start.elapsed() < LONG, "a wake-up was lost");
    }
    // All have been noticed.
    assert_eq!(poll(&poller, Some(Duration::ZERO)), 0);
}

/// A thread that polls without waiting takes no wake-up from the one that waits.
#[test]
fn a_wake_up_outlasts_polls_that_do_not_wait() {
    let poller = NetPoller::new().unwrap();
    let (start, mut ready) = (Instant::now(), Vec::new());
    for _ in 0..10 {
        poller.wake();
        poller.poll_now(&mut ready);
        poller.poll_now(&mut ready);
        assert_eq!(poll(&poller, Some(LONG)), 0);
        assert!(ready.is_empty() && start.elapsed() < LONG, "a wake-up was lost");
    }
}

#[test]
fn a_wake_up_ends_the_poll_of_another_thread() {
    let poller = Arc::new(NetPoller::new().unwrap());
    let (send, polled) = mpsc::channel();
    let thread = {
        let poller = Arc::clone(&poller);
        thread::spawn(move || {
            while !poller.has_ended() {
                poll(&poller, None);
                send.send(()).unwrap();
            }
        })
    };
    for _ in 0..1000 {
        poller.wake();
        polled.recv_timeout(LONG).expect("a wake-up was lost");
    }
    poller.end();
    thread.join().unwrap();
}

/// One event, and no more until there is something new.
#[test]
fn a_source_becomes_ready_once() {
    use std::os::fd::AsRawFd;

    let poller = NetPoller::new().unwrap();
    let (one, mut other) = UnixStream::pair().unwrap();
    let (fd, readiness) = (one.as_raw_fd(), Arc::new(Readiness::new(false)));
    let token = poller.register(&mut SourceFd(&fd), Interest::READABLE, &readiness).unwrap();
    assert!(!is_ready(&readiness, Direction::Read));
    other.write_all(b"!").unwrap();
    assert_eq!(poll(&poller, Some(LONG)), 1);
    assert!(is_ready(&readiness, Direction::Read));
    assert!(!is_ready(&readiness, Direction::Write));
    readiness.clear(Direction::Read, readiness.look());
    assert_eq!(poll(&poller, Some(Duration::ZERO)), 0);
    assert!(!is_ready(&readiness, Direction::Read));
    other.write_all(b"!").unwrap();
    poller.deregister(&mut SourceFd(&fd), token);
    assert_eq!(poll(&poller, Some(Duration::ZERO)), 0);
    assert!(!is_ready(&readiness, Direction::Read));
    assert_eq!(Arc::strong_count(&readiness), 1);
}

/// Tokens of sources that are gone lead nowhere, also when their places are used again.
#[test]
fn places_are_used_again() {
    let sources = Sources::default();
    let mut gone: Vec<usize> = Vec::new();
    for round in 1..100 {
        let all: Vec<_> = (0..round).map(|_| Arc::new(Readiness::new(false))).collect();
        let tokens: Vec<_> = all.iter().map(|source| sources.insert(source).unwrap()).collect();
        sources.set(gone.iter().map(|&token| (token, READ)), &mut Vec::new());
        sources.set(tokens.iter().map(|&token| (token, WRITE)), &mut Vec::new());
        for source in &all {
            assert!(!is_ready(source, Direction::Read));
            assert!(is_ready(source, Direction::Write));
        }
        tokens.iter().for_each(|&token| sources.remove(token));
        tokens.iter().for_each(|&token| sources.remove(token));
        assert!(all.iter().all(|source| Arc::strong_count(source) == 1));
        gone.extend(tokens);
    }
    let distinct: std::collections::HashSet<_> = gone.iter().collect();
    assert_eq!(distinct.len(), gone.len());
}

/// Futures that wait are woken together, and one that gives up leaves nothing.
#[test]
fn a_source_forgets_futures_that_give_up() {
    let readiness = Readiness::new(false);
    let mut keys = [0; 10];
    for key in &mut keys {
        let wait = readiness.poll(Direction::Read, Until::Ready, Some(key), Waker::noop());
        assert!(matches!(wait, Poll::Pending));
    }
    readiness.forget(Direction::Read, keys[3]);
    readiness.forget(Direction::Read, keys[3]);
    readiness.forget(Direction::Write, keys[4]);
    let mut wakers = Vec::new();
    readiness.set(WRITE, &mut wakers);
    assert_eq!(wakers.len(), 0);
    readiness.set(READ, &mut wakers);
    assert_eq!(wakers.len(), 9);
}
