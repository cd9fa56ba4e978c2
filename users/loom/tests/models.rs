//! Models of the programs. With the feature `planted`, loom must find what is wrong with each.

#![cfg(loom)]

use corepool_users_loom::{letter::write_letter, message::Reader, words::different_words};
use loom::thread;

#[test]
#[cfg_attr(feature = "planted", should_panic(expected = "Causality violation"))]
fn readers_share_messages() {
    loom::model(|| {
        let reader = Reader::new("one");
        let other = reader.clone();
        let thread = thread::spawn(move || assert_eq!(other.read(), "one"));
        assert_eq!(reader.read(), "one");
        drop(reader);
        assert_eq!(Reader::new("two").read(), "two");
        thread.join().unwrap();
    });
}

#[test]
#[cfg_attr(feature = "planted", should_panic(expected = "left == right"))]
fn letters_are_whole() {
    loom::model(|| {
        let other = thread::spawn(|| write_letter("Ada"));
        assert_eq!(write_letter("Bob"), "Dear Bob");
        assert_eq!(other.join().unwrap(), "Dear Ada");
    });
}

#[test]
#[cfg_attr(feature = "planted", should_panic(expected = "left == right"))]
fn words_are_counted() {
    loom::model(|| {
        let other = thread::spawn(|| different_words("three  spaces"));
        assert_eq!(different_words("one two one"), Some(2));
        assert_eq!(other.join().unwrap(), None);
    });
}
