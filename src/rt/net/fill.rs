//! Reads into memory that need not be initialised, for the traits of other crates.

use std::{
    io::{self, Read, Write},
    mem::MaybeUninit,
    task::{Context, Poll},
};

use socket2::SockRef;

use super::{io::Io, readiness::Direction, stream::StreamSource};

pub(crate) trait Fill: StreamSource {
    /// Reads. As many bytes as it returns are initialised, afterwards.
    fn fill(&self, buffer: &mut [MaybeUninit<u8>]) -> io::Result<usize>;
}

impl Fill for mio::net::TcpStream {
    fn fill(&self, buffer: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        self.try_io(|| SockRef::from(self).recv(buffer))
    }
}

#[cfg(unix)]
impl Fill for mio::net::UnixStream {
    fn fill(&self, buffer: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        self.try_io(|| SockRef::from(self).recv(buffer))
    }
}

impl<S> Io<S>
where
    S: Fill,
    for<'a> &'a S: Read + Write,
{
    /// As `poll_read`. As many bytes as it returns are initialised, afterwards.
    pub(crate) fn poll_fill(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        let len = buffer.len();
        self.poll_stream(Direction::Read, None, cx, len, |stream| stream.fill(buffer))
    }
}
