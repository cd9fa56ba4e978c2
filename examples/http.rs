//! hyper's HTTP/1 server on corepool's runtime and sockets, and a client process that sends requests.
//!
//! ```console
//! $ cargo run --release --example http                 # 4 connections with 2,000 requests each
//! $ cargo run --release --example http -- serve 8080   # for curl
//! ```

use std::{
    convert::Infallible,
    env,
    io::{self, BufRead, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::{Command, ExitCode},
    thread,
    time::{Duration, Instant},
};

use corepool::{
    Pool,
    rt::{
        self, Runtime,
        net::{TcpListener, Timer},
    },
};
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};

const CONNECTIONS: usize = 4;
const REQUESTS: usize = 2000;

/// The pool of strings to which response bodies are written.
static TEXTS: Pool<String> = Pool::new(String::new);

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == "/stuck" {
        // Blocks without awaiting, and without `blocking`: another thread replaces this one.
        thread::sleep(Duration::from_millis(200));
    }
    let mut text = TEXTS.get();
    text.clear();
    text.push_str("hello from ");
    text.push_str(request.uri().path());
    Ok(Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes()))))
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        rt::spawn(async move {
            // The timer ends connections whose requests do not arrive.
            let mut server = http1::Builder::new();
            let served = server.timer(Timer).serve_connection(stream, service_fn(hello)).await;
            if let Err(error) = served {
                eprintln!("a connection: {error}");
            }
        });
    }
}

/// A client process: keeps some connections busy, and checks each answer.
fn load(address: SocketAddr) -> io::Result<()> {
    let start = Instant::now();
    thread::scope(|scope| {
        let all: Vec<_> =
            (0..CONNECTIONS).map(|i| scope.spawn(move || connection(address, i))).collect();
        all.into_iter().try_for_each(|one| one.join().expect("does not panic"))
    })?;
    let each = start.elapsed() / (CONNECTIONS * REQUESTS) as u32;
    println!("{CONNECTIONS} connections, {REQUESTS} requests each: {each:?} a request");
    Ok(())
}

fn connection(address: SocketAddr, number: usize) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut answers = BufReader::new(stream.try_clone()?);
    for i in 0..REQUESTS {
        let path = if i == REQUESTS / 2 { "/stuck".into() } else { format!("/{number}/{i}") };
        write!(stream, "GET {path} HTTP/1.1\r\nHost: here\r\n\r\n")?;
        let body = answer(&mut answers)?;
        if body != format!("hello from {path}") {
            return Err(io::Error::other(format!("{path} was answered with {body:?}")));
        }
    }
    Ok(())
}

/// Reads the next response, and returns its body.
fn answer(from: &mut impl BufRead) -> io::Result<String> {
    let (mut line, mut length) = (String::new(), None);
    from.read_line(&mut line)?;
    if !line.starts_with("HTTP/1.1 200") {
        return Err(io::Error::other(format!("not an answer: {line:?}")));
    }
    while line.trim_end() != "" {
        line.clear();
        from.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok();
        }
    }
    let mut body = vec![0; length.ok_or_else(|| io::Error::other("an answer without a length"))?];
    from.read_exact(&mut body)?;
    String::from_utf8(body).map_err(io::Error::other)
}

fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

fn main() -> io::Result<ExitCode> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["load", address] => {
            load(address.parse().map_err(io::Error::other)?)?;
            Ok(ExitCode::SUCCESS)
        }
        ["serve", port] => {
            let port = port.parse().map_err(io::Error::other)?;
            Runtime::new()?.block_on(async {
                let listener = listen(port)?;
                println!("http://{}", listener.local_addr()?);
                serve(listener).await
            })?;
            Ok(ExitCode::SUCCESS)
        }
        [] => {
            let runtime = Runtime::builder().workers(2).build()?;
            // Sockets belong to the runtime in which they are made.
            let listener = runtime.block_on(async { listen(0) })?;
            let address = listener.local_addr()?;
            drop(runtime.spawn(serve(listener)));
            let client =
                Command::new(env::current_exe()?).args(["load", &address.to_string()]).status()?;
            println!("{:#?}", runtime.metrics());
            Ok(if client.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        _ => {
            eprintln!("usage: http | http serve PORT | http load ADDRESS");
            Ok(ExitCode::from(2))
        }
    }
}
