//! A pool in a `static`: hash maps as scratch space. A map that is cleared keeps its table, so it does
//! not grow again.
//!
//! ```console
//! $ cargo run --release --example pool
//! ```

use std::collections::HashMap;

use corepool::Pool;

mod measure;

static COUNTS: Pool<HashMap<u64, u32>> =
    <Pool<HashMap<u64, u32>>>::new(HashMap::new).with_recycle(|counts| {
        counts.clear(); // runs on each map that comes back
        counts.capacity() <= 1 << 16 // one that has grown larger is dropped
    });

/// Returns the number that occurs most often.
fn most_frequent(numbers: &[u64], counts: &mut HashMap<u64, u32>) -> Option<u64> {
    numbers.iter().for_each(|&number| *counts.entry(number).or_default() += 1);
    counts.iter().max_by_key(|&(_, count)| count).map(|(&number, _)| number)
}

fn main() {
    let numbers: Vec<u64> = (0..2000).map(|number| number * number % 997).collect();
    for _ in 0..3 {
        let mut counts = COUNTS.get(); // an idle map, or a new one
        assert!(most_frequent(&numbers, &mut counts).is_some());
    } // dropping the guard returns the map to the pool
    let stats = COUNTS.stats();
    println!("{} created, {} hits, {} idle", stats.created, stats.hits, stats.idle);

    measure::compare(
        "2000 numbers counted",
        || assert!(most_frequent(&numbers, &mut HashMap::new()).is_some()),
        || assert!(most_frequent(&numbers, &mut COUNTS.get()).is_some()),
    );
}
