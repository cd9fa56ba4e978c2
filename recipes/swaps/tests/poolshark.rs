//! `poolshark`: its local and its global pools, and objects that give themselves back.

macro_rules! tests {
    ($name:ident, $poolshark:ident, [$($unsafe:tt)*]) => {
        mod $name {
            use std::{
                collections::{HashMap, HashSet, VecDeque},
                mem::ManuallyDrop,
                sync::atomic::{AtomicUsize, Ordering::Relaxed},
            };

            use super::$poolshark::{
                Poolable, RawPoolable,
                global::{self, GPooled, Pool, RawPool, WeakPool},
                local::{self, LPooled},
            };

            use crate::tests::on_a_thread;

            /// A container that no other test pools.
            #[derive(Default)]
            struct Own(Vec<u16>);

            impl Poolable for Own {
                fn empty() -> Self {
                    Self::default()
                }

                fn reset(&mut self) {
                    self.0.clear();
                }

                fn capacity(&self) -> usize {
                    self.0.capacity()
                }
            }

            #[test]
            fn a_local_object_keeps_its_memory_and_loses_its_contents() {
                on_a_thread(|| {
                    local::clear_type::<Vec<[u8; 3]>>();
                    let mut first = LPooled::<Vec<[u8; 3]>>::take();
                    let mut second = LPooled::<Vec<[u8; 3]>>::default();
                    first.reserve(100);
                    second.reserve(200);
                    let capacities = [first.capacity(), second.capacity()];
                    for _ in 0..100 {
                        first.push([1; 3]);
                        second.push([2; 3]);
                        drop(first);
                        drop(second);
                        first = LPooled::take();
                        second = LPooled::take();
                        assert!(first.is_empty() && second.is_empty());
                        // Which of the two comes first is not promised.
                        if first.capacity() > second.capacity() {
                            std::mem::swap(&mut first, &mut second);
                        }
                        assert_eq!([first.capacity(), second.capacity()], capacities);
                    }
                });
            }

            #[test]
            fn a_local_object_that_has_grown_large_is_dropped() {
                on_a_thread(|| {
                    local::clear_type::<VecDeque<u64>>();
                    local::set_size::<VecDeque<u64>>(10, 100);
                    assert_eq!(local::get_size::<VecDeque<u64>>(), Some((10, 100)));
                    local::clear_type::<VecDeque<u64>>();
                    assert!(local::insert(VecDeque::<u64>::with_capacity(50)).is_none());
                    assert!(local::take::<VecDeque<u64>>().capacity() >= 50);
                    assert!(local::insert(VecDeque::<u64>::with_capacity(101)).is_some());
                    drop(LPooled::from(VecDeque::<u64>::with_capacity(101)));
                    assert_eq!(LPooled::<VecDeque<u64>>::take().capacity(), 0);
                });
            }

            #[test]
            fn a_local_guard_is_used_as_its_object() {
                let numbers: LPooled<Vec<i8>> = (0..3).collect();
                assert_eq!(numbers[..], [0, 1, 2]);
                assert_eq!(numbers.clone().detach(), [0, 1, 2]);
                assert!(size_of::<LPooled<Vec<i8>>>() <= size_of::<Vec<i8>>());
                let mut text = LPooled::<String>::take();
                text.extend(["a", "b"]);
                assert_eq!(text.to_string(), "ab");
                let mut map = LPooled::<HashMap<String, u8>>::take();
                map.insert("one".into(), 1);
                let set: LPooled<HashSet<u8>> = [1, 1].into_iter().collect();
                assert_eq!((map["one"], set.len()), (1, 1));
                on_a_thread(move || drop(text));
            }

            #[test]
            fn a_global_object_keeps_its_memory_and_loses_its_contents() {
                let pool: Pool<String> = Pool::new(1024, 1024);
                let mut first = pool.take();
                let mut second = pool.take();
                first.reserve(100);
                second.reserve(100);
                for _ in 0..100 {
                    drop((first, second));
                    first = pool.take();
                    second = pool.take();
                    assert!(first.capacity() >= 100 && second.capacity() >= 100);
                    assert!(first.is_empty() && second.is_empty());
                    first.push('c');
                    assert!(pool.try_take().is_none());
                }
                for _ in 0..100 {
                    let mut large = pool.take();
                    assert_eq!(large.capacity(), 0);
                    large.reserve(1025);
                }
            }

            #[test]
            fn a_global_pool_is_bounded_and_can_be_pruned() {
                let pool: Pool<Vec<u8>> = Pool::new(40, 1024);
                let fill = || (0..50).map(|_| pool.take()).for_each(|mut one| one.push(1));
                let fill_at_once = || {
                    let mut all: Vec<_> = (0..50).map(|_| pool.take()).collect();
                    all.iter_mut().for_each(|one| one.push(1));
                };
                let count = || std::iter::from_fn(|| pool.try_take()).map(GPooled::detach).count();
                fill();
                assert_eq!(count(), 1);
                fill_at_once();
                pool.prune();
                assert_eq!(count(), 36);
                assert_eq!(count(), 0);
                pool.prune();
            }

            #[test]
            fn a_global_object_comes_back_from_another_thread() {
                let pool: Pool<Vec<u8>> = Pool::new(10, 1024);
                let mut sent = pool.clone().take();
                on_a_thread(move || sent.push(1));
                assert!(pool.try_take().expect("it is in its pool").is_empty());
            }

            #[test]
            fn a_global_guard_outlives_its_pool() {
                let pool: Pool<Vec<u8>> = Pool::new(10, 1024);
                let mut guard = pool.take();
                drop(pool);
                guard.push(1);
                assert_eq!(guard.detach(), [1]);
            }

            #[test]
            fn orphans_go_nowhere_unless_they_are_assigned() {
                let pool: Pool<Vec<u8>> = Pool::new(10, 1024);
                drop(GPooled::orphan(vec![1]));
                assert!(pool.try_take().is_none());
                let mut orphan = GPooled::orphan(vec![1]);
                orphan.assign(&pool);
                drop(orphan);
                assert!(pool.try_take().expect("it was assigned").is_empty());
                pool.insert(GPooled::orphan(vec![1]));
                assert!(pool.try_take().is_some());
            }

            #[test]
            fn pools_by_type_are_there_without_a_declaration() {
                on_a_thread(|| {
                    let mut one = global::take_any::<Own>(10, 1024);
                    one.0.push(1);
                    drop(one);
                    let one = global::pool_any::<Own>(10, 1024).try_take();
                    assert!(one.is_some_and(|one| one.0.is_empty() && one.0.capacity() > 0));
                    global::set_size::<Vec<i128>>(7, 70);
                    assert_eq!(global::get_size::<Vec<i128>>(), Some((7, 70)));
                    GPooled::<Vec<i128>>::take().push(1);
                    let pool = global::pool::<Vec<i128>>().expect("a pool");
                    assert!(pool.try_take().is_some());
                    global::clear_type::<Vec<i128>>();
                    assert_eq!(global::take::<Vec<i128>>().capacity(), 0);
                });
            }

            static FREED: AtomicUsize = AtomicUsize::new(0);

            /// Gives itself back.
            struct Node {
                pool: ManuallyDrop<WeakPool<Self>>,
                number: usize,
            }

            $($unsafe)* impl RawPoolable for Node {
                fn empty(pool: WeakPool<Self>) -> Self {
                    Self { pool: ManuallyDrop::new(pool), number: 0 }
                }

                fn reset(&mut self) {
                    self.number = 0;
                }

                fn capacity(&self) -> usize {
                    1
                }

                fn really_drop(self) {
                    let mut this = ManuallyDrop::new(self);
                    // SAFETY: dropped once, as the node's own `drop` does not run.
                    #[expect(unsafe_code, reason = "as the trait asks")]
                    unsafe { ManuallyDrop::drop(&mut this.pool) };
                    FREED.fetch_add(1, Relaxed);
                }
            }

            impl Drop for Node {
                fn drop(&mut self) {
                    // SAFETY: it is a copy of a node that is not used any more, and not dropped again.
                    #[expect(unsafe_code, reason = "as the trait asks")]
                    let this = unsafe { std::ptr::read(self) };
                    match this.pool.upgrade() {
                        Some(pool) => pool.insert(this),
                        None => this.really_drop(),
                    }
                }
            }

            #[test]
            fn an_object_gives_itself_back_and_is_freed_with_its_pool() {
                let pool: RawPool<Node> = RawPool::new(10, 1);
                for _ in 0..100 {
                    let mut node = pool.take();
                    assert_eq!(node.number, 0);
                    node.number = 1;
                }
                let late = pool.take();
                drop(pool.take());
                assert_eq!(FREED.load(Relaxed), 0);
                assert!(pool.try_take().is_some());
                drop(pool);
                assert_eq!(FREED.load(Relaxed), 1);
                drop(late);
                assert_eq!(FREED.load(Relaxed), 2);
            }
        }
    };
}

mod original {
    pub use ::poolshark::*;
}

use crate::poolshark as ours;
use original as theirs;

tests!(published, theirs, [#[expect(unsafe_code, reason = "the trait is unsafe")] unsafe]);
tests!(rebuilt, ours, []);
