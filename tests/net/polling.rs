//! Who polls: sockets are served whatever the workers do.

use std::{
    io::{Read, Write},
    net::TcpStream as StdStream,
    sync::mpsc,
    thread,
    time::Duration,
};

use corepool::rt::{self, Builder};

use crate::{
    listen,
    util::{LONG, run, runtime},
};

/// Connects from a thread without a runtime, sends a byte when `go` says so, and waits for the
/// answer.
fn client(address: std::net::SocketAddr, go: mpsc::Receiver<()>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut stream = StdStream::connect(address).unwrap();
        go.recv_timeout(LONG).unwrap();
        stream.write_all(b"?").unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
    })
}

/// Accepts a connection, says `begun`, and answers.
async fn serve(listener: rt::net::TcpListener, begun: impl FnOnce()) {
    let (stream, _) = listener.accept().await.unwrap();
    begun();
    let mut byte = [0];
    assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
    stream.write_all(&byte).await.unwrap();
}

/// A thread waits in the driver when the first socket of the runtime is made, and there is no timer.
#[test]
fn the_first_socket_is_polled() {
    let runtime = runtime(1);
    run(&runtime, async {});
    // Until all threads sleep.
    thread::sleep(Duration::from_millis(100));
    let (go, wait) = mpsc::channel();
    let (send, receive) = mpsc::channel();
    let server = thread::spawn(move || {
        runtime.block_on(async {
            let (listener, address) = listen().unwrap();
            send.send(address).unwrap();
            serve(listener, || go.send(()).unwrap()).await;
        });
    });
    client(receive.recv_timeout(LONG).unwrap(), wait).join().unwrap();
    server.join().unwrap();
}

/// The only worker is in a poll, or in an announced call, until a socket was served outside.
#[test]
fn sockets_beside_a_stuck_worker_are_polled() {
    for announced in [false, true] {
        let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
        let (go, wait) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let stuck = runtime.spawn(async move {
            let wait = || released.recv_timeout(LONG).expect("the socket");
            if announced { rt::blocking(wait) } else { wait() }
        });
        runtime.block_on(async {
            let (listener, address) = listen().unwrap();
            let client = client(address, wait);
            serve(listener, || go.send(()).unwrap()).await;
            client.join().unwrap();
            release.send(()).unwrap();
            stuck.await.unwrap();
        });
    }
}

/// Tasks that do not sleep, and never leave a worker without one, do not keep sockets waiting.
#[test]
fn sockets_beside_busy_workers_are_polled() {
    let runtime = runtime(1);
    let busy = runtime.spawn(async {
        loop {
            rt::yield_now().await;
        }
    });
    let (go, wait) = mpsc::channel();
    let (send, receive) = mpsc::channel();
    let server = runtime.spawn(async move {
        let (listener, address) = listen().unwrap();
        send.send(address).unwrap();
        serve(listener, || go.send(()).unwrap()).await;
    });
    client(receive.recv_timeout(LONG).unwrap(), wait).join().unwrap();
    runtime.block_on(server).unwrap();
    busy.abort();
    let _: Result<(), _> = runtime.block_on(busy);
}
