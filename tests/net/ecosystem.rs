//! Other crates on the runtime's sockets.

use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpListener},
    pin::Pin,
    time::Duration,
};

use corepool::rt::{
    self,
    net::{Executor, TcpStream, Timer},
};
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    rt::{Executor as _, Timer as _},
    server::conn::http1,
    service::service_fn,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};

use crate::{
    go, go_on, listen, pair,
    util::{LONG, runtime},
};

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Ok(Response::new(Full::new(Bytes::from([&b"got "[..], &body].concat()))))
}

/// Serves connections, each of whose requests must begin within `limit`.
async fn serve(limit: Duration) -> io::Result<SocketAddr> {
    let (listener, address) = listen()?;
    rt::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            rt::spawn(async move {
                let mut server = http1::Builder::new();
                server.timer(Timer).header_read_timeout(limit);
                server.serve_connection(stream, service_fn(answer)).await
            });
        }
    });
    Ok(address)
}

/// Some connections, with several requests each, of bodies that do not fit into one read.
#[test]
fn hyper_serves() {
    go(async {
        let address = serve(LONG).await?;
        let clients: Vec<_> = (1..5)
            .map(|client| {
                rt::spawn(async move {
                    let mut stream = BufReader::new(TcpStream::connect(address).await?);
                    for round in 0..5 {
                        let body = format!("{client}{round}").repeat(20_000 * round + 1);
                        let head =
                            format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len());
                        stream.write_all(head.as_bytes()).await?;
                        stream.write_all(body.as_bytes()).await?;
                        assert_eq!(response(&mut stream).await?, format!("got {body}"));
                    }
                    io::Result::Ok(())
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap()?;
        }
        Ok(())
    });
}

/// Reads a response, and returns its body.
async fn response(from: &mut BufReader<TcpStream>) -> io::Result<String> {
    let (mut line, mut length) = (String::new(), 0);
    loop {
        line.clear();
        from.read_line(&mut line).await?;
        if line == "\r\n" {
            break;
        }
        assert_ne!(line, "");
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).await?;
    Ok(String::from_utf8(body).unwrap())
}

/// hyper's timer ends a connection that sends half of a request.
#[test]
fn hyper_uses_the_timers() {
    go(async {
        let stream = TcpStream::connect(serve(Duration::from_millis(20)).await?).await?;
        stream.write_all(b"GET / HTT").await?;
        while stream.read(&mut [0; 100]).await? > 0 {}
        let mut sleep = Timer.sleep(Duration::from_secs(1000));
        Timer.reset(&mut sleep, std::time::Instant::now());
        sleep.await;
        Ok(())
    });
}

#[test]
fn executors_spawn() {
    let runtime = runtime(1);
    let (send, received) = std::sync::mpsc::channel();
    let sender = send.clone();
    runtime.handle().execute(async move { sender.send(1).unwrap() });
    assert_eq!(received.recv(), Ok(1));
    go_on(&runtime, async move {
        Executor.execute(async move { send.send(2).unwrap() });
        Ok(())
    });
    assert_eq!(received.recv(), Ok(2));
}

/// A relay between two connections, by tokio's traits.
#[test]
fn tokio_copies() {
    go(async {
        let (mut client, mut inner) = pair().await?;
        let (mut outer, mut server) = pair().await?;
        let relay = rt::spawn(async move { copy_bidirectional(&mut inner, &mut outer).await });
        let echo = rt::spawn(async move {
            let mut all = Vec::new();
            AsyncReadExt::read_to_end(&mut server, &mut all).await?;
            AsyncWriteExt::write_all(&mut server, &all).await?;
            AsyncWriteExt::shutdown(&mut server).await
        });
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
        AsyncWriteExt::write_all(&mut client, &bytes).await?;
        AsyncWriteExt::shutdown(&mut client).await?;
        let mut back = Vec::new();
        AsyncReadExt::read_to_end(&mut client, &mut back).await?;
        assert!(back == bytes);
        assert_eq!(relay.await.unwrap()?, (1_000_000, 1_000_000));
        echo.await.unwrap()
    });
}

/// A read by tokio's trait appends to what its buffer holds.
#[test]
fn tokio_buffers_are_filled_in_part() {
    go(async {
        let (mut one, other) = pair().await?;
        other.write_all(b"hello").await?;
        let mut memory = [std::mem::MaybeUninit::uninit(); 8];
        let mut buffer = tokio::io::ReadBuf::uninit(&mut memory);
        buffer.put_slice(b"12");
        std::future::poll_fn(|cx| {
            tokio::io::AsyncRead::poll_read(Pin::new(&mut one), cx, &mut buffer)
        })
        .await?;
        assert_eq!(buffer.filled(), b"12hello");
        Ok(())
    });
}

/// The sockets of `async-io` work beside those of the runtime.
#[test]
fn async_io_works_as_well() {
    go(async {
        let listener = async_io::Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
        let address = listener.get_ref().local_addr()?;
        let client = rt::spawn(async move {
            let stream = TcpStream::connect(address).await?;
            stream.write_all(b"hello").await?;
            stream.read(&mut [0; 10]).await
        });
        let (stream, _) = listener.accept().await?;
        let mut bytes = [0; 10];
        let len = stream.read_with(|mut stream| io::Read::read(&mut stream, &mut bytes)).await?;
        assert_eq!(&bytes[..len], b"hello");
        stream.write_with(|mut stream| io::Write::write(&mut stream, b"world")).await?;
        assert_eq!(client.await.unwrap()?, 5);
        Ok(())
    });
}
