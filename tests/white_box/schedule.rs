//! When a collect is due: the step of a monitor, and the coarse clock. `Pool` shows only that a
//! collect happened, not which call requested or started it.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::Patience;
use crate::{
    alloc::PacedAlloc,
    collect::{poll, registry::Registry, schedule},
    set_collect_interval,
    util::coarse_clock,
};

/// The request is process-wide: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Calls `monitor_tick` until a collect has run. Collects of other tests may delay it.
fn round_until_collected(before: usize) {
    let patience = Patience::new();
    while schedule::collects() == before {
        if poll::monitor_tick() {
            poll::run_if_requested();
        }
        patience.wait();
    }
}

/// `monitor_tick` sees a request, and reads the clock in each call.
#[test]
fn a_monitor_round_finds_a_due_collect() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = schedule::collects();
    schedule::ask();
    round_until_collected(before);
    set_collect_interval(Some(Duration::from_millis(50)));
    poll::monitor_tick();
    let before = schedule::collects();
    thread::sleep(Duration::from_millis(100));
    round_until_collected(before);
    set_collect_interval(None);
}

/// Another thread may already have read a slightly later time.
#[test]
fn a_time_in_the_future_is_not_long_ago() {
    let start = Instant::now();
    let since = coarse_clock::since(coarse_clock::millis());
    assert!(since as u128 <= start.elapsed().as_millis() + 1000, "{since}");
    assert_eq!(coarse_clock::since(coarse_clock::millis().wrapping_add(500)), 0);
}

/// An allocation that finds a collect due does not wait for one that is running.
#[test]
fn an_allocation_waits_for_no_collect() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let paced = PacedAlloc::new(System).with_growth(1).with_floor(0);
    let layout = Layout::from_size_align(1 << 20, 8).unwrap();
    let asks = || {
        // SAFETY: the layout has a size, and the memory is freed.
        unsafe {
            let memory = paced.alloc(layout);
            assert!(!memory.is_null());
            paced.dealloc(memory, layout);
        }
        schedule::take()
    };
    let patience = Patience::new();
    thread::scope(|scope| {
        // As a collector holds it.
        let _registry = Registry::lock();
        let allocating = scope.spawn(|| (0..100).any(|_| asks()));
        while !allocating.is_finished() {
            patience.wait();
        }
        assert!(allocating.join().unwrap());
    });
}
