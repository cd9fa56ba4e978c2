//! Streams of both kinds, and the ways to wait for them.

use std::{future::poll_fn, io, net::Shutdown, pin::Pin, time::Duration};

use corepool::rt::net::TcpStream;
#[cfg(unix)]
use corepool::rt::net::UnixStream;
use futures_io::{AsyncRead, AsyncWrite};

use crate::{dice::Dice, timers};

/// How a task waits until a stream is ready.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    Await,
    /// By the traits, as the only task in this direction.
    Poll,
    /// By `readable` and `try_read`.
    Try,
    /// With a limit of time, again and again.
    Hurry(Duration),
}

impl Manner {
    pub fn any(dice: &mut Dice) -> Self {
        if dice.one_in(4) { Self::Poll } else { Self::shared(dice) }
    }

    /// Returns one with which several tasks may wait at once.
    pub fn shared(dice: &mut Dice) -> Self {
        match dice.below(4) {
            0 => Self::Try,
            1 => Self::Hurry(Duration::from_micros(20) + dice.time()),
            _ => Self::Await,
        }
    }
}

#[derive(Debug)]
pub enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Evaluates `$body` for a stream of either kind.
macro_rules! either {
    ($this:expr, $stream:ident => $body:expr) => {
        match $this {
            Stream::Tcp($stream) => $body,
            #[cfg(unix)]
            Stream::Unix($stream) => $body,
        }
    };
}

/// Awaits `$ready` and attempts `$attempt` until that would not block.
macro_rules! try_until_done {
    ($ready:expr, $attempt:expr) => {
        loop {
            $ready.await?;
            match $attempt {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => break result,
            }
        }
    };
}

/// Repeats an operation until it is ready within its limit.
macro_rules! hurry {
    ($limit:expr, $operation:expr) => {
        loop {
            if let Ok(result) = timers::limited($limit, $operation).await {
                break result;
            }
        }
    };
}

impl Stream {
    pub async fn read(&self, buffer: &mut [u8], manner: Manner) -> io::Result<usize> {
        either!(self, stream => match manner {
            Manner::Await => stream.read(buffer).await,
            Manner::Poll => poll_fn(|cx| Pin::new(&mut &*stream).poll_read(cx, buffer)).await,
            Manner::Try => try_until_done!(stream.readable(), stream.try_read(buffer)),
            Manner::Hurry(limit) => hurry!(limit, stream.read(buffer)),
        })
    }

    pub async fn write(&self, bytes: &[u8], manner: Manner) -> io::Result<usize> {
        either!(self, stream => match manner {
            Manner::Await => stream.write(bytes).await,
            Manner::Poll => poll_fn(|cx| Pin::new(&mut &*stream).poll_write(cx, bytes)).await,
            Manner::Try => try_until_done!(stream.writable(), stream.try_write(bytes)),
            Manner::Hurry(limit) => hurry!(limit, stream.write(bytes)),
        })
    }

    pub async fn write_all(&self, mut bytes: &[u8], manner: Manner) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.write(bytes, manner).await?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        either!(self, stream => stream.shutdown(how))
    }
}
