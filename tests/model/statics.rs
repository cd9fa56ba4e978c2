//! Pools in statics.

use corepool::Pool;
use loom::{sync::Arc, thread};

static OBJECTS: Pool<Arc<u32>> = Pool::new(|| Arc::new(0));

static CHAINED: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(Vec::new)
    .with_recycle(|bytes| {
        bytes.clear();
        true
    })
    .with_max_idle(2);

/// Uses a static, which is empty at the beginning of each execution. Two tests do so at a time.
fn model() {
    loom::model(|| {
        assert_eq!(OBJECTS.stats().created, 0);
        let other = thread::spawn(|| **OBJECTS.get());
        assert_eq!(**OBJECTS.get(), 0);
        other.join().unwrap();
        assert!((1..=2).contains(&OBJECTS.stats().idle));
    });
}

#[test]
fn statics_are_empty_in_each_execution() {
    model();
}

#[test]
fn statics_serve_models_at_the_same_time() {
    (0..10).for_each(|_| model());
}

#[test]
fn statics_with_hooks_are_empty_in_each_execution() {
    loom::model(|| {
        assert_eq!(CHAINED.stats().idle, 0);
        CHAINED.put(vec![1]);
        assert!(CHAINED.get().is_empty());
    });
}

#[test]
fn types_have_a_pool() {
    loom::model(|| {
        assert_eq!(corepool::of::<String>().stats().idle, 0);
        corepool::of::<String>().put("put".into());
        assert_eq!(corepool::of::<String>().take(), "put");
        drop(corepool::of::<Arc<u8>>().get());
    });
}

/// A model that fails leaves no trace in the statics.
#[test]
fn statics_forget_a_model_that_fails() {
    let failing = || {
        loom::model(|| {
            OBJECTS.reserve(1);
            panic!("planned");
        });
    };
    assert!(std::panic::catch_unwind(failing).is_err());
    model();
}
