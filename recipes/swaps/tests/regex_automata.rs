//! `regex_automata::util::pool`.
//!
//! It promises nothing about which idle value a thread gets. Two of its own tests expect the value
//! that the first thread of a pool got first; here either is good.

macro_rules! tests {
    ($name:ident, $($module:tt)*) => {
        mod $name {
            use std::{cell::RefCell, panic::{RefUnwindSafe, UnwindSafe}, sync::atomic::{AtomicUsize, Ordering::Relaxed}};

            use $($module)*::{Pool, PoolGuard};

            use crate::tests::on_a_thread;

            #[test]
            fn a_pool_can_be_shared_if_its_values_can_be_sent() {
                fn shared<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
                shared::<Pool<Vec<u32>>>();
                shared::<Pool<RefCell<Vec<u32>>>>();
                shared::<Pool<Vec<u32>, Box<dyn Fn() -> Vec<u32> + Send + Sync + UnwindSafe + RefUnwindSafe>>>();
            }

            #[test]
            fn values_in_use_are_distinct_and_one_of_them_is_the_next() {
                let pool = Pool::new(|| vec!['a']);
                {
                    let mut first = pool.get();
                    let mut second = pool.get();
                    first.push('b');
                    second.push('c');
                    assert_eq!((&first[..], &second[..]), (&['a', 'b'][..], &['a', 'c'][..]));
                }
                assert!([['a', 'b'], ['a', 'c']].iter().any(|value| *value == pool.get()[..]));
            }

            #[test]
            fn put_gives_a_value_back_at_once() {
                let pool = Pool::with_capacity(0, String::new);
                let mut guard: PoolGuard<'_, _, _> = pool.get();
                guard.push('x');
                PoolGuard::put(guard);
                assert_eq!(*pool.get(), "x");
            }

            #[test]
            fn guards_are_used_on_other_threads() {
                let pool = Pool::with_available_parallelism_capacity(|| vec!['a']);
                {
                    let (mut first, mut second) = (pool.get(), pool.get());
                    std::thread::scope(|s| {
                        s.spawn(|| first.push('b'));
                        s.spawn(|| second.push('c'));
                    });
                    assert_eq!((&first[..], &second[..]), (&['a', 'b'][..], &['a', 'c'][..]));
                }
                assert!([['a', 'b'], ['a', 'c']].iter().any(|value| *value == pool.get()[..]));
            }

            #[test]
            fn a_value_that_came_back_on_another_thread_is_found() {
                let pool = Pool::new(|| vec!['a']);
                pool.get().push('b');
                let mut guard = pool.get();
                assert_eq!(*guard, ['a', 'b']);
                on_a_thread(move || guard.push('c'));
                assert_eq!(*pool.get(), ['a', 'b', 'c']);
            }

            #[test]
            fn one_thread_makes_as_many_values_as_it_uses_at_once() {
                let made = AtomicUsize::new(0);
                let pool = Pool::new(|| made.fetch_add(1, Relaxed));
                for _ in 0..100 {
                    let _guards = [pool.get(), pool.get(), pool.get()];
                }
                assert_eq!(made.load(Relaxed), 3);
            }

            #[test]
            fn pools_and_guards_are_printed() {
                let pool = Pool::new(|| 7);
                assert!(format!("{:?}", pool.get()).starts_with("PoolGuard"));
                assert!(format!("{pool:?}").starts_with("Pool"));
            }
        }
    };
}

tests!(published, regex_automata::util::pool);
tests!(rebuilt, crate::regex_automata);
