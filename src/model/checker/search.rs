//! What a search chooses from.

/// A search that must choose an object.
#[derive(Debug)]
pub(in crate::model) struct Search {
    /// The number of idle objects, which is not 0. The newest is the last.
    pub(in crate::model) idle: usize,
    /// The steps of other threads between the two steps of the search.
    pub(in crate::model) disturbed: usize,
    /// Whether the search may return `None` although objects are idle.
    pub(in crate::model) may_miss: bool,
}
