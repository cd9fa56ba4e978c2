//! The programs without a seed. This finds nothing wrong with them, also with the feature `planted`.

use corepool_users_chaos::{exchange::exchange, history::History, packet::send};

#[test]
fn ordinary_tests_find_nothing() {
    let mut history = History::new();
    for i in 0..100 {
        assert!(send(b"hello"));
        assert_eq!(exchange("hello"), ("?hello".into(), "HELLO".into()));
        history.leave(i);
        assert_eq!((history.back(), history.back()), (Some(i), None));
    }
}
