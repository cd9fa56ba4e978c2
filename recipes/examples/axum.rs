//! tokio and axum: response bodies in pooled buffers, which go back when they have been sent.
//!
//! ```console
//! $ cargo run --release --example axum [-- --quick]
//! ```

use std::{
    cell::RefCell,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use axum::{Router, routing::get};
use axum::{body::Bytes, http::header::CONTENT_TYPE, response::IntoResponse, serve::ListenerExt};
use corepool::buffer::BufferPool;
use corepool_recipes::{Effort, Table};

static BODIES: BufferPool = BufferPool::new();

fn users() -> Vec<(u32, &'static str, bool)> {
    (0..1000).map(|id| (id, "a name of a user", id % 3 == 0)).collect()
}

async fn pooled() -> impl IntoResponse {
    let mut body = BODIES.get();
    serde_json::to_writer(&mut *body, &users()).expect("a buffer grows");
    ([(CONTENT_TYPE, "application/json")], body.freeze())
}

async fn fresh() -> impl IntoResponse {
    let body = serde_json::to_vec(&users()).expect("a buffer grows");
    ([(CONTENT_TYPE, "application/json")], Bytes::from(body))
}

fn request(connection: &mut BufReader<TcpStream>, path: &str) -> Vec<u8> {
    let head = format!("GET {path} HTTP/1.1\r\nHost: here\r\n\r\n");
    connection.get_mut().write_all(head.as_bytes()).unwrap();
    let lines = connection.by_ref().lines().map(|line| line.unwrap().to_ascii_lowercase());
    let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    connection.read_exact(&mut body).map(|()| body).unwrap()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let router = Router::new().route("/pooled", get(pooled)).route("/fresh", get(fresh));
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    runtime.spawn(async { axum::serve(listener, router).await });
    let connection = RefCell::new(BufReader::new(stream));
    let request = |path| request(&mut connection.borrow_mut(), path);
    assert!(request("/pooled") == request("/fresh") && request("/fresh").len() > 30_000);
    Table::new("a response of 30 KB from axum")
        .way("fresh", || drop(request("/fresh")))
        .way("corepool", || drop(request("/pooled")))
        .print(Effort::from_args());
}
