//! The traits for writing of hyper and of tokio, which have the same methods.

/// Implements such a trait, of the crate that `feature` names, for a stream.
macro_rules! write_trait {
    ($Type:ident, $feature:literal, $Trait:path) => {
        /// One task at a time may use this for each direction.
        #[cfg_attr(docsrs, doc(cfg(feature = $feature)))]
        impl $Trait for $Type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write(cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.close())
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write_vectored(cx, buffers)
            }
        }
    };
}
pub(crate) use write_trait;
