//! rayon with scratch space. A worker may start another item while it waits inside one, so there may be
//! two pieces of scratch space on a thread: a pool has them, a `thread_local!` does not.
//!
//! ```console
//! $ cargo run --release --example rayon [-- --quick]
//! ```

use std::hint::black_box;

use corepool::Pool;
use corepool_recipes::{Effort, Table};
use rayon::prelude::*;

const WIDTH: usize = 40_000;

/// Each takes 320 KB. There are as many as are used at once, for all calls.
static SCRATCH: Pool<Box<[u64; WIDTH]>> = Pool::new(scratch);

fn scratch() -> Box<[u64; WIDTH]> {
    vec![0; WIDTH].try_into().expect("as long as the array")
}

/// Sums what the item leaves in its scratch space, which it overwrites.
fn work(item: u64, scratch: &mut [u64; WIDTH]) -> u64 {
    scratch.par_chunks_mut(10_000).for_each(|part| {
        part.iter_mut().zip(item..).for_each(|(place, value)| *place = value);
    });
    scratch.iter().step_by(100).sum()
}

fn pooled(items: u64) -> u64 {
    (0..items).into_par_iter().map(|item| work(item, &mut SCRATCH.get())).sum()
}

fn fresh(items: u64) -> u64 {
    (0..items).into_par_iter().map(|item| work(item, &mut scratch())).sum()
}

fn main() {
    assert_eq!(pooled(100), fresh(100));
    Table::new("40 items with scratch space of 320 KB")
        .way("fresh", || assert!(fresh(black_box(40)) > 0))
        .way("corepool", || assert!(pooled(black_box(40)) > 0))
        .print(Effort::from_args());
    eprintln!("{} pieces of scratch space were created", SCRATCH.stats().created);
}
