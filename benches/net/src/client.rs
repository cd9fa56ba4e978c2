//! A client for one connection, which checks what it gets.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::serve::HELLO;

/// Far longer than any answer takes.
const LIMIT: Duration = Duration::from_secs(60);

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Opens a connection, and does one exchange.
pub(crate) fn open(address: SocketAddr, kind: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LIMIT))?;
    exchange(&mut stream, kind)?;
    Ok(stream)
}

/// Sends a request, and checks the answer.
pub(crate) fn exchange(stream: &mut TcpStream, kind: &str) -> io::Result<()> {
    if kind == "echo" { echo(stream) } else { request(stream) }
}

fn echo(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(HELLO.as_bytes())?;
    let mut bytes = [0; HELLO.len()];
    stream.read_exact(&mut bytes)?;
    expect(bytes == HELLO.as_bytes(), &bytes)
}

fn request(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(REQUEST)?;
    let mut answer = Vec::new();
    while !answer.ends_with(HELLO.as_bytes()) {
        let mut bytes = [0; 1024];
        let count = match stream.read(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        };
        expect(count > 0, &answer)?;
        answer.extend_from_slice(&bytes[..count]);
    }
    expect(is_hello(&answer), &answer)
}

/// Whether this is the response of all servers: the same bytes, but for the case of letters and the
/// order of the two headers.
fn is_hello(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    lines[1..].sort_unstable();
    let [status, length, date] = lines[..] else { return false };
    status == "http/1.1 200 ok"
        && length == format!("content-length: {}", HELLO.len())
        && date.starts_with("date: ")
        && date.len() == "date: Thu, 01 Jan 1970 00:00:00 GMT".len()
        && body == HELLO.to_ascii_lowercase()
}

fn expect(is: bool, answer: &[u8]) -> io::Result<()> {
    let text = || format!("an answer was {:?}", String::from_utf8_lossy(answer));
    if is { Ok(()) } else { Err(io::Error::other(text())) }
}
