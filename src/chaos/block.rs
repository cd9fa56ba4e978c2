//! Memory that nothing uses any more, filled with a pattern.

use std::{
    alloc::{Layout, dealloc},
    ptr::NonNull,
    slice,
};

/// What memory is filled with. As a length or a capacity it is more than any vector has, and it is no UTF-8.
pub(crate) const FILL: u8 = 0xdb;

/// What a block was a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The object itself.
    Object,
    /// The memory that the object owned.
    Buffer,
}

/// An allocation that nothing uses any more, filled with one byte. It is freed when this is dropped.
#[derive(Debug)]
pub(crate) struct Block {
    start: NonNull<u8>,
    layout: Layout,
    fill: u8,
    pub(crate) part: Part,
}

// SAFETY: a block owns its memory.
unsafe impl Send for Block {}

impl Block {
    /// Fills an allocation with `fill`.
    ///
    /// # Safety
    ///
    /// The memory was allocated by the global allocator with this layout, which is not empty. Ownership passes
    /// to the result, and nothing in the memory must be dropped.
    pub(crate) unsafe fn new(start: NonNull<u8>, layout: Layout, fill: u8, part: Part) -> Self {
        // SAFETY: the caller's promise.
        unsafe { start.write_bytes(fill, layout.size()) };
        Self { start, layout, fill, part }
    }

    pub(crate) fn address(&self) -> usize {
        self.start.addr().get()
    }

    pub(crate) fn len(&self) -> usize {
        self.layout.size()
    }

    /// Returns the index of a byte that has changed since the block was filled, if there is one.
    pub(crate) fn changed(&self) -> Option<usize> {
        // SAFETY: the memory is ours, and was written as a whole.
        let bytes = unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len()) };
        // One comparison of two slices, which is quick in builds that are not optimised as well.
        // bug: change of filled memory overlooked
        if bytes[0] == self.fill && bytes[1..] == bytes[..bytes.len() - 1] {
            return None;
        }
        bytes.iter().position(|&byte| byte != self.fill)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: the promise of `new`.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}
