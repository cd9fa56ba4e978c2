//! The ways of a hit, and collects, each alone in a function, so that `ci/instructions` can count what they
//! execute.

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

const FEW: usize = 1000;
const MANY: usize = 100_000;

/// Functions that collect while a pool holds so many objects.
macro_rules! collects {
    ($name:ident $objects:ident) => {
        #[unsafe(no_mangle)]
        #[inline(never)]
        fn $name() {
            // So that the two are not made one.
            black_box($objects);
            corepool::collect();
        }
    };
}

collects!(few_collect FEW);
collects!(many_collect MANY);

/// Fills a pool and collects, three times.
fn collect_full(objects: usize, collect: fn()) {
    for _ in 0..3 {
        (0..objects).for_each(|i| NUMBERS.put(i));
        collect();
        NUMBERS.clear();
    }
}

fn main() {
    // What the first one does is not to count.
    collect_full(MANY, corepool::collect);
    collect_full(FEW, few_collect);
    collect_full(MANY, many_collect);
    let times = std::env::args().nth(1).and_then(|times| times.parse().ok()).unwrap_or(1000);
    let all =
        [usize_get_drop, usize_take_put, vec_get_drop, vec_take_put, box_get_drop, box_take_put];
    all.iter().for_each(|way| way(times));
}
