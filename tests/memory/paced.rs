//! `PacedAlloc`: what it counts, and when it requests a collect.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::RefCell,
    hint::black_box,
    panic, ptr,
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use corepool::{Pool, alloc::PacedAlloc, collect, set_collect_interval};

use crate::{ALLOCATOR, KIB, MIB, alone, near, on_threads};

/// The bytes that each of these threads, and of other tests' threads, may keep uncounted.
const KEPT: usize = 4 * 64 * KIB;

#[test]
fn live_bytes_follow_what_is_allocated() {
    let _alone = alone();
    let before = ALLOCATOR.live_bytes();
    let mut all = Vec::from_iter((0..100).map(|_| black_box(vec![0u8; 100 * KIB])));
    assert!(near(ALLOCATOR.live_bytes(), before + 100 * 100 * KIB, KEPT));
    all.iter_mut().for_each(|one| one.reserve_exact(100 * KIB));
    assert!(near(ALLOCATOR.live_bytes(), before + 100 * 200 * KIB, KEPT), "realloc");
    all.iter_mut().for_each(|one| one.shrink_to(100 * KIB));
    assert!(near(ALLOCATOR.live_bytes(), before + 100 * 100 * KIB, KEPT), "realloc");
    drop(all);
    assert!(near(ALLOCATOR.live_bytes(), before, KEPT));
}

/// Many small allocations add up.
#[test]
fn small_allocations_are_counted() {
    let _alone = alone();
    let before = ALLOCATOR.live_bytes();
    let all = Vec::from_iter((0..100_000).map(|i: u64| Box::new(i)));
    assert!(near(ALLOCATOR.live_bytes(), before + 100_000 * 16, KEPT));
    drop(all);
    assert!(near(ALLOCATOR.live_bytes(), before, KEPT));
}

/// A thread adds its local count to the total when it ends: the total does not drift as threads
/// start and end, whichever thread frees their memory.
#[test]
fn ended_threads_have_flushed_their_counts() {
    let _alone = alone();
    let before = ALLOCATOR.live_bytes();
    let left: Vec<_> = (0..200).flat_map(|_| on_threads(1, || vec![1u8; 20 * KIB])).collect();
    let now = ALLOCATOR.live_bytes();
    assert!(near(now, before + 200 * 20 * KIB, 2 * KEPT), "{before} {now}");
    drop(left);
    let now = ALLOCATOR.live_bytes();
    assert!(near(now, before, 2 * KEPT), "{before} {now}");
}

/// The same holds for threads whose thread-locals allocate and free as they are destroyed.
#[test]
fn allocations_of_thread_local_destructors_are_counted() {
    thread_local! {
        static FIRST: RefCell<Late> = const { RefCell::new(Late(Vec::new())) };
    }
    static LEFT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
    struct Late(Vec<Vec<u8>>);
    impl Drop for Late {
        fn drop(&mut self) {
            LEFT.lock().unwrap().push(vec![0u8; 10 * KIB]);
        }
    }
    let _alone = alone();
    let before = ALLOCATOR.live_bytes();
    for _ in 0..100 {
        on_threads(1, || FIRST.with_borrow_mut(|late| late.0.push(vec![0; 10 * KIB])));
    }
    let now = ALLOCATOR.live_bytes();
    assert!(near(now, before + 100 * 10 * KIB, 2 * KEPT), "{before} {now}");
}

/// One thread allocates, another frees.
#[test]
fn memory_freed_by_another_thread_is_counted() {
    let _alone = alone();
    let before = ALLOCATOR.live_bytes();
    let (send, receive) = mpsc::sync_channel::<Vec<u8>>(10);
    let freeing = thread::spawn(move || receive.iter().for_each(drop));
    (0..10_000).for_each(|_| send.send(vec![0; KIB]).unwrap());
    drop(send);
    freeing.join().unwrap();
    let now = ALLOCATOR.live_bytes();
    assert!(near(now, before, KEPT), "{before} {now}");
}

/// Makes a call that takes the slow path, and gives the collect thread time to see a request.
fn work(pool: &Pool<u8>) {
    pool.clear();
    drop(pool.get());
    thread::sleep(Duration::from_millis(2));
}

/// Waits until there have been this many collects, and no more.
fn collects(exactly: u64) -> bool {
    collects_at_least(exactly);
    thread::sleep(Duration::from_millis(20));
    ALLOCATOR.collections() == exactly
}

/// Waits until there have been this many collects.
fn collects_at_least(least: u64) -> bool {
    let start = Instant::now();
    while ALLOCATOR.collections() < least && start.elapsed() < Duration::from_secs(200) {
        thread::sleep(Duration::from_millis(1));
    }
    ALLOCATOR.collections() >= least
}

/// Collects, so that growth counts from the heap as it is now. Waits until the collect thread, which may
/// have taken an earlier request, has begun its collect as well, and returns the number of collects.
fn collected() -> u64 {
    collect();
    loop {
        let before = ALLOCATOR.collections();
        thread::sleep(Duration::from_millis(200));
        if ALLOCATOR.collections() == before {
            return before;
        }
    }
}

/// Each time the heap doubles, the next slow-path call of a pool causes one collect.
#[test]
fn each_doubling_of_the_heap_is_one_collect() {
    let _alone = alone();
    let pool: Pool<u8> = Pool::new(|| 0);
    collect();
    let mut held = vec![vec![0u8; 8 * MIB]];
    pool.clear();
    drop(pool.get());
    collected();
    for _ in 0..3 {
        let before = ALLOCATOR.collections();
        let live = ALLOCATOR.live_bytes();
        held.push(vec![0u8; live * 9 / 10]);
        work(&pool);
        assert!(collects(before), "grown by nine tenths");
        held.push(vec![0u8; live / 5]);
        assert!(collects(before), "nothing happens in the allocator");
        work(&pool);
        assert!(collects(before + 1), "doubled");
    }
}

/// Each time the heap grows from its lowest point since the last collect, growth counts from there.
#[test]
fn each_swing_of_the_heap_is_one_collect() {
    let _alone = alone();
    let pool: Pool<u8> = Pool::new(|| 0);
    let ballast = black_box(vec![0u8; 8 * MIB]);
    let pieces = || Vec::from_iter((0..20).map(|_| black_box(vec![0u8; MIB])));
    // The first collect is at the peak.
    let peak = pieces();
    collected();
    drop(peak);
    for _ in 0..5 {
        let before = ALLOCATOR.collections();
        let mut held = Vec::new();
        for piece in pieces() {
            held.push(piece);
            work(&pool);
        }
        assert!(collects(before + 1));
        drop(held);
    }
    drop(ballast);
}

/// A request wakes the collect thread, which sleeps until a collect is due by the clock.
#[test]
fn a_request_wakes_the_collect_thread() {
    let _alone = alone();
    let pool: Pool<u8> = Pool::new(|| 0);
    set_collect_interval(Some(Duration::from_secs(1 << 20)));
    drop([pool.get(), pool.get()]);
    // Time to fall asleep.
    thread::sleep(Duration::from_millis(20));
    let before = collected();
    let held = black_box(vec![0u8; 2 * ALLOCATOR.live_bytes() + 8 * MIB]);
    work(&pool);
    assert!(collects(before + 1));
    drop(held);
    set_collect_interval(None);
}

/// Growth counts from the heap that a collect has left, even if one of its destructors panics.
#[test]
fn growth_counts_from_the_end_of_a_collect() {
    struct Spoilt(Vec<u8>);
    impl Drop for Spoilt {
        fn drop(&mut self) {
            drop(std::mem::take(&mut self.0));
            // This panic prints nothing.
            panic::resume_unwind(Box::new(()));
        }
    }
    let _alone = alone();
    let pool = Pool::new(|| Spoilt(black_box(vec![0u8; 32 * MIB])));
    drop(pool.get());
    // The growth may have led to a collect already. If the collect thread has dropped the object, there
    // was no panic here, and no object is left.
    while panic::catch_unwind(collect).is_ok() {
        if pool.stats().idle == 0 {
            drop(pool.get());
        }
    }
    let before = ALLOCATOR.collections();
    let held = black_box(vec![0u8; 12 * MIB]);
    let other: Pool<u8> = Pool::new(|| 0);
    drop(other.get());
    assert!(collects_at_least(before + 1));
    drop(held);
}

/// Below the floor no collect is requested, however much the heap grows.
#[test]
fn no_collect_below_the_floor() {
    let _alone = alone();
    let pool: Pool<u8> = Pool::new(|| 0);
    let before = collected();
    let live = ALLOCATOR.live_bytes();
    assert!(live < 3 * MIB / 2, "{live}");
    let pieces = Vec::from_iter((0..20).map(|_| black_box(vec![0u8; 100 * KIB])));
    assert!(ALLOCATOR.live_bytes() > 2 * live);
    work(&pool);
    assert!(collects(before));
    drop(pieces);
}

/// Without a floor only growth counts.
#[test]
fn a_small_heap_has_collects_without_a_floor() {
    static FREE: PacedAlloc<System> = PacedAlloc::new(System).with_floor(0);
    let _alone = alone();
    let pool: Pool<u8> = Pool::new(|| 0);
    drop(pool.get());
    // Other tests leave different amounts behind.
    let ballast = black_box(vec![0u8; MIB.saturating_sub(ALLOCATOR.live_bytes())]);
    let before = collected();
    let live = ALLOCATOR.live_bytes();
    assert!(live < 3 * MIB / 2, "{live}");
    for (more, more_collects) in [(live / 2, 0), (live * 6 / 5, 1)] {
        let layout = Layout::from_size_align(more, 8).unwrap();
        // SAFETY: the layout has a size.
        let memory = unsafe { FREE.alloc(layout) };
        work(&pool);
        assert!(collects(before + more_collects));
        // SAFETY: allocated by `FREE` above.
        unsafe { FREE.dealloc(memory, layout) };
    }
    drop(ballast);
}

/// Memory that the system refuses is not counted, and the caller gets the refusal.
#[test]
fn refused_memory_is_not_counted() {
    let _alone = alone();
    let before = ALLOCATOR.live_bytes();
    let large = Layout::from_size_align(isize::MAX as usize & !4095, 4096).unwrap();
    let layout = Layout::from_size_align(KIB, 8).unwrap();
    // SAFETY: the layouts have sizes, and the memory is freed.
    unsafe {
        assert_eq!(ALLOCATOR.alloc(large), ptr::null_mut());
        assert_eq!(ALLOCATOR.alloc_zeroed(large), ptr::null_mut());
        let piece = ALLOCATOR.alloc(layout);
        assert_eq!(ALLOCATOR.realloc(piece, layout, large.size() - 4096), ptr::null_mut());
        ALLOCATOR.dealloc(piece, layout);
    }
    assert!(near(ALLOCATOR.live_bytes(), before, KEPT));
}
