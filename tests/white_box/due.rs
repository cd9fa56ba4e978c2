//! What a monitor does, and the clock that it looks at.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{clock, due, set_collect_interval};

fn round() {
    if due::round() {
        due::answer();
    }
}

/// A round sees what was asked for, and looks at the clock each time.
#[test]
fn a_round_does_what_is_due() {
    let before = due::collects();
    due::ask();
    round();
    assert!(due::collects() > before);
    set_collect_interval(Some(Duration::from_millis(50)));
    round();
    let (before, start) = (due::collects(), Instant::now());
    thread::sleep(Duration::from_millis(100));
    round();
    set_collect_interval(None);
    assert!(due::collects() > before, "{:?}", start.elapsed());
}

/// A moment that another thread has seen already is not long ago.
#[test]
fn what_is_about_to_come_is_not_long_ago() {
    assert!(clock::since(clock::millis()) < 1000);
    assert_eq!(clock::since(clock::millis().wrapping_add(500)), 0);
}
