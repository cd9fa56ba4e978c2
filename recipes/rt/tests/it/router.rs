//! A router of axum, served by hyper.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use corepool::rt::{
    self,
    net::{TcpListener, TcpStream, Timer},
};
use futures::stream;
use http_body_util::{BodyExt, Full};
use hyper::{
    client::conn::http1::{SendRequest, handshake},
    server::conn::http1,
};
use hyper_util::service::TowerToHyperService;

use crate::{Result, bytes, go, listen};

/// Accepts connections, and serves each in a task.
async fn serve(listener: TcpListener, router: Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = TowerToHyperService::new(router.clone());
        rt::spawn(http1::Builder::new().timer(Timer).serve_connection(stream, service));
    }
}

fn router() -> Router {
    Router::new()
        .route("/hello/{name}", get(hello))
        .route("/sum", post(sum))
        .route("/lines/{count}", get(lines))
        .layer(middleware::from_fn(name_the_server))
        .with_state(Arc::default())
}

async fn hello(Path(name): Path<String>) -> String {
    rt::sleep(Duration::from_millis(1)).await;
    format!("hello, {name}")
}

/// Answers with the sum of all bytes of all requests.
async fn sum(State(sum): State<Arc<AtomicUsize>>, body: Bytes) -> String {
    let part: usize = body.iter().map(|&byte| usize::from(byte)).sum();
    (sum.fetch_add(part, Relaxed) + part).to_string()
}

/// Answers with a body whose parts become ready one after the other.
async fn lines(Path(count): Path<u32>) -> Body {
    Body::from_stream(stream::unfold(0, move |line| async move {
        rt::sleep(Duration::from_micros(100)).await;
        (line < count).then(|| (Ok::<_, Infallible>(format!("line {line}\n")), line + 1))
    }))
}

async fn name_the_server(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert("server", HeaderValue::from_static("corepool"));
    response
}

/// A connection of hyper's client.
struct Client(SendRequest<Full<Bytes>>);

impl Client {
    async fn connect(to: SocketAddr) -> Result<Self> {
        let (sender, connection) = handshake(TcpStream::connect(to).await?).await?;
        rt::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends a request. Returns the status and the body of the answer.
    async fn send(
        &mut self,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(StatusCode, String)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .body(Full::from(body))?;
        let response = self.0.send_request(request).await?;
        assert_eq!(response.headers()["server"], "corepool");
        let (status, body) = (response.status(), response.into_body().collect().await?);
        Ok((status, String::from_utf8(body.to_bytes().to_vec())?))
    }
}

#[test]
fn a_router_of_axum_serves() {
    go(async {
        let (listener, address) = listen()?;
        rt::spawn(serve(listener, router()));
        let clients: Vec<_> = (0..8).map(|number| rt::spawn(say_hello(address, number))).collect();
        for client in clients {
            client.await??;
        }
        let mut client = Client::connect(address).await?;
        let (status, body) = client.send("GET", "/lines/100", Vec::new()).await?;
        let expected: String = (0..100).map(|line| format!("line {line}\n")).collect();
        assert_eq!((status, body), (StatusCode::OK, expected));
        let (status, _) = client.send("GET", "/nothing", Vec::new()).await?;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let (status, _) = client.send("GET", "/sum", Vec::new()).await?;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        Ok(())
    });
}

/// Several requests on one connection.
async fn say_hello(address: SocketAddr, client: usize) -> Result<()> {
    let mut connection = Client::connect(address).await?;
    for request in 0..10 {
        let path = format!("/hello/{client}-{request}");
        let answer = connection.send("GET", &path, Vec::new()).await?;
        assert_eq!(answer, (StatusCode::OK, format!("hello, {client}-{request}")));
    }
    Ok(())
}

/// The state is shared by all connections; bodies do not fit into one read.
#[test]
fn a_router_of_axum_has_state() {
    go(async {
        let (listener, address) = listen()?;
        rt::spawn(serve(listener, router()));
        let body = bytes(300_000);
        let part: usize = body.iter().map(|&byte| usize::from(byte)).sum();
        for round in 1..=3 {
            let mut client = Client::connect(address).await?;
            let answer = client.send("POST", "/sum", body.clone()).await?;
            assert_eq!(answer, (StatusCode::OK, (round * part).to_string()));
        }
        Ok(())
    });
}
