//! Like `http`, on corepool's runtime with one worker, and a client on a thread of its own, so the
//! time is a round trip.

use std::{
    convert::Infallible,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::Arc,
};

use async_io::Async;
use corepool::rt::{Builder, Runtime};
use corepool_recipes::Table;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use smol_hyper::rt::FuturesIo;

use super::{
    http::{Input, answer},
    json::{self, Record},
};

/// The client's end. It is dropped before the server.
struct Client {
    stream: TcpStream,
    input: Input,
    _server: Runtime,
}

impl Client {
    fn new(records: Vec<Record>) -> Self {
        let runtime = Builder::new().workers(1).build().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        server.set_nodelay(true).unwrap();
        stream.set_nodelay(true).unwrap();
        let records = Arc::new(records);
        drop(runtime.spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let body = answer(request.uri().path(), &records);
                async { Ok::<_, Infallible>(Response::new(Full::new(body))) }
            });
            let server = FuturesIo::new(Async::new(server).unwrap());
            drop(http1::Builder::new().serve_connection(server, service).await);
        }));
        Self { stream, input: Input::new(), _server: runtime }
    }

    /// Sends one request, and reads the whole response. Returns its length.
    fn ask(&mut self, path: &str) -> usize {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.stream.write_all(request.as_bytes()).unwrap();
        while let Some(room) = self.input.room() {
            let bytes = self.stream.read(room).unwrap();
            self.input.came(bytes);
        }
        self.input.end()
    }
}

pub fn tables(f: &mut impl FnMut(&mut Table<'_>)) {
    for kib in [1, 12, 100] {
        let records = json::records(kib);
        let len = json::fresh(&records).len();
        let client = std::cell::RefCell::new(Client::new(records));
        let ask = |path| assert!(client.borrow_mut().ask(path) > len);
        let mut table = Table::new(format!("hyper on corepool's runtime, {kib} KiB"))
            .way("fresh", || ask("/fresh"))
            .way("thread_local!", || ask("/local"))
            .way("corepool", || ask("/pooled"));
        f(&mut table);
    }
}
