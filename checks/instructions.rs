//! Each kind of hit, and collects, alone in a function each, so that `ci/instructions` can count
//! the instructions that they execute.

use std::hint::black_box;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use corepool::{PerSeat, Pool, buffer::BufferPool};

static NUMBERS: Pool<usize> = Pool::new(|| 1);
static BUFFERS: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(4096));
static BOXES: Pool<Box<u64>> = Pool::new(|| Box::new(1));

static RECYCLED: Pool<Vec<u8>> =
    <Pool<Vec<u8>>>::new(|| Vec::with_capacity(4096)).with_recycle(|vec| {
        vec.clear();
        vec.capacity() <= 65_536
    });
static BOUND_1000: Pool<Vec<u8>> = bounded(1000);
static BOUND_64: Pool<Vec<u8>> = bounded(64);
static BOUND_16: Pool<Vec<u8>> = bounded(16);
static BOUND_4: Pool<Vec<u8>> = bounded(4);
static WEIGHED: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(|| Vec::with_capacity(4096))
    .with_weight(Vec::capacity)
    .with_max_idle_bytes(1 << 20);
static BATCHES: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(4096));
static WEIGHED_BATCHES: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(|| Vec::with_capacity(4096))
    .with_weight(Vec::capacity)
    .with_max_idle_bytes(1 << 20);
static CLASSES: BufferPool = BufferPool::new();
static COUNTS: PerSeat<AtomicU64> = PerSeat::new(|| AtomicU64::new(0));

const fn bounded(most: usize) -> Pool<Vec<u8>> {
    <Pool<Vec<u8>>>::new(Vec::new).with_max_idle(most)
}

/// Gets eight objects, and then drops all of them.
#[inline(always)]
fn hold_8(pool: &'static Pool<Vec<u8>>) {
    black_box(&mut [(); 8].map(|()| pool.get()));
}

/// Functions named `WHAT_get_drop`, `WHAT_take_put` and `WHAT_in_seat`, which repeat the hit `times` times.
macro_rules! ways {
    ($($name:ident $way:expr;)*) => {$(
        #[unsafe(no_mangle)]
        #[inline(never)]
        fn $name(times: usize) {
            for _ in 0..times {
                $way;
            }
        }
    )*};
}

ways! {
    usize_get_drop black_box(&mut *NUMBERS.get());
    vec_get_drop black_box(&mut *BUFFERS.get());
    box_get_drop black_box(&mut *BOXES.get());
    recycled_get_drop black_box(&mut *RECYCLED.get());
    owned_get_drop black_box(&mut *BUFFERS.get_owned());
    of_get_drop black_box(&mut *corepool::of::<Vec<u8>>().get());
    bound_1000_get_drop black_box(&mut *BOUND_1000.get());
    bound_64_get_drop black_box(&mut *BOUND_64.get());
    bound_16_get_drop black_box(&mut *BOUND_16.get());
    bound_4_get_drop black_box(&mut *BOUND_4.get());
    weighed_get_drop black_box(&mut *WEIGHED.get());
    hold_8_get_drop hold_8(&BATCHES);
    weighed_hold_8_get_drop hold_8(&WEIGHED_BATCHES);
    usize_take_put NUMBERS.put(black_box(NUMBERS.take()));
    vec_take_put BUFFERS.put(black_box(BUFFERS.take()));
    weighed_take_put WEIGHED.put(black_box(WEIGHED.take()));
    box_take_put BOXES.put(black_box(BOXES.take()));
    recycled_take_put RECYCLED.put(black_box(RECYCLED.take()));
    buffer_get_drop black_box(&mut *CLASSES.get());
    buffer_owned_get_drop black_box(&mut *CLASSES.get_owned());
    buffer_3000_get_drop black_box(&mut *CLASSES.with_capacity(black_box(3000)));
    buffer_100k_get_drop black_box(&mut *CLASSES.with_capacity(black_box(100_000)));
    buffer_500k_get_drop black_box(&mut *CLASSES.with_capacity(black_box(500_000)));
    buffer_1m_get_drop black_box(&mut *CLASSES.with_capacity(black_box(1_000_000)));
    count_in_seat COUNTS.with(|own| own.store(own.load(Relaxed) + 1, Relaxed));
    index_in_seat corepool::with_seat(black_box);
}

const FEW: usize = 1000;
const MANY: usize = 100_000;

/// Functions that collect while a pool holds `$objects` objects.
macro_rules! collects {
    ($name:ident $objects:ident) => {
        #[unsafe(no_mangle)]
        #[inline(never)]
        fn $name() {
            // Keeps the compiler from merging the two functions.
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
    // The first collect is not counted.
    collect_full(MANY, corepool::collect);
    collect_full(FEW, few_collect);
    collect_full(MANY, many_collect);
    let times = std::env::args().nth(1).and_then(|times| times.parse().ok()).unwrap_or(1000);
    let objects = [
        usize_get_drop,
        vec_get_drop,
        box_get_drop,
        recycled_get_drop,
        owned_get_drop,
        of_get_drop,
    ];
    let values = [usize_take_put, vec_take_put, box_take_put, recycled_take_put, weighed_take_put];
    let options = [
        bound_1000_get_drop,
        bound_64_get_drop,
        bound_16_get_drop,
        bound_4_get_drop,
        weighed_get_drop,
        hold_8_get_drop,
        weighed_hold_8_get_drop,
    ];
    let buffers = [
        buffer_get_drop,
        buffer_owned_get_drop,
        buffer_3000_get_drop,
        buffer_100k_get_drop,
        buffer_500k_get_drop,
        buffer_1m_get_drop,
    ];
    let seats = [count_in_seat, index_in_seat];
    objects
        .iter()
        .chain(&seats)
        .chain(&options)
        .chain(&values)
        .chain(&buffers)
        .for_each(|way| way(times));
}
