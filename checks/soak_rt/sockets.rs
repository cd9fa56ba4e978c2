//! Connections to an end that sends back what it receives: every byte comes back, in order.

use std::{
    future::{Future, poll_fn},
    io,
    net::Shutdown,
    pin::pin,
    sync::atomic::Ordering::SeqCst,
    task::Poll,
};

use corepool::rt::JoinHandle;

use crate::{
    counts::TOTAL,
    crowd,
    dice::Dice,
    order::{Order, Permit, Place},
    server,
    stream::{Manner, Stream},
    task, timers,
};

/// A connection. What is sent is a part of a sequence of bytes, which begins at a random place.
pub struct Client {
    pub stream: Stream,
    start: u64,
    /// The task at the other end, if it is known.
    server: Option<JoinHandle<()>>,
}

pub async fn connect_and_talk(order: &mut Order) {
    if order.place.server.is_none() {
        return;
    }
    let Some(_permit) = Permit::take(&order.place) else { return };
    let Some(client) = connect(order).await else { return };
    TOTAL.connections.fetch_add(1, SeqCst);
    match order.dice.below(4) {
        0 | 1 => ask(order, client).await,
        2 => send_and_receive(order, &client).await,
        _ => crowd::send(order, client).await,
    }
}

async fn connect(order: &mut Order) -> Option<Client> {
    let start = order.dice.below(1 << 40);
    #[cfg(unix)]
    if order.dice.one_in(2) {
        let pair = order.place.expect("no pair", corepool::rt::net::UnixStream::pair());
        let (stream, other) = pair.map(|(one, other)| (Stream::Unix(one), Stream::Unix(other)))?;
        let server = Some(server::serve(other, &order.place, &mut order.dice));
        return Some(Client { stream, start, server });
    }
    let connect = server::connect(&order.place);
    let connected = if order.dice.one_in(10) {
        timers::limited(order.dice.time(), connect).await.ok()?
    } else {
        connect.await
    };
    match connected {
        // Former connections have all ports.
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => None,
        result => {
            let stream = order.place.expect("connecting fails", result)?;
            Some(Client { stream, start, server: None })
        }
    }
}

/// Sends a part, awaits it, and so on. Then leaves in one of several ways.
async fn ask(order: &mut Order, client: Client) {
    let mut at = 0;
    for _ in 0..order.dice.below(10) {
        let most = if order.dice.one_in(20) { 1 << 15 } else { 100 };
        let len = 1 + order.dice.below(most);
        if client.ask(order, at, len).await.is_none() {
            return;
        }
        at += len;
    }
    if order.dice.one_in(50) {
        task::panic(order);
    }
    match (&client.server, order.dice.below(3)) {
        (Some(server), 0) => server.abort(),
        (_, 1) => drop(client.stream.shutdown(Shutdown::Write)),
        _ => return,
    }
    let mut byte = [0];
    let end = client.stream.read(&mut byte, Manner::any(&mut order.dice)).await;
    assert!(!matches!(end, Ok(1..)), "a byte too many");
}

/// Sends all, closes this side, and receives to the end; both at once, in one task.
async fn send_and_receive(order: &mut Order, client: &Client) {
    let total = amount(&mut order.dice);
    let (to_send, to_receive) = (order.dice.split(), order.dice.split());
    let place = &order.place;
    join(client.send(place, to_send, total), client.receive(place, to_receive, total)).await;
}

/// Returns how many bytes a connection carries. Seldom more than the system has room for.
pub fn amount(dice: &mut Dice) -> u64 {
    let most = if dice.one_in(30) { 1 << 20 } else { 1 << 12 };
    dice.below(most)
}

impl Client {
    /// Returns the bytes at `at..at + len` of what is sent.
    pub fn bytes(&self, at: u64, len: u64) -> Vec<u8> {
        let byte = |at: u64| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
        (at..at + len).map(|at| byte(self.start + at)).collect()
    }

    /// Sends a part and awaits it. Returns `None` if the runtime ends.
    async fn ask(&self, order: &mut Order, at: u64, len: u64) -> Option<()> {
        let (writes, reads) = (Manner::any(&mut order.dice), Manner::any(&mut order.dice));
        let bytes = self.bytes(at, len);
        order.place.expect("asking fails", self.stream.write_all(&bytes, writes).await)?;
        let (mut answer, mut filled) = (vec![0; bytes.len()], 0);
        while filled < answer.len() {
            let result = self.stream.read(&mut answer[filled..], reads).await;
            let count = order.place.expect("no answer", result)?;
            if count == 0 {
                assert!(order.is_over(), "the answer ends after {filled} of {len} bytes");
                return None;
            }
            filled += count;
        }
        assert!(answer == bytes, "another answer of {len} bytes");
        TOTAL.bytes.fetch_add(len, SeqCst);
        Some(())
    }

    async fn send(&self, place: &Place, mut dice: Dice, total: u64) -> Option<()> {
        let (mut sent, manner) = (0, Manner::any(&mut dice));
        while sent < total {
            let len = (total - sent).min(1 + dice.below(1 << 14));
            let result = self.stream.write(&self.bytes(sent, len), manner).await;
            sent += place.expect("sending fails", result)? as u64;
        }
        place.expect("closing fails", self.stream.shutdown(Shutdown::Write))
    }

    async fn receive(&self, place: &Place, mut dice: Dice, total: u64) -> Option<()> {
        let (mut received, manner) = (0, Manner::any(&mut dice));
        let mut buffer = vec![0; 1 + dice.below(1 << 14) as usize];
        loop {
            let result = self.stream.read(&mut buffer, manner).await;
            let len = place.expect("receiving fails", result)? as u64;
            if len == 0 {
                break;
            }
            let right = buffer[..len as usize] == self.bytes(received, len);
            assert!(right, "other bytes at {received} of {total}");
            received += len;
        }
        assert!(received == total || place.is_over(), "{received} of {total} bytes came back");
        TOTAL.bytes.fetch_add(received, SeqCst);
        Some(())
    }
}

/// Polls two futures until both are ready.
async fn join<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut one_is_ready, mut other_is_ready) = (false, false);
    poll_fn(|cx| {
        one_is_ready = one_is_ready || one.as_mut().poll(cx).is_ready();
        other_is_ready = other_is_ready || other.as_mut().poll(cx).is_ready();
        if one_is_ready && other_is_ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
