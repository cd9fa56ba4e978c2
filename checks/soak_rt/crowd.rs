//! Several tasks that read from one stream, of which some are aborted: together they receive every
//! byte.

use std::{
    net::Shutdown,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
};

use corepool::rt::{self, JoinHandle};

use crate::{
    counts::{Entry, TOTAL},
    dice::Dice,
    order::{Order, Place},
    sockets::{self, Client},
    stream::{Manner, Stream},
};

/// What the tasks share.
#[derive(Debug)]
struct Crowd {
    stream: Stream,
    place: Arc<Place>,
    count: AtomicU64,
    sum: AtomicU64,
    /// The task that sends has been dropped.
    is_abandoned: AtomicBool,
}

/// Ends the connection when it is dropped.
struct HangUp(Arc<Crowd>);

impl Drop for HangUp {
    fn drop(&mut self) {
        self.0.is_abandoned.store(true, SeqCst);
        // The other end may have gone.
        let _ = self.0.stream.shutdown(Shutdown::Both);
    }
}

/// Sends, while the others read. Then closes this side, and waits for them.
pub async fn send(order: &mut Order, client: Client) {
    let total = sockets::amount(&mut order.dice) / 4;
    let bytes = client.bytes(0, total);
    let crowd = Arc::new(Crowd {
        stream: client.stream,
        place: Arc::clone(&order.place),
        count: AtomicU64::new(0),
        sum: AtomicU64::new(0),
        is_abandoned: AtomicBool::new(false),
    });
    let _hang_up = HangUp(Arc::clone(&crowd));
    let readers: Vec<_> =
        (0..1 + order.dice.below(4)).map(|_| spawn(&crowd, &mut order.dice)).collect();
    let Some(aborted) = send_all(order, &crowd, &bytes, &readers).await else { return };
    for (place, reader) in readers.into_iter().enumerate() {
        let result = reader.await;
        assert!(result.is_ok() || place < aborted || order.is_over(), "a reader: {result:?}");
    }
    crowd.check(&bytes);
}

/// Returns how many of the readers, the first ones, were aborted meanwhile. The last never is.
async fn send_all(
    order: &mut Order,
    crowd: &Crowd,
    bytes: &[u8],
    readers: &[JoinHandle<()>],
) -> Option<usize> {
    let (mut aborted, mut rest, manner) = (0, bytes, Manner::any(&mut order.dice));
    while !rest.is_empty() {
        if aborted + 1 < readers.len() && order.dice.one_in(4) {
            readers[aborted].abort();
            aborted += 1;
        }
        let (part, others) = rest.split_at(rest.len().min(1 + order.dice.below(5000) as usize));
        let result = crowd.stream.write_all(part, manner).await;
        order.place.expect("sending to several fails", result)?;
        rest = others;
    }
    order.place.expect("closing fails", crowd.stream.shutdown(Shutdown::Write))?;
    Some(aborted)
}

fn spawn(crowd: &Arc<Crowd>, dice: &mut Dice) -> JoinHandle<()> {
    let (entry, manner) = (Entry::of_task(&crowd.place.counts), Manner::shared(dice));
    let mut buffer = vec![0; 1 + dice.below(1000) as usize];
    let crowd = Arc::clone(crowd);
    rt::spawn(async move {
        let _entry = entry;
        while let Some(len @ 1..) = crowd.read(&mut buffer, manner).await {
            crowd.add(&buffer[..len]);
        }
    })
}

impl Crowd {
    async fn read(&self, buffer: &mut [u8], manner: Manner) -> Option<usize> {
        match self.stream.read(buffer, manner).await {
            Err(_) if self.is_abandoned.load(SeqCst) => None,
            result => self.place.expect("reading with others fails", result),
        }
    }

    fn add(&self, bytes: &[u8]) {
        self.count.fetch_add(bytes.len() as u64, SeqCst);
        self.sum.fetch_add(sum(bytes), SeqCst);
    }

    fn check(&self, bytes: &[u8]) {
        let got = (self.count.load(SeqCst), self.sum.load(SeqCst));
        let all = (bytes.len() as u64, sum(bytes));
        assert!(got == all || self.place.is_over(), "{got:?} instead of {all:?} came back");
        TOTAL.bytes.fetch_add(got.0, SeqCst);
    }
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|&byte| u64::from(byte)).sum()
}
