//! Misuse that is found, by the message that reports it.

use std::{
    mem::ManuallyDrop,
    panic::{self, AssertUnwindSafe},
    ptr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use corepool::{OwnedPooled, Pool, Pooled, chaos};

use crate::{message, run, seeds};

/// Checks that `program` is found, for several seeds, with a message that contains all `texts`.
fn is_found(texts: &[&str], mut program: impl FnMut()) {
    for seed in seeds() {
        let _alone = run(seed);
        let message = message(&mut program);
        for text in texts.iter().copied().chain([&*format!("chaos mode, seed {seed})")]) {
            assert!(message.contains(text), "{message}, without {text}");
        }
    }
}

#[test]
fn a_write_after_a_guard_has_gone() {
    let pool = Pool::new(|| [0u64; 4]).with_name("numbers");
    is_found(
        &["the pool `numbers`", "written to, at byte 16,", "by thread `misuse::a_write"],
        || {
            let mut guard = pool.get();
            let pointer = &raw mut guard[2];
            drop(guard);
            // SAFETY: none, this is the misuse. The memory is still allocated.
            unsafe { pointer.write(7) };
            _ = pool.try_get();
        },
    );
    // It was reported once.
    (0..100).for_each(|_| drop(pool.get()));
}

#[test]
fn a_write_after_an_owned_guard_has_gone() {
    let pool = Pool::new(|| 0u64);
    is_found(&["a pool of u64", "an object was written to"], || {
        let mut guard = pool.get_owned();
        let pointer = &raw mut *guard;
        thread::spawn(move || drop(guard)).join().unwrap();
        // SAFETY: none, this is the misuse. The memory is still allocated.
        unsafe { pointer.write(7) };
        drop(pool.get_owned());
    });
}

/// A refused object is not in the pool, but nobody may use it either.
#[test]
fn a_write_after_an_object_was_refused() {
    let pool = <Pool<u64>>::new(|| 0).with_recycle(|_| false);
    is_found(&["an object was written to"], || {
        let mut guard = pool.get();
        let pointer = &raw mut *guard;
        drop(guard);
        // SAFETY: none, this is the misuse. The memory is still allocated.
        unsafe { pointer.write(7) };
        drop(pool.get());
    });
}

/// An object that leaves its pool, or is dropped instead of coming back, is not where its guard had it.
#[test]
fn a_write_after_an_object_has_left() {
    let pool = <Pool<u64>>::new(|| 0u64);
    type End = fn(&Pool<u64>) -> *mut u64;
    let ends: [End; 5] = [
        |pool| {
            let mut guard = pool.get();
            let pointer = &raw mut *guard;
            pool.put(Pooled::detach(guard));
            pointer
        },
        |pool| {
            let mut guard = pool.get_owned();
            let pointer = &raw mut *guard;
            assert_eq!(OwnedPooled::detach(guard), 0);
            pointer
        },
        |pool| {
            let mut guard = pool.get();
            let pointer = &raw mut *guard;
            Pooled::discard(guard);
            pointer
        },
        |pool| {
            let mut guard = pool.get_owned();
            let pointer = &raw mut *guard;
            OwnedPooled::discard(guard);
            pointer
        },
        |pool| {
            let mut pointer = ptr::null_mut();
            let result = panic::catch_unwind(AssertUnwindSafe(|| {
                let mut guard = pool.get();
                pointer = &raw mut *guard;
                panic::resume_unwind(Box::new("planned"));
            }));
            assert!(result.is_err());
            pointer
        },
    ];
    for end in ends {
        is_found(&["an object was written to, at byte 0,"], || {
            let pointer = end(&pool);
            // SAFETY: none, this is the misuse. The memory is still allocated.
            unsafe { pointer.write(7) };
            drop(pool.get());
        });
    }
    let stats = pool.stats();
    assert!(stats.dropped_discarded >= 20 && stats.dropped_panicking >= 10, "{stats:?}");
    assert_eq!(stats.outstanding, 0, "{stats:?}");
}

#[test]
fn a_write_that_the_end_of_the_pool_finds() {
    is_found(&["an object was written to"], || {
        let pool = Pool::new(|| 0u64);
        let mut guard = pool.get();
        let pointer = &raw mut *guard;
        drop(guard);
        // SAFETY: none, this is the misuse. The memory is still allocated.
        unsafe { pointer.write(7) };
        drop(pool);
    });
}

#[test]
fn a_write_to_the_buffer_of_a_guard() {
    let pool = Pool::new(|| Vec::<u8>::with_capacity(64));
    is_found(&["the buffer of an object was written to, at byte 9,"], || {
        let pointer = pool.get().as_mut_ptr();
        // SAFETY: none, this is the misuse. The memory is still allocated.
        unsafe { pointer.add(9).write(7) };
        drop(pool.get());
    });
}

#[test]
fn a_write_to_the_buffer_of_a_value() {
    let pool = Pool::new(|| String::from("text"));
    is_found(&["the buffer of an object was written to"], || {
        let mut text = pool.take();
        let pointer = text.as_mut_ptr();
        pool.put(text);
        // SAFETY: none, this is the misuse. The memory is still allocated.
        unsafe { pointer.write(b'T') };
        _ = pool.try_take();
    });
}

#[test]
fn a_write_to_the_contents_of_a_box() {
    let slices = Pool::new(|| vec![1u32; 9].into_boxed_slice());
    is_found(&["the buffer of an object was written to, at byte 8,"], || {
        let mut slice = slices.take();
        assert_eq!(*slice, [1; 9]);
        let pointer = &raw mut slice[2];
        slices.put(slice);
        // SAFETY: none, this is the misuse. The memory is still allocated.
        unsafe { pointer.write(7) };
        drop(slices.get());
    });
    let arrays = Pool::new(|| Box::new([1u8; 4096]));
    is_found(&["the buffer of an object was written to, at byte 4000,"], || {
        let mut array = arrays.get();
        assert_eq!(**array, [1; 4096]);
        let pointer = array.as_mut_ptr();
        drop(array);
        // SAFETY: none, this is the misuse. The memory is still allocated.
        unsafe { pointer.add(4000).write(7) };
        drop(arrays.get());
    });
}

/// What is read is the pattern, so the program finds the misuse itself.
#[test]
fn a_read_after_a_put() {
    let (numbers, vectors) = (Pool::new(|| 0u32), Pool::new(Vec::<u32>::new));
    for seed in seeds() {
        let _alone = run(seed);
        let mut number = numbers.get();
        *number = 7;
        let pointer = &raw const *number;
        drop(number);
        // SAFETY: none, this is the misuse. The memory is still allocated, and contains the pattern.
        assert_eq!(unsafe { pointer.read() }, 0xdbdb_dbdb);

        let mut vector = vectors.take();
        vector.resize(100, 7);
        let pointer = vector.as_ptr();
        vectors.put(vector);
        // SAFETY: as above.
        assert_eq!(unsafe { pointer.add(50).read() }, 0xdbdb_dbdb);
    }
}

/// The pattern is for pointers that have outlived their guards only.
#[test]
fn objects_keep_their_contents() {
    for seed in seeds() {
        let _alone = run(seed);
        let (texts, vectors) = (Pool::new(String::new), Pool::new(Vec::<u16>::new));
        let (slices, arrays) = (Pool::new(Box::<[u16]>::default), Pool::new(|| Box::new([0; 16])));
        for i in 0..if cfg!(miri) { 6 } else { 50 } {
            texts.put("contents".repeat(i % 3));
            vectors.put(vec![i as u16; i]);
            slices.put(vec![i as u16; i].into());
            arrays.put(Box::new([i as u8; 16]));
            assert!(slices.get().iter().all(|&number| usize::from(number) <= i));
            let array = arrays.get();
            assert!(**array == [array[0]; 16] && usize::from(array[0]) <= i);
            let (text, vector) = (texts.get(), vectors.get());
            assert!(text.is_empty() || text.starts_with("contents"));
            assert!(vector.iter().all(|&number| usize::from(number) == vector.len()));
            assert!(vector.capacity() >= vector.len());
        }
    }
}

#[test]
fn a_guard_that_is_dropped_twice() {
    let pool = Pool::new(|| 0u64).with_name("twice");
    let texts =
        ["the pool `twice`", "given back twice", "by thread `first`", "by thread `misuse::a_guard"];
    is_found(&texts, || {
        let guard = ManuallyDrop::new(pool.get());
        // SAFETY: none, this is the misuse: there are two guards.
        let other = unsafe { ptr::read(&*guard) };
        thread::scope(|s| {
            let first = thread::Builder::new().name("first".into());
            first.spawn_scoped(s, || drop(other)).unwrap();
        });
        drop(ManuallyDrop::into_inner(guard));
    });
}

#[test]
fn an_owned_guard_that_is_used_after_its_end() {
    let pool = Pool::new(|| 0u64);
    type End = fn(OwnedPooled<u64>);
    let ends: [End; 3] = [drop, OwnedPooled::discard, |guard| _ = OwnedPooled::detach(guard)];
    for end in ends {
        is_found(&["given back twice"], || {
            let guard = ManuallyDrop::new(pool.get_owned());
            // SAFETY: none, this is the misuse: there are two guards.
            drop(unsafe { ptr::read(&*guard) });
            end(ManuallyDrop::into_inner(guard));
        });
    }
    // Their second ends were counted.
    std::mem::forget(pool);
}

#[test]
fn a_pointer_that_comes_back_twice() {
    let pool = Pool::new(|| 0u64);
    is_found(&["given back twice"], || {
        let object = Pooled::into_raw(pool.get());
        // SAFETY: none for the second call, which is the misuse.
        unsafe {
            drop(pool.from_raw(object));
            drop(pool.from_raw(object));
        }
    });
}

#[test]
fn a_pointer_that_becomes_two_guards() {
    let pool = Pool::new(|| 0u64);
    is_found(&["is in a guard, got by thread `misuse::a_pointer_that_becomes_two_guards`"], || {
        let object = Pooled::into_raw(pool.get());
        // SAFETY: none for the second call, which is the misuse.
        unsafe {
            let _guard = pool.from_raw(object);
            drop(pool.from_raw(object));
        }
    });
}

#[test]
fn a_pointer_to_the_object_of_a_guard() {
    let pool = Pool::new(|| 0u64);
    is_found(&["is in a guard"], || {
        let mut guard = pool.get();
        let object = ptr::NonNull::from(&mut *guard);
        // SAFETY: none, this is the misuse.
        drop(unsafe { pool.from_raw(object) });
    });
}

#[test]
fn a_pointer_that_comes_back_to_another_pool() {
    let (one, other) = (Pool::new(|| 0u64), Pool::new(|| 0u64).with_name("other"));
    is_found(&["the pool `other`", "another pool"], || {
        let object = Pooled::into_raw(one.get());
        // SAFETY: none, this is the misuse.
        drop(unsafe { other.from_raw(object) });
    });
}

/// An object may be behind a pointer as often as in a guard.
#[test]
fn pointers_that_come_back_once_are_no_misuse() {
    let pool = Pool::new(|| 0u64);
    for seed in seeds() {
        let _alone = run(seed);
        for _ in 0..100 {
            let object = Pooled::into_raw(pool.get());
            // SAFETY: it came from this pool, and comes back once.
            let again = Pooled::into_raw(unsafe { pool.from_raw(object) });
            // SAFETY: as above.
            drop(unsafe { pool.from_raw(again) });
        }
    }
}

#[test]
fn an_idle_object_that_changes() {
    let pool = <Pool<Arc<AtomicU64>>>::new(Arc::default)
        .with_fingerprint(|count| count.load(Relaxed))
        .with_name("counts");
    is_found(&["the pool `counts`", "an idle object has changed", "by thread `other`"], || {
        let kept = thread::scope(|s| {
            let other = thread::Builder::new().name("other".into());
            other.spawn_scoped(s, || Arc::clone(&pool.get())).unwrap().join().unwrap()
        });
        kept.fetch_add(1, Relaxed);
        _ = pool.try_get();
    });
}

#[test]
fn an_object_that_is_not_reset() {
    static POOL: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(Vec::new)
        .with_recycle(|vec| {
            vec.truncate(3);
            true
        })
        .with_poison(|vec| vec.extend_from_slice(b"poison"));
    for seed in seeds() {
        let _alone = run(seed);
        // What is left of the poison is that which `recycle` leaves.
        let found = (0..100).map(|_| POOL.get().len()).max();
        assert_eq!(found, Some(3));
        (0..100).for_each(|_| assert!(b"poi".starts_with(&POOL.get())));
    }
}

#[test]
fn hooks_that_panic_leave_the_pool_as_it_is() {
    static POOL: Pool<u8> = <Pool<u8>>::new(|| 0)
        .with_poison(|object| assert_ne!(*object, 1))
        .with_fingerprint(|object| {
            assert_ne!(*object, 2);
            u64::from(*object)
        });
    let _alone = run(1);
    for object in [1, 2] {
        let message = message(|| POOL.put(object));
        assert!(message.contains("left"), "{message}");
        assert!(message.contains(&object.to_string()), "{message}");
    }
    (0..100).for_each(|_| POOL.put(0));
    let stats = POOL.stats();
    assert!(stats.idle > 0 && POOL.drain().all(|object| object == 0), "{stats:?}");
    assert_eq!(POOL.stats().idle, 0);
}

#[test]
fn the_hooks_are_set_before_the_first_use() {
    let _alone = run(1);
    type Set = fn(Pool<u8>) -> Pool<u8>;
    let sets: [Set; 2] = [|pool| pool.with_poison(|_| {}), |pool| pool.with_fingerprint(|_| 0)];
    for set in sets {
        let message = message(|| {
            let pool = <Pool<u8>>::new(|| 0);
            pool.put(1);
            _ = set(pool);
        });
        assert_eq!(message, "the hook must be set before the pool is used");
    }
}

/// While a thread panics, misuse is not reported: that would end the process. The object is not used either.
#[test]
fn misuse_while_a_thread_panics_is_no_second_panic() {
    let _alone = run(1);
    let pool = Pool::new(|| Box::new(0));
    let message = message(|| {
        let guard = ManuallyDrop::new(pool.get());
        // SAFETY: none, this is the misuse: there are two guards.
        drop(unsafe { ptr::read(&*guard) });
        let _guard = ManuallyDrop::into_inner(guard);
        panic!("the first");
    });
    assert_eq!(message, "the first");
    chaos::set_seed(1);
    (0..100).for_each(|_| drop(pool.get()));
}
