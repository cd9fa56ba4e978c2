//! The cost of counting in an allocator: `PacedAlloc` around an allocator, and the allocator alone.

use std::{
    alloc::{GlobalAlloc, Layout},
    hint::black_box,
    time::Instant,
};

use corepool::alloc::PacedAlloc;

use crate::peers::heaps::Source;

/// The number of samples of each, which take turns.
const SAMPLES: usize = 11;

/// The number of pairs in a sample.
const PAIRS: u32 = 300_000;

const SIZES: [usize; 4] = [16, 64, 1024, 4096];

/// Prints the nanoseconds of a pair of `alloc` and `dealloc` for each allocator and size. These are
/// medians.
pub fn measure() {
    compare::<std::alloc::System>();
    compare::<mimalloc::MiMalloc>();
    #[cfg(feature = "jemalloc")]
    compare::<tikv_jemallocator::Jemalloc>();
}

fn compare<S: Source>() {
    let paced = PacedAlloc::new(S::IT);
    for size in SIZES {
        let layout = Layout::from_size_align(size, 8).unwrap();
        let (mut alone, mut with) = (Vec::new(), Vec::new());
        for _ in 0..SAMPLES {
            alone.push(sample(&S::IT, layout));
            with.push(sample(&paced, layout));
        }
        let [alone, with] = [alone, with].map(median);
        for (what, much) in [("alone", alone), ("paced", with), ("more", with - alone)] {
            println!("paced\t{}, {size} bytes\t{what}\t{much:.3}", S::NAME);
        }
    }
}

/// Returns the nanoseconds of a pair. Four blocks are held at a time, so that an allocator does not
/// simply return the last freed one.
#[inline(never)]
fn sample<A: GlobalAlloc>(allocator: &A, layout: Layout) -> f64 {
    let start = Instant::now();
    for _ in 0..PAIRS / 4 {
        // SAFETY: the layout has a size, and each block is freed once.
        unsafe {
            let pieces: [*mut u8; 4] = std::array::from_fn(|_| black_box(allocator.alloc(layout)));
            pieces.into_iter().for_each(|piece| allocator.dealloc(piece, layout));
        }
    }
    start.elapsed().as_nanos() as f64 / f64::from(PAIRS)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
