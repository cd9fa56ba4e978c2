//! Feature `tokio`: the traits of tokio.

/// Implements `AsyncRead` and `AsyncWrite` for a stream.
macro_rules! for_tokio {
    ($Type:ident) => {
        /// One task at a time may use this for each direction.
        #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
        impl tokio::io::AsyncRead for $Type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                // SAFETY: nothing is made uninitialised.
                let unfilled = unsafe { buffer.unfilled_mut() };
                let count = std::task::ready!(self.0.poll_fill(cx, unfilled))?;
                // SAFETY: that many bytes have been read.
                unsafe { buffer.assume_init(count) };
                buffer.advance(count);
                Poll::Ready(Ok(()))
            }
        }

        $crate::rt::net::write_trait::write_trait!($Type, "tokio", tokio::io::AsyncWrite);
    };
}
pub(crate) use for_tokio;
