//! WebSockets by tungstenite, over streams with the traits of `futures-io`.

use async_tungstenite::{
    WebSocketStream, accept_async, client_async,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use corepool::rt::{self, JoinHandle, net::TcpStream};
use futures::StreamExt;

use crate::{Result, bytes, go, pair};

/// Sends back texts and bytes, until the other end closes. Returns why it did. Pings are answered by
/// the library.
async fn echo(stream: TcpStream) -> Result<Option<CloseFrame>> {
    let mut socket = accept_async(stream).await?;
    let mut reason = None;
    while let Some(message) = socket.next().await {
        match message? {
            Message::Close(frame) => reason = frame,
            message if message.is_text() || message.is_binary() => socket.send(message).await?,
            _ => {}
        }
    }
    Ok(reason)
}

async fn connect() -> Result<(WebSocketStream<TcpStream>, JoinHandle<Result<Option<CloseFrame>>>)> {
    let (client, server) = pair().await?;
    let server = rt::spawn(echo(server));
    let (socket, response) = client_async("ws://localhost/echo", client).await?;
    assert_eq!(response.status(), 101);
    Ok((socket, server))
}

#[test]
fn a_web_socket_echoes_and_closes() {
    go(async {
        let (mut socket, server) = connect().await?;
        for message in [
            Message::text(""),
            Message::text("hello, \u{1F30D}"),
            Message::binary(bytes(1)),
            // More than the buffers of the system hold.
            Message::binary(bytes(10_000_000)),
            Message::text("x".repeat(100_000)),
        ] {
            socket.send(message.clone()).await?;
            let answer = socket.next().await.expect("an answer")?;
            assert!(answer == message, "{} bytes instead of {}", answer.len(), message.len());
        }
        socket.send(Message::Ping(bytes(100).into())).await?;
        assert_eq!(socket.next().await.expect("a pong")?, Message::Pong(bytes(100).into()));

        let frame = CloseFrame { code: CloseCode::Away, reason: "enough".into() };
        socket.close(Some(frame.clone())).await?;
        let answer = socket.next().await.expect("the other end closes, too")?;
        assert_eq!(answer, Message::Close(Some(frame.clone())));
        assert!(socket.next().await.is_none());
        assert_eq!(server.await??, Some(frame));
        Ok(())
    });
}

/// Messages that are sent while others come back, by both halves of a socket in tasks of their own.
#[test]
fn the_halves_of_a_web_socket_work_at_once() {
    go(async {
        let (socket, server) = connect().await?;
        let (mut sender, mut receiver) = socket.split();
        let sending = rt::spawn(async move {
            for number in 0..1000 {
                sender.send(Message::binary(bytes(number))).await?;
            }
            sender.close(None).await
        });
        for number in 0..1000 {
            let answer = receiver.next().await.expect("an answer")?;
            assert_eq!(answer.into_data(), bytes(number));
        }
        assert_eq!(receiver.next().await.expect("the end")?, Message::Close(None));
        sending.await??;
        assert_eq!(server.await??, None);
        Ok(())
    });
}

/// A connection that ends without a close is an error at the other end.
#[test]
fn a_web_socket_that_is_cut_is_an_error() {
    go(async {
        let (socket, server) = connect().await?;
        drop(socket);
        let error = server.await?.unwrap_err();
        let error = error.downcast::<Error>()?;
        assert!(matches!(*error, Error::Protocol(_) | Error::Io(_)), "{error}");
        Ok(())
    });
}
