//! What is set before the first use of a pool.

/// The hooks and the bounds of a pool.
#[derive(Debug)]
pub(super) struct Options<T> {
    pub(super) recycle: Option<fn(&mut T) -> bool>,
    pub(super) weight: Option<fn(&T) -> usize>,
    pub(super) max_idle: usize,
    pub(super) min_idle: usize,
    pub(super) max_idle_bytes: usize,
}

impl<T> Clone for Options<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Options<T> {}

impl<T> Options<T> {
    pub(super) const fn new() -> Self {
        Self {
            recycle: None,
            weight: None,
            max_idle: usize::MAX,
            min_idle: 0,
            max_idle_bytes: usize::MAX,
        }
    }

    /// Returns the function that weighs objects, if their weight is bounded.
    pub(super) fn weigher(&self) -> Option<fn(&T) -> usize> {
        self.weight.filter(|_| self.max_idle_bytes != usize::MAX)
    }

    /// Returns whether there is room for one more object beside `idle` objects of `bytes` bytes.
    pub(super) fn has_room(&self, idle: usize, bytes: usize, weight: usize) -> bool {
        let by_weight = match self.weight {
            _ if self.max_idle_bytes == usize::MAX => true,
            Some(_) => bytes.checked_add(weight).is_some_and(|sum| sum <= self.max_idle_bytes),
            None => idle < self.max_idle_bytes / size_of::<T>().max(1),
        };
        by_weight && idle < self.max_idle
    }
}
