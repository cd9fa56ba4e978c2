//! The memory that an object owns: it is replaced when the object comes back.

use std::{
    alloc::Layout,
    any::Any,
    mem::ManuallyDrop,
    ptr::{self, NonNull},
};

pub(crate) use super::block::FILL;
use super::block::{Block, Part};

/// Up to this many bytes are replaced.
const MOST: usize = 1 << 20;

/// Moves what an object owns to other memory. Returns the memory where it was.
pub(crate) type Rehouse<T> = fn(&mut T) -> Option<Block>;

/// Moves the contents of a vector to other memory of the same size, of which the rest is filled with `fill`.
/// Returns the memory where they were, filled as well. `None` if there is none, too much of it, or no other.
pub(crate) fn rehouse<E: Copy>(vec: &mut Vec<E>, fill: u8) -> Option<Block> {
    let (capacity, layout) = (vec.capacity(), Layout::array::<E>(vec.capacity()).ok()?);
    if layout.size() == 0 || layout.size() > MOST {
        return None;
    }
    let mut new = Vec::new();
    new.try_reserve_exact(capacity).ok()?;
    // A pool may look at the capacity.
    if new.capacity() != capacity {
        return None;
    }
    new.extend_from_slice(vec);
    let rest = new.spare_capacity_mut();
    // SAFETY: it is the vector's, and may contain anything.
    unsafe { rest.as_mut_ptr().write_bytes(fill, rest.len()) };
    let mut old = ManuallyDrop::new(std::mem::replace(vec, new));
    // SAFETY: the memory of a vector has this layout. The vector is forgotten, and its elements are `Copy`.
    Some(unsafe {
        Block::new(NonNull::new_unchecked(old.as_mut_ptr()).cast(), layout, fill, Part::Buffer)
    })
}

/// Moves the elements of a boxed slice to other memory, as [`rehouse`] does.
fn rehouse_slice<E: Copy>(slice: &mut Box<[E]>) -> Option<Block> {
    // The capacity of the vector is its length, so neither conversion moves the elements.
    let mut vec = std::mem::take(slice).into_vec();
    let block = rehouse(&mut vec, FILL);
    *slice = vec.into_boxed_slice();
    block
}

/// Moves the bytes of a boxed array to other memory, as [`rehouse`] does.
fn rehouse_array<const N: usize>(array: &mut Box<[u8; N]>) -> Option<Block> {
    // SAFETY: a value takes its place below, and nothing panics before that.
    let whole: Box<[u8; N]> = unsafe { ptr::read(array) };
    let mut slice: Box<[u8]> = whole;
    let block = rehouse_slice(&mut slice);
    let moved = Box::into_raw(slice).cast::<[u8; N]>();
    // SAFETY: the slice has as many bytes as the array. What was in the place has been read.
    unsafe { ptr::write(array, Box::from_raw(moved)) };
    block
}

/// Returns how the memory of a `T` is replaced, if `T` is a type known here: a string, a vector or a boxed slice
/// of numbers, or a boxed array of bytes.
pub(crate) fn known<T: 'static>() -> Option<Rehouse<T>> {
    fn same<T: 'static, U: 'static>(rehouse: Rehouse<U>) -> Option<Rehouse<T>> {
        (&rehouse as &dyn Any).downcast_ref::<Rehouse<T>>().copied()
    }
    macro_rules! vector {
        ($($number:ty)*) => {
            None$(.or_else(|| same(|vec: &mut Vec<$number>| rehouse(vec, FILL)))
                .or_else(|| same(|slice: &mut Box<[$number]>| rehouse_slice(slice))))*
        };
    }
    macro_rules! array {
        ($($length:literal)*) => {
            None$(.or_else(|| same(|array: &mut Box<[u8; $length]>| rehouse_array(array))))*
        };
    }
    // SAFETY: the bytes stay as they are.
    let string: Rehouse<String> = |string| rehouse(unsafe { string.as_mut_vec() }, FILL);
    vector!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 char)
        .or_else(|| same(string))
        // Boxes are pooled where an object is too large to be moved.
        .or_else(|| array!(16 32 64 128 256 512 1024 2048 4096 8192 16384 32768 65536 131072))
}
