//! The programs in chaos mode. With the feature `planted`, it must find what is wrong with each.

use std::panic::catch_unwind;

use corepool::chaos;
use corepool_users_chaos::{exchange::exchange, history::History, packet::send};

/// Runs `program` many times, with several seeds. With each of them it must fail if it is wrong.
fn check(program: fn()) {
    for seed in 0..20 {
        chaos::set_seed(seed);
        let failed = catch_unwind(|| (0..300).for_each(|_| program())).is_err();
        assert_eq!(failed, cfg!(feature = "planted"), "seed {seed}");
    }
}

#[test]
fn packets_are_acknowledged() {
    check(|| assert!(send(b"hello")));
}

#[test]
fn questions_are_answered() {
    check(|| assert_eq!(exchange("hello"), ("?hello".into(), "HELLO".into())));
}

#[test]
fn the_last_page_comes_first() {
    check(|| {
        let mut history = History::new();
        (1..=3).for_each(|page| history.leave(page));
        let back = [(); 4].map(|()| history.back());
        assert_eq!(back, [Some(3), Some(2), Some(1), None]);
    });
}
