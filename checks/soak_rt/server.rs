//! The other end of each connection: it sends back what it receives.

use std::{io, sync::Arc};

use corepool::rt::{
    self, JoinHandle, Runtime,
    net::{TcpListener, TcpStream},
};

use crate::{
    counts::Entry,
    dice::Dice,
    order::Place,
    stream::{Manner, Stream},
};

/// Tasks that accept connections. They are aborted when this is dropped.
#[derive(Debug)]
pub struct Acceptors(Vec<JoinHandle<()>>);

impl Acceptors {
    /// Spawns some tasks that accept on one listener, or none if there is no listener.
    pub fn spawn(
        runtime: &Runtime,
        listener: Option<TcpListener>,
        place: &Arc<Place>,
        dice: &mut Dice,
    ) -> Self {
        let Some(listener) = listener.map(Arc::new) else { return Self(Vec::new()) };
        let count = 1 + dice.below(4);
        let spawn = |_| {
            let (listener, place, dice) = (Arc::clone(&listener), Arc::clone(place), dice.split());
            let entry = Entry::of_task(&place.counts);
            runtime.spawn(async move {
                let _entry = entry;
                accept(&listener, &place, dice).await;
            })
        };
        Self((0..count).map(spawn).collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Aborts one of them, but not the last.
    pub fn abort_one(&mut self) {
        if self.len() > 1 {
            self.0.pop().expect("at least two").abort();
        }
    }
}

impl Drop for Acceptors {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

async fn accept(listener: &TcpListener, place: &Arc<Place>, mut dice: Dice) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(serve(Stream::Tcp(stream), place, &mut dice)),
            // The client was aborted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                place.expect::<()>("accepting fails", Err(error));
                return;
            }
        }
    }
}

/// Spawns the other end.
pub fn serve(stream: Stream, place: &Arc<Place>, dice: &mut Dice) -> JoinHandle<()> {
    let (entry, reads, writes) =
        (Entry::of_task(&place.counts), Manner::any(dice), Manner::any(dice));
    let mut buffer = vec![0; 1 + dice.below(1 << 14) as usize];
    rt::spawn(async move {
        let _entry = entry;
        // Until the client closes its side, or is aborted.
        while let Ok(len @ 1..) = stream.read(&mut buffer, reads).await {
            if stream.write_all(&buffer[..len], writes).await.is_err() {
                return;
            }
        }
    })
}

/// Connects to the acceptors.
pub async fn connect(place: &Place) -> io::Result<Stream> {
    let address = place.server.expect("there are sockets");
    TcpStream::connect(address).await.map(Stream::Tcp)
}
