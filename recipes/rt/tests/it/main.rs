//! Servers and clients of other crates, on corepool's runtime and sockets. tokio's runtime is not
//! even compiled.

mod one_task;
mod router;
mod tls;
mod web_socket;

use std::{error::Error, future::Future, io, net::SocketAddr, time::Duration};

use corepool::rt::{
    self, Runtime,
    net::{TcpListener, TcpStream},
};

/// A limit of time that is far too long.
const LONG: Duration = Duration::from_secs(300);

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Runs a future as a task of a new runtime.
fn go<T: Send + 'static>(future: impl Future<Output = Result<T>> + Send + 'static) -> T {
    let runtime = Runtime::builder().workers(2).build().expect("threads can be started");
    let task = runtime.spawn(rt::timeout(LONG, future));
    runtime.block_on(task).expect("no panic").expect("in time").expect("no error")
}

/// Listens on a free port of this machine.
fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Makes two connected streams.
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let (listener, address) = listen()?;
    let client = TcpStream::connect(address).await?;
    let (server, _) = listener.accept().await?;
    Ok((client, server))
}

/// Returns bytes that differ from place to place.
fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}
