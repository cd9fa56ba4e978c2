//! What is made once, by one of several threads.

use std::ptr;

use loom::{cell::UnsafeCell, sync::Arc, thread};

use super::model;
use crate::{
    sync::{Acquire, AtomicPtr},
    util::set_once::set_once,
};

/// What every thread sees is complete, and is the same. What a slower thread has made is freed.
#[test]
fn set_once_by_two() {
    struct Made {
        value: UnsafeCell<usize>,
        _count: std::sync::Arc<()>,
    }
    model("set_once_by_two", None, || {
        let count = std::sync::Arc::new(());
        let place = Arc::new(AtomicPtr::<Made>::new(ptr::null_mut()));
        // SAFETY: the caller passes a pointer that it has read from the place, or has stored there.
        let read = |made: *mut Made| unsafe { (*made).value.with(|value| *value) };
        let make = |value| {
            let (place, count) = (Arc::clone(&place), std::sync::Arc::clone(&count));
            move || {
                // Written after it was made, so that the model sees a reader that comes too early.
                let new = Box::new(Made { value: UnsafeCell::new(0), _count: count });
                // SAFETY: this thread's own.
                new.value.with_mut(|place| unsafe { *place = value });
                read(set_once(&place, ptr::null_mut(), new))
            }
        };
        let other = thread::spawn(make(1));
        let seen = {
            let made = place.load(Acquire);
            if made.is_null() { make(2)() } else { read(made) }
        };
        assert_eq!(seen, other.join().unwrap());
        assert_eq!(std::sync::Arc::strong_count(&count), 2);
        // SAFETY: the last use.
        drop(unsafe { Box::from_raw(place.load(Acquire)) });
    });
}
