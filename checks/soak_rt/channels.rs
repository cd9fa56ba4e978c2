//! Messages between two tasks.

use async_channel::{Receiver, Sender, bounded};
use corepool::rt;

use crate::{counts::Entry, order::Order};

/// Exchanges messages with another task over two channels.
pub async fn talk(order: &mut Order) {
    let ((to, from_me), (to_me, from)) = (bounded(1), bounded(1));
    let entry = Entry::of_task(&order.place.counts);
    drop(rt::spawn(async move {
        let _entry = entry;
        echo(from_me, to_me).await;
    }));
    for i in 0..order.dice.below(10) {
        let sent = to.send(i).await;
        let answer = from.recv().await;
        assert!(order.is_over() || sent.is_ok() && answer == Ok(i), "a message was lost");
    }
}

async fn echo(from: Receiver<u64>, to: Sender<u64>) {
    while let Ok(message) = from.recv().await {
        if to.send(message).await.is_err() {
            return;
        }
    }
}
