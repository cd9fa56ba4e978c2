//! The runtime and its sockets.

use std::time::{Duration, Instant};

use corepool::rt::{
    self, Builder, Runtime,
    net::{TcpListener, TcpStream},
};

/// Longer than anything takes, on a busy machine.
const LONG: Duration = Duration::from_secs(100);

fn runtime() -> Runtime {
    Builder::new().workers(2).build().unwrap()
}

pub(crate) fn tasks_and_timers_run() {
    let runtime = runtime();
    let tasks: Vec<_> = (0..100_u64)
        .map(|i| {
            runtime.spawn(async move {
                rt::yield_now().await;
                rt::sleep(Duration::from_millis(i % 3)).await;
                rt::blocking(|| i)
            })
        })
        .collect();
    let sum = runtime.block_on(async {
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, (0..100).sum());
    let start = Instant::now();
    assert!(
        runtime
            .block_on(rt::timeout(Duration::from_millis(5), std::future::pending::<()>()))
            .is_err()
    );
    assert!(start.elapsed() >= Duration::from_millis(5));
    assert!(runtime.shutdown(LONG));
}

pub(crate) fn sockets_carry_bytes() {
    const SENT: usize = 200_000;
    let runtime = runtime();
    let listener = runtime.block_on(async { TcpListener::bind("127.0.0.1:0") }).unwrap();
    let address = listener.local_addr().unwrap();
    let server = runtime.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (mut buffer, mut seen) = ([0; 4096], 0);
        while seen < SENT {
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "the client closed too early");
            assert!(buffer[..read].iter().all(|&byte| byte == 7));
            seen += read;
        }
        seen
    });
    let client = runtime.spawn(async move {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut left = SENT;
        while left > 0 {
            left -= stream.write(&vec![7; left.min(10_000)]).await.unwrap();
        }
        stream
    });
    assert_eq!(runtime.block_on(server).unwrap(), SENT);
    drop(runtime.block_on(client).unwrap());
    assert!(runtime.shutdown(LONG));
}
