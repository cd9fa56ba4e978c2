//! Where an item is in a table that doubles: bucket 0 holds the first items, and each further bucket
//! holds as many as all buckets before it together. Items never move when the table grows.

use crate::sync::model_limit;

/// Threads that can hold seats at one time. The others use the shelf.
pub(crate) const MAX_SEATS: usize = model_limit(1 << 14, 4);

/// Segments of shards in a pool, enough for all seats.
pub(crate) const SEGMENTS: usize = locate(MAX_SEATS - 1, 1).0 + 1;

/// Which bucket holds item `id`, and where in it. The first holds `first` items (a power of two),
/// and each one after it as many as all before it.
pub(crate) const fn locate(id: usize, first: usize) -> (usize, usize) {
    match (id / first).checked_ilog2() {
        None => (0, id),
        // bug: buckets overlap
        Some(log) => (log as usize + 1, id - (first << log)),
    }
}

/// How many items bucket `index` holds.
pub(crate) const fn len(index: usize, first: usize) -> usize {
    match index {
        0 => first,
        _ => first << (index - 1),
    }
}
