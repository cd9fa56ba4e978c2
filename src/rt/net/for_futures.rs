//! The traits of `futures_io`.

/// Implements `AsyncRead` and `AsyncWrite` for a stream and for references to it.
macro_rules! for_futures {
    ($Type:ident) => {
        $crate::rt::net::for_futures::for_futures!(@one $Type, $Type);
        $crate::rt::net::for_futures::for_futures!(@one $Type, &$Type);
    };
    (@one $Type:ident, $Self:ty) => {
        /// One task at a time may use this for each direction. Tasks that share a stream use its
        /// own methods.
        impl futures_io::AsyncRead for $Self {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_read(cx, buffer)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_read_vectored(cx, buffers)
            }
        }

        /// One task at a time may use this for each direction. Closing the stream shuts down the
        /// side to which it writes.
        impl futures_io::AsyncWrite for $Self {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write(cx, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write_vectored(cx, buffers)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.close())
            }
        }
    };
}
pub(crate) use for_futures;
