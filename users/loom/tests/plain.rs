//! The programs as they are in other builds.

#![cfg(not(loom))]

use corepool_users_loom::{letter::write_letter, message::Reader, words::different_words};

#[test]
fn the_feature_alone_changes_nothing() {
    let reader = Reader::new("one");
    let other = reader.clone();
    assert_eq!(std::thread::spawn(move || other.read()).join().unwrap(), "one");
    assert_eq!(reader.read(), "one");
    assert_eq!(write_letter("Ada"), "Dear Ada");
    assert_eq!(different_words("one two one"), Some(2));
}
