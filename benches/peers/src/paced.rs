//! What counting costs an allocator: `PacedAlloc` around it, and the allocator alone.

use std::{
    alloc::{GlobalAlloc, Layout},
    hint::black_box,
    time::Instant,
};

use corepool::alloc::PacedAlloc;

use crate::peers::heaps::Source;

/// Samples of each, in turns.
const SAMPLES: usize = 11;

/// Pairs in a sample.
const PAIRS: u32 = 300_000;

const SIZES: [usize; 4] = [16, 64, 1024, 4096];

/// Prints figures for each allocator and size: ns for a pair of `alloc` and `dealloc`, medians.
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

/// Ns for a pair. Four are held at a time, so that allocators need not answer with the last one.
#[inline(never)]
fn sample<A: GlobalAlloc>(allocator: &A, layout: Layout) -> f64 {
    let start = Instant::now();
    for _ in 0..PAIRS / 4 {
        // SAFETY: the layout has a size, and what was had is freed once.
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
