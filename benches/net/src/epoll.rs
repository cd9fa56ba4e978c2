//! The lower limit: one thread in a loop around epoll, which looks for the ends of requests and
//! answers them. It knows nothing else of HTTP.

use std::{
    io::{self, ErrorKind, Read, Write},
    thread,
    time::{Duration, SystemTime},
};

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};

use crate::serve::{self, HELLO};

const LISTENER: Token = Token(usize::MAX);

/// The end of a request without a body.
const END: &[u8] = b"\r\n\r\n";

/// Serves until the standard input ends.
pub(crate) fn run() -> io::Result<()> {
    let listener = serve::listen()?;
    println!("{}", listener.local_addr()?.port());
    thread::spawn(|| {
        let Err(error) = Loop::new(TcpListener::from_std(listener)).and_then(|mut it| it.run());
        eprintln!("corepool-net-bench: {error}");
        std::process::exit(1);
    });
    serve::wait_for_end();
    std::process::exit(0);
}

struct Loop {
    poll: Poll,
    listener: TcpListener,
    /// The connections, by their tokens.
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    answer: Answer,
}

struct Connection {
    stream: TcpStream,
    /// How many bytes of `END` were the last that arrived.
    matched: usize,
}

impl Loop {
    fn new(mut listener: TcpListener) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let answer = Answer::new();
        Ok(Self { poll, listener, connections: Vec::new(), free: Vec::new(), answer })
    }

    fn run(&mut self) -> io::Result<std::convert::Infallible> {
        let mut events = Events::with_capacity(1024);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            self.answer.set_date();
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(number) => self.serve(number, event.is_read_closed()),
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                result => result?.0,
            };
            stream.set_nodelay(true)?;
            let number = self.free.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            self.poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
            self.connections[number] = Some(Connection { stream, matched: 0 });
        }
    }

    /// Answers what has arrived. Closes the connection at its end, or if there is an error.
    fn serve(&mut self, number: usize, closed: bool) {
        let Some(connection) = &mut self.connections[number] else { return };
        if let Ok(true) = connection.serve(&self.answer.text, closed) {
            return;
        }
        // The drop takes it off the poller, too.
        self.connections[number] = None;
        self.free.push(number);
    }
}

impl Connection {
    /// Returns whether the connection goes on.
    fn serve(&mut self, answer: &[u8], closed: bool) -> io::Result<bool> {
        let mut bytes = [0; 4096];
        loop {
            let count = match self.stream.read(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                result => result?,
            };
            if count == 0 {
                return Ok(false);
            }
            for _ in 0..self.requests(&bytes[..count]) {
                // There is room for an answer, since the client reads one before its next request.
                // Otherwise the connection ends, with an error at the client.
                if self.stream.write(answer)? < answer.len() {
                    return Ok(false);
                }
            }
            // What arrives from now on is another event.
            if count < bytes.len() && !closed {
                return Ok(true);
            }
        }
    }

    /// Returns how many requests end in these bytes.
    fn requests(&mut self, bytes: &[u8]) -> usize {
        let mut ends = 0;
        for &byte in bytes {
            // `\r` is the first byte of the end, whatever came before.
            let begun = usize::from(byte == END[0]);
            self.matched = if byte == END[self.matched] { self.matched + 1 } else { begun };
            if self.matched == END.len() {
                (self.matched, ends) = (0, ends + 1);
            }
        }
        ends
    }
}

/// The response. Its date is written once a second, as hyper does it.
struct Answer {
    text: Vec<u8>,
    second: u64,
}

impl Answer {
    fn new() -> Self {
        let mut answer = Self { text: Vec::new(), second: 0 };
        answer.set_date();
        answer
    }

    fn set_date(&mut self) {
        let now = SystemTime::now();
        let second = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        if second != self.second {
            let (length, date) = (HELLO.len(), httpdate::fmt_http_date(now));
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ndate: {date}");
            self.text = format!("{head}\r\n\r\n{HELLO}").into_bytes();
            self.second = second;
        }
    }
}
