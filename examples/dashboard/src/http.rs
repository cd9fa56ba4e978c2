//! As much of HTTP/1.1 as a page of one's own needs: `GET`, and connections that stay open.

use std::{borrow::Cow, io};

use corepool::{
    Pool,
    rt::{
        self,
        net::{TcpListener, TcpStream},
    },
};

/// The largest head of a request.
const MOST: usize = 8 << 10;

/// The buffers of connections: what they read, and what they write.
static BUFFERS: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(|| Vec::with_capacity(16 << 10))
    .with_recycle(|buffer| {
        buffer.clear();
        buffer.capacity() <= 256 << 10
    })
    .with_name("http buffers");

pub(crate) struct Response {
    status: &'static str,
    kind: &'static str,
    body: Cow<'static, str>,
}

impl Response {
    pub(crate) fn ok(kind: &'static str, body: impl Into<Cow<'static, str>>) -> Self {
        Self { status: "200 OK", kind, body: body.into() }
    }

    pub(crate) fn not_found() -> Self {
        Self {
            status: "404 Not Found",
            kind: "text/plain",
            body: "There is no such page.\n".into(),
        }
    }

    fn refused(status: &'static str) -> Self {
        Self { status, kind: "text/plain", body: status.into() }
    }

    fn write(&self, to: &mut Vec<u8>) {
        let Self { status, kind, body } = self;
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\r\n",
            body.len()
        );
        to.extend_from_slice(head.as_bytes());
        to.extend_from_slice(body.as_bytes());
    }
}

/// Accepts connections, and answers requests by what `get` returns for their paths.
pub(crate) async fn serve(
    listener: TcpListener,
    get: impl Fn(&str) -> Response + Clone + Send + Sync + 'static,
) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let get = get.clone();
        // A connection that fails concerns its client alone.
        drop(rt::spawn(async move { connection(&stream, get).await }));
    }
}

async fn connection(stream: &TcpStream, get: impl Fn(&str) -> Response) -> io::Result<()> {
    let (mut read, mut written) = (BUFFERS.get(), BUFFERS.get());
    loop {
        let Some(end) = head(stream, &mut read).await? else { return Ok(()) };
        let response = answer(&read[..end], &get);
        let refused = !response.status.starts_with("200") && !response.status.starts_with("404");
        read.drain(..end);
        written.clear();
        response.write(&mut written);
        stream.write_all(&written).await?;
        if refused {
            return Ok(());
        }
    }
}

/// Reads until there is the head of a request, and returns its length. Returns `None` at the end of the
/// connection.
async fn head(stream: &TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<usize>> {
    let mut part = [0; 2048];
    loop {
        if let Some(place) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            return Ok(Some(place + 4));
        }
        if buffer.len() > MOST {
            return Ok(Some(buffer.len()));
        }
        match stream.read(&mut part).await? {
            0 => return Ok(None),
            n => buffer.extend_from_slice(&part[..n]),
        }
    }
}

fn answer(head: &[u8], get: impl Fn(&str) -> Response) -> Response {
    if !head.ends_with(b"\r\n\r\n") {
        return Response::refused("431 Request Header Fields Too Large");
    }
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|&byte| byte == b' ').map(|word| std::str::from_utf8(word).ok());
    match (words.next().flatten(), words.next().flatten()) {
        (Some("GET"), Some(target)) => get(target.split('?').next().unwrap_or_default()),
        (Some(_), Some(_)) => Response::refused("405 Method Not Allowed"),
        _ => Response::refused("400 Bad Request"),
    }
}
