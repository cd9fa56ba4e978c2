//! What a server needs of each runtime.

use std::{
    future::{Future, pending},
    io, net, thread,
};

use async_executor::Executor;
use async_io::Async;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use smol_hyper::rt::FuturesIo;

/// A runtime. It is kept as long as the server runs.
pub(crate) trait Side: Sized + 'static {
    type Listener: Send + Sync + 'static;
    type Stream: Read + Write + Send + Unpin + 'static;

    /// Starts a runtime, and a task on it.
    fn start(workers: usize, main: impl Future<Output = ()> + Send + 'static) -> Self;
    /// Spawns a task from inside another task.
    fn spawn(future: impl Future<Output = ()> + Send + 'static);
    fn yield_now() -> impl Future<Output = ()> + Send;
    /// Makes a listener from one that does not block. Called inside a task.
    fn listen(listener: net::TcpListener) -> io::Result<Self::Listener>;
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

pub(crate) struct Core {
    _runtime: corepool::rt::Runtime,
}

impl Side for Core {
    type Listener = corepool::rt::net::TcpListener;
    type Stream = corepool::rt::net::TcpStream;

    fn start(workers: usize, main: impl Future<Output = ()> + Send + 'static) -> Self {
        let runtime = corepool::rt::Builder::new().workers(workers).build().expect("threads");
        drop(runtime.spawn(main));
        Self { _runtime: runtime }
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        drop(corepool::rt::spawn(future));
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        corepool::rt::yield_now()
    }

    fn listen(listener: net::TcpListener) -> io::Result<Self::Listener> {
        Self::Listener::from_std(listener)
    }

    async fn accept(listener: &Self::Listener) -> io::Result<Self::Stream> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

pub(crate) struct Tokio {
    _runtime: tokio::runtime::Runtime,
}

impl Side for Tokio {
    type Listener = tokio::net::TcpListener;
    type Stream = TokioIo<tokio::net::TcpStream>;

    fn start(workers: usize, main: impl Future<Output = ()> + Send + 'static) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(workers).enable_all().build().expect("threads");
        drop(runtime.spawn(main));
        Self { _runtime: runtime }
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(future));
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    fn listen(listener: net::TcpListener) -> io::Result<Self::Listener> {
        Self::Listener::from_std(listener)
    }

    async fn accept(listener: &Self::Listener) -> io::Result<Self::Stream> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(TokioIo::new(stream))
    }
}

/// smol's executor on some threads, as in `smol::spawn`.
pub(crate) struct Smol;

static EXECUTOR: Executor<'static> = Executor::new();

impl Side for Smol {
    type Listener = Async<net::TcpListener>;
    type Stream = FuturesIo<Async<net::TcpStream>>;

    fn start(workers: usize, main: impl Future<Output = ()> + Send + 'static) -> Self {
        Self::spawn(main);
        for _ in 0..workers {
            thread::spawn(|| async_io::block_on(EXECUTOR.run(pending::<()>())));
        }
        Self
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        EXECUTOR.spawn(future).detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        futures_lite::future::yield_now()
    }

    fn listen(listener: net::TcpListener) -> io::Result<Self::Listener> {
        Async::new_nonblocking(listener)
    }

    async fn accept(listener: &Self::Listener) -> io::Result<Self::Stream> {
        let (stream, _) = listener.accept().await?;
        stream.get_ref().set_nodelay(true)?;
        Ok(FuturesIo::new(stream))
    }
}
