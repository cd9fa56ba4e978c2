//! The layout of a table that doubles: bucket 0 holds the first items, and each further bucket
//! holds as many as all buckets before it together. Items never move when the table grows.

use crate::sync::model_limit;

/// The most seats that can be held at one time. Threads beyond that use the shelf.
pub(crate) const MAX_SEATS: usize = model_limit(1 << 14, 4);

/// Returns the bucket of item `id` and the item's index in it. The first bucket holds `first` items
/// (a power of two), and each further one as many as all before it.
pub(crate) const fn locate(id: usize, first: usize) -> (usize, usize) {
    match (id / first).checked_ilog2() {
        None => (0, id),
        // bug: buckets overlap
        Some(log) => (log as usize + 1, id - (first << log)),
    }
}

/// Returns the number of items in bucket `index`.
pub(crate) const fn len(index: usize, first: usize) -> usize {
    match index {
        0 => first,
        _ => first << (index - 1),
    }
}
