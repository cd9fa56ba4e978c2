//! Bytes as choices. After the end of the bytes, each further one is 0.

use std::iter;

pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Bytes<'_> {
    pub(super) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// A small number.
    pub(super) fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Any size, mostly an absurd one: near a power of two, near zero, or near the largest.
    pub(super) fn size(&mut self) -> usize {
        let (shift, offset) = (self.byte(), self.byte() as i8);
        1usize.rotate_left(u32::from(shift)).wrapping_add_signed(offset.into())
    }

    /// Operations, until there are no bytes left.
    pub(super) fn all<T>(&mut self, decode: fn(&mut Self) -> T) -> Vec<T> {
        iter::from_fn(|| (!self.0.is_empty()).then(|| decode(self))).collect()
    }
}
