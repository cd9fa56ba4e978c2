//! The map to which threads only add.

use std::sync::Arc;

use loom::thread;

use super::model;
use crate::{containers::add_only::AddOnly, sync::UnsafeCell};

/// A value, which its maker writes, and others read.
struct Value(UnsafeCell<u32>);

// SAFETY: what the model checks.
unsafe impl Sync for Value {}
// SAFETY: as above.
unsafe impl Send for Value {}

impl Value {
    fn new(number: u32) -> Self {
        Self(UnsafeCell::new(number))
    }

    fn get(&self) -> u32 {
        // SAFETY: what the model checks.
        self.0.with(|number| unsafe { *number })
    }
}

/// Threads that add values of the same key get the same value, and lose no other key's.
#[test]
fn keys_have_one_value() {
    model("keys_have_one_value", None, || {
        let map = Arc::new(AddOnly::new());
        // The first access comes before all others: see `ProcessPtr`.
        map.find_or_add(0, || Value::new(0));
        let other = {
            let map = map.clone();
            thread::spawn(move || {
                let one = map.find_or_add(1, || Value::new(10)).get();
                (one, map.find_or_add(2, || Value::new(20)).get())
            })
        };
        let two = map.find_or_add(2, || Value::new(21)).get();
        let one = map.find_or_add(1, || Value::new(11)).get();
        assert_eq!(other.join().unwrap(), (one, two));
        let known = |key| map.find_or_add(key, || unreachable!()).get();
        assert_eq!((known(1), known(2)), (one, two));
    });
}
