//! What streams of all kinds have in common.

use std::{
    future::poll_fn,
    io::{self, IoSlice, IoSliceMut, Read, Write},
    task::{Context, Poll},
};

use mio::{Interest, event::Source};

use super::{
    io::{BOTH, Io},
    readiness::{Direction, Until},
};

/// A stream of mio's. References to it implement `Read` and `Write`.
pub(crate) trait StreamSource: Source {
    /// What the poller reports.
    const INTEREST: Interest = BOTH;

    /// Whether nothing is left after a transfer that was shorter than its buffer.
    const SHORT_IS_LAST: bool;
}

/// The most buffers that `std` passes to the system in one call.
const MOST_BUFFERS: usize = 1024;

/// How many bytes there are in all buffers that one call transfers.
fn sum(lengths: impl Iterator<Item = usize>) -> usize {
    // bug: buffers beyond those of one call counted
    lengths.take(MOST_BUFFERS).fold(0, usize::saturating_add)
}

impl<S> Io<S>
where
    S: StreamSource,
    for<'a> &'a S: Read + Write,
{
    /// Transfers up to `len` bytes.
    pub(crate) fn poll_stream(
        &self,
        direction: Direction,
        key: Option<&mut u64>,
        cx: &mut Context<'_>,
        len: usize,
        operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if len == 0 && direction == Direction::Read {
            // The system would wait for a byte.
            return Poll::Ready(Ok(0));
        }
        let is_last = |&done: &usize| S::SHORT_IS_LAST && 0 < done && done < len;
        self.poll_with(direction, Until::Unknown, key, cx, operation, is_last)
    }

    async fn transfer(
        &self,
        direction: Direction,
        len: usize,
        mut operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut waiter = self.waiter(direction);
        poll_fn(|cx| self.poll_stream(direction, Some(waiter.key()), cx, len, &mut operation)).await
    }

    pub(crate) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.transfer(Direction::Read, buffer.len(), |mut stream| stream.read(buffer)).await
    }

    pub(crate) async fn read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let len = sum(buffers.iter().map(|buffer| buffer.len()));
        self.transfer(Direction::Read, len, |mut stream| stream.read_vectored(buffers)).await
    }

    pub(crate) async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.transfer(Direction::Write, bytes.len(), |mut stream| stream.write(bytes)).await
    }

    pub(crate) async fn write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let len = sum(buffers.iter().map(|buffer| buffer.len()));
        self.transfer(Direction::Write, len, |mut stream| stream.write_vectored(buffers)).await
    }

    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let len = buffer.len();
        self.poll_stream(Direction::Read, None, cx, len, |mut stream| stream.read(buffer))
    }

    pub(crate) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = sum(buffers.iter().map(|buffer| buffer.len()));
        self.poll_stream(Direction::Read, None, cx, len, |mut stream| stream.read_vectored(buffers))
    }

    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let len = bytes.len();
        self.poll_stream(Direction::Write, None, cx, len, |mut stream| stream.write(bytes))
    }

    pub(crate) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = sum(buffers.iter().map(|buffer| buffer.len()));
        self.poll_stream(Direction::Write, None, cx, len, |mut s| s.write_vectored(buffers))
    }
}

/// Implements a stream's public methods and traits. The stream is a wrapper of an `Io<$Mio>`.
macro_rules! stream {
    ($Type:ident, $Mio:ty, $Std:ty) => {
        impl $Type {
            /// Makes a stream of the current runtime from one of `std`, which is put into
            /// non-blocking mode.
            ///
            /// # Errors
            ///
            /// If the calling thread belongs to no runtime, or if the system refuses.
            pub fn from_std(stream: $Std) -> io::Result<Self> {
                stream.set_nonblocking(true)?;
                Ok(Self(Io::new(<$Mio>::from_std(stream), <$Mio>::INTEREST)?))
            }

            /// Takes the stream off its runtime. It remains in non-blocking mode:
            /// `set_nonblocking(false)` changes that.
            ///
            /// # Errors
            ///
            /// None at present.
            pub fn into_std(self) -> io::Result<$Std> {
                Ok(self.0.into_inner().into())
            }

            /// Waits until there is something to read, or the other end has closed its side.
            ///
            /// A [`try_read`](Self::try_read) that follows may still find nothing: await this again.
            ///
            /// # Errors
            ///
            /// If the runtime has ended.
            pub async fn readable(&self) -> io::Result<()> {
                self.0.ready(Direction::Read, |_| Ok(true)).await
            }

            /// Waits until there is room to write, or the other end takes no more.
            ///
            /// # Errors
            ///
            /// If the runtime has ended.
            pub async fn writable(&self) -> io::Result<()> {
                self.0.ready(Direction::Write, |_| Ok(true)).await
            }

            /// Reads at least one byte into `buffer`, and at most `buffer.len()`. Returns the number of
            /// bytes read: 0 if the other end has closed its side, or if `buffer` is empty.
            ///
            /// Several tasks may read and write at once. If the future is dropped before it is ready,
            /// nothing has been read.
            ///
            /// # Errors
            ///
            /// The system's errors, and one if the runtime has ended.
            pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.read(buffer).await
            }

            /// As [`read`](Self::read), into several buffers, one after the other.
            ///
            /// # Errors
            ///
            /// As [`read`](Self::read).
            pub async fn read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.0.read_vectored(buffers).await
            }

            /// Writes bytes from the buffer, as many as there is room for, and returns how many.
            ///
            /// # Errors
            ///
            /// The system's errors, and one if the runtime has ended.
            pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
                self.0.write(bytes).await
            }

            /// As [`write`](Self::write), from several buffers, one after the other.
            ///
            /// # Errors
            ///
            /// As [`write`](Self::write).
            pub async fn write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
                self.0.write_vectored(buffers).await
            }

            /// Writes all bytes of the buffer. If the future is dropped before it is ready, some of
            /// them may have been written.
            ///
            /// # Errors
            ///
            /// As [`write`](Self::write).
            pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
                while !bytes.is_empty() {
                    match self.write(bytes).await? {
                        0 => return Err(io::ErrorKind::WriteZero.into()),
                        count => bytes = &bytes[count..],
                    }
                }
                Ok(())
            }

            /// Reads until the buffer is full. If the future is dropped before it is ready, what it
            /// has read is in the buffer, and lost.
            ///
            /// # Errors
            ///
            /// As [`read`](Self::read); one of kind `UnexpectedEof` if the other end closes its side
            /// before.
            pub async fn read_exact(&self, mut buffer: &mut [u8]) -> io::Result<()> {
                while !buffer.is_empty() {
                    match self.read(buffer).await? {
                        0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                        count => buffer = &mut buffer[count..],
                    }
                }
                Ok(())
            }

            /// As [`read`](Self::read), without waiting.
            ///
            /// # Errors
            ///
            /// As [`read`](Self::read); one of kind `WouldBlock` if there is nothing to read.
            pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.attempt_now(Direction::Read, |mut s| s.read(buffer))
            }

            /// As [`read_vectored`](Self::read_vectored), without waiting.
            ///
            /// # Errors
            ///
            /// As [`try_read`](Self::try_read).
            pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.0.attempt_now(Direction::Read, |mut s| s.read_vectored(buffers))
            }

            /// As [`write`](Self::write), without waiting.
            ///
            /// # Errors
            ///
            /// As [`write`](Self::write); one of kind `WouldBlock` if there is no room.
            pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
                self.0.attempt_now(Direction::Write, |mut s| s.write(bytes))
            }

            /// As [`write_vectored`](Self::write_vectored), without waiting.
            ///
            /// # Errors
            ///
            /// As [`try_write`](Self::try_write).
            pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
                self.0.attempt_now(Direction::Write, |mut s| s.write_vectored(buffers))
            }

            /// Closes one side of the stream, or both. What was written before still arrives.
            ///
            /// # Errors
            ///
            /// The system's, for example if the stream is not connected any more.
            pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                self.0.checked()?.shutdown(how)
            }

            /// Returns the error that the socket has, and clears it.
            ///
            /// # Errors
            ///
            /// If the system cannot say.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                self.0.get().take_error()
            }

            /// Closes the side to which this end writes. It may be closed already.
            fn close(&self) -> io::Result<()> {
                match self.shutdown(Shutdown::Write) {
                    Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
                    result => result,
                }
            }
        }

        $crate::rt::net::for_futures::for_futures!($Type);
        #[cfg(feature = "hyper")]
        $crate::rt::net::for_hyper::for_hyper!($Type);
        #[cfg(feature = "tokio")]
        $crate::rt::net::for_tokio::for_tokio!($Type);
    };
}
pub(crate) use stream;
