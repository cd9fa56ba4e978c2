//! The runtime with sockets: a server that sends messages back, which it reads into pooled buffers.
//!
//! ```console
//! $ cargo run --release --example sockets
//! ```

use std::{io, ops::DerefMut};

use corepool::Pool;
use corepool::rt::net::{TcpListener, TcpStream};
use corepool::rt::{self, Runtime};

mod measure;

static MESSAGES: Pool<Vec<u8>> = Pool::new(Vec::new);

async fn serve<B: DerefMut<Target = Vec<u8>>>(stream: TcpStream, get: fn() -> B) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length).await?;
        // No buffer is held while the connection waits for its next message.
        let mut message = get();
        message.resize(usize::from(u16::from_be_bytes(length)), 0);
        stream.read_exact(&mut message).await?;
        stream.write_all(&message).await?;
    }
}

async fn call(stream: &TcpStream, message: &[u8], answer: &mut [u8]) -> io::Result<()> {
    stream.write_all(&(message.len() as u16).to_be_bytes()).await?;
    stream.write_all(message).await?;
    stream.read_exact(answer).await
}

fn main() -> io::Result<()> {
    let runtime = Runtime::new()?;
    let (fresh, pooled) = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let fresh = TcpStream::connect(listener.local_addr()?).await?;
        rt::spawn(serve(listener.accept().await?.0, || Box::new(Vec::new())));
        fresh.set_nodelay(true)?;
        let pooled = TcpStream::connect(listener.local_addr()?).await?;
        pooled.set_nodelay(true)?;
        rt::spawn(serve(listener.accept().await?.0, || MESSAGES.get()));
        io::Result::Ok((fresh, pooled))
    })?;
    let echo = |stream| {
        let (message, mut answer) = ([7; 50_000], [0; 50_000]);
        runtime.block_on(call(stream, &message, &mut answer)).expect("the server answers");
        assert_eq!(answer, message);
    };
    measure::compare("a message of 50 KB", || echo(&fresh), || echo(&pooled));
    Ok(())
}
