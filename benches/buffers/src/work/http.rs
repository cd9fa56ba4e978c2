//! The same records as responses of a hyper server on tokio, over one loopback connection that
//! stays open. Server and client take turns on one thread, so the time is the work of both.

use std::{convert::Infallible, net::Ipv4Addr};

use bytes::Bytes;
use corepool_recipes::Table;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    task::LocalSet,
};

use super::json::{self, Record};

/// The client's end, and the runtime on which it runs.
struct Client {
    runtime: Runtime,
    tasks: LocalSet,
    stream: TcpStream,
    input: Input,
}

/// The part of a response that a client has read.
pub(super) struct Input {
    bytes: Vec<u8>,
    have: usize,
    want: usize,
}

impl Input {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; 1 << 20], have: 0, want: usize::MAX }
    }

    /// Returns the room for more of the response, or `None` if it is complete.
    pub(super) fn room(&mut self) -> Option<&mut [u8]> {
        (self.have < self.want).then(|| &mut self.bytes[self.have..])
    }

    /// Records that `bytes` more bytes have arrived.
    pub(super) fn came(&mut self, bytes: usize) {
        assert!(bytes > 0, "the server has gone");
        self.have += bytes;
        if self.want == usize::MAX {
            self.want = length(&self.bytes[..self.have]).unwrap_or(usize::MAX);
        }
    }

    /// Returns the length of the response, and prepares for the next one.
    pub(super) fn end(&mut self) -> usize {
        self.want = usize::MAX;
        std::mem::take(&mut self.have)
    }
}

/// Serialises these records, in the way that the path names.
pub(super) fn answer(path: &str, records: &[Record]) -> Bytes {
    match path {
        "/fresh" => json::fresh(records),
        "/local" => json::thread_local(records),
        "/pooled" => json::pooled(records),
        _ => unreachable!("the client asks for nothing else"),
    }
}

impl Client {
    fn new(records: Vec<Record>) -> Self {
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        let tasks = LocalSet::new();
        let stream = tasks.block_on(&runtime, async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            server.set_nodelay(true).unwrap();
            let service = service_fn(move |request: Request<Incoming>| {
                let body = answer(request.uri().path(), &records);
                async { Ok::<_, Infallible>(Response::new(Full::new(body))) }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
            tokio::task::spawn_local(async { drop(connection.await) });
            stream
        });
        Self { runtime, tasks, stream, input: Input::new() }
    }

    /// Sends one request, and reads the whole response. Returns its length.
    fn ask(&mut self, path: &str) -> usize {
        let Self { runtime, tasks, stream, input } = self;
        tasks.block_on(runtime, async {
            let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            while let Some(room) = input.room() {
                let bytes = stream.read(room).await.unwrap();
                input.came(bytes);
            }
            input.end()
        })
    }
}

/// Returns the length of the whole response, if its head has arrived.
fn length(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let field = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    Some(end + field.parse::<usize>().ok()?)
}

pub fn tables(f: &mut impl FnMut(&mut Table<'_>)) {
    for kib in [1, 12, 100] {
        let records = json::records(kib);
        let len = json::fresh(&records).len();
        let client = std::cell::RefCell::new(Client::new(records));
        let ask = |path| assert!(client.borrow_mut().ask(path) > len);
        let mut table = Table::new(format!("hyper on tokio, {kib} KiB"))
            .way("fresh", || ask("/fresh"))
            .way("thread_local!", || ask("/local"))
            .way("corepool", || ask("/pooled"));
        f(&mut table);
    }
}
