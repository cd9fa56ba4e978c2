//! The ways of a hit, each alone in a function, so that `ci/instructions` can count what they execute.

use std::hint::black_box;

use corepool::Pool;

static NUMBERS: Pool<usize> = Pool::new(|| 1);
static BUFFERS: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(4096));
static BOXES: Pool<Box<u64>> = Pool::new(|| Box::new(1));

/// Functions named `NAME_get_drop` and `NAME_take_put`, which do each so many times.
macro_rules! ways {
    ($pool:ident: $get_drop:ident $take_put:ident) => {
        #[unsafe(no_mangle)]
        #[inline(never)]
        fn $get_drop(times: usize) {
            for _ in 0..times {
                black_box(&mut *$pool.get());
            }
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        fn $take_put(times: usize) {
            for _ in 0..times {
                $pool.put(black_box($pool.take()));
            }
        }
    };
}

ways!(NUMBERS: usize_get_drop usize_take_put);
ways!(BUFFERS: vec_get_drop vec_take_put);
ways!(BOXES: box_get_drop box_take_put);

fn main() {
    let times = std::env::args().nth(1).and_then(|times| times.parse().ok()).unwrap_or(1000);
    let all =
        [usize_get_drop, usize_take_put, vec_get_drop, vec_take_put, box_get_drop, box_take_put];
    all.iter().for_each(|way| way(times));
}
