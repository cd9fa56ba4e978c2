//! Models of the programs. With the feature `planted`, shuttle must find what is wrong with each.

#![cfg(shuttle)]

use corepool_users_shuttle::{letter::write_letter, words::different_words};
use shuttle::thread;

/// Runs a model under random schedules.
fn check(model: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(model, 500);
}

#[test]
#[cfg_attr(feature = "planted", should_panic(expected = "left == right"))]
fn letters_are_whole() {
    check(|| {
        let other = thread::spawn(|| write_letter("Ada"));
        assert_eq!(write_letter("Bob"), "Dear Bob");
        assert_eq!(other.join().unwrap(), "Dear Ada");
    });
}

#[test]
#[cfg_attr(feature = "planted", should_panic(expected = "left == right"))]
fn words_are_counted() {
    check(|| {
        let other = thread::spawn(|| different_words("three  spaces"));
        assert_eq!(different_words("one two one"), Some(2));
        assert_eq!(other.join().unwrap(), None);
    });
}

/// Even a thread alone may not find what it has put.
#[test]
#[cfg_attr(feature = "planted", should_panic(expected = "left == right"))]
fn letters_of_one_thread_are_whole() {
    check(|| assert_eq!(write_letter("Ada"), "Dear Ada"));
}
