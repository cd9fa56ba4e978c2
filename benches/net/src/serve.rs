//! The servers: hyper's HTTP/1, and an echo.

use std::{
    convert::Infallible,
    future::poll_fn,
    hint,
    io::{self, Read as _},
    mem::MaybeUninit,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    pin::Pin,
    process,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    rt::{Read, ReadBuf, Write},
    server::conn::http1,
    service::service_fn,
};
use socket2::{Domain, Socket, Type};

use crate::side::Side;

/// The body of each response.
pub(crate) const HELLO: &str = "Hello, world!";

/// How many connections may wait to be accepted. Go has the system's limit, which is this on Linux.
const BACKLOG: i32 = 4096;

/// How long each poll of the tasks beside the server takes.
const BUSY: Duration = Duration::from_millis(1);

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Http,
    Echo,
}

/// Serves, with `beside` tasks that compute, until the standard input ends.
pub(crate) fn run<S: Side>(kind: Kind, workers: usize, beside: usize) -> io::Result<()> {
    let listener = listen()?;
    println!("{}", listener.local_addr()?.port());
    let _side = S::start(workers, async move {
        for _ in 0..beside {
            S::spawn(busy::<S>());
        }
        let Err(error) = accept::<S>(kind, listener).await;
        eprintln!("corepool-net-bench: {error}");
        process::exit(1);
    });
    wait_for_end();
    process::exit(0);
}

pub(crate) fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Waits until the process that has started this one closes its end, or ends.
pub(crate) fn wait_for_end() {
    let _ = io::stdin().read_to_end(&mut Vec::new());
}

async fn accept<S: Side>(kind: Kind, listener: TcpListener) -> io::Result<Infallible> {
    let listener = S::listen(listener)?;
    loop {
        let stream = S::accept(&listener).await?;
        // Errors are those of connections that the client has given up.
        match kind {
            Kind::Http => S::spawn(async {
                drop(http1::Builder::new().serve_connection(stream, service_fn(hello)).await);
            }),
            Kind::Echo => S::spawn(async { drop(echo(stream).await) }),
        }
    }
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(HELLO.as_bytes()))))
}

/// Returns what it reads. While it waits for that, it holds no buffer.
async fn echo(mut stream: impl Read + Write + Unpin) -> io::Result<()> {
    loop {
        let bytes = poll_fn(|cx| read(&mut stream, cx)).await?;
        if bytes.is_empty() {
            return Ok(());
        }
        let mut sent = 0;
        while sent < bytes.len() {
            let more = poll_fn(|cx| Pin::new(&mut stream).poll_write(cx, &bytes[sent..])).await?;
            sent += more;
        }
    }
}

fn read(stream: &mut (impl Read + Unpin), cx: &mut Context<'_>) -> Poll<io::Result<Vec<u8>>> {
    let mut bytes = [MaybeUninit::uninit(); 1024];
    let mut buffer = ReadBuf::uninit(&mut bytes);
    ready!(Pin::new(stream).poll_read(cx, buffer.unfilled()))?;
    Poll::Ready(Ok(buffer.filled().to_vec()))
}

async fn busy<S: Side>() {
    loop {
        let start = Instant::now();
        while start.elapsed() < BUSY {
            hint::spin_loop();
        }
        S::yield_now().await;
    }
}
