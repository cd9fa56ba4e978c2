//! The traits of a [`Buffer`]: by reference it is a `Vec<u8>`; by value it is a writer, a
//! [`BufMut`] and a collection of bytes, for code that owns its writer.

use std::{
    borrow::{Borrow, BorrowMut},
    fmt,
    io::{self, IoSlice, Write},
    ops::{Deref, DerefMut},
};

use bytes::{Buf, BufMut, Bytes, buf::UninitSlice};

use super::guard::Buffer;

impl Deref for Buffer<'_> {
    type Target = Vec<u8>;

    #[inline]
    fn deref(&self) -> &Vec<u8> {
        self.vec()
    }
}

impl DerefMut for Buffer<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        self.vec_mut()
    }
}

/// Appends to the buffer. Never fails.
impl Write for Buffer<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.vec_mut().write(bytes)
    }

    #[inline]
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.vec_mut().write_vectored(slices)
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.vec_mut().write_all(bytes)
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// SAFETY: all functions forward to `Vec`'s implementation, on the same `Vec`.
unsafe impl BufMut for Buffer<'_> {
    #[inline]
    fn remaining_mut(&self) -> usize {
        self.vec().remaining_mut()
    }

    #[inline]
    unsafe fn advance_mut(&mut self, count: usize) {
        // SAFETY: guaranteed by the caller.
        unsafe { self.vec_mut().advance_mut(count) };
    }

    #[inline]
    fn chunk_mut(&mut self) -> &mut UninitSlice {
        self.vec_mut().chunk_mut()
    }

    #[inline]
    fn put<T: Buf>(&mut self, source: T)
    where
        Self: Sized,
    {
        self.vec_mut().put(source);
    }

    #[inline]
    fn put_slice(&mut self, bytes: &[u8]) {
        self.vec_mut().put_slice(bytes);
    }

    #[inline]
    fn put_bytes(&mut self, byte: u8, count: usize) {
        self.vec_mut().put_bytes(byte, count);
    }
}

impl Extend<u8> for Buffer<'_> {
    #[inline]
    fn extend<I: IntoIterator<Item = u8>>(&mut self, bytes: I) {
        self.vec_mut().extend(bytes);
    }
}

impl<'a> Extend<&'a u8> for Buffer<'_> {
    #[inline]
    fn extend<I: IntoIterator<Item = &'a u8>>(&mut self, bytes: I) {
        self.vec_mut().extend(bytes);
    }
}

impl AsRef<[u8]> for Buffer<'_> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.vec()
    }
}

impl AsMut<[u8]> for Buffer<'_> {
    #[inline]
    fn as_mut(&mut self) -> &mut [u8] {
        self.vec_mut()
    }
}

impl Borrow<[u8]> for Buffer<'_> {
    fn borrow(&self) -> &[u8] {
        self.vec()
    }
}

impl BorrowMut<[u8]> for Buffer<'_> {
    fn borrow_mut(&mut self) -> &mut [u8] {
        self.vec_mut()
    }
}

impl fmt::Debug for Buffer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.vec(), f)
    }
}

impl From<Buffer<'static>> for Bytes {
    fn from(buffer: Buffer<'static>) -> Self {
        buffer.freeze()
    }
}

impl From<Buffer<'_>> for Vec<u8> {
    fn from(buffer: Buffer<'_>) -> Self {
        Buffer::into_vec(buffer)
    }
}
