//! `lockfree_object_pool::LinearObjectPool`.

macro_rules! tests {
    ($name:ident, $($module:tt)*) => {
        mod $name {
            use std::sync::{Arc, atomic::{AtomicUsize, Ordering::Relaxed}};

            use $($module)*::LinearObjectPool;

            use crate::tests::on_a_thread;

            fn texts() -> LinearObjectPool<String> {
                LinearObjectPool::new(|| String::from("new"), |text| {
                    text.clear();
                    text.push_str("reset");
                })
            }

            #[test]
            fn an_object_is_reset_when_it_comes_back() {
                let pool = texts();
                let mut text = pool.pull();
                assert_eq!(*text, "new");
                text.push_str("er");
                drop(text);
                assert_eq!(*pool.pull(), "reset");
            }

            #[test]
            fn reset_runs_once_for_each_use() {
                let resets = Arc::new(AtomicUsize::new(0));
                let count = resets.clone();
                let pool = LinearObjectPool::new(|| 0, move |_| {
                    count.fetch_add(1, Relaxed);
                });
                for _ in 0..100 {
                    *pool.pull() += 1;
                }
                assert_eq!(resets.load(Relaxed), 100);
            }

            #[test]
            fn objects_in_use_are_distinct() {
                let pool = LinearObjectPool::new(|| 0, |number| *number = 0);
                let mut guards: Vec<_> = (0..100).map(|_| pool.pull()).collect();
                guards.iter_mut().zip(1..).for_each(|(guard, i)| **guard += i);
                assert!(guards.iter().zip(1..).all(|(guard, i)| **guard == i));
            }

            #[test]
            fn an_owned_guard_works_after_its_handle_is_gone() {
                let pool = Arc::new(texts());
                let other = pool.clone();
                let mut text = pool.pull_owned();
                drop(pool);
                drop(other);
                text.push_str("er");
                assert_eq!(*text, "newer");
            }

            #[test]
            fn an_owned_guard_comes_back_from_another_thread() {
                let pool = Arc::new(texts());
                let mut text = pool.pull_owned();
                on_a_thread(move || text.push_str("er"));
                assert!(["reset", "new"].contains(&&**pool.pull_owned()));
            }
        }
    };
}

tests!(published, lockfree_object_pool);
tests!(rebuilt, crate::lockfree_object_pool);
