//! Addresses in all forms, and those that take long to find.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs},
    sync::mpsc,
};

use corepool::rt::{self, Builder, Handle, net::UdpSocket};

use crate::{
    go,
    util::{LONG, run},
};

#[test]
fn addresses_in_all_forms() {
    async fn send(socket: &UdpSocket, to: impl ToSocketAddrs) {
        let len = socket.send_to(b"?", to).await.unwrap();
        assert_eq!((len, socket.recv(&mut [0; 9]).await.unwrap()), (1, 1));
    }

    go(async {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let here = socket.local_addr()?;
        send(&socket, here).await;
        send(&socket, (Ipv4Addr::LOCALHOST, here.port())).await;
        send(&socket, ("127.0.0.1", here.port())).await;
        send(&socket, here.to_string()).await;
        send(&socket, &here.to_string()[..]).await;
        send(&socket, &[here, SocketAddr::from(([192, 0, 2, 1], 1))][..]).await;
        let none: &[SocketAddr] = &[];
        let error = socket.send_to(b"?", none).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(UdpSocket::bind(none).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let error = socket.send_to(b"?", "no port").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        Ok(())
    });
}

/// An address that is known when another task has run.
struct Late {
    known: mpsc::Receiver<()>,
    address: SocketAddr,
}

impl ToSocketAddrs for Late {
    type Iter = std::option::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        let metrics = Handle::current().metrics();
        assert!(metrics.blocking + metrics.detached >= 1, "{metrics:?}");
        self.known.recv_timeout(LONG).expect("the other task runs");
        Ok(Some(self.address).into_iter())
    }
}

/// The only worker looks up an address. Another one takes its place at once, although no worker may
/// have another thread, and polls may last long. Then the task goes on.
#[test]
fn a_slow_lookup_does_not_keep_tasks_waiting() {
    let builder = Builder::new().workers(1).max_threads(1).max_blocking_threads(1);
    let runtime = builder.stall_after(Some(LONG)).on_stall(|_| panic!("announced")).build();
    let runtime = runtime.unwrap();
    run(&runtime, async {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let here = socket.local_addr().unwrap();
        assert_eq!(socket.send_to(b"?", here).await.unwrap(), 1);
        let metrics = Handle::current().metrics();
        assert_eq!((metrics.running, metrics.blocking), (1, 0));
        for _ in 0..3 {
            let (send, known) = mpsc::channel();
            drop(rt::spawn(async move { send.send(()).unwrap() }));
            let late = Late { known, address: here };
            assert_eq!(socket.send_to(b"?", late).await.unwrap(), 1);
            rt::yield_now().await;
        }
    });
    assert_eq!(runtime.metrics().stalls, 0);
    assert!(runtime.shutdown(LONG));
}
