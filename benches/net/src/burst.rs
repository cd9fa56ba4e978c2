//! Many connections at once to an echo.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

/// Far longer than it takes. What is missing then is lost.
const LIMIT: Duration = Duration::from_secs(30);

/// The length of a message.
const LEN: usize = 64;

struct Connection {
    stream: TcpStream,
    message: [u8; LEN],
    sent: bool,
    /// What has come back.
    echo: Vec<u8>,
    ended: bool,
}

/// Opens `count` connections without waiting, sends a message on each, and waits for what comes back.
/// Returns how many got their own message, and how long all took.
pub(crate) fn run(address: SocketAddr, count: usize) -> io::Result<(usize, Duration)> {
    let start = Instant::now();
    let mut poll = Poll::new()?;
    let mut connections = Vec::with_capacity(count);
    for number in 0..count {
        let mut stream = TcpStream::connect(address)?;
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(number), both)?;
        let mut message = [b'.'; LEN];
        message[..8].copy_from_slice(&number.to_be_bytes());
        connections.push(Connection {
            stream,
            message,
            sent: false,
            echo: Vec::new(),
            ended: false,
        });
    }
    let mut events = Events::with_capacity(1024);
    let mut left = count;
    while left > 0 && start.elapsed() < LIMIT {
        match poll.poll(&mut events, Some(Duration::from_millis(100))) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            let connection = &mut connections[event.token().0];
            if !connection.ended && connection.goes_on().is_none_or(|goes_on| !goes_on) {
                connection.ended = true;
                left -= 1;
            }
        }
    }
    let echoed = connections.iter().filter(|one| one.echo == one.message).count();
    Ok((echoed, start.elapsed()))
}

impl Connection {
    /// Sends, or reads. Returns whether more is to come, or `None` if there is an error.
    fn goes_on(&mut self) -> Option<bool> {
        if !self.sent {
            match self.stream.write(&self.message) {
                Ok(LEN) => self.sent = true,
                Err(error) if is_early(&error) => return Some(true),
                _ => return None,
            }
        }
        let mut bytes = [0; LEN];
        while self.echo.len() < LEN {
            match self.stream.read(&mut bytes) {
                Ok(count @ 1..) => self.echo.extend_from_slice(&bytes[..count]),
                Err(error) if is_early(&error) => return Some(true),
                _ => return None,
            }
        }
        Some(false)
    }
}

/// Whether an operation has to be tried after the next event.
fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected)
}
