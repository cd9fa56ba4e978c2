//! The request for a collect is neither lost nor answered twice.

use loom::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use super::model;
use crate::collect::schedule::CollectRequest;

/// The request, and the writes of the threads that made it.
struct Asked {
    due: CollectRequest,
    done: [AtomicUsize; 2],
}

impl Asked {
    fn new() -> Arc<Self> {
        let asked =
            Self { due: CollectRequest::new(), done: [AtomicUsize::new(0), AtomicUsize::new(0)] };
        // The first access creates the checker's atomic.
        assert!(!asked.due.is_asked());
        Arc::new(asked)
    }

    fn ask(asked: &Arc<Self>, asker: usize) -> thread::JoinHandle<()> {
        let asked = Arc::clone(asked);
        thread::spawn(move || {
            asked.done[asker].store(1, Relaxed);
            asked.due.ask();
        })
    }

    /// Takes the request. Returns the number of requesters that it certainly answers, if there was
    /// a request.
    fn answer(&self) -> Option<usize> {
        let count = || self.done.iter().map(|done| done.load(Relaxed)).sum();
        self.due.take().then(count)
    }
}

/// The thread that takes the last request sees the writes of all requesters.
#[test]
fn schedule_request_is_not_lost() {
    model("schedule_request_is_not_lost", None, || {
        let asked = Asked::new();
        let askers = [Asked::ask(&asked, 0), Asked::ask(&asked, 1)];
        let answered = asked.answer();
        askers.into_iter().for_each(|asker| asker.join().unwrap());
        let last = asked.answer().or(answered);
        assert_eq!(last, Some(2), "a request without an answer");
        assert_eq!(asked.answer(), None);
    });
}

/// One request is taken once.
#[test]
fn schedule_request_is_taken_once() {
    model("schedule_request_is_taken_once", None, || {
        let asked = Asked::new();
        asked.due.ask();
        let other = {
            let asked = Arc::clone(&asked);
            thread::spawn(move || asked.answer().is_some())
        };
        let one = asked.answer().is_some();
        let two = other.join().unwrap();
        assert!(one != two, "{one} {two}");
    });
}
