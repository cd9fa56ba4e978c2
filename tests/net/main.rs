//! The tests of `corepool::rt::net`, through its public interface.
//!
//! No test depends on the speed of the machine: what is expected to happen has [`util::LONG`] for
//! that.

#![cfg(not(any(loom, shuttle, miri)))]

mod address;
#[cfg(not(any(corepool_tiny, corepool_test_hooks)))]
mod ecosystem;
mod end;
mod fair;
#[cfg(unix)]
mod fd;
#[cfg(unix)]
mod fork;
mod polling;
mod readiness;
mod streams;
mod surface;
mod tcp;
mod traits;
mod udp;
#[cfg(unix)]
mod unix;
#[path = "../rt/util.rs"]
#[allow(dead_code)]
mod util;

use std::{future::Future, io, net::SocketAddr};

use corepool::rt::{
    self, Runtime,
    net::{TcpListener, TcpStream},
};

use crate::util::{LONG, run, runtime};

/// Runs a future as a task of a new runtime with two workers.
fn go<T: Send + 'static>(future: impl Future<Output = io::Result<T>> + Send + 'static) -> T {
    go_on(&runtime(2), future)
}

/// Runs a future as a task.
fn go_on<T: Send + 'static>(
    runtime: &Runtime,
    future: impl Future<Output = io::Result<T>> + Send + 'static,
) -> T {
    run(runtime, rt::timeout(LONG, future)).expect("in time").unwrap()
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
    let one = TcpStream::connect(address).await?;
    let (other, from) = listener.accept().await?;
    assert_eq!(from, one.local_addr()?);
    Ok((one, other))
}
