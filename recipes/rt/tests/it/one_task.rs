//! Many sockets and timers in one task, by the macros and collections of `futures`.

use std::{io, net::SocketAddr, time::Duration};

use corepool::rt::{self, Runtime, net::TcpStream};
use futures::{
    FutureExt, StreamExt,
    future::{join_all, try_join_all},
    select,
    stream::FuturesUnordered,
};

use crate::{Result, go, listen, pair};

const CLIENTS: u32 = 50;

async fn echo(stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 100];
    while let len @ 1.. = stream.read(&mut buffer).await? {
        stream.write_all(&buffer[..len]).await?;
    }
    Ok(())
}

/// Asks several times, with a pause before each question. Returns its number.
async fn client(address: SocketAddr, number: u32) -> io::Result<u32> {
    let stream = TcpStream::connect(address).await?;
    for round in 0..5 {
        rt::sleep(Duration::from_micros(u64::from(number * 37 % 11 * 100))).await;
        let question = (number << 8 | round).to_be_bytes();
        stream.write_all(&question).await?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await?;
        assert_eq!(answer, question);
    }
    Ok(number)
}

/// All clients, all servers, the listener and an interval, until the last client has ended.
async fn clients_and_servers() -> Result<()> {
    let (listener, address) = listen()?;
    let mut clients: FuturesUnordered<_> =
        (0..CLIENTS).map(|number| client(address, number)).collect();
    let mut servers = FuturesUnordered::new();
    let mut interval = rt::interval(Duration::from_micros(500));
    let (mut done, mut accepted, mut served, mut ticks) = (Vec::new(), 0, 0, 0);
    while done.len() < CLIENTS as usize || served < CLIENTS {
        select! {
            connection = listener.accept().fuse() => {
                servers.push(echo(connection?.0));
                accepted += 1;
            }
            number = clients.select_next_some() => done.push(number?),
            result = servers.select_next_some() => {
                result?;
                served += 1;
            }
            _ = interval.tick().fuse() => ticks += 1,
        }
    }
    done.sort_unstable();
    assert!(done.into_iter().eq(0..CLIENTS));
    assert_eq!(accepted, CLIENTS);
    assert!(ticks > 1);
    Ok(())
}

#[test]
fn one_task_drives_many_sockets_and_timers() {
    go(clients_and_servers());
}

#[test]
fn a_thread_outside_drives_many_sockets_and_timers() {
    let runtime = Runtime::builder().workers(1).build().expect("threads can be started");
    let result = runtime.block_on(rt::timeout(crate::LONG, clients_and_servers()));
    result.expect("in time").expect("no error");
}

/// More futures that are ready than a task may await in one poll.
#[test]
fn join_all_awaits_sockets_timers_and_tasks() {
    go(async {
        let pairs = try_join_all((0..100).map(|_| pair())).await?;
        join_all(pairs.iter().map(|(client, _)| client.write_all(b"hello"))).await;
        let sleeps = join_all((0..500).map(|i| rt::sleep(Duration::from_micros(i % 7))));
        let tasks = join_all((0..500).map(|i| rt::spawn(async move { i })));
        let reads = try_join_all(pairs.iter().map(|(_, server)| async move {
            let mut bytes = [0; 5];
            server.read_exact(&mut bytes).await.map(|()| bytes)
        }));
        let (_, tasks, reads) = futures::join!(sleeps, tasks, reads);
        assert!(tasks.into_iter().map(|task| task.expect("no panic")).eq(0..500));
        assert_eq!(reads?, vec![*b"hello"; 100]);
        Ok(())
    });
}
