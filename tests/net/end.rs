//! The end of a runtime, and sockets that outlive it.

use std::{
    io,
    net::{self, SocketAddr},
    sync::mpsc,
    thread,
};

use corepool::rt::{
    self, Runtime,
    net::{TcpListener, TcpStream, UdpSocket},
};

use crate::{
    go_on, listen, pair,
    util::{LONG, runtime, shut_down},
};

fn is_the_end(error: &io::Error) -> bool {
    error.to_string().contains("has ended")
}

#[test]
fn there_must_be_a_runtime() {
    let error = TcpListener::bind("127.0.0.1:0").unwrap_err();
    assert!(error.to_string().contains("no corepool runtime"), "{error}");
    let error = UdpSocket::bind("127.0.0.1:0").unwrap_err();
    assert!(error.to_string().contains("no corepool runtime"), "{error}");
}

#[test]
fn a_runtime_that_has_ended_makes_no_sockets() {
    for uses_sockets in [false, true] {
        let runtime = runtime(1);
        if uses_sockets {
            go_on(&runtime, async { listen().map(drop) });
        }
        shut_down(&runtime);
        let error = runtime.block_on(async { listen() }).unwrap_err();
        assert!(is_the_end(&error), "{error}");
    }
}

/// The other end sees that the connection was closed, and the port can be used at once.
#[test]
fn tasks_leave_no_sockets() {
    // Another test may get the same port meanwhile, but not each time.
    let ends: Vec<_> = (0..3).map(|_| end_of_a_server()).take_while(Result::is_err).collect();
    assert!(ends.len() < 3, "{ends:?}");
}

/// Ends a runtime with a server, and binds its port again.
fn end_of_a_server() -> io::Result<()> {
    let runtime = runtime(2);
    let (send, address) = mpsc::channel();
    let server = runtime.spawn(async move {
        let (listener, address) = listen()?;
        send.send(address).unwrap();
        let mut streams = Vec::new();
        loop {
            streams.push(listener.accept().await?.0);
            streams.last().unwrap().write_all(b"!").await?;
        }
        #[allow(unreachable_code)]
        io::Result::Ok(())
    });
    let address: SocketAddr = address.recv().unwrap();
    let mut client = net::TcpStream::connect(address).unwrap();
    io::Read::read_exact(&mut client, &mut [0]).unwrap();
    shut_down(&runtime);
    assert!(server.is_finished());
    assert_eq!(io::Read::read(&mut client, &mut [0]).unwrap(), 0);
    let again = crate::runtime(1);
    again.block_on(async { TcpListener::bind(address).map(drop) })?;
    net::TcpListener::bind(address).map(drop)
}

#[test]
fn sockets_outside_return_errors() {
    let runtime = runtime(2);
    let (one, other, listener, socket) = go_on(&runtime, async {
        let (one, other) = pair().await?;
        Ok((one, other, listen()?.0, UdpSocket::bind("127.0.0.1:0")?))
    });
    shut_down(&runtime);
    drop(runtime);
    let another = Runtime::new().unwrap();
    let all = async {
        assert!(is_the_end(&one.read(&mut [0]).await.unwrap_err()));
        assert!(is_the_end(&one.write(&[0]).await.unwrap_err()));
        assert!(is_the_end(&one.readable().await.unwrap_err()));
        assert!(is_the_end(&one.try_read(&mut [0]).unwrap_err()));
        assert!(is_the_end(&other.try_write(&[0]).unwrap_err()));
        assert!(is_the_end(&listener.accept().await.unwrap_err()));
        assert!(is_the_end(&listener.try_accept().unwrap_err()));
        assert!(is_the_end(&socket.recv(&mut [0]).await.unwrap_err()));
        // They can still move to another runtime.
        let one = TcpStream::from_std(one.into_std().unwrap()).unwrap();
        let other = TcpStream::from_std(other.into_std().unwrap()).unwrap();
        one.write_all(b"hello").await.unwrap();
        assert_eq!(other.read(&mut [0; 10]).await.unwrap(), 5);
        let listener = TcpListener::from_std(listener.into_std().unwrap()).unwrap();
        TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        listener.accept().await.unwrap();
    };
    another.block_on(async { rt::timeout(LONG, all).await }).expect("in time");
}

/// Those that wait outside of the runtime's workers are woken.
#[test]
fn the_end_wakes_those_that_wait() {
    for _ in 0..20 {
        let runtime = runtime(2);
        let (one, _other) = go_on(&runtime, pair());
        let handle = runtime.handle().clone();
        let (send, waiting) = mpsc::channel();
        let thread = thread::spawn(move || {
            handle.block_on(async {
                send.send(()).unwrap();
                one.read(&mut [0]).await
            })
        });
        waiting.recv().unwrap();
        shut_down(&runtime);
        let error = thread.join().unwrap().unwrap_err();
        assert!(is_the_end(&error), "{error}");
    }
}

/// A task of one runtime waits for a socket of another, which ends.
#[test]
fn a_task_of_another_runtime_is_woken() {
    let (one, other) = (runtime(1), runtime(1));
    let (stream, _peer) = go_on(&one, pair());
    let task = other.spawn(async move { stream.read(&mut [0]).await });
    drop(one);
    let ended = other.block_on(rt::timeout(LONG, task)).expect("in time");
    let error = ended.unwrap().unwrap_err();
    assert!(is_the_end(&error), "{error}");
}

/// Runtimes end while tasks wait for sockets, and others make some.
#[test]
fn runtimes_with_sockets_come_and_go() {
    for round in 0..50 {
        let runtime = runtime(2);
        for _ in 0..10 {
            runtime.spawn(async {
                let (one, other) = pair().await?;
                rt::spawn(async move { other.read(&mut [0]).await });
                loop {
                    one.read(&mut [0]).await?;
                }
                #[allow(unreachable_code)]
                io::Result::Ok(())
            });
        }
        if round % 2 == 0 {
            go_on(&runtime, async { pair().await.map(drop) });
        }
        shut_down(&runtime);
    }
}
