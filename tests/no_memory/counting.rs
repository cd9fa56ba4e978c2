//! `PacedAlloc` needs no memory for its own counts.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    thread,
    time::{Duration, Instant},
};

use corepool::{Pool, alloc::PacedAlloc};

use crate::{
    allocator::{Refuse, refuse, relent},
    alone,
};

/// It allocates neither at a thread's first call nor when a collect is due, and does not collect in
/// that call.
#[test]
fn counting_takes_no_memory() {
    static PACED: PacedAlloc<System> = PacedAlloc::new(System).with_floor(0);
    alone(|| {
        let pool = Pool::new(|| 0);
        drop(pool.get());
        let count = || {
            refuse(Refuse::All);
            for size in [1, 100 << 10, 1 << 20] {
                let layout = Layout::from_size_align(size, 1).unwrap();
                // SAFETY: the layouts have sizes, and the memory is freed.
                unsafe {
                    let memory = PACED.alloc(layout);
                    let memory = PACED.realloc(memory, layout, 2 * size);
                    PACED.dealloc(memory, Layout::from_size_align(2 * size, 1).unwrap());
                }
            }
            (PACED.live_bytes(), relent())
        };
        for _ in 0..3 {
            let (live, refused) = thread::scope(|scope| scope.spawn(count).join().unwrap());
            assert_eq!((live, refused, PACED.collections()), (0, 0, 0));
        }
        // The collect was due.
        pool.clear();
        drop(pool.get());
        let start = Instant::now();
        while PACED.collections() == 0 && start.elapsed() < Duration::from_secs(200) {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(PACED.collections(), 1);
    });
}
