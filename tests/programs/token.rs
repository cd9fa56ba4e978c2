//! Objects that are counted and numbered.

use std::{
    mem::{MaybeUninit, take},
    sync::{Arc, Mutex},
};

/// The counts of the objects of one program.
#[derive(Default)]
pub(super) struct Book(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    made: usize,
    alive: usize,
    dropped: Vec<usize>,
}

impl Book {
    pub(super) fn alive(&self) -> usize {
        self.0.lock().unwrap().alive
    }

    /// Returns the numbers of the objects that have been dropped since the last call.
    pub(super) fn take_dropped(&self) -> Vec<usize> {
        take(&mut self.0.lock().unwrap().dropped)
    }
}

/// An object with a number of its own, and `PAD` bytes to be large.
pub(super) struct Token<const PAD: usize> {
    number: usize,
    /// The complement of the number, while the object is alive.
    stamp: usize,
    _pad: MaybeUninit<[u8; PAD]>,
    book: Arc<Book>,
}

impl<const PAD: usize> Token<PAD> {
    pub(super) fn new(book: &Arc<Book>) -> Self {
        let mut entries = book.0.lock().unwrap();
        let number = entries.made;
        entries.made += 1;
        entries.alive += 1;
        Self { number, stamp: !number, _pad: MaybeUninit::uninit(), book: Arc::clone(book) }
    }

    pub(super) fn number(&self) -> usize {
        assert_eq!(self.stamp, !self.number, "this is no object");
        self.number
    }
}

impl<const PAD: usize> Drop for Token<PAD> {
    /// Only records it: a panic in a destructor would hide the cause.
    fn drop(&mut self) {
        self.stamp = 0;
        let mut entries = self.book.0.lock().unwrap();
        entries.alive = entries.alive.wrapping_sub(1);
        entries.dropped.push(self.number);
    }
}
